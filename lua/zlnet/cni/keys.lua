-- SPDX-License-Identifier: MIT
-- The keys of a network configuration: what each may be, and what becomes of those that zlnet-cni does not do. A key
-- that would protect a container is never passed over in silence.

local failure = require "zlnet.cni.failure"
local json = require "zlnet.cni.json"
local options = require "zlnet.options"

local fmt, type = string.format, type

local keys = {}

local function is_mode(value)
  return value == "routed" or value == "bridge"
end

local function is_mtu(value)
  return math.type(value) == "integer" and value >= 0 and value <= 65535
end

local function is_vlan(value)
  return math.type(value) == "integer" and value >= 0 and value <= 4094
end

local SWITCH = "true or false"

-- key, type, what is expected, a further condition. Keys without a type are the specification's and the runtime's.
local ROWS = {
  { "mode", "string", "'routed' or 'bridge'", is_mode },
  { "bridge", "string", "a link's name" },
  { "mtu", "number", "an integer from 0 to 65535", is_mtu },
  { "ipMasq", "boolean", SWITCH },
  { "ipMasqBackend", "string", "a text" },
  { "isGateway", "boolean", SWITCH },
  { "isDefaultGateway", "boolean", SWITCH },
  { "forceAddress", "boolean", SWITCH },
  { "hairpinMode", "boolean", SWITCH },
  { "promiscMode", "boolean", SWITCH },
  { "portIsolation", "boolean", SWITCH },
  { "vlan", "number", "an integer from 0 to 4094", is_vlan },
  { "vlanTrunk", "table", "a list" },
  { "preserveDefaultVlan", "boolean", SWITCH },
  { "macspoofchk", "boolean", SWITCH },
  { "guard", "boolean", SWITCH },
  { "isolate", "string", "a text" },
  { "enabledad", "boolean", SWITCH },
  { "disableContainerInterface", "boolean", SWITCH },
  { "routes", "table", "a list" },
  { "dns", "table", "an object" },
  { "args", "table", "an object" },
  { "runtimeConfig", "table", "an object" },
  { "capabilities", "table", "an object" },
  { "ipam", "table", "an object" },
  { "cniVersion" }, { "cniVersions" }, { "name" }, { "type" }, { "plugins" }, { "prevResult" }, { "disableCheck" },
  { "disableGC" }, { "loadOnlyInlinedPlugins" },
}

local KNOWN = {}
for _, row in ipairs(ROWS) do
  KNOWN[row[1]] = true
end

-- What a key means when it is not there.
local function is_off(value)
  return value == nil or value == false or value == 0 or value == "" or type(value) == "table" and next(value) == nil
end

-- key -> what else serves. Refused in both modes.
local NOT_DONE = {
  vlanTrunk = "a port gets one VLAN, by 'vlan'",
  disableContainerInterface = "an attachment is up",
}

-- What has a meaning on a bridge alone; in mode routed a container is in no VLAN and on no segment with others.
local ON_BRIDGES = { "bridge", "vlan", "portIsolation", "promiscMode" }

-- A capability that another plugin of the chain is for.
local CHAINED = { bandwidth = "bandwidth" }

local function wrong(key, expected, value)
  return nil, failure.new("config", fmt("%s: %s expected", key, expected), json.excerpt(value))
end

local function unsupported(key, value, why)
  return nil, failure.new("unsupported", fmt("%s: %s", key, json.excerpt(value)), why)
end

local function check_types(config)
  for _, row in ipairs(ROWS) do
    local key, kind, expected, holds = row[1], row[2], row[3], row[4]
    local value = config[key]
    if kind and value ~= nil and (type(value) ~= kind or holds and not holds(value)) then
      return wrong(key, expected, value)
    end
  end
  return true
end

local function check_done(config)
  local backend = config.ipMasqBackend
  if not is_off(backend) and backend ~= "nftables" then
    return unsupported("ipMasqBackend", backend, "masquerading is done by nftables")
  end
  for key, why in pairs(NOT_DONE) do
    if not is_off(config[key]) then
      return unsupported(key, config[key], why)
    end
  end
  for key, plugin in pairs(CHAINED) do
    local value = (config.runtimeConfig or {})[key]
    if not is_off(value) then
      return unsupported("runtimeConfig." .. key, value, fmt("the plugin '%s' of the chain does that", plugin))
    end
  end
  if config.mode == "bridge" then
    if config.hairpinMode and config.promiscMode then
      return nil, failure.new("config", "hairpinMode and promiscMode exclude each other")
    end
    if not is_off(config.vlan) and (config.isGateway or config.isDefaultGateway) then
      return unsupported("vlan", config.vlan, "a gateway is in no VLAN: not together with isGateway")
    elseif not is_off(config.vlan) and config.preserveDefaultVlan then
      return unsupported("preserveDefaultVlan", true, "a port is in one VLAN")
    end
    return true
  end
  for _, key in ipairs(ON_BRIDGES) do
    if not is_off(config[key]) then
      return unsupported(key, config[key], "only in mode 'bridge'")
    end
  end
  return true
end

local SHORT = 6 -- of which two other letters make another word

-- A key that is nearly ours is meant to be ours; one that is another's is none of our business.
local function find_unknown(config)
  local others = {}
  for key in pairs(config) do
    if not KNOWN[key] and not key:find "[./]" then
      local meant, distance = options.nearest(key, ROWS)
      if meant and (distance < 2 or #key > SHORT) then
        return nil, failure.new("config", fmt("unknown key '%s' (did you mean '%s'?)", json.excerpt(key), meant))
      end
      others[#others + 1] = key
    end
  end
  table.sort(others)
  return others
end

---Checks the keys of a network configuration.
---@param config table
---@return string[]? unknown keys that are no one's near miss, nor named like a domain or path: worth a word
---@return zlnet.cni.failure? failure code 7 for what is wrong, 2 for what is not done
function keys.check(config)
  local ok, bad = check_types(config)
  if ok then
    ok, bad = check_done(config)
  end
  if not ok then
    return nil, bad
  end
  return find_unknown(config)
end

return keys
