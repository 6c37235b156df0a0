-- SPDX-License-Identifier: MIT
-- The capability portMappings, as option `publish` of attach. Pure.

local addr = require "zlnet.addr"
local failure = require "zlnet.cni.failure"
local json = require "zlnet.cni.json"

local ports = {}

local PROTOCOLS = { tcp = true, udp = true, sctp = true }
local EVERY = { ["0.0.0.0"] = true, ["::"] = true }

local function is_port(value)
  return math.type(value) == "integer" and value >= 1 and value <= 65535
end

local function read_one(entry)
  if type(entry) ~= "table" or not is_port(entry.containerPort) then
    return nil
  end
  local protocol = entry.protocol == nil and "tcp" or type(entry.protocol) == "string" and entry.protocol:lower()
  if not is_port(entry.hostPort) or not PROTOCOLS[protocol] then
    return nil
  end
  local p = { host_port = entry.hostPort, port = entry.containerPort, count = 1, protocol = protocol }
  if entry.hostIP ~= nil and entry.hostIP ~= "" then
    local ip = addr.parse(entry.hostIP)
    if not ip or ip.prefix then
      return nil
    end
    p.family, p.address = ip.family, not EVERY[ip.address] and ip.address or nil
  end
  return p
end

---Reads a runtime's portMappings. Those without a port of the node, or with port 0, publish nothing, as the reference
---plugin has it.
---@param list any
---@return table[]|false|nil ports false for none
---@return zlnet.cni.failure? failure
function ports.read(list)
  if list == nil then
    return false
  elseif type(list) ~= "table" or #list == 0 and next(list) ~= nil then
    return nil, failure.new("config", "runtimeConfig.portMappings: a list expected")
  end
  local read = {}
  for i, entry in ipairs(list) do
    local p = type(entry) == "table" and (entry.hostPort == nil or entry.hostPort == 0) and {} or read_one(entry)
    if not p then
      return nil, failure.new("config", ("runtimeConfig.portMappings[%d]: hostPort, containerPort, protocol (tcp, udp, "
        .. "sctp) and hostIP expected"):format(i - 1), json.excerpt(entry))
    end
    read[#read + 1] = p.port and p or nil
  end
  return read[1] and read or false
end

return ports
