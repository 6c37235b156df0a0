-- SPDX-License-Identifier: MIT
-- The configuration of a network, and what a result asks for, as options of attach. Pure: nothing here asks the system.
--
-- Keys beside the specification's: `mode` ("routed" or "bridge"), `routes` added to the IPAM plugin's, and the bridge
-- plugin's (keys.lua).

local addr = require "zlnet.addr"
local failure = require "zlnet.cni.failure"
local firewall = require "zlnet.cni.firewall"
local keys = require "zlnet.cni.keys"
local modes = require "zlnet.attach.modes"
local pool = require "zlnet.cni.pool"
local request = require "zlnet.cni.request"
local result = require "zlnet.cni.result"

local type = type

local network = {}

---@class zlnet.cni.network
---@field mode "routed"|"bridge"
---@field bridge string?
---@field mtu integer?
---@field mac string?
---@field hairpin boolean? of the port of a bridge, as all up to vlan
---@field isolated boolean?
---@field vlan integer?
---@field firewall zlnet.cni.firewall options of attach
---@field is_gateway boolean
---@field is_default_gateway boolean
---@field routes zlnet.cni.route[]
---@field dns table
---@field force_address boolean addresses of the bridge that are in the way are replaced
---@field promisc boolean of the bridge
---@field dad boolean IPv6 addresses are looked for before they are used
---@field subnets zlnet.addr.ip[] that addresses may come from
---@field unknown string[] keys of the configuration that mean nothing here
---@field pool zlnet.cni.pool? where the addresses come from, instead of an IPAM plugin
---@field ips string[]? asked for by the runtime; used where there is no IPAM plugin

local ANY = { inet = addr.parse "0.0.0.0/0", inet6 = addr.parse "::/0" }

local DEFAULT_BRIDGE = "cni0" -- as the bridge plugin's

-- What the runtime asks for: CNI_ARGS give way to args, and these to runtimeConfig.
local function requested(config, args)
  local from_args, from_runtime = request.field(config.args, "cni"), config.runtimeConfig
  local mac = request.field(from_runtime, "mac") or request.field(from_args, "mac") or args.MAC
  local ips = request.field(from_runtime, "ips") or request.field(from_args, "ips") or args.IP
  if mac == "" then
    mac = nil
  end
  if type(ips) == "string" then
    ips = ips ~= "" and { ips } or nil
  elseif ips ~= nil and (type(ips) ~= "table" or not ips[1]) then
    ips = nil
  end
  return mac, ips
end

