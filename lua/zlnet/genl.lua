-- SPDX-License-Identifier: MIT
-- genl: families of generic netlink. Requests and answers that exceed a datagram are cut in pieces and put together.

local core = require "zlnet.core"

local genl = {}

---@class zlnet.genl
---@field private core table? nil when closed
local Genl = {}
Genl.__index = Genl

-- Bytes of a request that are surely taken (CODEC_MAX is 16384), and of what peers are made of, at the most.
local ROOM = 12000
local PEER, ALLOWED_IP = 160, 56

local function check_open(self, name)
  if not self.core then
    error(("bad argument #1 to '%s' (closed handle)"):format(name), 3)
  end
  return self.core
end

---A device of the family, as the kernel has it: its keys, with `peers` and their `allowedips` as lists. Private and
---preshared keys are in it, as base64. Equal to `wg show DEVICE dump`.
---@param t { ifname: string?, ifindex: integer? } one of them
---@return table? device nil when there is none
---@return zlnet.error? err `netlink`: ENODEV, EOPNOTSUPP (a device of another kind), EPERM
function Genl:getdevice(t)
  local messages, err = check_open(self, "getdevice"):dump(t)
  if not messages then
    return nil, err
  end
  local device = messages[1] or {}
  device.cmd, device.version = nil, nil
  local peers = device.peers or {}
  for i = 2, #messages do
    for _, p in ipairs(messages[i].peers or {}) do
      local last = peers[#peers]
      if last and last.public_key == p.public_key then -- the rest of one that did not fit
        last.allowedips = last.allowedips or {}
        table.move(p.allowedips or {}, 1, #(p.allowedips or {}), #last.allowedips + 1, last.allowedips)
      else
        peers[#peers + 1] = p
      end
    end
  end
  device.peers = peers
  return device
end

-- What of a peer follows in further requests: its allowed IPs alone.
local function rest_of(p, list)
  return { public_key = p.public_key, flags = { update_only = true }, allowedips = list }
end

-- The peers of each request: all of them, cut where a request would be too long.
local function pieces(peers)
  local list, piece, room = {}, {}, ROOM
  local function close()
    list[#list + 1], piece, room = piece, {}, ROOM
  end
  for _, p in ipairs(peers) do
    local ips, from, first = p.allowedips or {}, 1, true
    repeat
      if room < PEER + ALLOWED_IP then
        close()
      end
      local n = math.min(#ips - from + 1, (room - PEER) // ALLOWED_IP)
      local part = table.move(ips, from, from + n - 1, 1, {})
      local entry
      if first and n == #ips then
        entry = p
      elseif first then
        entry = {}
        for key, value in pairs(p) do
          entry[key] = value
        end
        entry.allowedips = part
      else
        entry = rest_of(p, part)
      end
      piece[#piece + 1], from, first, room = entry, from + n, false, room - PEER - n * ALLOWED_IP
    until from > #ips
  end
  close()
  return list
end

---Changes a device. `peers` are changed, removed (`flags = { remove_me = true }`) or, with the device's `flags = {
---replace_peers = true }`, all there are; with a peer's `flags = { replace_allowedips = true }` its `allowedips` are
---all it has, else they are added to those it has, and taken from any other peer. What exceeds a datagram goes out in
---several; the device's own keys are in the first. Equal to `wg set DEVICE …`.
---@param t table as getdevice gives it; ifname or ifindex
---@return boolean? ok
---@return zlnet.error? err with `peers_done`, how many of the peers the requests before the refused one had
function Genl:setdevice(t)
  local c = check_open(self, "setdevice")
  if type(t) ~= "table" or #(t.peers or {}) == 0 then
    return c:set(t)
  end
  local done = 0
  for i, piece in ipairs(pieces(t.peers)) do
    local request = { ifname = t.ifname, ifindex = t.ifindex, peers = piece }
    if i == 1 then
      for key, value in pairs(t) do
        request[key] = key == "peers" and piece or value
      end
    end
    local ok, err = c:set(request)
    if not ok then
      err.peers_done = done
      return nil, err
    end
    done = done + #piece
  end
  return true
end

---How long a request may take before it fails with ETIMEDOUT.
---@param seconds number
function Genl:settimeout(seconds)
  check_open(self, "settimeout"):settimeout(seconds)
end

---Idempotent; also by `<close>` and the collector.
function Genl:close()
  if self.core then
    self.core:close()
    self.core = nil
  end
end
Genl.__close = Genl.close

---A family of generic netlink in a namespace. The kernel loads its module where it has one. Known is `"wireguard"`.
---Source: genetlink(7), Documentation/netlink/specs/wireguard.yaml.
---@param target zlnet.target? nil: the calling thread's namespace
---@param family string
---@return zlnet.genl? genl to be closed
---@return zlnet.error? err `netlink` ENOENT: this kernel has no such family
function genl.genl(target, family)
  local c, err = core.genl(target, family)
  if not c then
    return nil, err
  end
  return setmetatable({ core = c }, Genl)
end

return genl
