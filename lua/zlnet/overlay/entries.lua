-- SPDX-License-Identifier: MIT
-- The kernel's tables that an overlay fills: forwarding entries, neighbours, routes, addresses. Each says what tells
-- one row from another, when a row is as it is wanted, and the requests that make and delete it.
--
-- The device is ours, so all its forwarding entries and neighbours are. Of routes and addresses those are ours which
-- bear our protocol number.

local entries = {}

---The number by which our routes and addresses are known again: `ip route show proto 122` ("z").
entries.PROTOCOL = 122
local PROTOCOL = entries.PROTOCOL

local SELF, ONLINK, NODAD = { self = true }, { onlink = true }, { nodad = true }

---@class zlnet.overlay.table
---@field name "fdb"|"neigh"|"route"|"addr"
---@field keys string[] of a row, as much as is looked at
---@field filter fun(index: integer): table of the dump
---@field key fun(row: table): string? what tells a row from others; nil: none of our business
---@field ours fun(row: table): boolean whether a row that is not wanted is to go
---@field same fun(args: table, row: table): boolean? whether the row is as the request would make it
---@field new string the handle's method that makes it
---@field del string
---@field mode fun(row: table?): string how it is made where `row` is in its place
---@field delete fun(row: table): table the request that deletes it
---@field restore fun(row: table): table the request that makes it again

-- Forwarding entries ------------------------------------------------------------------------------------------------

local function replace()
  return "replace" -- never exclusively: a learned entry would be in the way, and the peer lost
end

local function is_group(mac)
  return tonumber(mac:sub(1, 2), 16) & 1 == 1 or mac == "00:00:00:00:00:00"
end

entries.fdb = {
  name = "fdb", new = "newneigh", del = "delneigh", mode = replace,
  keys = { "family", "ifindex", "lladdr", "dst", "state", "port", "vni", "via_ifindex", "nh_id" },
  filter = function(index)
    return { family = "bridge", ifindex = index }
  end,
  key = function(row) -- only those of groups have several destinations
    return row.lladdr and (is_group(row.lladdr) and row.lladdr .. " " .. (row.dst or "") or row.lladdr)
  end,
  ours = function()
    return true
  end,
  same = function(args, row)
    return row.dst == args.dst and row.state == "permanent" and
      not (row.port or row.vni or row.via_ifindex or row.nh_id)
  end,
  delete = function(row)
    return { family = "bridge", ifindex = row.ifindex, lladdr = row.lladdr, dst = row.dst, port = row.port,
      vni = row.vni, via_ifindex = row.via_ifindex, flags = SELF }
  end,
  restore = function(row)
    return { family = "bridge", ifindex = row.ifindex, lladdr = row.lladdr, dst = row.dst, state = row.state,
      port = row.port, vni = row.vni, via_ifindex = row.via_ifindex, nh_id = row.nh_id, flags = SELF }
  end,
}

-- Neighbours --------------------------------------------------------------------------------------------------------

-- What the kernel makes and drops by itself: entries of groups, and questions without an answer.
local PASSING = { noarp = true, none = true, incomplete = true, failed = true }

entries.neigh = {
  name = "neigh", new = "newneigh", del = "delneigh", mode = replace,
  keys = { "family", "ifindex", "dst", "lladdr", "state", "flags_ext" },
  filter = function(index)
    return { ifindex = index }
  end,
  key = function(row)
    return row.dst
  end,
  ours = function(row)
    return not PASSING[row.state]
  end,
  same = function(args, row)
    return row.lladdr == args.lladdr and row.state == "permanent" and not row.flags_ext
  end,
  delete = function(row)
    return { ifindex = row.ifindex, dst = row.dst }
  end,
  restore = function(row)
    return { ifindex = row.ifindex, dst = row.dst, lladdr = row.lladdr, state = row.state }
  end,
}

-- Routes ------------------------------------------------------------------------------------------------------------

local METRIC = { inet = 0, inet6 = 1024 } -- where none is said
local ANY = { inet = "0.0.0.0", inet6 = "::" }

-- Of a row, and of a request, which has its length in dst.
local function destination(row)
  return row.dst_len and (row.dst or ANY[row.family]) .. "/" .. row.dst_len or row.dst
end

