-- SPDX-License-Identifier: MIT
-- Frames that an honest system would not send, and what sends them out of a container.
local helper = require "spec.support.helper"

local packets = {}

local function bytes_of(mac)
  return (mac:gsub("%x%x:?", function(pair)
    return string.char(tonumber(pair:sub(1, 2), 16))
  end))
end

-- An address in network byte order.
local function raw(address)
  if not address:find ":" then
    return string.char(address:match "(%d+)%.(%d+)%.(%d+)%.(%d+)")
  end
  local head, tail = address:match "^(.*)::(.*)$"
  local function groups(text)
    local list = {}
    for group in text:gmatch "%x+" do
      list[#list + 1] = string.pack(">I2", tonumber(group, 16))
    end
    return list
  end
  local first, last = groups(head or address), groups(tail or "")
  return table.concat(first) .. ("\0\0"):rep(8 - #first - #last) .. table.concat(last)
end

local function sum(data)
  local total = 0
  for i = 1, #data - 1, 2 do
    total = total + (string.unpack(">I2", data, i))
  end
  total = #data % 2 == 1 and total + data:byte(-1) * 256 or total
  while total > 0xffff do
    total = (total & 0xffff) + (total >> 16)
  end
  return ~total & 0xffff
end

local function ethernet(f, kind, payload)
  return bytes_of(f.to_mac) .. bytes_of(f.from_mac) .. string.pack(">I2", kind) .. payload
end

-- The header of IPv4 or IPv6 before a payload whose checksum is at this position.
local function ip(f, protocol, payload, checksum_at)
  local source, target = raw(f.source), raw(f.target)
  local pseudo = source .. target .. string.pack(#source == 4 and ">I2I2" or ">I4I4",
    table.unpack(#source == 4 and { protocol, #payload } or { #payload, protocol }))
  payload = payload:sub(1, checksum_at - 1) .. string.pack(">I2", sum(pseudo .. payload)) ..
    payload:sub(checksum_at + 2)
  if #source == 16 then
    return ethernet(f, 0x86dd, string.pack(">I4I2BB", 6 << 28, #payload, protocol, f.hops or 64) .. source .. target ..
      payload)
  end
  local header = string.pack(">BBI2I2I2BBI2", 0x45, 0, 20 + #payload, 1, 0, 64, protocol, 0) .. source .. target
  header = header:sub(1, 10) .. string.pack(">I2", sum(header)) .. header:sub(13)
  return ethernet(f, 0x0800, header .. payload)
end

---@class spec.packets.frame
---@field from_mac string
---@field to_mac string
---@field source string an address; of ARP: who claims to ask
---@field target string

---A datagram. `port` and `text` are what arrives.
function packets.udp(f)
  return ip(f, 17, string.pack(">I2I2I2I2", 9, f.port, 8 + #f.text, 0) .. f.text, 7)
end

---A question of ARP: source at from_mac asks for target. With source and target the same it is an announcement.
function packets.arp(f)
  return ethernet(f, 0x0806, string.pack(">I2I2BBI2", 1, 0x0800, 6, 4, 1) .. bytes_of(f.from_mac) .. raw(f.source) ..
    ("\0"):rep(6) .. raw(f.target))
end

---A neighbour advertisement: `claimed` is at from_mac, which overrides what was known.
function packets.advertisement(f)
  f.hops = 255
  return ip(f, 58, string.pack(">BBI2I4", 136, 0, 0, 0x20000000) .. raw(f.claimed) .. "\2\1" .. bytes_of(f.from_mac), 3)
end

---A router advertisement: source is a default router for an hour.
function packets.router(f)
  f.hops = 255
  return ip(f, 58, string.pack(">BBI2BBI2I4I4", 134, 0, 0, 64, 0, 3600, 0, 0) .. "\1\1" .. bytes_of(f.from_mac), 3)
end

---The program that sends; compiled once for a file, nil with the reason where there is no compiler.
---@return string? path
function packets.sender()
  local path = os.tmpname()
  local ok, why = helper.sh(("%s -D_GNU_SOURCE -o %s spec/support/packet.c"):format(os.getenv "CC" or "cc", path))
  return ok and path or nil, why
end

---Sends frames out of a container's link, in their order.
function packets.send(sender, container, ifname, frames)
  local lines = {}
  for i, frame in ipairs(frames) do
    lines[i] = frame:gsub(".", function(c)
      return ("%02x"):format(c:byte())
    end)
  end
  local ok, text = container:exec(("printf '%%s\\n' %s | %s %s"):format(table.concat(lines, " "), sender, ifname))
  assert(ok, text)
end

return packets
