-- SPDX-License-Identifier: MIT
-- The configuration of a network, and what a result asks for, as options of attach. Pure: nothing here asks the system.
--
-- Keys beside the specification's: `mode` ("routed" or "bridge"), `bridge`, `isGateway` and `isDefaultGateway` as in
-- the bridge plugin, `routes` added to the IPAM plugin's.

local addr = require "zlnet.addr"
local failure = require "zlnet.cni.failure"
local options = require "zlnet.options"
local request = require "zlnet.cni.request"
local result = require "zlnet.cni.result"

local fmt, type = string.format, type

local network = {}

---@class zlnet.cni.network
---@field mode "routed"|"bridge"
---@field bridge string?
---@field mtu integer?
---@field mac string?
---@field masquerade boolean
---@field is_gateway boolean
---@field is_default_gateway boolean
---@field routes zlnet.cni.route[]
---@field dns table
---@field ips string[]? asked for by the runtime; used where there is no IPAM plugin

local ANY = { inet = addr.parse "0.0.0.0/0", inet6 = addr.parse "::/0" }

local DEFAULT_BRIDGE = "cni0" -- as the bridge plugin's

local function wrong(key, expected, value)
  return nil, failure.new("config", fmt("%s: %s expected", key, expected), tostring(value))
end

local function is_mode(value)
  return value == "routed" or value == "bridge"
end

local function is_mtu(value)
  return math.type(value) == "integer" and value >= 0 and value <= 65535
end

-- key, type, what is expected, a further condition
local KEYS = {
  { "mode", "string", "'routed' or 'bridge'", is_mode },
  { "bridge", "string", "a link's name" },
  { "mtu", "number", "an integer from 0 to 65535", is_mtu },
  { "ipMasq", "boolean", "true or false" },
  { "isGateway", "boolean", "true or false" },
  { "isDefaultGateway", "boolean", "true or false" },
  { "dns", "table", "an object" },
  { "args", "table", "an object" },
  { "runtimeConfig", "table", "an object" },
}

local function check_keys(config)
  for _, row in ipairs(KEYS) do
    local key, kind, expected, holds = row[1], row[2], row[3], row[4]
    local value = config[key]
    if value ~= nil and (type(value) ~= kind or holds and not holds(value)) then
      return wrong(key, expected, value)
    end
  end
  local backend = config.ipMasqBackend
  if backend ~= nil and backend ~= "nftables" then
    return nil, failure.new("unsupported", "ipMasqBackend: " .. tostring(backend), "masquerading is done by nftables")
  end
  return true
end

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

---Reads the configuration of a network.
---@param config table
---@param args table<string, string> CNI_ARGS
---@return zlnet.cni.network? network
---@return zlnet.cni.failure? failure
function network.read(config, args)
  local ok, bad = check_keys(config)
  if not ok then
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
  local routes, no_routes = result.routes(config.routes, "the network configuration")
  if not routes then
    return nil, failure.new("config", no_routes.msg, no_routes.details)
  end
  local mode = config.mode or "routed"
  return {
    mode = mode,
    bridge = mode == "bridge" and (config.bridge or DEFAULT_BRIDGE) or nil,
    mtu = config.mtu ~= 0 and config.mtu or nil,
    mac = mac, ips = ips, routes = routes, dns = config.dns or {},
    masquerade = config.ipMasq or false,
    is_gateway = config.isGateway or config.isDefaultGateway or false,
    is_default_gateway = config.isDefaultGateway or false,
  }
end

---What the runtime asked for as a result, where there is no IPAM plugin to be asked.
---@param n zlnet.cni.network
---@return zlnet.cni.result?
---@return zlnet.cni.failure? failure
function network.without_ipam(n)
  local r = { interfaces = {}, ips = {}, routes = {}, dns = {} }
  for i, text in ipairs(n.ips or {}) do
    local ip, why = addr.parse(text)
    if not ip then
      return nil, failure.new("config", "ips: " .. why, tostring(text))
    end
    ip.prefix = ip.prefix or addr.host_prefix[ip.family]
    r.ips[i] = { ip = ip }
  end
  if not r.ips[1] then
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
      -- as the bridge plugin: the network's first address
      local bytes = addr.bytes((addr.network(entry.ip.address, entry.ip.prefix)))
      entry.gateway = addr.format(bytes:sub(1, -2) .. string.char(bytes:byte(-1) | 1))
      gateways[family] = gateways[family] or entry.gateway
    end
  end
  return gateways
end

---What attach has to be asked for before the addresses are known.
---@param n zlnet.cni.network
---@return table opts mode, bridge, mtu, mac: options of attach
function network.pair_options(n)
  return { mode = n.mode, bridge = n.bridge, mtu = n.mtu, mac = n.mac }
end

---What attach has to be asked for beside that. Routes are not among it: several networks of one container may ask for
---the same.
---@param n zlnet.cni.network
---@param r zlnet.cni.result with our routes; addresses without a gateway get the one in use, and a bridge's default
---gateway its default routes
---@return table opts ip, gateway, default_route, forwarding: options of attach
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
      gateways[family] = gateways[family] or options.routed_gateway[family]
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
  }, gateways
end

return network
