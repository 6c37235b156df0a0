-- SPDX-License-Identifier: MIT
-- What an attach has to know about the node before it is planned: forwarding, the MTU to inherit, the bridge. Looks,
-- changes nothing.

local core = require "zlnet.core"
local plan = require "zlnet.attach.plan"

local survey = {}

---@class zlnet.survey
---@field mtu integer? of both ends
---@field forwarding table<"inet"|"inet6", string> what the sysctl says, for the families that need it
---@field accept_ra string[] links that would lose their default route when IPv6 forwarding is switched on

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

local function look_at_links(o, host, seen)
  local bridge, err
  if o.bridge then
    bridge, err = bridge_of(host, o.bridge)
    if not bridge then
      return step(err, "look at the bridge")
    end
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
        local link = hop.ifindex and not done[hop.ifindex] and host:getlink({ index = hop.ifindex }, { "ifname" })
        done[hop.ifindex or 0] = true
        if link and core.sysctl_read("net/ipv6/conf/" .. link.ifname .. "/accept_ra") == "1" then
          list[#list + 1] = link.ifname
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
