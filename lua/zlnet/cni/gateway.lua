-- SPDX-License-Identifier: MIT
-- Mode bridge: the bridge, and what makes the node the gateway of the containers on it (isGateway).

local bridge = require "zlnet.bridge"
local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"

local gateway = {}

local ATTEMPTS = 5

local FORWARDING = { inet = "net/ipv4/ip_forward", inet6 = "net/ipv6/conf/all/forwarding" }

local function forward(families)
  for family in pairs(families) do
    local value, err = core.sysctl_read(FORWARDING[family])
    if value == "0" then
      value, err = core.sysctl_write(FORWARDING[family], "1")
    end
    if not value then
      err.step = "switch forwarding on"
      return nil, failure.from(err)
    end
  end
  return true
end

---Makes or confirms the bridge. A bridge is shared: it stays when a container goes, and when attaching one fails.
---@param n zlnet.cni.network
---@param own zlnet.cni.result? its addresses' gateways become the bridge's, where the node is to be the gateway
---@return true? ok
---@return zlnet.cni.failure? failure
function gateway.prepare(n, own)
  local ips, seen, families = {}, {}, {}
  for _, entry in ipairs(n.is_gateway and own and own.ips or {}) do
    local text = entry.gateway .. "/" .. entry.ip.prefix
    if not seen[text] then
      seen[text], families[entry.ip.family], ips[#ips + 1] = true, true, text
    end
  end
  local opts = { name = n.bridge, ip = ips[1] and ips }
  local made, failed
  for attempt = 1, ATTEMPTS do
    local ran, result, err = pcall(bridge.bridge, opts)
    if not ran then
      return nil, failure.new("config", tostring(result):match "bad option.*" or tostring(result))
    end
    made, failed = result, err
    -- somebody who attaches at the same time was quicker with it, or with its address
    if made or err.code ~= "EEXIST" or attempt == ATTEMPTS then
      break
    end
  end
  if not made then
    return nil, failure.from(failed)
  end
  return forward(families)
end

return gateway
