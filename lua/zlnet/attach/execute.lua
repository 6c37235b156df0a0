-- SPDX-License-Identifier: MIT
-- The one place that carries a plan out: each namespace's operations in one datagram, everything undone on failure.

local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"

local execute = {}

-- What we read of the new link.
local NEEDED = { "index", "link" }

local WITH_OBJECTS, WITHOUT_OBJECTS = { objects = true }, { objects = false }

-- How requests about routes call the index of a link.
local INDEX_KEY = { newroute = "oif", getroute = "oif", getroutes = "oif" }

-- Completes an operation's arguments with what the plan could not know: the index of the end that it is about.
local function complete(op, index)
  if op.link then
    op.args[INDEX_KEY[op.op] or "index"] = index[op.link]
  end
  return op.args
end

-- Delete the host end, and with it the other. Gone already is as good.
local function delete_pair(host, index)
  local _, err = require("zlnet.cleanup.delete_links").one(host, index)
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
local function create(args, p, handles, undo)
  local host, made = handles.host, { refused = false, index = nil }
  args.linkinfo.data.peer.net_ns_fd = handles.ns:fd()
  undo:push("delete the veth pair", take_back_pair, host, p, made)
  local link, err = host:newlink(args, nil, NEEDED)
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

-- Whether another attachment is here, or may be any moment, because its attach holds the node's lock too.
local function have_company(p, handles)
  if not handles.here:lock("exclusive", 0) then
    return true
  end
  local links, err = handles.host:getlinks(nil, attachments.keys)
  if not links then
    return nil, err
  end
  for _, c in ipairs(attachments.among(links)) do
    if c.link.ifname ~= p.host_ifname then
      return true
    end
  end
  return false
end

-- What the node was given for the sake of this attachment, others may live on by now: then it stays.
local function restore_sysctl(args, made, p, handles)
  if not made.written then
    return true
  end
  local company, err = have_company(p, handles)
  if company == nil then
    return nil, err
  end
  if company then
    return true
  end
  return core.sysctl_write(args.key, args.old)
end

-- Why an optional setting cannot be made: the kernel has no such thing, or /proc/sys is read-only or another's.
local DISPENSABLE = { ENOENT = true, EROFS = true, EACCES = true, EPERM = true }

local function write_sysctl(op, p, handles, undo)
  local args, made = op.args, { written = false }
  if args.old then
    undo:push("restore " .. args.key, restore_sysctl, args, made, p, handles)
  end
  local ns = op.ns == "container" and handles.ns or nil
  local ok, err = core.sysctl_write(args.key, args.value, ns, handles.here)
  made.written = ok
  if not ok and op.optional and DISPENSABLE[err.code] then
    return true
  end
  return ok, err
end

-- The elements are taken away after a failure, also when it is not known whether they were made.
local function set_up_firewall(op, handles, undo, index)
  local firewall, a = require "zlnet.firewall", op.args
  a.host_index = index.host
  undo:push("take the firewall's elements away", firewall.remove, { a })
  return firewall.add(a, handles.host)
end

local function too_late(op)
  return core.error { kind = "io", code = "ETIMEDOUT", op = op.op, message = "the time for the whole attach is over" }
end

-- Whether the rows have each of these values.
local function have_all(rows, key, values)
  local there = {}
  for i = 1, #rows do
    there[rows[i][key] or ""] = true
  end
  for i = 1, #values do
    if not there[values[i]] then
      return false
    end
  end
  return true
end

-- Whether the answer says what the operation waits for.
local function is_met(op, answer)
  local key, value = next(op.await)
  if type(answer) ~= "table" then
    return false
  elseif type(value) == "table" then
    return have_all(answer, key, value)
  end
  return answer[key] == value
end

-- Ask until it does. The container decides how long that takes, so the node's lock is given back meanwhile: the owner's
-- record is there by then, and a sweep goes by it.
local function await(handles, op, index, deadline)
  local handle, keys = handles[op.ns], { (next(op.await)) }
  while true do
    local answer, err = handle[op.op](handle, complete(op, index), keys)
    if is_met(op, answer) then
      return true
    elseif not answer and (err.kind == "io" or err.code == "ENODEV") then
      return nil, err
    elseif core.clock() > deadline then
      return nil, too_late(op)
    end
    handles.here:unlock()
    core.poll({}, 0.001)
  end
