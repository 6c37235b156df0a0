-- SPDX-License-Identifier: MIT
-- The one place that carries a plan out: each namespace's operations in one datagram, everything undone on failure.

local core = require "zlnet.core"

local apply = {}

-- What we read of the new link.
local NEEDED = { "index", "link" }

-- Put the index of the end it is about, and the target's descriptor, where the plan could not know them.
local function complete(op, index, ns_fd)
  local args = op.args
  if op.link then
    args[op.ref] = index[op.link]
  end
  if op.op == "newlink" then
    args.linkinfo.data.peer.net_ns_fd = ns_fd
  end
end

-- Delete the host end, and with it the other. Gone already is as good.
local function delete_pair(host, index)
  local _, err = host:dellink { index = index }
  if err and err.code ~= "ENODEV" then
    return nil, err
  end
  return true
end

-- After a request whose answer was lost the pair may be there all the same: then it bears the MAC that we asked for,
-- and no owner's record yet.
local function delete_unanswered(host, p)
  local link, err = host:getlink { ifname = p.host_ifname }
  if not link then
    return err.kind == "not_found" or nil, err
  end
  if link.address ~= p.host_mac or link.ifalias then
    return true
  end
  return delete_pair(host, link.index)
end

local function take_back_pair(host, p, made)
  if made.refused then
    return true
  elseif made.index then
    return delete_pair(host, made.index)
  end
  return delete_unanswered(host, p)
end

-- How to undo it is pushed first: memory may run out between the kernel's answer and us.
local function create(op, p, handles, undo)
  local host, made = handles.host, { refused = false, index = nil }
  undo:push("delete the veth pair", take_back_pair, host, p, made)
  local link, err = host:newlink(op.args, nil, NEEDED)
  made.refused = not link and err.kind ~= "io"
  if link == true then -- not echoed, and could not be asked for
    link, err = host:getlink({ ifname = p.host_ifname }, NEEDED)
  end
  if not link then
    return nil, err
  end
  made.index = link.index
  return { host = link.index, container = link.link }, link
end

local function restore_sysctl(args, made)
  if made.written then
    return core.sysctl_write(args.key, args.old)
  end
  return true
end

local function write_sysctl(op, undo)
  local args, made = op.args, { written = false }
  if args.old then
    undo:push("restore " .. args.key, restore_sysctl, args, made)
  end
  local ok, err = core.sysctl_write(args.key, args.value)
  made.written = ok
  return ok, err
end

-- Operations i to j, which are all for one handle, as one datagram.
local function send(handle, ops, i, j)
  if i == j then
    local op = ops[i]
    local ok, err = handle[op.op](handle, op.args, op.mode)
    if not ok and op.again and err.kind == "io" then
      ok, err = handle[op.op](handle, op.args)
    end
    return ok, err, op
  end
  local batch = handle:batch()
  for k = i, j do
    local ok, err = batch[ops[k].op](batch, ops[k].args, ops[k].mode)
    if not ok then
      return nil, err, ops[k]
    end
  end
  local results, failed = batch:send { objects = false }
  if not results then
    return nil, failed, ops[i]
  elseif failed then
    return nil, results[failed], ops[i + failed - 1]
  end
  return true
end

local AWAIT_SECONDS = 10

-- Ask until the answer says what the operation waits for.
local function await(handle, op)
  local key, value = next(op.await)
  local deadline = core.clock() + AWAIT_SECONDS
  while true do
    local answer, err = handle[op.op](handle, op.args, { key })
    if answer and answer[key] == value then
      return true
    elseif not answer and err.kind == "io" then
      return nil, err
    elseif core.clock() > deadline then
      return nil, core.error { kind = "io", code = "ETIMEDOUT", op = op.op, message = "it takes too long" }
    end
    core.poll({}, 0.001)
  end
end

local function fail(err, op)
  err.step = op.step
  return nil, err
end

---Carries out a plan.
---@param p zlnet.plan
---@param handles { host: table, container: table } open handles of the two namespaces
---@param ns_fd integer descriptor of the target's namespace
---@param undo table an undo stack; what was done is pushed there as soon as it is done
---@return { host: integer, container: integer }? index of both ends
---@return table? err
function apply.run(p, handles, ns_fd, undo)
  local ops, n, i = p.ops, #p.ops, 1
  local index = {}
  while i <= n do
    local op, j = ops[i], i
    complete(op, index, ns_fd)
    local ok, err, failed
    if op.op == "newlink" then
      index, err = create(op, p, handles, undo)
      ok, failed = index, op
    elseif op.op == "sysctl" then
      ok, err = write_sysctl(op, undo)
      failed = op
    elseif op.await then
      ok, err = await(handles[op.ns], op)
      failed = op
    else
      while j < n and ops[j + 1].ns == op.ns and ops[j + 1].op ~= "sysctl" and not ops[j + 1].await do
        j = j + 1
        complete(ops[j], index, ns_fd)
      end
      ok, err, failed = send(handles[op.ns], ops, i, j)
    end
    if not ok then
      return fail(err, failed)
    end
    i = j + 1
  end
  return index
end

return apply
