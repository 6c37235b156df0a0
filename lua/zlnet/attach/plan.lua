-- SPDX-License-Identifier: MIT
-- What an attach does, decided as data. Nothing here touches the kernel: `build` turns validated options and what was
-- found out about the target and the node into a list of operations; execute.lua carries out exactly that list, and
-- shell.lua writes it as a script for ip(8).

local fields = require "zlnet.record.fields"
local line = require "zlnet.record.line"
local modes = require "zlnet.attach.modes"
local operations = require "zlnet.attach.operations"
local owner = require "zlnet.record.names"

local plan = {}

---@class zlnet.plan.op
---@field ns "host"|"container" the namespace it acts in
---@field op string a handle's method, or `"sysctl"`
---@field args table what the method takes; `key`/`value`, and `old` where it is known, for a sysctl
---@field mode "append"? what the method takes beside args
---@field step string what the operation is for; errors carry it
---@field key string? what check calls it when it is not so any more
---@field link ("host"|"container")? the end whose index belongs into args
---@field await table? what the answer must say; until then it is asked again
---@field optional boolean? of a sysctl, a gain and no need: where the kernel has no such setting, or it may not be
---written, the rest is done all the same
---@field late boolean? it is about the addresses, though it does not name them
---@field again boolean? when its answer was lost, do it again: it cannot be undone, and twice is as good as once
---@field command string? the equal `ip` or `sysctl` command, in what zlnet.plan returns

---@class zlnet.plan
---@field host_ifname string
---@field host_mac string
---@field ifname string
---@field mac string
---@field families string[] of the addresses, IPv4 first
---@field link_local string? the container end's link-local address, where attach makes it
---@field gateways table<"inet"|"inet6", string> those that the container's default route goes through
---@field owner table whose it will be
---@field record zlnet.record the owner's record
---@field alias string the same as text
---@field ops zlnet.plan.op[] in the order in which they are carried out

-- The families among addresses, IPv4 first; the same as keys.
local function families_of(ips)
  local families = {}
  for _, ip in ipairs(ips) do
    families[ip.family] = true
  end
  families[1] = families.inet and "inet" or "inet6"
  families[2] = families.inet and families.inet6 and "inet6" or nil
  return families
end

---The gateway of each family that the container's default route goes through; empty where that is none.
---@param o table validated options of attach, or an attachment
---@return table<"inet"|"inet6", string>
function plan.gateways(o)
  local mode = modes[o.mode] -- none of ours: made by a newer version
  return mode and mode.gateways(o) or {}
end

---The sysctl that switches a family's forwarding.
plan.forwarding = { inet = "net/ipv4/ip_forward", inet6 = "net/ipv6/conf/all/forwarding" }

-- What the node needs beside the pair. It stays when the attachment goes.
local function node_ops(p, node, add)
  local function set(step, key, value, old)
    add { ns = "host", op = "sysctl", step = step, args = { key = key, value = value, old = old } }
  end
  for _, link in ipairs(node.accept_ra or {}) do
    -- a node that forwards does not listen to routers, and loses its default route, unless it is told to
    set("keep the default route that a router announced", "net/ipv6/conf/" .. link .. "/accept_ra", "2", "1")
  end
  for _, family in ipairs(p.families) do
    if node.forwarding and node.forwarding[family] == "0" then
      set("switch forwarding on", plan.forwarding[family], "1", "0")
    end
  end
end

local function record_of(o, who, mac)
  local record = fields.of(o, who)
  if not modes[o.mode].forwards then -- a bridge does it for its ports
    record.forwarding = nil
  end
  record.mac = o.guard and mac or nil -- all others find out what it is
  return record
end

-- What every plan begins with: names, and whose it will be.
local function begin(o, who)
  local key = owner.key(who)
  local mac = o.mac or owner.mac(key, o.tag, "container")
  return {
    host_ifname = owner.host_name(who, o.tag),
    ifname = o.ifname,
    host_mac = o.host_mac or owner.mac(key, o.tag, "host"),
    mac = mac,
    owner = who,
    record = record_of(o, who, mac),
    ops = {},
  }
end

local function appender(ops)
  return function(op)
    ops[#ops + 1] = op
  end
end

local function create(o, p, mode, add, node)
  local op = operations.create(o, p)
  if mode.create then
    mode.create(o, op.args)
  end
  add(op)
  if mode.before then
    mode.before(o, p, add, node)
  end
end

---Decides what can be done before the addresses are known: the pair, and a record of whose it is that has none. What
---plan.build decides later for the same owner goes on from there.
---@param o table validated options (options.pair), `mtu` a number or nil
---@param who table the owner, as in plan.build
---@return zlnet.plan plan without families and gateways
function plan.pair(o, who)
  local p = begin(o, who)
  p.alias = line.format(p.record) -- always fits: options.pair saw to it
  local add = appender(p.ops)
  create(o, p, modes[o.mode], add)
  operations.record(p, add)
  return p
end

local SPEAKS_IPV6 = { inet6 = true }

---Decides what makes a port of a bridge of a pair, up and without addresses: those are the container's own business.
---@param o table validated options (options.pair), mode `bridge`
---@param who table the owner, as in plan.build
---@param node zlnet.node what was found out about the node
---@return zlnet.plan plan without gateways
function plan.port(o, who, node)
  local p = begin(o, who)
  p.gateways, p.families = {}, SPEAKS_IPV6
  p.alias = line.format(p.record) -- as plan.pair's
  local add = appender(p.ops)
  local mode = modes[o.mode]
  create(o, p, mode, add, node)
  operations.mute(p, mode, add)
  operations.up(p, add)
  operations.record(p, add)
  operations.await(o, p, mode, add)
  operations.loopback(add)
  return p
end

---Decides what attaching takes.
---@param o table validated options (options.attach), `mtu` a number or nil
---@param who table the owner: pid, start, boot, pidns, netns, id, time
---@param node zlnet.node? what was found out about the node
---@return zlnet.plan? plan
---@return string? reason why there is none (the owner's record is too long)
function plan.build(o, who, node)
  local p = begin(o, who)
  p.gateways, p.families = plan.gateways(o), families_of(o.ip)
  p.link_local = o.nodad and p.families.inet6 and operations.link_local_of(p.mac) or nil
  local record, reason = line.format(p.record)
  if not record then
    return nil, reason
  end
  p.alias = record
  local add, mode = appender(p.ops), modes[o.mode]
  create(o, p, mode, add, node)
  operations.mute(p, mode, add)
  if o.masquerade or o.publish or o.isolate or o.guard then -- loaded where it is wanted: it is a lot
    require("zlnet.firewall.operations").add(p, add)
  end
  if node and node.ipv6_off then
    operations.unmute(p, add)
  end
  operations.up(p, add)
  operations.addresses(o, p, mode, add)
  mode.routes(o, p, add)
  operations.record(p, add)
  mode.host(o, p, add)
  operations.await(o, p, mode, add)
  if mode.finish then
    mode.finish(o, p, add)
  end
  if node and mode.node then
    mode.node(o, node, add)
  end
  node_ops(p, node or {}, add)
  operations.loopback(add)
  return p
end

return plan
