-- SPDX-License-Identifier: MIT
-- Results: reading a delegated plugin's and a previous one's, writing ours in the shape of the asked version.

local addr = require "zlnet.addr"
local failure = require "zlnet.cni.failure"
local json = require "zlnet.cni.json"
local request = require "zlnet.cni.request"

local fmt, type = string.format, type

local result = {}

---@class zlnet.cni.ip
---@field ip zlnet.addr.ip address with its prefix length
---@field gateway string? canonical text
---@field interface integer? position in interfaces, from 0

---@class zlnet.cni.route
---@field dst zlnet.addr.ip
---@field gw string? canonical text
---@field mtu integer? and advmss, priority, table, scope: what version 1.1.0 added

---@class zlnet.cni.result
---@field interfaces table[] name, mac, mtu, sandbox
---@field ips zlnet.cni.ip[]
---@field routes zlnet.cni.route[]
---@field dns table nameservers, domain, search, options; empty for none

local NUMBERS = { "mtu", "advmss", "priority", "table", "scope" }

local function wrong(what, key, value)
  return nil, failure.new("decode", fmt("%s: %s is not what the specification says", what, key), json.excerpt(value))
end

-- A list, also when it is missing or null.
local function list_of(value)
  if value == nil then
    return {}
  end
  return type(value) == "table" and (#value > 0 or next(value) == nil) and value or nil
end

-- An address of a family; true where there is none.
local function optional_address(value, family)
  if value == nil or value == "" then
    return true
  end
  local ip = addr.parse(value)
  return ip and not ip.prefix and ip.family == family and ip.address or nil
end

local function read_ips(t, what)
  local ips = {}
  for i, entry in ipairs(t) do
    local ip = type(entry) == "table" and addr.parse(entry.address)
    local gateway = ip and optional_address(entry.gateway, ip.family)
    if not gateway or not ip.prefix then
      return wrong(what, fmt("ips[%d]", i - 1), entry)
    end
    local interface = math.type(entry.interface) == "integer" and entry.interface or nil
    ips[i] = { ip = ip, gateway = gateway ~= true and gateway or nil, interface = interface }
  end
  return ips
end

---Reads a list of routes.
---@param value any
---@param what string whose they are, for the message
---@return zlnet.cni.route[]? routes
---@return zlnet.cni.failure? failure
function result.routes(value, what)
  local routes = {}
  local given = list_of(value)
  if not given then
    return wrong(what, "routes", value)
  end
  for i, entry in ipairs(given) do
    local dst = type(entry) == "table" and addr.parse(entry.dst)
    local gw = dst and optional_address(entry.gw, dst.family)
    if not gw or not dst.prefix then
      return wrong(what, fmt("routes[%d]", i - 1), entry)
    end
    local route = { dst = dst, gw = gw ~= true and gw or nil }
    for _, key in ipairs(NUMBERS) do
      local number = entry[key]
      if number ~= nil and (math.type(number) ~= "integer" or number < 0 or number > 0xffffffff) then
        return wrong(what, fmt("routes[%d].%s", i - 1, key), number)
      end
      route[key] = number
    end
    routes[i] = route
  end
  return routes
end

---Reads what a plugin answered to ADD.
---@param t any decoded JSON
---@param what string whose it is, for the message
---@return zlnet.cni.result?
---@return zlnet.cni.failure? failure
function result.read(t, what)
  if type(t) ~= "table" then
    return wrong(what, "the result", t)
  end
  local interfaces, ips = list_of(t.interfaces), list_of(t.ips)
  if not interfaces then
    return wrong(what, "interfaces", t.interfaces)
  elseif not ips then
    return wrong(what, "ips", t.ips)
  elseif t.dns ~= nil and type(t.dns) ~= "table" then
    return wrong(what, "dns", t.dns)
  end
  for i, entry in ipairs(interfaces) do
    if type(entry) ~= "table" or type(entry.name) ~= "string" then
      return wrong(what, fmt("interfaces[%d]", i - 1), entry)
    end
  end
  local read, bad = read_ips(ips, what)
  if not read then
    return nil, bad
  end
  local routes, bad_route = result.routes(t.routes, what)
  if not routes then
    return nil, bad_route
  end
  return { interfaces = interfaces, ips = read, routes = routes, dns = t.dns or {} }
end

---Adds a result behind an earlier one, as a plugin in a chain does. Either may stay unchanged or not.
---@param previous zlnet.cni.result?
---@param own zlnet.cni.result
---@return zlnet.cni.result
function result.append(previous, own)
  if not previous then
    return own
  end
  local offset = #previous.interfaces
  for _, entry in ipairs(own.ips) do
    entry.interface = entry.interface and entry.interface + offset
  end
  for _, key in ipairs { "interfaces", "ips", "routes" } do
    table.move(own[key], 1, #own[key], #previous[key] + 1, previous[key])
  end
  if next(own.dns) ~= nil then
    previous.dns = own.dns
  end
  return previous
end

local function array(list)
  return setmetatable(list, { __jsontype = "array" })
end

local function shape_ip(entry, version)
  return {
    version = not request.at_least(version, "1.0.0") and (entry.ip.family == "inet" and "4" or "6") or nil,
    address = entry.ip.address .. "/" .. entry.ip.prefix,
    gateway = entry.gateway,
    interface = entry.interface,
  }
end

local function shape_interface(entry, version)
  local latest = request.at_least(version, "1.1.0")
  return {
    name = entry.name, mac = entry.mac, sandbox = entry.sandbox,
    mtu = latest and entry.mtu or nil,
    socketPath = latest and entry.socketPath or nil,
    pciID = latest and entry.pciID or nil,
  }
end

local function shape_route(entry, version)
  local route = { dst = entry.dst.address .. "/" .. entry.dst.prefix, gw = entry.gw }
  for _, key in ipairs(request.at_least(version, "1.1.0") and NUMBERS or {}) do
    route[key] = entry[key]
  end
  return route
end

local function shape_dns(dns)
  local shaped = { domain = type(dns.domain) == "string" and dns.domain or nil }
  for _, key in ipairs { "nameservers", "search", "options" } do
    shaped[key] = type(dns[key]) == "table" and dns[key][1] and array(dns[key]) or nil
  end
  return next(shaped) and shaped or nil
end

---A result as JSON of one of the specification's versions.
---@param r zlnet.cni.result
---@param version string
---@return string text
function result.format(r, version)
  local t = { cniVersion = version, dns = shape_dns(r.dns) }
  for key, shape in pairs { interfaces = shape_interface, ips = shape_ip, routes = shape_route } do
    local list = array {}
    for i, entry in ipairs(r[key]) do
      list[i] = shape(entry, version)
    end
    t[key] = list
  end
  return json.encode(t)
end

return result
