-- SPDX-License-Identifier: MIT
-- The routes that a result asks for, in the container.

local addr = require "zlnet.addr"
local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"

local routes = {}

-- A route's arguments. Without a next hop of its own it goes through its family's gateway, or straight to the link.
local function route_args(route, a, gateways)
  local family, link = route.dst.family, route.scope ~= nil and route.scope ~= 0
  local gateway = route.gw or not link and gateways[family] or nil
  return {
    family = family,
    dst = route.dst.prefix > 0 and route.dst.address .. "/" .. route.dst.prefix or nil,
    gateway = gateway,
    oif = a.index,
    scope = route.scope or not gateway and family == "inet" and "link" or nil,
    table = route.table,
    priority = route.priority,
    metrics = (route.mtu or route.advmss) and { mtu = route.mtu, advmss = route.advmss } or nil,
    flags = gateway and a.mode == "routed" and { onlink = true } or nil,
  }
end

-- Adds what may be there already.
local function append(handle, method, list, step)
  if not list[1] then
    return true
  end
  local batch = handle:batch()
  for i = 1, #list do
    batch[method](batch, list[i], method == "newroute" and "append" or nil)
  end
  local results, lost = batch:send()
  for i = 1, results and #list or 0 do
    local answer = results[i]
    if type(answer) == "table" and answer.kind and answer.code ~= "EEXIST" then
      lost = answer
      break
    end
    lost = nil
  end
  if lost then
    lost.step = step
    return nil, failure.from(lost)
  end
  return true
end

local NAMED_TABLES = { [253] = "default", [254] = "main", [255] = "local" }
local DEFAULT_METRIC = 1024 -- the kernel's, of IPv6

-- What two IPv6 routes must share for the kernel to make one with two next hops of them, but for the metric.
local function place_of(dst, table_id)
  return ("%s %s"):format(dst or "default", NAMED_TABLES[table_id] or table_id or "main")
end

-- The next hop of a route that goes through a link, where others do not.
local function own_hop(row, index)
  for _, hop in ipairs(row.multipath or {}) do
    if hop.ifindex == index then
      return hop
    end
  end
end

-- Takes the container's own routes to its subnets out of those of another network on the same subnet. They are added
-- again with the rest.
local function unmerge(handle, a, list)
  local rows, err = handle:getroutes { family = "inet6", table = "main" }
  for _, row in ipairs(rows or {}) do
    local hop = own_hop(row, a.index)
    if hop then
      local args = { family = "inet6", dst = row.dst and row.dst .. "/" .. row.dst_len, gateway = hop.gateway,
        oif = a.index, priority = row.priority }
      local ok
      ok, err = handle:delroute(args)
      if not ok then
        break
      end
      args.flags = { onlink = true }
      list[#list + 1] = args
    end
  end
  return not err or nil, err and failure.from(err)
end

-- The metrics in use in the container, by place: the next hop of each.
local function metrics_of(handle)
  local rows, err = handle:getroutes { family = "inet6" }
  if not rows then
    return nil, failure.from(err)
  end
  local used = {}
  for _, row in ipairs(rows) do
    local place = place_of(row.dst and row.dst .. "/" .. row.dst_len, row.table)
    used[place] = used[place] or {}
    used[place][row.priority or 0] = { oif = row.oif, gateway = row.gateway }
  end
  return used
end

local function network_of(dst)
  local ip = addr.parse(dst)
  return addr.network(ip.address, ip.prefix) .. "/" .. ip.prefix
end

-- Gives each IPv6 route a metric of its own: of two networks' routes to one destination the kernel would make one route
-- with two next hops, and send half of the flows by the second network. IPv4 needs none of that: appended routes stay
-- apart.
local function separate(handle, list)
  local used, unread
  for _, args in ipairs(list) do
    if args.family == "inet6" then
      if not used then
        used, unread = metrics_of(handle)
      end
      if not used then
        return nil, unread
      end
      local place = place_of(args.dst and network_of(args.dst), args.table)
      local metric, taken = args.priority or DEFAULT_METRIC, used[place] or {}
      while taken[metric] and (taken[metric].oif ~= args.oif or taken[metric].gateway ~= args.gateway) do
        metric = metric + 1
      end
      used[place], taken[metric], args.priority = taken, { oif = args.oif, gateway = args.gateway }, metric
    end
  end
  return true
end

---Adds what attach does not: the routes, those to the gateways too, and the gateways of further addresses. A route
---joins those of the container's other networks: the first one that is there stays the one that is used, and the next
---one takes over when it goes.
---
---Equal to `ip route append DST via GATEWAY dev IFNAME onlink` for each, in the container; of IPv6 with the first
---metric from 1024 on that no other route to DST has.
---@param container table handle of the container's namespace
---@param a zlnet.attachment
---@param own zlnet.cni.result
---@param gateways table<"inet"|"inet6", string> for routes that name none
---@return true? ok
---@return zlnet.cni.failure? failure
function routes.add(container, a, own, gateways)
  local list, further = {}, {}
  for _, entry in ipairs(a.mode == "routed" and own.ips or {}) do
    local family = entry.ip.family
    -- as ptp has it: what asks for a route through the gateway later, a plugin or a person, need not know of "onlink"
    list[#list + 1] = { family = family, dst = entry.gateway .. "/" .. addr.host_prefix[family], oif = a.index,
      scope = family == "inet" and "link" or nil }
    if entry.gateway ~= gateways[family] then
      further[#further + 1] = {
        index = a.host_index, ["local"] = entry.gateway, prefixlen = addr.host_prefix[family],
        flags = family == "inet6" and { nodad = true } or nil,
      }
    end
  end
  for _, route in ipairs(own.routes) do
    list[#list + 1] = route_args(route, a, gateways)
  end
  if further[1] then
    local host <close>, err = core.open(nil)
    if not host then
      return nil, failure.from(err)
    end
    local ok, failed = append(host, "newaddr", further, "add a gateway's address to the host end")
    if not ok then
      return nil, failed
    end
  end
  local apart, failed = true, nil
  for _, entry in ipairs(own.ips) do
    if apart and entry.ip.family == "inet6" then
      apart, failed = unmerge(container, a, list)
      break
    end
  end
  if apart then
    apart, failed = separate(container, list)
  end
  if not apart then
    return nil, failed
  end
  return append(container, "newroute", list, "add the container's routes")
end

return routes