end

-- Operations i to j, which are all for one handle, as one datagram. Only the last one may wait for something.
local function send(handles, ops, i, j, index, deadline)
  local handle = handles[ops[i].ns]
  if i == j then
    local op = ops[i]
    local args = complete(op, index)
    local ok, err = handle[op.op](handle, args, op.mode)
    if not ok and op.again and err.kind == "io" then
      ok, err = handle[op.op](handle, args)
    end
    return ok, err, op
  end
  local batch, waits = handle:batch(), ops[j].await
  for k = i, j do
    local op = ops[k]
    local ok, err = batch[op.op](batch, complete(op, index), op.await and { (next(op.await)) } or op.mode)
    if not ok then
      return nil, err, op
    end
  end
  local results, failed = batch:send(waits and WITH_OBJECTS or WITHOUT_OBJECTS)
  if not results then
    return nil, failed, ops[i]
  elseif failed and not (waits and failed == j - i + 1) then
    return nil, results[failed], ops[i + failed - 1]
  elseif waits and not is_met(ops[j], results[j - i + 1]) then
    local ok, err = await(handles, ops[j], index, deadline)
    return ok, err, ops[j]
  end
  return true
end

local ALONE = { sysctl = true, firewall = true }

-- The last of the operations from i on which go with it as one datagram.
local function last_of(ops, i)
  local j = i
  while ops[j + 1] and ops[j + 1].ns == ops[i].ns and not ALONE[ops[j + 1].op] and not ops[j].await do
    j = j + 1
  end
  return j
end

local UNDO_SECONDS = 10

-- Undoing has time of its own.
local function fail(err, op, handles)
  err.step = op.step
  handles.host:settimeout(UNDO_SECONDS)
  return nil, err
end

---Carries out a plan.
---@param p zlnet.plan its operations get the indexes of both ends, and the descriptor of the target
---@param handles { host: table, container: table, ns: table, here: table } handles of both namespaces' sockets, of the
---target, and of our own namespace with the lock
---@param deadline number when it has to be done, by core.clock
---@param undo table an undo stack; what was done is pushed there as soon as it is done
---@param pair { host: integer, container: integer }? index of both ends, when the pair was made by an earlier plan
---@return { host: integer, container: integer }? index of both ends
---@return table? err
function execute.run(p, handles, deadline, undo, pair)
  local ops, i = p.ops, pair and 2 or 1
  local index = pair or {}
  while ops[i] do
    local op, j = ops[i], i
    local handle, left = handles[op.ns], deadline - core.clock()
    if left <= 0 then
      return fail(too_late(op), op, handles)
    end
    handle:settimeout(left)
    local ok, err, failed
    if op.op == "newlink" then
      index, err = create(op.args, p, handles, undo)
      ok, failed = index, op
    elseif op.op == "sysctl" then
      ok, err = write_sysctl(op, p, handles, undo)
      failed = op
    elseif op.op == "firewall" then
      ok, err = set_up_firewall(op, handles, undo, index)
      failed = op
    elseif op.await then
      ok, err = await(handles, op, index, deadline)
      failed = op
    else
      j = last_of(ops, i)
      ok, err, failed = send(handles, ops, i, j, index, deadline)
    end
    if not ok then
      return fail(err, failed, handles)
    end
    i = j + 1
  end
  return index
end

---Carries out one operation, on ends that are there.
---@param op zlnet.plan.op
---@param handles { host: table, container: table, ns: table, here: table } as run takes them
---@param index { host: integer, container: integer? } of both ends
---@return any ok
---@return table? err
function execute.one(op, handles, index)
  if op.op == "firewall" then
    return require("zlnet.firewall").add(op.args, handles.host)
  elseif op.op == "sysctl" then
    local ns = op.ns == "container" and handles.ns or nil
    return core.sysctl_write(op.args.key, op.args.value, ns, handles.here)
  end
  local handle = handles[op.ns]
  return handle[op.op](handle, complete(op, index), op.mode)
end

return execute