entries.route = {
  name = "route", new = "newroute", del = "delroute",
  keys = { "family", "dst", "dst_len", "tos", "table", "protocol", "type", "scope", "flags", "oif", "gateway", "via",
    "priority", "prefsrc", "metrics", "multipath", "nh_id", "encap_type" },
  filter = function(index)
    return { oif = index }
  end,
  key = function(row)
    local metric = row.priority or 0
    if row.table ~= "main" then
      return nil
    elseif metric ~= METRIC[row.family] or row.tos ~= 0 then
      return destination(row) .. " metric " .. metric .. " tos " .. row.tos
    end
    return destination(row)
  end,
  ours = function(row)
    return row.protocol == PROTOCOL
  end,
  same = function(args, row)
    return row.gateway == args.gateway and row.via == args.via and row.protocol == PROTOCOL and
      row.type == "unicast" and not (row.prefsrc or row.metrics or row.multipath or row.nh_id or row.encap_type)
  end,
  -- A route that is not ours may have the place: it is not replaced.
  mode = function(row)
    return row and "replace" or "create"
  end,
  delete = function(row)
    return { family = row.family, dst = destination(row), oif = row.oif, protocol = row.protocol, type = row.type,
      tos = row.tos, priority = row.priority, gateway = row.gateway, via = row.via,
      prefsrc = row.prefsrc }
  end,
  restore = function(row)
    return { family = row.family, dst = destination(row), oif = row.oif, protocol = row.protocol, type = row.type,
      tos = row.tos, priority = row.priority, gateway = row.gateway, via = row.via, prefsrc = row.prefsrc,
      metrics = row.metrics, flags = row.flags.onlink and ONLINK or nil, scope = row.scope }
  end,
}

-- Addresses ---------------------------------------------------------------------------------------------------------

entries.addr = {
  name = "addr", new = "newaddr", del = "deladdr", mode = replace,
  keys = { "family", "index", "local", "address", "prefixlen", "proto", "flags", "scope" },
  filter = function(index)
    return { index = index }
  end,
  key = function(row)
    return (row["local"] or row.address) .. "/" .. row.prefixlen
  end,
  ours = function(row)
    return row.proto == PROTOCOL
  end,
  same = function()
    return true
  end,
  delete = function(row)
    return { index = row.index, ["local"] = row["local"] or row.address, prefixlen = row.prefixlen }
  end,
  restore = function(row)
    return { index = row.index, ["local"] = row["local"] or row.address, prefixlen = row.prefixlen, proto = row.proto,
      scope = row.scope, flags = row.family == "inet6" and NODAD or nil }
  end,
}

-- What is wanted ----------------------------------------------------------------------------------------------------

---@class zlnet.overlay.want
---@field table zlnet.overlay.table
---@field key string
---@field args table the request that makes it
---@field peer string? the key of the peer it belongs to

local function want(t, key, args, peer)
  return { table = t, key = key, args = args, peer = peer }
end

---What a peer of kind vxlan takes: which node its MAC is behind, which MAC its next hop has, which next hop its subnets
---have.
---@param index integer the device's
---@param p table checked peer
---@return zlnet.overlay.want[] wants
function entries.of_vxlan(index, p)
  local list = {
    want(entries.fdb, p.mac, { family = "bridge", ifindex = index, lladdr = p.mac, dst = p.node, state = "permanent",
      flags = SELF }, p.key),
    want(entries.neigh, p.vtep, { ifindex = index, dst = p.vtep, lladdr = p.mac, state = "permanent" }, p.key),
  }
  for i = 1, #p.subnets do
    local s = p.subnets[i]
    list[i + 2] = want(entries.route, s.text, { family = s.family, dst = s.text, oif = index, protocol = PROTOCOL,
      gateway = s.family == "inet6" and p.vtep or nil, via = s.family == "inet" and p.vtep or nil, flags = ONLINK },
      p.key)
  end
  return list
end

---The routes of a peer of kind wireguard; the device itself knows which peer an address is behind.
---@param index integer the device's
---@param p table checked peer
---@return zlnet.overlay.want[] wants
function entries.of_wireguard(index, p)
  local list = {}
  for i = 1, #p.subnets do
    local s = p.subnets[i]
    list[i] = want(entries.route, s.text, { family = s.family, dst = s.text, oif = index, protocol = PROTOCOL }, p.key)
  end
  return list
end

---This node's own addresses.
---@param index integer the device's
---@param ips zlnet.addr.ip[]?
---@return zlnet.overlay.want[] wants
function entries.of_addresses(index, ips)
  local list = {}
  for i, ip in ipairs(ips or {}) do
    list[i] = want(entries.addr, ip.address .. "/" .. ip.prefix, { index = index, ["local"] = ip.address,
      prefixlen = ip.prefix, proto = PROTOCOL, flags = ip.family == "inet6" and NODAD or nil })
  end
  return list
end

return entries