-- The subnets that an IPAM plugin may take addresses from: every "subnet" in its section, wherever.
local function subnets_of(section, list)
  for key, value in pairs(section or {}) do
    if type(value) == "table" then
      subnets_of(value, list)
    elseif key == "subnet" then
      local subnet = addr.parse(value)
      list[#list + 1] = subnet and subnet.prefix and subnet or nil
    end
  end
  return list
end

---Reads the configuration of a network.
---@param config table
---@param args table<string, string> CNI_ARGS
---@return zlnet.cni.network? network
---@return zlnet.cni.failure? failure
function network.read(config, args)
  local unknown, bad = keys.check(config)
  if not unknown then
    return nil, bad
  end
  local mac, ips = requested(config, args)
  if mac ~= nil then
    local canonical, why = addr.mac(mac)
    if not canonical then
      return nil, failure.new("config", "mac: " .. why, tostring(mac))
    end
    mac = canonical
  end
  local wall, no_wall = firewall.read(config)
  if not wall then
    return nil, no_wall
  end
  local given, pool_routes = pool.read(config.ipam, ips, request.field(config.runtimeConfig, "ipRanges"))
  if given == nil then
    return nil, pool_routes
  end
  local routes, no_routes = result.routes(config.routes, "the network configuration")
  if not routes then
    return nil, failure.new("config", no_routes.msg, no_routes.details)
  end
  table.move(routes, 1, #routes, #pool_routes + 1, pool_routes)
  local mode = config.mode or "routed"
  return {
    mode = mode,
    bridge = mode == "bridge" and (config.bridge or DEFAULT_BRIDGE) or nil,
    mtu = config.mtu ~= 0 and config.mtu or nil,
    mac = mac, ips = ips, pool = given or nil, routes = pool_routes, dns = config.dns or {},
    hairpin = mode == "bridge" and config.hairpinMode or nil,
    isolated = config.portIsolation or nil,
    vlan = config.vlan ~= 0 and config.vlan or nil,
    firewall = wall,
    force_address = config.forceAddress or false,
    promisc = config.promiscMode or false,
    dad = config.enabledad or false,
    unknown = unknown,
    subnets = subnets_of(config.ipam, {}),
    is_gateway = config.isGateway or config.isDefaultGateway or false,
    is_default_gateway = config.isDefaultGateway or false,
  }
end

---What the runtime asked for as a result, where there is no IPAM plugin to be asked; no addresses mean layer 2 alone.
---@param n zlnet.cni.network
---@return zlnet.cni.result?
---@return zlnet.cni.failure? failure
function network.without_ipam(n)
  local wall = n.firewall
  local r = { interfaces = {}, ips = {}, routes = {}, dns = {} }
  for i, text in ipairs(n.ips or {}) do
    local ip, why = addr.parse(text)
    if not ip then
      return nil, failure.new("config", "ips: " .. why, tostring(text))
    end
    ip.prefix = ip.prefix or addr.host_prefix[ip.family]
    r.ips[i] = { ip = ip }
  end
  if not r.ips[1] and (wall.publish or wall.isolate or wall.guard) then
    return nil, failure.new("unsupported", "guard, macspoofchk, isolate and portMappings need an address")
  elseif not r.ips[1] and n.mode ~= "bridge" then -- a bridge can be joined without
    return nil, failure.new("config", "neither an IPAM plugin is configured nor did the runtime ask for an address")
  end
  return r
end

-- One gateway of each family for attach; the result says which each address has.
local function choose_gateways(n, r)
  local gateways = {}
  for _, entry in ipairs(r.ips) do
    local family = entry.ip.family
    gateways[family] = gateways[family] or entry.gateway
    if n.mode == "bridge" and n.is_gateway and not entry.gateway then
      entry.gateway = pool.first_address(entry.ip.address, entry.ip.prefix) -- as the bridge plugin
      gateways[family] = gateways[family] or entry.gateway
    end
  end
  return gateways
end

---What attach has to be asked for before the addresses are known.
---@param n zlnet.cni.network
---@return table opts mode, bridge, mtu, mac, hairpin, isolated, vlan: options of attach
function network.pair_options(n)
  return { mode = n.mode, bridge = n.bridge, mtu = n.mtu, mac = n.mac, hairpin = n.hairpin, isolated = n.isolated,
    vlan = n.vlan }
end

---What attach has to be asked for beside that. Routes are not among it: several networks of one container may ask for
---the same.
---@param n zlnet.cni.network
---@param r zlnet.cni.result with our routes; addresses without a gateway get the one in use, and a bridge's default
---gateway its default routes
---@return table opts ip, gateway, default_route, forwarding, nodad, and of the firewall: options of attach
---@return table<"inet"|"inet6", string> gateways which routes without one of their own go through
function network.address_options(n, r)
  local gateways = choose_gateways(n, r)
  local ips, given, has = {}, {}, {}
  for _, route in ipairs(r.routes) do
    has[route.dst.family] = has[route.dst.family] or route.dst.prefix == 0
  end
  for i, entry in ipairs(r.ips) do
    local family = entry.ip.family
    ips[i] = entry.ip.address .. "/" .. entry.ip.prefix
    if n.mode == "routed" then
      gateways[family] = gateways[family] or modes.routed.gateways({ ip = { entry.ip } })[family]
      entry.gateway = entry.gateway or gateways[family]
    end
    if n.is_default_gateway and not has[family] then
      has[family] = true
      r.routes[#r.routes + 1] = { dst = ANY[family], gw = gateways[family] }
    end
  end
  for _, gateway in pairs(n.mode == "routed" and gateways or {}) do
    given[#given + 1] = gateway
  end
  return {
    ip = ips, default_route = false, gateway = given[1] and given,
    forwarding = n.mode == "routed", -- a bridge's is for gateway.lua
    nodad = not n.dad, masquerade = n.firewall.masquerade, publish = n.firewall.publish, isolate = n.firewall.isolate,
    guard = n.firewall.guard,
  }, gateways
end

return network
