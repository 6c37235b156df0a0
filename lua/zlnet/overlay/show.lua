-- SPDX-License-Identifier: MIT
-- What the kernel has of an overlay, read back as data.

local core = require "zlnet.core"
local entries = require "zlnet.overlay.entries"
local genl = require "zlnet.genl"
local wireguard = require "zlnet.overlay.wireguard"

local show = {}

local function list(host, getter, t, index)
  return host[getter](host, t.filter(index), t.keys)
end

-- Forwarding entries, neighbours and routes put together again, by the node they lead to.
local function vxlan_peers(host, index, routes)
  local fdb, err = list(host, "getneighs", entries.fdb, index)
  if not fdb then
    return nil, err
  end
  local neighs
  neighs, err = list(host, "getneighs", entries.neigh, index)
  if not neighs then
    return nil, err
  end
  local peers, by_mac, by_vtep = {}, {}, {}
  for _, row in ipairs(fdb) do
    if row.dst then
      local p = { node = row.dst, mac = row.lladdr, subnets = {} }
      peers[#peers + 1], by_mac[row.lladdr] = p, p
    end
  end
  for _, row in ipairs(neighs) do
    by_vtep[row.dst] = row.lladdr and by_mac[row.lladdr]
  end
  for _, row in ipairs(routes) do
    local p = by_vtep[row.gateway or row.via]
    if p then
      p.subnets[#p.subnets + 1] = row.dst_text
    end
  end
  return peers
end

local function wireguard_peers(ns, index, shown)
  local tunnel <close>, err = genl.genl(ns, "wireguard")
  if not tunnel then
    return nil, err
  end
  local found
  found, err = tunnel:getdevice { ifindex = index }
  if not found then
    return nil, err
  end
  shown.public_key, shown.listen_port = found.public_key, found.listen_port
  shown.fwmark = found.fwmark ~= 0 and found.fwmark or nil
  return wireguard.peers(found)
end

---One overlay.
---@param host table handle
---@param ns table? the namespace that it is of; nil: the calling thread's
---@param link table its device
---@return table? shown
---@return zlnet.error? err
function show.of(host, ns, link)
  local addrs, err = list(host, "getaddrs", entries.addr, link.index)
  if not addrs then
    return nil, err
  end
  local rows
  rows, err = list(host, "getroutes", entries.route, link.index)
  if not rows then
    return nil, err
  end
  local routes = {}
  for _, row in ipairs(rows) do
    if row.protocol == entries.PROTOCOL then
      row.dst_text = entries.route.key(row)
      routes[#routes + 1] = row.dst_text and row or nil
    end
  end
  table.sort(routes, function(a, b)
    return a.dst_text < b.dst_text
  end)
  local data = link.linkinfo and link.linkinfo.data or {}
  local shown = { name = link.ifname, kind = link.linkinfo and link.linkinfo.kind, mtu = link.mtu,
    ["local"] = data["local"] or data.local6, id = data.id, port = data.port, mac = link.address, ip = {} }
  for _, row in ipairs(addrs) do
    shown.ip[#shown.ip + 1] = row.proto == entries.PROTOCOL and (row["local"] or row.address) or nil
  end
  if shown.kind == "wireguard" then
    shown.peers, err = wireguard_peers(ns, link.index, shown)
  else
    shown.peers, err = vxlan_peers(host, link.index, routes)
  end
  if not shown.peers then
    return nil, err
  end
  table.sort(shown.peers, function(a, b)
    return (a.node or a.public_key) < (b.node or b.public_key)
  end)
  return shown
end

local COUNTERS = { "rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_errors", "tx_errors", "rx_dropped",
  "tx_dropped" }

---The device's counters, and those of a tunnel's peers.
---@param self zlnet.overlay.object
---@return table? stats
---@return zlnet.error? err
function show.stats(self)
  local link, err = self.host:getlink({ ifname = self.o.name, ext_mask = 0 }, { "ifalias", "stats64", "index" })
  if not link then
    return nil, err
  elseif not link.stats64 then
    return nil, core.error { kind = "netlink", code = "EOPNOTSUPP", op = "getlink", message = "no counters" }
  end
  local stats = { peers = {} }
  for _, name in ipairs(COUNTERS) do
    stats[name] = link.stats64[name]
  end
  if self.o.kind ~= "wireguard" then
    return stats
  end
  local found
  found, err = wireguard.look(self, link.index)
  if not found then
    return nil, err
  end
  for _, row in ipairs(found.peers) do
    local time = row.last_handshake_time
    stats.peers[row.public_key] = { endpoint = row.endpoint, rx_bytes = row.rx_bytes, tx_bytes = row.tx_bytes,
      last_handshake = time and time.sec > 0 and time.sec or nil }
  end
  return stats
end

return show
