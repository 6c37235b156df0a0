-- SPDX-License-Identifier: MIT
-- The tunnel behind an overlay of kind wireguard: the device's keys and its peers, held against what the kernel has.
-- An allowed IP that another peer gets moves in one step; one that no peer gets any more is given to a peer that is
-- removed at once, so that the others of its peer carry packets meanwhile. Operations show no private or preshared key.

local core = require "zlnet.core"
local genl = require "zlnet.genl"

local wireguard = {}

local NO_KEY = ("A"):rep(43) .. "="

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function digit(key, i)
  return DIGITS:find(key:sub(i, i), 1, true) - 1
end

local function with_digit(key, i, value)
  return key:sub(1, i - 1) .. DIGITS:sub(value + 1, value + 1) .. key:sub(i + 1)
end

---A private key as the kernel keeps it (RFC 7748): the lowest 3 bits of the first byte and the highest of the last one
---are clear, and the one below that is set.
---@param key string base64
---@return string key base64
function wireguard.clamp(key)
  local second = digit(key, 2) -- the low 2 bits of the first byte are its high ones
  key = with_digit(key, 1, digit(key, 1) & 62)
  key = with_digit(key, 2, second & 15)
  local high = digit(key, 42) -- the high 4 bits of the last byte are its low ones
  return with_digit(key, 42, high & 48 | (high & 7 | 4))
end

local function random_key()
  local list = {}
  for i = 1, 42 do
    local value = core.random() & 63
    list[i] = DIGITS:sub(value + 1, value + 1)
  end
  return table.concat(list) .. "A="
end

---Opens the way to the kernel's wireguard, once.
---@param self zlnet.overlay.object
---@return zlnet.genl? genl
---@return zlnet.error? err ENOENT: this kernel has none
function wireguard.open(self)
  local err
  if not self.genl then
    self.genl, err = genl.genl(self.ns, "wireguard")
  end
  return self.genl, err
end

---The kernel's device.
---@param self zlnet.overlay.object
---@param index integer
---@return table? device
---@return zlnet.error? err
function wireguard.look(self, index)
  local tunnel, err = wireguard.open(self)
  if not tunnel then
    return nil, err
  end
  return tunnel:getdevice { ifindex = index }
end

-- Comparing ---------------------------------------------------------------------------------------------------------

local function text_of(ip)
  return ip.ipaddr .. "/" .. ip.cidr_mask
end

local function row_of(subnet)
  local address, length = subnet.text:match "^(.-)/(%d+)$"
  return { family = subnet.family, ipaddr = address, cidr_mask = math.tointeger(tonumber(length)) }
end

-- wanted: the subnets that the peer is to have in the end.
local function op(how, key, entry, old, wanted)
  return { call = "setdevice", what = "peer", how = how, key = key, peer = key, entry = entry, old = old,
    wanted = wanted }
end

local function new_peer(p)
  local ips = {}
  for i, s in ipairs(p.subnets) do
    ips[i] = row_of(s)
  end
  return op("removed", p.public_key, { public_key = p.public_key, preshared_key = p.preshared_key,
    endpoint = p.endpoint and p.endpoint.text, persistent_keepalive_interval = p.persistent_keepalive,
    flags = { replace_allowedips = true }, allowedips = ips }, nil, p.subnets)
end

-- A peer that has roamed, that is, which has shaken hands from elsewhere, stays where it is.
local function endpoint_of(p, row, before)
  local wanted = p.endpoint and p.endpoint.text
  if not wanted or row.endpoint == wanted then
    return nil
  end
  local roamed = row.last_handshake_time and row.last_handshake_time.sec > 0
  local same = before and before.endpoint and before.endpoint.text == wanted
  return not (roamed and same) and wanted or nil
end

