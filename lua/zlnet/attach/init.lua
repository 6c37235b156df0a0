-- SPDX-License-Identifier: MIT
-- attach: validate, pin the target, look at the node, decide (plan.lua), carry out (apply.lua), undo on any failure.

local apply = require "zlnet.attach.execute"
local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local options = require "zlnet.options"
local plan = require "zlnet.attach.plan"
local survey = require "zlnet.attach.node"
local target = require "zlnet.attach.pin"
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

-- One try: all of the plan, or nothing. A pair that is there already is taken back with the rest.
local function carry_out(p, handles, deadline, stack, pair)
  local made = attachment_of(p) -- now, because from the last operation on nothing may run out of memory any more
  local index, failed = apply.run(p, handles, deadline, stack, pair)
  if not index then
    return stack:fail(failed)
  end
  made.index, made.host_index = index.container, index.host
  stack:commit()
  return made
end

-- The plan once more where what was in the way is gone now.
local function attach_again(o, p, handles, deadline, stack, refusal)
  local what, answer = require("zlnet.attach.conflict").settle(p, o, handles, refusal)
  if what == "kept" then
    return answer
  elseif not what then
    return nil, answer
  end
  local a, err = carry_out(p, handles, deadline, stack)
  if not a then
    err.replaced = p.host_ifname
    err.step = (err.step or "attach") .. ", after the former attachment was deleted"
  end
  return a, err
end

local function run(o)
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
  local container <close>, no_container = core.open(t.ns, t.here)
  if not container then
    return step(no_container, "open a netlink socket in the target")
  end
  local p
  p, err = decide(o, t, host)
  if not p then
    return nil, err
  end
  local handles = { host = host, container = container, ns = t.ns, here = t.here }
  local stack <close> = undo.new()
  local a
  a, err = carry_out(p, handles, deadline, stack)
  if a or err.code ~= "EEXIST" then
    return a, err
  elseif err.op == "newlink" then
    a, err = attach_again(o, p, handles, deadline, stack, err)
  elseif err.op == "newroute" then
    require("zlnet.attach.conflict").explain_route(p, handles, err)
  end
  return a, err
end

---Attaches a container to the node: one veth pair, its addresses, routes and owner's record. All or nothing. Where the
---owner has an attachment of that tag already, `on_exists` says what becomes of it. For 20 ms afterwards the process
---has one thread more, which waits for the next attach (zlnet.open says what follows from that).
---
---Equal to what `print(zlnet.plan(opts))` shows; in mode `routed`: `ip link add veth-PID-s up type veth peer name eth0
---netns PID`, without IPv6 `sysctl -w net/ipv6/conf/veth-PID-s/disable_ipv6=1`, `ip link set veth-PID-s alias …`,
---`ip addr add 169.254.1.1/32 dev veth-PID-s scope link`, `ip route add IP/32 dev veth-PID-s`, and in the container
---`ip addr add IP/32 dev eth0`, `ip link set eth0 up`, `ip route add default via 169.254.1.1 dev eth0 onlink`, `ip link
---set lo up`. Source: rtnetlink(7), ip-link(8).
---@param opts zlnet.attach.options
---@return zlnet.attachment? attachment
---@return zlnet.error? err with the step that failed, `rollback` when undoing met errors, and `replaced` (a name) when
---the former attachment is gone and the new one could not be made
function attach.attach(opts)
  return run(options.check("attach", options.attach, opts))
end

-- Makes the pair, with a record that says whose it is.
local function make_pair(o, t, handles, deadline, stack)
  local p = plan.pair(o, t.who)
  local pair, err = apply.run(p, handles, deadline, stack)
  if pair then
    return pair
  end
  stack:fail(err)
  if err.code == "EEXIST" and err.op == "newlink" then
    return require("zlnet.attach.conflict").settle(p, { on_exists = "error" }, handles, err)
  end
  return nil, err
end

-- Both tables as one.
local function merged(opts, more)
  local all = {}
  for _, t in ipairs { opts, more } do
    for name, value in pairs(t) do
      all[name] = value
    end
  end
  return all
end

---The same in two steps, for a caller who gets the addresses from somebody that takes his time: the pair, which takes
---the kernel longest, is made meanwhile. Others may sweep while he waits; the record on the pair has no addresses then.
---What is there already is in the way (on_exists = "error").
---@param opts table those of attach that are known already: all of options.pair which are given at all; mtu a number
---@param container table handle of the target's namespace; stays open
---@param learn fun(): table?, any called when the pair is there: the other options, or nil and why there are none
---@return zlnet.attachment? attachment
---@return any err as attach's; what learn said
function attach.ahead(opts, container, learn)
  local o = options.check("attach", options.pair, opts)
  local seconds = o.timeout or SECONDS
  local host <close>, no_host = core.open(nil)
  if not host then
    return step(no_host, "open a netlink socket")
  end
  local t <close>, err = target.pin(o, seconds, host)
  if not t then
    return nil, err
  end
  local handles = { host = host, container = container, ns = t.ns, here = t.here }
  local stack <close> = undo.new()
  local pair, more, ok, p
  pair, err = make_pair(o, t, handles, core.clock() + seconds, stack)
  if not pair then
    return nil, err
  end
  t.here:unlock()
  more, err = learn()
  if not more then
    return stack:fail(err)
  end
  o = options.check("attach", options.attach, merged(opts, more))
  ok, err = t.here:lock("shared", seconds)
  if not ok then
    err.step = "wait for the node's lock"
    return stack:fail(err)
  end
  p, err = decide(o, t, host)
  if not p then
    return stack:fail(err)
  end
  local a
  a, err = carry_out(p, handles, core.clock() + seconds, stack, pair)
  if not a and err.code == "EEXIST" and err.op == "newroute" then
    require("zlnet.attach.conflict").explain_route(p, handles, err)
  end
  return a, err
end

-- With all that is in it: the caller may do with it what he likes.
local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local t = {}
  for key, inner in pairs(value) do
    t[key] = copy(inner)
  end
  return t
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
  p = copy(p)
  local name = o.pid or o.netns
  name = type(name) ~= "userdata" and type(name) ~= "table" and tostring(name) or nil
  for _, op in ipairs(p.ops) do
    if op.ref then
      op.args[op.ref] = nil -- of the attachment that the shared operation was last used for
    end
    op.command = require("zlnet.shell").command(op, p, name)
  end
  return setmetatable(p, Plan)
end

return attach
