-- SPDX-License-Identifier: MIT
-- What an attach has to know about the node before it is planned: forwarding, the MTU to inherit, the bridge, whether
-- the addresses can work. Looks, changes nothing.

local addr = require "zlnet.addr"
local core = require "zlnet.core"
local plan = require "zlnet.attach.plan"

local survey = {}

---@class zlnet.survey
---@field mtu integer? of both ends
---@field forwarding table<"inet"|"inet6", string> what the sysctl says, for the families that need it
---@field accept_ra string[] links that would lose their default route when IPv6 forwarding is switched on
---@field bridge_forwarding string? what the bridge's sysctl says, where the bridge is the container's IPv4 gateway
---@field ipv6_off boolean? IPv6 has to be switched on for the container end

local function step(err, text)
  err.step = err.step or text
  return nil, err
end

local function is_default(route)
  return route.dst == nil and route.table == "main" and route.type == "unicast"
end

-- The link of the best default route, that of IPv4 when there is one.
local function uplink(host)
  for _, family in ipairs { "inet", "inet6" } do
    local routes, err = host:getroutes { family = family }
    if not routes then
      return nil, err
    end
    local best
    for _, route in ipairs(routes) do
      if is_default(route) and (not best or (route.priority or 0) < (best.priority or 0)) then
        best = route
      end
    end
    local index = best and (best.oif or best.multipath and best.multipath[1].ifindex)
    if index then
      return host:getlink { index = index }
    end
  end
  return nil, core.error { kind = "netlink", code = "ENETUNREACH", op = "getroutes",
    message = "no default route leads to a link that the MTU could be inherited from" }
end

-- The bridge by its name, when it is one.
local function bridge_of(host, name)
  local link, err = host:getlink { ifname = name }
  if not link then
    return nil, err
  elseif not link.linkinfo or link.linkinfo.kind ~= "bridge" then
    err = core.error { kind = "netlink", code = "EINVAL", op = "getlink",
      message = ("'%s' is %s, no bridge"):format(name, link.linkinfo and link.linkinfo.kind or "a device") }
    err.link = name
    return nil, err
  end
  return link
end

local function refuse(code, message, link)
  return nil, core.error { kind = "netlink", code = code, op = "attach", message = message, link = link }
end

-- Without a VLAN a port of a bridge that filters by VLAN passes nothing.
local function check_vlan(o, bridge)
  local data = bridge.linkinfo.data
  if data.vlan_filtering == true and data.vlan_default_pvid == 0 then
    return refuse("EINVAL", ("'%s' filters by VLAN and gives its ports none (vlan_default_pvid 0)"):format(o.bridge),
      o.bridge)
  end
  return true
end

-- The addresses on the bridge, by family and text.
local function bridge_addresses(host, bridge)
  local rows, err = host:getaddrs { index = bridge.index }
  if not rows then
    return nil, err
  end
  local own = {}
  for _, row in ipairs(rows) do
    if row.index == bridge.index and row.scope ~= "link" then
      own[row.family], own[row["local"] or row.address] = true, true
    end
  end
  return own
end

-- What makes an address useless for a container, by the type of the node's route to it.
local TAKEN = {
  ["local"] = "is the node's own address",
  broadcast = "is a broadcast address of the node's",
  anycast = "is an anycast address of the node's",
}

-- Whether the node would take packets to the address for itself, or for nobody.
local function check_address(host, ip)
  local text = ip.address .. "/" .. addr.host_prefix[ip.family]
  local route, err = host:getroute({ dst = text, flags = { fib_match = true } },
    { "type", "dst", "dst_len", "scope", "gateway" })
  if not route then
    return err.kind ~= "io" or nil, err -- no route to it is as good
  end
  local why = TAKEN[route.type]
  if not why and ip.family == "inet" and route.dst == ip.address and route.dst_len < 31 and route.scope == "link"
    and not route.gateway then
    why = ("is the network address of %s/%d, a subnet of the node's"):format(route.dst, route.dst_len)
  end
  return not why or nil, why and core.error { kind = "netlink", code = "EADDRINUSE", op = "getroute",
    message = ("'%s' %s"):format(ip.address, why) }
