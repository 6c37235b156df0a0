-- SPDX-License-Identifier: MIT
-- attach: validate, pin the target, look at the node, decide (plan.lua), carry out (apply.lua), undo on any failure.

local apply = require "zlnet.apply"
local attachments = require "zlnet.attachments"
local core = require "zlnet.core"
local options = require "zlnet.options"
local plan = require "zlnet.plan"
local survey = require "zlnet.survey"
local target = require "zlnet.target"
local undo = require "zlnet.undo"

local attach = {}

local SECONDS = 30 -- as long as a single request may take

local function step(err, text)
  err.step = text
  return nil, err
end

local function decide(o, t, host)
  local seen, err = survey.of(o, host)
  if not seen then
    return nil, err
  end
  o.mtu = seen.mtu
  local p, reason = plan.build(o, t.who, seen)
  if not p then -- options.attach saw to it that the record fits
    return nil, core.error { kind = "io", code = "E2BIG", op = "attach", message = reason }
  end
  return p
end

-- What the caller gets. Both indexes are not known yet.
local function attachment_of(p)
  local link = { ifname = p.host_ifname, index = false, address = p.host_mac, link = false }
  local a = attachments.describe(p.record, link)
  a.mac, a.changed = p.mac, {}
  for i = 1, #p.ops do
    local args = p.ops[i].args
    if args.old then
      a.changed[#a.changed + 1] = { key = args.key, old = args.old, new = args.value }
    end
  end
  return a
end

-- One try: all of the plan, or nothing.
local function carry_out(p, handles, deadline)
  local made = attachment_of(p) -- now, because from the last operation on nothing may run out of memory any more
  local stack <close> = undo.new()
  local index, failed = apply.run(p, handles, deadline, stack)
  if not index then
    return stack:fail(failed)
  end
  made.index, made.host_index = index.container, index.host
  stack:commit()
  return made
end

-- The plan once more where what was in the way is gone now.
local function attach_again(o, p, handles, deadline, refusal)
  local what, answer = require("zlnet.existing").settle(p, o, handles, refusal)
  if what == "kept" then
    return answer
  elseif not what then
    return nil, answer
  end
  local a, err = carry_out(p, handles, deadline)
  if not a then
    err.replaced = p.host_ifname
    err.step = (err.step or "attach") .. ", after the former attachment was deleted"
  end
  return a, err
end

-- A socket there, unless the caller has lent one.
local function socket_in(ns, lent)
  if not lent then
    return core.open(ns)
  end
end

-- An attach of checked options; container: the caller's handle of the target's namespace, if there is one.
local function run(o, container)
  local seconds = o.timeout or SECONDS
  local deadline = core.clock() + seconds
  local host <close>, no_host = core.open(nil)
  if not host then
    return step(no_host, "open a netlink socket")
  end
  local t <close>, err = target.pin(o, seconds, host)
  if not t then
    return nil, err
  end
  local opened <close>, no_container = socket_in(t.ns, container)
  container = container or opened
  if not container then
    return step(no_container, "open a netlink socket in the target")
  end
  local p
  p, err = decide(o, t, host)
  if not p then
    return nil, err
  end
  local handles = { host = host, container = container, ns = t.ns, here = t.here }
  local a
  a, err = carry_out(p, handles, deadline)
  if a or err.code ~= "EEXIST" then
    return a, err
  elseif err.op == "newlink" then
    a, err = attach_again(o, p, handles, deadline, err)
  elseif err.op == "newroute" then
    require("zlnet.existing").explain_route(p, handles, err)
  end
  return a, err
end

---Attaches a container to the node: one veth pair, its addresses, routes and owner's record. All or nothing. Where the
---owner has an attachment of that tag already, `on_exists` says what becomes of it.
---
---Equal to what `print(zlnet.plan(opts))` shows; in mode `routed`: `ip link add veth-PID-s up type veth peer name eth0
---netns PID`, `ip link set veth-PID-s alias …`, `ip addr add 169.254.1.1/32 dev veth-PID-s scope link`, `ip route add
---IP/32 dev veth-PID-s`, and in the container `ip addr add IP/32 dev eth0`, `ip link set eth0 up`, `ip route add
---default via 169.254.1.1 dev eth0 onlink`, `ip link set lo up`. Source: rtnetlink(7), ip-link(8).
---@param opts zlnet.attach.options
---@return zlnet.attachment? attachment
---@return zlnet.error? err with the step that failed, `rollback` when undoing met errors, and `replaced` (a name) when
---the former attachment is gone and the new one could not be made
function attach.attach(opts)
  return run(options.check("attach", options.attach, opts))
end

---The same for a caller who has a socket in the target already: to open one takes a thread.
---@param opts zlnet.attach.options
---@param container table handle of the target's namespace; stays open
---@return zlnet.attachment? attachment
---@return zlnet.error? err as attach's
function attach.through(opts, container)
  return run(options.check("attach", options.attach, opts), container)
end

local Plan = {}

function Plan:__tostring()
  return require("zlnet.shell").script(self)
end

---What attach would do now, as data. Changes nothing.
---@param opts zlnet.attach.options those of attach
---@return zlnet.plan? plan its operations bear the equal `ip` or `sysctl` command; tostring makes a script of them, in
---which `$NETNS` is the path of the container's namespace where the target is a handle, a file or a descriptor
---@return zlnet.error? err as attach's, when the target or the node is not as it must be
function attach.plan(opts)
  local o = options.check("plan", options.attach, opts)
  local host <close>, no_host = core.open(nil)
  if not host then
    return step(no_host, "open a netlink socket")
  end
  local t <close>, err = target.pin(o, o.timeout or SECONDS, host)
  if not t then
    return nil, err
  end
  local p
  p, err = decide(o, t, host)
  if not p then
    return nil, err
  end
  local name = o.pid or o.netns
  name = type(name) ~= "userdata" and type(name) ~= "table" and tostring(name) or nil
  for _, op in ipairs(p.ops) do
    op.command = require("zlnet.shell").command(op, p, name)
  end
  return setmetatable(p, Plan)
end

return attach
