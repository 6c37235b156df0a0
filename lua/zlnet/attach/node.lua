-- SPDX-License-Identifier: MIT
-- What an attach has to know about the node before it is planned: what its mode asks for, the MTU to inherit,
-- forwarding, whether the addresses can work. Looks, changes nothing.

local addr = require "zlnet.addr"
local core = require "zlnet.core"
local modes = require "zlnet.attach.modes"
local plan = require "zlnet.attach.plan"

local node = {}

---@class zlnet.node
---@field mtu integer? of both ends
---@field forwarding table<"inet"|"inet6", string> what the sysctl says, for the families that need it
---@field accept_ra string[] links that would lose their default route when IPv6 forwarding is switched on
---@field ipv6_off boolean? IPv6 has to be switched on for the container end
---@field bridge table? the link of the bridge that the host end joins
---@field own table<string, true>? the node's addresses there, by family and text
---@field default_pvid integer? the VLAN which that bridge gives to its ports
---@field deaf_bridge boolean? it is the container's gateway and does not forward

local function step(err, text)
  err.step = err.step or text
  return nil, err
end

-- What the mode has to know.
local function look(o, host, seen)
  local mode = modes[o.mode]
  local ok, err = true, nil
  if mode.look then
    ok, err = mode.look(o, host, seen)
  end
  if type(err) == "string" then
    err = core.error { kind = "netlink", code = "EINVAL", op = "getlink", message = err }
    err.link = o[mode.needs]
  end
  if not ok then
    return step(err, mode.look_step)
  end
  return true
end

-- What makes an address useless for a container, by the type of the node's route to it.
local TAKEN = {
  ["local"] = "is the node's own address",
  broadcast = "is a broadcast address of the node's",
  anycast = "is an anycast address of the node's",
}

-- Whether the node would take packets to the address for itself, or drop them.
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

local function check_addresses(o, host, own)
  for _, ip in ipairs(o.ip) do
    if not own or own[ip.family] then
      local ok, err = check_address(host, ip)
      if not ok then
        return step(err, "check the container's addresses")
      end
    end
  end
  return true
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

local function find_mtu(o, host, seen)
  seen.mtu = o.mtu
  if o.mtu ~= "inherit" then
    return true
  end
  local from, err = seen.bridge, nil
  if not from then
    from, err = uplink(host)
  end
  if not from then
    return step(err, "find the MTU to inherit")
  end
  seen.mtu = from.mtu
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
  for _, ip in ipairs(o.forwarding and o.ip or {}) do
    if not seen.forwarding[ip.family] then
      local value, err = core.sysctl_read(plan.forwarding[ip.family])
      if not value then
        return step(err, "read whether forwarding is on")
      end
      seen.forwarding[ip.family] = value
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
---@return zlnet.node? seen
---@return zlnet.error? err also when the node will not do, an address cannot work, or there is no MTU to inherit
function node.look(o, host)
  local seen = { forwarding = {}, accept_ra = {} }
  local ok, err = look(o, host, seen)
  if ok then
    ok, err = check_addresses(o, host, seen.own)
  end
  if ok then
    ok, err = find_mtu(o, host, seen)
  end
  if ok then
    ok, err = look_at_forwarding(o, host, seen)
  end
  if not ok then
    return nil, err
  end
  return seen
end

return node
