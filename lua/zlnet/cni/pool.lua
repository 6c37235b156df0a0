-- SPDX-License-Identifier: MIT
-- "ipam": { "type": "zlnet" }: addresses without another program and without files, by attach's option `pool`. The keys
-- are those of host-local. Pure.

local addr = require "zlnet.addr"
local failure = require "zlnet.cni.failure"
local json = require "zlnet.cni.json"
local pools = require "zlnet.addresses.pool"
local result = require "zlnet.cni.result"

local fmt = string.format

local pool = {}

---@class zlnet.cni.pool
---@field given table[] attach's option: a list of lists of ranges, each with its gateway
---@field sets zlnet.pool.set[] the same, read
---@field stand_in zlnet.cni.ip[] of each range its gateway with the subnet's length: known before an address is
---@field ip string[]? the addresses that the runtime asks for, with the subnets' lengths

pool.TYPE = "zlnet"

local KEYS = { type = true, ranges = true, routes = true, subnet = true, rangeStart = true, rangeEnd = true,
  gateway = true, exclude = true, dataDir = true } -- the last one has no use without files

local function wrong(key, why)
  return nil, failure.new("config", fmt("ipam.%s: %s", key, why))
end

local function check_keys(section)
  for key, value in pairs(section) do
    if not KEYS[key] then
      return nil, failure.new("unsupported", fmt("ipam.%s: %s", key, json.excerpt(value)), "IPAM type 'zlnet'")
    end
  end
  return true
end

-- The ranges as host-local takes them: in lists, the runtime's too, or one beside the other keys.
local function ranges_of(section, more)
  local sets = {}
  for _, list in ipairs { section.ranges or {}, more or {} } do
    for _, set in ipairs(type(list) == "table" and list or {}) do
      sets[#sets + 1] = set
    end
  end
  if section.subnet ~= nil then
    table.insert(sets, 1, { { subnet = section.subnet, rangeStart = section.rangeStart, rangeEnd = section.rangeEnd,
      gateway = section.gateway, exclude = section.exclude } })
  end
  return sets
end

---The first address of a network, which is the gateway where none is named.
---@param address string
---@param prefix integer
---@return string
function pool.first_address(address, prefix)
  local bytes = addr.bytes((addr.network(address, prefix)))
  return addr.format(bytes:sub(1, -2) .. string.char(bytes:byte(-1) | 1))
end

-- One set with a gateway in each range; that is never given to a container.
local function complete(set, stand_in)
  local list = {}
  for i, range in ipairs(type(set) == "table" and set or {}) do
    local subnet = type(range) == "table" and addr.parse(range.subnet)
    if not subnet or not subnet.prefix then
      return nil, "a range with a subnet expected, got " .. json.excerpt(range)
    end
    local copy = {}
    for key, value in pairs(range) do
      copy[key] = value
    end
    if copy.gateway == nil or copy.gateway == "" then
      copy.gateway = pool.first_address(subnet.address, subnet.prefix)
    end
    list[i] = copy
    stand_in[#stand_in + 1] = { gateway = copy.gateway,
      ip = { family = subnet.family, address = copy.gateway, prefix = subnet.prefix } }
  end
  if not list[1] then
    return nil, "a list of ranges expected, got " .. json.excerpt(set)
  end
  return list
end

-- The addresses that the runtime asks for: one of each set, or none.
local function check_requested(p, requested)
  if not requested then
    return true
  elseif #requested ~= #p.sets then
    return wrong("ranges", fmt("the runtime asks for %d addresses, of %d", #requested, #p.sets))
  end
  local ips = {}
  for i, text in ipairs(requested) do
    local ip = addr.parse(text)
    local range, set = nil, nil
    for _, candidate in ipairs(ip and p.sets or {}) do
      range = range or pools.range_of(candidate, ip.address)
      set = set or range and candidate
    end
    if not range or pools.is_excluded(set, ip.address) then
      return wrong("ranges", fmt("the address %s, which the runtime asks for, is not among them", json.excerpt(text)))
    end
    ips[i] = ip.address .. "/" .. range.prefix
  end
  p.ip = ips
  return true
end

---Reads the section of a configuration.
---@param section table? of the key "ipam"
---@param requested string[]? the addresses that the runtime asks for
---@param more any the ranges that it adds
---@return zlnet.cni.pool|false|nil pool false for another type
---@return zlnet.cni.failure|zlnet.cni.route[] failure or the section's routes
function pool.read(section, requested, more)
  if not section or section.type ~= pool.TYPE then
    return false, {}
  end
  local ok, bad = check_keys(section)
  if not ok then
    return nil, bad
  end
  local routes, unread = result.routes(section.routes, "ipam")
  if not routes then
    return nil, failure.new("config", unread.msg, unread.details)
  end
  local p = { given = {}, sets = {}, stand_in = {}, ip = nil }
  local why
  for i, set in ipairs(ranges_of(section, more)) do
    p.given[i], why = complete(set, p.stand_in)
    if not p.given[i] then
      return wrong("ranges", why)
    end
  end
  if not p.given[1] then
    return wrong("ranges", "a list of lists of ranges expected")
  end
  p.sets, why = pools.rule(p.given)
  if not p.sets then
    return wrong("ranges", why)
  end
  ok, bad = check_requested(p, requested)
  return ok and p, bad or routes
end

-- What stands in for the range in which an address lies.
local function range_of(p, ip)
  for _, entry in ipairs(p.stand_in) do
    if entry.ip.family == ip.family and addr.contains(entry.ip.address, entry.ip.prefix, ip.address) then
      return entry
    end
  end
end

---What was given to an attachment. In mode routed the addresses are host addresses; the way to their subnets is a route
---where there is no default one.
---@param p zlnet.cni.pool
---@param ips zlnet.addr.ip[] the attachment's
---@param routes zlnet.cni.route[] gets those routes
---@return zlnet.cni.ip[]
function pool.ips(p, ips, routes)
  local list, has = {}, {}
  for _, route in ipairs(routes) do
    has[route.dst.family] = has[route.dst.family] or route.dst.prefix == 0
  end
  for i, ip in ipairs(ips) do
    local range = range_of(p, ip)
    local prefix = range.ip.prefix
    list[i] = { ip = ip, gateway = range.gateway }
    if ip.prefix ~= prefix and not has[ip.family] then
      local subnet = addr.network(ip.address, prefix)
      routes[#routes + 1] = { dst = { family = ip.family, address = subnet, prefix = prefix } }
    end
  end
  return list
end

return pool
