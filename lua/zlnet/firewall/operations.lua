-- SPDX-License-Identifier: MIT
-- The firewall's place in a plan: one operation, which goes before the container's end is up, so that nothing gets out
-- unguarded. Pure.

local isolate = require "zlnet.firewall.isolate"
local names = require "zlnet.record.names"
local publish = require "zlnet.firewall.publish"
local ruleset = require "zlnet.firewall.ruleset"

local operations = {}

---What is decided about an attachment here, of its plan.
---@param p zlnet.plan
---@return table attachment see ruleset.elements_of; without the indexes of its links
function operations.attachment(p)
  local r = p.record
  return {
    ip = r.ip, mode = r.mode, bridge = r.bridge, mac = p.mac, host_ifname = p.host_ifname, host_index = nil,
    bridge_index = nil, masquerade = r.masquerade, publish = r.publish, isolate = r.isolate, guard = r.guard,
  }
end

---What an attachment has here, from its record and its host end.
---@param record zlnet.record or an attachment
---@param link { index: integer, master: integer? }
---@return table attachment see ruleset.elements_of
function operations.of(record, link)
  return {
    ip = record.ip or {}, mode = record.mode, bridge = record.bridge, mac = record.mac,
    bridge_index = record.bridge and (link.master or 0), host_ifname = names.host_name(record, record.tag),
    host_index = link.index, masquerade = record.masquerade, publish = record.publish, isolate = record.isolate,
    guard = record.guard,
  }
end

---The link that a container is behind, seen from the node.
---@param a table attachment
---@return string ifname
function operations.device(a)
  return a.bridge or a.host_ifname
end

---Whether ports are published on the node's loopback address of a family: then answers have to come back to it through
---the container's device.
---@param a table attachment
---@param family "inet"|"inet6"
---@return boolean
function operations.on_loopback(a, family)
  for _, p in ipairs(publish.target(a, family) and a.publish or {}) do
    local address = p.address
    if not address and (not p.family or p.family == family)
      or address and p.family == family and (address == "::1" or address:find "^127%.") then
      return true
    end
  end
  return false
end

---The setting and the route that let them. Both are harmless to others: rules drop what comes in for 127.0.0.0/8 from
---elsewhere, the kernel what comes in for ::1.
---@param a table attachment
---@return string? sysctl net.ipv4.conf.DEVICE.route_localnet
---@return table? route to ::1, `local` in the table `local`
function operations.loopback(a)
  local device = operations.device(a)
  return operations.on_loopback(a, "inet") and "net/ipv4/conf/" .. device .. "/route_localnet" or nil,
    operations.on_loopback(a, "inet6") and { dst = "::1/128", type = "local", table = "local", oif = device } or nil
end

---Adds the operation.
---@param p zlnet.plan
---@param add fun(op: table)
function operations.add(p, add)
  add { ns = "host", op = "firewall", step = "set up the firewall", key = "firewall", args = operations.attachment(p) }
end

---The operation as commands.
---@param a table attachment
---@return string command for sh(1)
function operations.command(a)
  local lines = {}
  if a.isolate then
    lines[1] = ("ip link set dev %s group %d"):format(a.host_ifname, isolate.group(a.isolate))
  end
  local sysctl, route = operations.loopback(a)
  if sysctl then
    lines[#lines + 1] = ("sysctl -qw %s=1"):format(sysctl)
  end
  if route then
    lines[#lines + 1] = ("ip -6 route append local %s dev %s table local 2>/dev/null || true")
      :format(route.dst:match "^[^/]*", route.oif)
  end
  lines[#lines + 1] = "nft -f - <<'END'\n" .. ruleset.script(a) .. "\nEND"
  return table.concat(lines, "\n")
end

return operations
