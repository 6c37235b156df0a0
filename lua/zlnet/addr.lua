-- SPDX-License-Identifier: MIT
-- IP and MAC addresses as text: strict parsing, one canonical form, prefixes.
-- Nothing here raises for a bad address: the answer is nil and a reason, and the caller, which knows the
-- argument's name, raises. Canonical IPv6 text is RFC 5952's; two equal addresses have equal canonical text.

local find, match, sub, byte = string.find, string.match, string.sub, string.byte
local fmt, pack, unpack = string.format, string.pack, string.unpack
local unpack_list, tonumber, type = table.unpack, tonumber, type

local addr = {}

---The prefix length of a single host, in bits, by family.
local host_prefix = { inet = 32, inet6 = 128 }
addr.host_prefix = host_prefix

-- "%x:%x" for so many words
local HEX = { [0] = "", "%x" }
for i = 2, 8 do
  HEX[i] = HEX[i - 1] .. ":%x"
end
local DOT, COLON = byte ".", byte ":"

---@class zlnet.addr.ip
---@field family "inet"|"inet6"
---@field address string canonical text, without a prefix length
---@field prefix integer? prefix length in bits, 0–32 or 0–128; nil when the text had none

-- Four octets, or nil and a reason.
local function octets(text)
  local a, b, c, d = match(text, "^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  if not a then
    return nil, "not an IPv4 address"
  end
  -- inet_aton reads 010 as eight, other parsers as ten
  if find(text, "^0%d") or find(text, "%.0%d") then
    return nil, "an octet with a leading zero is ambiguous"
  end
  a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  if a > 255 or b > 255 or c > 255 or d > 255 then
    return nil, "an octet is at most 255"
  end
  return a, b, c, d
end

-- Eight 16-bit words as an array, or nil and a reason.
local function words(text)
  if find(text, "%", 1, true) then
    return nil, "zone ids are not accepted"
  end
  local w, n, gap, pos, len = {}, 0, nil, 1, #text
  if sub(text, 1, 2) == "::" then
    gap, pos = 0, 3
  end
  while pos <= len do
    local _, last, hex = find(text, "^(%x+)", pos)
    if not last or n == 8 or #hex > 4 then
      return nil, "not an IPv6 address"
    end
    local after = byte(text, last + 1)
    if after == DOT then
      local a, b, c, d = octets(sub(text, pos))
      if not a then
        return nil, b
      end
      w[n + 1], w[n + 2] = a << 8 | b, c << 8 | d
      n = n + 2
      break
    end
    n = n + 1
    w[n] = tonumber(hex, 16)
    if not after then
      break
    end
    pos = last + 2
    if after ~= COLON or pos > len then
      return nil, "not an IPv6 address"
    end
    if byte(text, pos) == COLON then
      if gap then
        return nil, "'::' may stand only once"
      end
      gap, pos = n, pos + 1
    end
  end
  if gap and n < 8 then
    table.move(w, gap + 1, n, gap + 9 - n)
    for i = gap + 1, gap + 8 - n do
      w[i] = 0
    end
  elseif gap or n ~= 8 then
    return nil, "not an IPv6 address"
  end
  return w
end

-- RFC 5952: lower case, the longest run of two or more zero words (the first of equals) becomes "::".
local function text6(w)
  if w[6] == 0xffff and w[1] | w[2] | w[3] | w[4] | w[5] == 0 then
    return fmt("::ffff:%d.%d.%d.%d", w[7] >> 8, w[7] & 255, w[8] >> 8, w[8] & 255)
  end
  local best, best_len, run = 0, 1, 0
  for i = 1, 8 do
    run = w[i] == 0 and run + 1 or 0
    if run > best_len then
      best, best_len = i - run + 1, run
    end
  end
  if best == 0 then
    return fmt(HEX[8], unpack_list(w, 1, 8))
  end
  local after = best + best_len
  return fmt(HEX[best - 1], unpack_list(w, 1, best - 1)) .. "::" .. fmt(HEX[9 - after], unpack_list(w, after, 8))
end

---Reads an IPv4 or IPv6 address, with or without a prefix length, strictly: no leading zeros in octets or
---lengths, no zone id, no missing octets, no white space.
---@param text any e.g. `"10.200.0.5"`, `"10.200.0.5/24"`, `"fd00::5/64"`
---@return zlnet.addr.ip? ip nil when the text is no address
---@return string? reason why not
function addr.parse(text)
  if type(text) ~= "string" then
    return nil, "an IP address expected, got " .. type(text)
  end
  local slash, prefix = find(text, "/", 1, true), nil
  local address = slash and sub(text, 1, slash - 1) or text
  local family, canonical
  if find(address, ":", 1, true) then
    local w, why = words(address)
    if not w then
      return nil, why
    end
    family, canonical = "inet6", text6(w)
  else
    local a, why = octets(address)
    if not a then
      return nil, find(address, ".", 1, true) and why or "not an IP address"
    end
    family, canonical = "inet", address -- strictly read IPv4 text has only one form
  end
  if slash then
    local digits = match(text, "^(%d%d?%d?)$", slash + 1)
    prefix = digits and tonumber(digits)
    if not prefix or digits ~= fmt("%d", prefix) then
      return nil, "not a prefix length"
    end
    if prefix > host_prefix[family] then
      return nil, fmt("a prefix length is at most %d", host_prefix[family])
    end
  end
  return { family = family, address = canonical, prefix = prefix }
end

---The address in network byte order.
---@param text string an address without a prefix length
---@return string? bytes 4 or 16 bytes; nil when the text is no address
---@return string family_or_reason `"inet"` or `"inet6"`; else why not
function addr.bytes(text)
  if find(text, ":", 1, true) then
    local w, why = words(text)
    if not w then
      return nil, why
    end
    return pack(">I2I2I2I2I2I2I2I2", unpack_list(w, 1, 8)), "inet6"
  end
  local a, b, c, d = octets(text)
  if not a then
    return nil, b
  end
  return pack("BBBB", a, b, c, d), "inet"
end

---The canonical text of an address in network byte order.
---@param bytes string 4 or 16 bytes
---@return string? text nil for another number of bytes
function addr.format(bytes)
  if #bytes == 4 then
    return fmt("%d.%d.%d.%d", byte(bytes, 1, 4))
  elseif #bytes == 16 then
    return text6 { unpack(">I2I2I2I2I2I2I2I2", bytes) }
  end
end

---The network which an address with a prefix length lies in: the address with its host bits cleared.
---@param text string an address without a prefix length
---@param prefix integer bits, 0–32 or 0–128
---@return string? network canonical text without the length; nil when the text or the length is wrong
---@return string? reason
function addr.network(text, prefix)
  local bytes, family = addr.bytes(text)
  if not bytes then
    return nil, family
  end
  if prefix < 0 or prefix > host_prefix[family] then
    return nil, fmt("a prefix length is at most %d", host_prefix[family])
  end
  if family == "inet" then
    return addr.format(pack(">I4", unpack(">I4", bytes) & ~(0xffffffff >> prefix)))
  end
  local high, low = unpack(">i8i8", bytes)
  high = prefix < 64 and high & ~(-1 >> prefix) or high
  low = prefix > 64 and low & ~(-1 >> prefix - 64) or 0
  return addr.format(pack(">i8i8", high, low))
end

---The address of a link that the kernel makes of its MAC: fe80::/64 with the MAC's modified EUI-64.
---@param mac string six pairs of hexadecimal digits
---@return string address
function addr.link_local(mac)
  local a, b, c, d, e, f = match(mac, "^(%x%x):(%x%x):(%x%x):(%x%x):(%x%x):(%x%x)$")
  local text = fmt("fe80::%02x%s:%sff:fe%s:%s%s", tonumber(a, 16) ~ 2, b, c, d, e, f)
  return text6(words(text))
end

---The broadcast address of the network which an IPv4 address lies in: the address with its host bits set.
---@param text string an IPv4 address
---@param prefix integer bits, 0–32
---@return string broadcast
function addr.broadcast(text, prefix)
  return addr.format(pack(">I4", unpack(">I4", (addr.bytes(text))) | 0xffffffff >> prefix))
end

---Whether an address lies in a network. Addresses of different families never do.
---@param network string any address of the network, without the length
---@param prefix integer bits, 0–32 or 0–128
---@param text string the address asked about
---@return boolean
function addr.contains(network, prefix, text)
  local cleared = addr.network(network, prefix)
  return cleared ~= nil and cleared == addr.network(text, prefix)
end

---Whether an address can belong to one host: not unspecified, not multicast, not the limited broadcast, no loopback.
---@param text string an address without a prefix length
---@return boolean
function addr.is_unicast(text)
  if not find(text, ":", 1, true) then
    local a, b, c, d = octets(text)
    return a ~= nil and a ~= 0 and a ~= 127 and (a < 224 or a > 239) and a & b & c & d ~= 255
  end
  local bytes = addr.bytes(text)
  return bytes ~= nil and byte(bytes) ~= 0xff and sub(bytes, 1, 15) ~= ("\0"):rep(15)
end

---Reads a MAC address that a network card may bear: six octets of two hexadecimal digits, joined by colons,
---unicast and not zero.
---@param text any e.g. `"02:00:5E:10:00:01"`
---@return string? mac in lower case; nil when the text is no such address
---@return string? reason
function addr.mac(text)
  if type(text) ~= "string" then
    return nil, "a MAC address expected, got " .. type(text)
  end
  local first = match(text, "^(%x%x):%x%x:%x%x:%x%x:%x%x:%x%x$")
  if not first then
    return nil, "not a MAC address"
  end
  if tonumber(first, 16) & 1 == 1 or not find(text, "[^0:]") then
    return nil, "not a unicast MAC address"
  end
  return text:lower()
end

return addr