-- What is different of a peer that is there, and the allowed IPs that it is to lose, to another or to none.
local function changed_peer(p, row, before, holders, tunnel)
  local entry, differs = { public_key = p.public_key, flags = { update_only = true } }, false
  local function set(key, value)
    entry[key], differs = value, true
  end
  local endpoint = endpoint_of(p, row, before)
  if endpoint then
    set("endpoint", endpoint)
  end
  if (row.persistent_keepalive_interval or 0) ~= (p.persistent_keepalive or 0) then
    set("persistent_keepalive_interval", p.persistent_keepalive or 0)
  end
  if (row.preshared_key or NO_KEY) ~= (p.preshared_key or NO_KEY) then
    set("preshared_key", p.preshared_key or NO_KEY)
  end
  local there, ips, lost = {}, {}, false
  for _, ip in ipairs(row.allowedips or {}) do
    local text = text_of(ip)
    there[text] = true
    if not holders[text] then
      tunnel.orphans[#tunnel.orphans + 1], lost = ip, true
    elseif holders[text] ~= p.public_key then
      tunnel.lost[p.public_key] = true
    end
  end
  for _, s in ipairs(p.subnets) do
    if not there[s.text] then
      ips[#ips + 1] = row_of(s)
    end
  end
  if ips[1] then
    set("allowedips", ips)
  end
  return (differs or lost) and op("changed", p.public_key, entry, row, p.subnets) or nil
end

-- The device's own keys, when they differ.
local function config_of(o, device)
  local config = {
    private_key = device.private_key ~= wireguard.clamp(o.private_key) and o.private_key or nil,
    listen_port = o.listen_port and o.listen_port ~= device.listen_port and o.listen_port or nil,
    fwmark = (o.fwmark or 0) ~= (device.fwmark or 0) and (o.fwmark or 0) or nil,
  }
  return next(config) and config or nil
end

---The operations between what the kernel has and what is wanted.
---@param self zlnet.overlay.object
---@param device table of look; `{}` for one that is not made yet
---@param peers table[] checked, those that are not refused
---@param held table<string, boolean> keys of the peers that stay as they are
---@return table tunnel `config`, `ops`, `orphans` (allowed IPs that no peer gets), `lost` (keys of the peers that lose
---some to others), `owners` (keys by allowed IP, as it is now)
---@return table<string, boolean> present keys of the peers that are there
function wireguard.differences(self, device, peers, held)
  local rows, holders, present, wanted = {}, {}, {}, {}
  local tunnel = { config = config_of(self.o, device), ops = {}, orphans = {}, lost = {},
    owners = {} }
  for _, row in ipairs(device.peers or {}) do
    rows[row.public_key] = row
    for _, ip in ipairs(row.allowedips or {}) do
      tunnel.owners[text_of(ip)] = row.public_key
    end
    for _, ip in ipairs(held[row.public_key] and row.allowedips or {}) do
      holders[text_of(ip)] = row.public_key
    end
  end
  for _, p in ipairs(peers) do
    wanted[p.public_key], present[p.public_key] = p, rows[p.public_key] and true
    for _, s in ipairs(p.subnets) do
      holders[s.text] = p.public_key
    end
  end
  local ops = tunnel.ops
  for _, p in ipairs(peers) do
    local row = rows[p.public_key]
    ops[#ops + 1] = not row and new_peer(p) or
      row and changed_peer(p, row, self.peers and self.peers[p.key], holders, tunnel) or nil
  end
  for key, row in pairs(rows) do
    if not wanted[key] and not held[key] then
      ops[#ops + 1] = op("added", key, { public_key = key, flags = { remove_me = true } }, row)
    end
  end
  return tunnel, present
end

-- Acting ------------------------------------------------------------------------------------------------------------

local function failed_by(err, key)
  err.step, err.peer = err.step or "configure the peer", key
  return err
end

-- What makes a peer again as it was.
local function restored(o)
  if not o.old then
    return { public_key = o.peer, flags = { remove_me = true } }
  end
  return { public_key = o.peer, preshared_key = o.old.preshared_key or NO_KEY, endpoint = o.old.endpoint,
    persistent_keepalive_interval = o.old.persistent_keepalive_interval or 0,
    flags = { replace_allowedips = true }, allowedips = o.old.allowedips }
end

---Takes back what was done for these peers.
---@param self zlnet.overlay.object
---@param index integer
---@param tunnel table
---@param failed table<string, zlnet.error>
function wireguard.take_back(self, index, tunnel, failed)
  for _, o in ipairs(tunnel.ops) do
    local err = failed[o.peer]
    if err then
      local ok, other = self.genl:setdevice { ifindex = index, peers = { restored(o) } }
      if not ok then
        err.rollback = err.rollback or {}
        table.insert(err.rollback, other)
      end
    end
  end
end

-- After a refusal, which says not whose: one by one.
local function singly(self, index, ops)
  local failed = {}
  for _, o in ipairs(ops) do
    local ok, err = self.genl:setdevice { ifindex = index, peers = { o.entry } }
    if not ok then
      failed[o.peer] = failed_by(err, o.peer)
    end
  end
  wireguard.take_back(self, index, { ops = ops }, failed)
  return failed
end

---Carries the operations out: all or nothing for each peer.
---@param self zlnet.overlay.object
---@param index integer
---@param tunnel table of differences
---@return table<string, zlnet.error>? failed by peer's key
---@return zlnet.error? err of the device itself
function wireguard.carry_out(self, index, tunnel)
  local ok, err
  if tunnel.config then
    local c = tunnel.config
    ok, err = self.genl:setdevice { ifindex = index, private_key = c.private_key, listen_port = c.listen_port,
      fwmark = c.fwmark }
    if not ok then
      err.step = err.step or "configure the wireguard device"
      return nil, err
    end
  end
  local peers, failed = {}, {}
  for i, o in ipairs(tunnel.ops) do
    peers[i] = o.entry
  end
  if #tunnel.orphans > 0 then
    local key = random_key()
    peers[#peers + 1] = { public_key = key, allowedips = tunnel.orphans }
    peers[#peers + 1] = { public_key = key, flags = { remove_me = true } }
  end
  if #peers > 0 then
    ok = self.genl:setdevice { ifindex = index, peers = peers }
    failed = ok and {} or singly(self, index, tunnel.ops)
  end
  return failed
end

---The peers as data that sync takes; no private and no preshared key is in it.
---@param device table of look
---@return table[] peers
function wireguard.peers(device)
  local list = {}
  for i, row in ipairs(device.peers or {}) do
    local subnets = {}
    for k, ip in ipairs(row.allowedips or {}) do
      subnets[k] = text_of(ip)
    end
    table.sort(subnets)
    local keepalive = row.persistent_keepalive_interval
    list[i] = { public_key = row.public_key, endpoint = row.endpoint, subnets = subnets,
      persistent_keepalive = keepalive and keepalive > 0 and keepalive or nil }
  end
  return list
end

return wireguard
