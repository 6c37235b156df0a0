-- SPDX-License-Identifier: MIT
-- What an attach does, decided as data. Nothing here touches the kernel: `build` turns validated options and what was
-- found out about the target and the node into a list of operations; apply.lua carries out exactly that list, and
-- shell.lua writes it as a script for ip(8).

local ends = require "zlnet.attach.operations"
local fields = require "zlnet.record.fields"
local line = require "zlnet.record.line"
local options = require "zlnet.options"
local owner = require "zlnet.record.names"

local plan = {}

---@class zlnet.plan.op
---@field ns "host"|"container" the namespace it acts in
---@field op string a handle's method, or `"sysctl"`
---@field args table what the method takes; `key`/`value`, and `old` where it is known, for a sysctl
---@field mode "append"? what the method takes beside args
---@field step string what the operation is for; errors carry it
---@field link ("host"|"container")? the end whose index belongs into args
---@field ref string? under which key it belongs there
---@field await table? what the answer must say; until then it is asked again
---@field optional boolean? of a sysctl, a gain and no need: where the kernel has no such setting, or it may not be
---written, the rest is done all the same
---@field again boolean? when its answer was lost, do it again: it cannot be undone, and twice is as good as once
---@field command string? the equal `ip` or `sysctl` command, in what zlnet.plan returns

---@class zlnet.plan
---@field host_ifname string
---@field host_mac string
---@field ifname string
---@field mac string
---@field families string[] of the addresses, IPv4 first
---@field gateways table<"inet"|"inet6", string> those that the container's default route goes through
---@field owner table whose it will be
---@field record zlnet.record the owner's record
---@field alias string the same as text
---@field ops zlnet.plan.op[] in the order in which they are carried out

local INET, INET6 = { "inet", inet = true }, { "inet6", inet6 = true }
local BOTH = { "inet", "inet6", inet = true, inet6 = true }

-- The families among addresses, IPv4 first; the same as keys.
local function families_of(ips)
  local inet, inet6
  for i = 1, #ips do
    inet, inet6 = inet or ips[i].family == "inet", inet6 or ips[i].family == "inet6"
  end
  return inet and (inet6 and BOTH or INET) or INET6
end

---The gateway of each family that the container's default route goes through; empty in mode `direct`.
---@param o table validated options of attach, or an attachment
---@return table<"inet"|"inet6", string>
function plan.gateways(o)
  local gateways, otherwise = {}, o.mode == "routed" and options.routed_gateway
  if o.mode ~= "direct" then
    for i = 1, o.ip and #o.ip or 0 do
      local family = o.ip[i].family
      gateways[family] = o.gateway and o.gateway[family] or otherwise and otherwise[family] or nil
    end
  end
  return gateways
end

---The sysctl that switches a family's forwarding.
plan.forwarding = { inet = "net/ipv4/ip_forward", inet6 = "net/ipv6/conf/all/forwarding" }

-- What the node needs beside the pair. It stays when the attachment goes.
local function node_ops(p, node, add)
  for _, link in ipairs(node.accept_ra or {}) do
    -- a node that forwards does not listen to routers, and loses its default route, unless it is told to
    add {
      ns = "host", op = "sysctl", step = "keep the default route that a router announced",
      args = { key = "net/ipv6/conf/" .. link .. "/accept_ra", value = "2", old = "1" },
    }
  end
  if node.bridge_forwarding == "0" then
    add {
      ns = "host", op = "sysctl", step = "let the bridge forward",
      args = { key = "net/ipv4/conf/" .. p.record.bridge .. "/forwarding", value = "1", old = "0" },
    }
  end
  for i = 1, #p.families do
    local family = p.families[i]
    local value = node.forwarding and node.forwarding[family]
    if value == "0" then
      add {
        ns = "host", op = "sysctl", step = "switch forwarding on",
        args = { key = plan.forwarding[family], value = "1", old = value },
      }
    end
  end
end

-- What every plan begins with: names, and whose it will be.
local function begin(o, who)
  local key = owner.key(who)
  return {
    host_ifname = owner.host_name(who, o.tag),
    ifname = o.ifname,
    host_mac = o.host_mac or owner.mac(key, o.tag, "host"),
    mac = o.mac or owner.mac(key, o.tag, "container"),
    owner = who,
    record = fields.of(o, who),
    gateways = nil, families = nil, alias = nil,
    ops = { nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil }, -- room for the usual ones
  }
end

local function appender(ops)
  local n = 0
  return function(op)
    n = n + 1
    ops[n] = op
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
  add(ends.create(o, p))
  ends.record(p, add)
  return p
end

local SPEAKS_IPV6 = { inet6 = true }

---Decides what makes a port of a bridge of a pair, up and without addresses: those are the container's own business.
---@param o table validated options (options.pair), mode `bridge`
---@param who table the owner, as in plan.build
---@return zlnet.plan plan without gateways
function plan.port(o, who)
  local p = begin(o, who)
  p.gateways, p.families = {}, SPEAKS_IPV6
  p.alias = line.format(p.record) -- as plan.pair's
  local add = appender(p.ops)
  add(ends.create(o, p))
  ends.mute(o, p, add)
  ends.up(o, p, add)
  ends.record(p, add)
  ends.await(o, p, add)
  ends.loopback(add)
  return p
end

---Decides what attaching takes.
---@param o table validated options (options.attach), `mtu` a number or nil
---@param who table the owner: pid, start, boot, pidns, netns, id, time
---@param node zlnet.survey? what was found out about the node
---@return zlnet.plan? plan parts of it are shared by all plans, and to be left as they are
---@return string? reason why there is none (the owner's record is too long)
function plan.build(o, who, node)
  local p = begin(o, who)
  p.gateways, p.families = plan.gateways(o), families_of(o.ip)
  local record, reason = line.format(p.record)
  if not record then
    return nil, reason
  end
  p.alias = record
  local add = appender(p.ops)
  add(ends.create(o, p))
  ends.mute(o, p, add)
  if node and node.ipv6_off then
    ends.unmute(p, add)
  end
  ends.up(o, p, add)
  ends.addresses(o, p, add)
  ends.routes(o, p, add)
  ends.host(o, p, add)
  ends.await(o, p, add)
  if o.mode == "bridge" then
    ends.announce(o, p, add)
  end
  node_ops(p, node or {}, add)
  ends.loopback(add)
  return p
end

return plan
