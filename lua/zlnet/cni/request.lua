-- SPDX-License-Identifier: MIT
-- What a plugin is asked: the environment and the configuration, checked as the specification and libcni do.

local argument = require "zlnet.argument"
local failure = require "zlnet.cni.failure"
local json = require "zlnet.cni.json"

local fmt, type = string.format, type

local request = {}

---@class zlnet.cni.request
---@field command string CNI_COMMAND
---@field container string
---@field netns string? nil when it is empty: DEL has to work without
---@field ifname string
---@field args string
---@field path string
---@field text string the configuration as it came, for delegated plugins
---@field config table the same, decoded
---@field version string its cniVersion
---@field deliver fun(text: string): any, zlnet.cni.failure? writes an answer
---@field ahead { path: string?, child: userdata? }? an IPAM plugin that was started before anything was read

---What we speak, the oldest first.
request.versions = { "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0" }

local RANK = {}
for i, version in ipairs(request.versions) do
  RANK[version] = i
end

---Whether a version that we speak is not older than another.
---@param version string
---@param than string
---@return boolean
function request.at_least(version, than)
  return RANK[version] >= RANK[than]
end

---The path of the container's namespace, as the library takes it: what has no '/' is a name there, and a file of the
---working directory here.
---@param r zlnet.cni.request
---@return string path
function request.netns(r)
  return r.netns:find("/", 1, true) and r.netns or "./" .. r.netns
end

-- variable, key in the request, the commands that cannot do without it
local VARIABLES = {
  { "CNI_CONTAINERID", "container", { ADD = true, CHECK = true, DEL = true } },
  { "CNI_NETNS", "netns", { ADD = true, CHECK = true } },
  { "CNI_IFNAME", "ifname", { ADD = true, CHECK = true, DEL = true } },
  { "CNI_ARGS", "args", {} },
  { "CNI_PATH", "path", { ADD = true, CHECK = true, DEL = true, GC = true, STATUS = true } },
}

-- command -> the version it came with
local SINCE = { ADD = "0.3.0", DEL = "0.3.0", CHECK = "0.4.0", GC = "1.1.0", STATUS = "1.1.0" }

local function environment_failure(msg, details)
  return nil, failure.new("environment", msg, details)
end

local function check_container(id)
  if not id:find "^[A-Za-z0-9][A-Za-z0-9_.%-]*$" then
    return environment_failure("CNI_CONTAINERID has invalid characters", id)
  end
  return true
end

local function check_ifname(name)
  local ok, why = argument.ifname(name)
  if not ok then
    return environment_failure("CNI_IFNAME: " .. why)
  elseif not utf8.len(name) then
    return environment_failure("CNI_IFNAME is no UTF-8, as the answer has to be", name)
  end
  return true
end

---Reads the environment.
---@param getenv fun(name: string): string?
---@return zlnet.cni.request? request without the configuration
---@return zlnet.cni.failure? failure naming every variable that is missing
function request.environment(getenv)
  local r = { command = getenv "CNI_COMMAND" or "" }
  local missing = {}
  if getenv "ZLNET_CNI_IPAM" then
    return nil, failure.new("config", "zlnet-cni is no IPAM plugin", "ipam.type leads to zlnet-cni again")
  end
  if r.command == "" then
    missing[1] = "CNI_COMMAND"
  elseif r.command ~= "VERSION" and not SINCE[r.command] then
    return environment_failure("unknown CNI_COMMAND: " .. r.command)
  end
  for _, variable in ipairs(VARIABLES) do
    local name, key, required = variable[1], variable[2], variable[3]
    local value = getenv(name)
    if value and value ~= "" then
      r[key] = value
    elseif required[r.command] then
      missing[#missing + 1] = name
    end
  end
  if missing[1] then
    return environment_failure(fmt("required env variables [%s] missing", table.concat(missing, ",")))
  end
  local required, ok, wrong = r.command == "ADD" or r.command == "CHECK" or r.command == "DEL", true, nil
  if required then
    ok, wrong = check_container(r.container)
  end
  if ok and required then
    ok, wrong = check_ifname(r.ifname)
  end
  if not ok then
    return nil, wrong
  end
  return r
end

local function check_version(r)
  local version = r.config.cniVersion
  if version == nil or version == "" then
    version = "0.1.0" -- what a configuration without a version is
  elseif type(version) ~= "string" or not version:find "^%d+%.?%d*%.?%d*$" then
    return nil, failure.new("decode", "cniVersion is no version", tostring(version))
  end
  if not RANK[version] then
    local quoted = '"' .. table.concat(request.versions, '" "') .. '"'
    return nil, failure.new("version", "incompatible CNI versions",
      fmt('config is "%s", plugin supports [%s]', version, quoted))
  elseif not request.at_least(version, SINCE[r.command]) then
    return nil, failure.new("version", "config version does not allow " .. r.command)
  end
  return version
end

---Reads the configuration into a request.
---@param r zlnet.cni.request
---@param text string what came on standard input
---@return zlnet.cni.request? request
---@return zlnet.cni.failure? failure
function request.configuration(r, text)
  local config, reason = json.object(text)
  if not config then
    return nil, failure.new("decode", "the network configuration is no JSON object", reason)
  end
  if type(config.name) ~= "string" or config.name == "" then
    return nil, failure.new("config", "missing network name")
  elseif not config.name:find "^[A-Za-z0-9][A-Za-z0-9_.%-]*$" then
    return nil, failure.new("config", "invalid characters in network name", config.name)
  end
  r.text, r.config = text, config
  local wrong
  r.version, wrong = check_version(r)
  if not r.version then
    return nil, wrong
  end
  return r
end

---A value of a table by its key, whatever the key's case, as Go's decoder finds it.
---@param t any nil and what is no table have none
---@param key string
---@return any value
function request.field(t, key)
  if type(t) ~= "table" then
    return nil
  elseif t[key] ~= nil then
    return t[key]
  end
  local lower = key:lower()
  for name, value in next, t do
    if type(name) == "string" and name:lower() == lower then
      return value
    end
  end
end

---Reads CNI_ARGS, `KEY=value;KEY=value`.
---@param text string?
---@return table<string, string>? args
---@return zlnet.cni.failure? failure for a pair that is none, or a key that is not ours without IgnoreUnknown
function request.arguments(text)
  local args, unknown = {}, {}
  for pair in (text or ""):gmatch "[^;]+" do
    local key, value = pair:match "^([^=]+)=([^=]*)$"
    if not key then
      return environment_failure("CNI_ARGS has a pair that is none", pair)
    elseif key ~= "IP" and key ~= "MAC" and key ~= "IgnoreUnknown" then
      unknown[#unknown + 1] = pair
    else
      args[key] = value
    end
  end
  local ignore = (args.IgnoreUnknown or "0"):lower()
  if unknown[1] and ignore ~= "1" and ignore ~= "true" then
    return environment_failure("CNI_ARGS has unknown keys, and no IgnoreUnknown=1", table.concat(unknown, ";"))
  end
  return args
end

return request
