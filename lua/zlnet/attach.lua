-- SPDX-License-Identifier: MIT
-- attach: validate, pin the target, decide (plan.lua), carry out (apply.lua), undo on any failure.

local apply = require "zlnet.apply"
local core = require "zlnet.core"
local options = require "zlnet.options"
local plan = require "zlnet.plan"
local target = require "zlnet.target"
local undo = require "zlnet.undo"

local attach = {}

local LOCK_SECONDS = 10

local SYSCTL = { inet = "net/ipv4/ip_forward", inet6 = "net/ipv6/conf/all/forwarding" }

-- What the node's forwarding is, for the families that need it.
local function read_forwarding(o)
  local state = { forwarding = {} }
  for i = 1, o.forwarding and o.mode ~= "bridge" and #o.ip or 0 do
    local family = o.ip[i].family
    if not state.forwarding[family] then
      local value, err = core.sysctl_read(SYSCTL[family])
      if not value then
        err.step = "read whether forwarding is on"
        return nil, err
      end
      state.forwarding[family] = value
    end
  end
  return state
end

local function decide(o, t)
  local state, err = read_forwarding(o)
  if not state then
    return nil, err
  end
  local p, reason = plan.build(o, t.who, state)
  if not p then -- options.attach saw to it that the record fits
    return nil, core.error { kind = "io", code = "E2BIG", op = "attach", message = reason }
  end
  return p
end

-- What the caller gets: the kernel's names for what is made. Both indexes are not known yet.
local function attachment_of(o, t, p)
  local changed = {}
  for i = 1, #p.ops do
    local args = p.ops[i].args
    if args.old then
      changed[#changed + 1] = { key = args.key, old = args.old, new = args.value }
    end
  end
  return {
    pid = o.pid, id = o.id, tag = o.tag, mode = o.mode, ip = o.ip,
    ifname = p.ifname, index = false, mac = p.mac,
    host_ifname = p.host_ifname, host_index = false, host_mac = p.host_mac,
    bridge = o.bridge, gateway = p.gateways, netns = t.who.netns, time = t.who.time, changed = changed,
  }
end

local function step(err, text)
  err.step = text
  return nil, err
end

---Attaches a container to the node: one veth pair, its addresses, routes and owner's record. All or nothing.
---
---Equal to, in mode `routed`: `ip link add veth-PID-s up type veth peer name eth0 netns PID`, `ip link set veth-PID-s
---alias …`, `ip addr add 169.254.1.1/32 dev veth-PID-s scope link`, `ip route add IP/32 dev veth-PID-s`, and in the
---container `ip addr add IP/32 dev eth0`, `ip link set eth0 up`, `ip route add default via 169.254.1.1 dev eth0
---onlink`, `ip link set lo up`.
---@param opts zlnet.attach.options
---@return zlnet.attachment? attachment
---@return zlnet.error? err with the step that failed, and `rollback` when undoing met errors
function attach.attach(opts)
  local o = options.check("attach", options.attach, opts)
  local t <close>, err = target.pin(o, o.timeout or LOCK_SECONDS)
  if not t then
    return nil, err
  end
  local host <close>, no_host = core.open(nil)
  if not host then
    return step(no_host, "open a netlink socket")
  end
  local container <close>, no_container = core.open(t.ns)
  if not container then
    return step(no_container, "open a netlink socket in the target")
  end
  if o.timeout then
    host:settimeout(o.timeout)
    container:settimeout(o.timeout)
  end
  local p, undecided = decide(o, t)
  if not p then
    return nil, undecided
  end
  local made = attachment_of(o, t, p) -- now, because from the last operation on nothing may run out of memory any more
  local stack <close> = undo.new()
  local index, failed = apply.run(p, { host = host, container = container }, t.ns:fd(), stack)
  if not index then
    return stack:fail(failed)
  end
  made.index, made.host_index = index.container, index.host
  stack:commit()
  return made
end

return attach