end

-- A bridge on which the node has no address of the family is no network of the node's: any address may be used there.
local function check_addresses(o, host, on_bridge)
  for i = 1, #o.ip do
    local ip = o.ip[i]
    if not on_bridge or on_bridge[ip.family] then
      local ok, err = check_address(host, ip)
      if not ok then
        return step(err, "check the container's addresses")
      end
    end
  end
  return true
end

local function look_at_bridge(o, host, seen)
  local bridge, err = bridge_of(host, o.bridge)
  local ok, own = bridge, nil
  if ok then
    ok, err = check_vlan(o, bridge)
  end
  if ok then
    own, err = bridge_addresses(host, bridge)
  end
  if not own then
    return step(err, "look at the bridge")
  end
  if o.forwarding and own[o.gateway and o.gateway.inet] then
    seen.bridge_forwarding = core.sysctl_read("net/ipv4/conf/" .. o.bridge .. "/forwarding")
  end
  return bridge, own
end

local function look_at_links(o, host, seen)
  local bridge, own, err
  if o.bridge then
    bridge, own = look_at_bridge(o, host, seen)
    if not bridge then
      return nil, own
    end
  end
  local ok
  ok, err = check_addresses(o, host, own)
  if not ok then
    return nil, err
  end
  seen.mtu = o.mtu
  if o.mtu == "inherit" then
    local from = bridge
    if not from then
      from, err = uplink(host)
    end
    if not from then
      return step(err, "find the MTU to inherit")
    end
    seen.mtu = from.mtu
  end
  return true
end

-- Puts the link's name into the list if it listens to routers only while nothing is forwarded. A link that is gone does
-- not.
local function add_listener(host, index, list)
  local link, err = host:getlink({ index = index }, { "ifname" })
  if not link then
    return err.code == "ENODEV" or nil, err
  end
  local value
  value, err = core.sysctl_read("net/ipv6/conf/" .. link.ifname .. "/accept_ra")
  if value == "1" then
    list[#list + 1] = link.ifname
  end
  return value ~= nil or err.code == "ENOENT" or nil, err
end

-- Links with a default route which a router announced, and that listen to routers only while nothing is forwarded.
local function find_accept_ra(host, list)
  local routes, err = host:getroutes { family = "inet6" }
  if not routes then
    return nil, err
  end
  local done = {}
  for _, route in ipairs(routes) do
    if is_default(route) and route.protocol == "ra" then
      for _, hop in ipairs(route.multipath or { { ifindex = route.oif } }) do
        local ok = true
        if hop.ifindex and not done[hop.ifindex] then
          ok, err = add_listener(host, hop.ifindex, list)
          done[hop.ifindex] = true
        end
        if not ok then
          return nil, err
        end
      end
    end
  end
  return true
end

local function look_at_forwarding(o, host, seen)
  for i = 1, o.forwarding and #o.ip or 0 do
    local family = o.ip[i].family
    if not seen.forwarding[family] then
      local value, err = core.sysctl_read(plan.forwarding[family])
      if not value then
        return step(err, "read whether forwarding is on")
      end
      seen.forwarding[family] = value
    end
  end
  if seen.forwarding.inet6 == "0" then
    local ok, err = find_accept_ra(host, seen.accept_ra)
    if not ok then
      return step(err, "find the default routes that routers announced")
    end
  end
  return true
end

---Looks at the node for an attach.
---@param o table validated options
---@param host table handle of the node's namespace
---@return zlnet.survey? seen
---@return zlnet.error? err also when there is no such bridge, or no MTU to inherit
function survey.of(o, host)
  local seen = { forwarding = {}, accept_ra = {} }
  local ok, err = look_at_links(o, host, seen)
  if ok then
    ok, err = look_at_forwarding(o, host, seen)
  end
  if not ok then
    return nil, err
  end
  return seen
end

return survey
