-- SPDX-License-Identifier: MIT
-- Values in elements of sets: as nft(8) writes them, and as the kernel takes them. An address and a MAC are the same
-- text in both. Pure.

local addr = require "zlnet.addr"
local rule = require "zlnet.firewall.rule"

local fmt = string.format

local field = {}

local PROTOCOLS = { tcp = 6, udp = 17, sctp = 132 }

---What each type is: nft's number of it, and its bytes.
field.types = {
  ipv4_addr = { 7, 4 },
  ipv6_addr = { 8, 16 },
  ether_addr = { 9, 6 },
  inet_proto = { 12, 1 },
  inet_service = { 13, 2 },
  iface_index = { 20, 4 },
  devgroup = { 35, 4 },
  integer = { 4, 16 }, -- of the set of claims: an IPv6 address anywhere in a packet
}

---A link.
---@param ifname string
---@param index integer? once it is known
function field.link(ifname, index)
  return { text = fmt('"%s"', ifname), value = index and rule.native(index) }
end

---A group of links.
---@param number integer
function field.group(number)
  return { text = tostring(number), value = rule.native(number) }
end

---@param name "tcp"|"udp"|"sctp"
function field.protocol(name)
  return { text = name, value = fmt("%02x", PROTOCOLS[name]) }
end

---@param number integer 1–65535
function field.port(number)
  return { text = tostring(number), value = fmt("%04x", number) }
end

---An IPv6 address where nft takes a number.
---@param address string
function field.number(address)
  local value = rule.hex(addr.bytes(address))
  return { text = "0x" .. value, value = value }
end

---@param value string|{ text: string }
---@return string
function field.text(value)
  return type(value) == "table" and value.text or value
end

---@param value string|{ value: string }
---@return string
function field.value(value)
  if type(value) == "table" then
    return value.value
  end
  return value
end

---The bytes of a value.
---@param value string|{ value: string }
---@return string hexadecimal
function field.bytes(value)
  local text = field.value(value)
  if not text:find "[:.]" then
    return text
  end
  local mac = #text == 17 and text:match "^%x%x:%x%x:%x%x:%x%x:%x%x:%x%x$"
  return mac and mac:gsub(":", "") or rule.hex(addr.bytes(text))
end

---Fields for people: `8080/tcp`, `127.0.0.1:53/udp`, or as nft writes them.
---@param fields table
---@return string
function field.shown(fields)
  local t = {}
  for i, value in ipairs(fields) do
    t[i] = field.text(value)
  end
  local n = #t
  if n >= 2 and PROTOCOLS[t[n - 1]] then
    local address = t[n - 2]
    address = address and (address:find(":", 1, true) and "[" .. address .. "]" or address) .. ":" or ""
    return ("%s%s/%s"):format(address, t[n], t[n - 1])
  end
  return table.concat(t, " . ")
end

return field
