-- SPDX-License-Identifier: MIT
-- What a configuration asks of the firewall, as options of attach: ipMasq, macspoofchk, the capability portMappings,
-- and attach's own `isolate` and `guard`.

local addr = require "zlnet.addr"
local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local json = require "zlnet.cni.json"
local options = require "zlnet.firewall.options"

local fmt = string.format

local firewall = {}

---@class zlnet.cni.firewall
---@field masquerade boolean?
---@field publish string[]?
---@field isolate string?
---@field guard boolean?

local function is_port(value)
  return math.type(value) == "integer" and value >= 1 and value <= 65535
end

-- One entry of portMappings as attach takes it; nil where it is none.
local function port_text(entry)
  local protocol = type(entry) == "table" and (entry.protocol or "tcp")
  if type(protocol) ~= "string" or not is_port(entry.hostPort) or not is_port(entry.containerPort) then
    return nil
  end
  local host = ""
  if entry.hostIP ~= nil and entry.hostIP ~= "" then
    local ip = addr.parse(entry.hostIP)
    if not ip or ip.prefix then
      return nil
    end
    host = fmt(ip.family == "inet6" and "[%s]:" or "%s:", ip.address)
  end
  return fmt("%s%d:%d/%s", host, entry.hostPort, entry.containerPort, protocol:lower())
end

local function read_ports(list)
  if type(list) ~= "table" or #list == 0 then
    return list == nil or type(list) == "table" and next(list) == nil, nil
  end
  local texts = {}
  for i, entry in ipairs(list) do
    texts[i] = port_text(entry)
    if not texts[i] then
      return nil, json.excerpt(entry)
    end
  end
  local ports, why = options.publish(texts)
  return ports and texts, why
end

---Reads the configuration of a network.
---@param config table its keys are checked already (keys.lua)
---@return zlnet.cni.firewall? options
---@return zlnet.cni.failure? failure
function firewall.read(config)
  local ports, why = read_ports((config.runtimeConfig or {}).portMappings)
  if not ports then
    return nil, failure.new("config", "runtimeConfig.portMappings: no list of ports", why)
  end
  return {
    masquerade = config.ipMasq or nil,
    publish = ports ~= true and ports or nil,
    isolate = config.isolate ~= "" and config.isolate or nil,
    guard = config.guard or config.macspoofchk or nil,
  }
end

---Whether the kernel has what the options need.
---@param asked zlnet.cni.firewall
---@return true? ok
---@return zlnet.cni.failure? failure
function firewall.available(asked)
  if next(asked) == nil then
    return true
  end
  local nft <close>, err = core.nft(nil)
  local ok = nft
  if nft then
    ok, err = nft:getgen()
  end
  if not ok then
    return nil, failure.new("unavailable", "the firewall needs nf_tables", tostring(err))
  end
  return true
end

return firewall
