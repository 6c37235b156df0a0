-- SPDX-License-Identifier: MIT
-- masquerade: what leaves a container's networks leaves the node under the node's address. Pure.

local addr = require "zlnet.addr"
local rule = require "zlnet.firewall.rule"

local fmt = string.format

local masquerade = {}

-- Networks are looked up by their length, and only some lengths are: one of another length is several of the next.
local BITS = { [4] = 32, [6] = 128 }
local LENGTHS = {
  [4] = { 4, 8, 12, 16, 20, 24, 28, 32 },
  [6] = { 8, 16, 24, 32, 40, 48, 52, 56, 60, 64, 72, 80, 88, 96, 104, 112, 120, 128 },
}

-- The mask of so many bits, as text and in hexadecimal.
local function mask(version, length)
  local digits = ("f"):rep(length // 4) .. ("0"):rep((BITS[version] - length) // 4)
  local bytes = digits:gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end)
  return { text = addr.format(bytes), value = digits }
end

local function set_name(version, length)
  return fmt("networks%d_%d", version, length)
end

local function address_type(version)
  return fmt("ipv%d_addr", version)
end

local SOURCE = { [4] = "ip saddr", [6] = "ip6 saddr" }
local DESTINATION = { [4] = "ip daddr", [6] = "ip6 daddr" }

-- Multicast, broadcast and what is reserved; multicast.
local NEVER = {
  rule.is("ip daddr", { text = "224.0.0.0/3", mask = "e0000000", value = "e0000000" }),
  rule.is("ip6 daddr", { text = "ff00::/8", mask = "ff" .. ("00"):rep(15), value = "ff" .. ("00"):rep(15) }),
}

local function definition()
  local sets, rules = {}, {}
  for _, version in ipairs { 4, 6 } do
    local ours = "masquerade" .. version
    sets[#sets + 1] = { name = ours, key = { address_type(version) } }
    rules[#rules + 1] = { rule.in_set({ SOURCE[version] }, ours, true), rule.accept }
  end
  rules[#rules + 1] = { NEVER[1], rule.accept }
  rules[#rules + 1] = { NEVER[2], rule.accept }
  for _, version in ipairs { 4, 6 } do
    rules[#rules + 1] = { rule.in_set({ DESTINATION[version] }, "masquerade" .. version), rule.accept }
    for _, length in ipairs(LENGTHS[version]) do
      local name = set_name(version, length)
      sets[#sets + 1] = { name = name, key = { address_type(version), address_type(version) } }
      rules[#rules + 1] = {
        rule.in_set({ SOURCE[version], DESTINATION[version] }, name, false,
          length < BITS[version] and { [DESTINATION[version]] = mask(version, length) } or nil),
        rule.accept,
      }
    end
  end
  rules[#rules + 1] = { rule.masquerade }
  return {
    family = "inet",
    name = "masquerade",
    sets = sets,
    chains = { { name = "masquerading", type = "nat", hook = "postrouting", priority = 100, rules = rules } },
  }
end

---The constant part of the ruleset.
masquerade.parts = { definition() }

-- The networks of a length that is looked up which make up a network.
local function pieces(version, address, prefix)
  local bits = BITS[version]
  local length
  for _, one in ipairs(LENGTHS[version]) do
    length = length or one >= prefix and one or nil
  end
  local base = addr.bytes(addr.network(address, prefix))
  local list = {}
  for i = 0, (1 << length - prefix) - 1 do
    if version == 4 then
      list[#list + 1] = addr.format(string.pack(">I4", string.unpack(">I4", base) | i << bits - length))
    else
      local high, low = string.unpack(">i8i8", base)
      high = length <= 64 and high | i << 64 - length or high
      low = length > 64 and low | i << bits - length or low
      list[#list + 1] = addr.format(string.pack(">i8i8", high, low))
    end
  end
  return length, list
end

-- The networks that an address is not masqueraded towards, each once, and those that lie in no other.
local function networks_of(a, ip)
  local list = {}
  local function put(network)
    for _, other in ipairs(list) do
      if other.prefix <= network.prefix and addr.contains(other.address, other.prefix, network.address) then
        return
      end
    end
    list[#list + 1] = network
  end
  for _, network in ipairs(type(a.masquerade) == "table" and a.masquerade or {}) do
    if network.family == ip.family then
      put(network)
    end
  end
  if ip.prefix < addr.host_prefix[ip.family] then
    put(ip)
  end
  return list
end

---The elements of one attachment.
---@param a table attachment: ip
---@param add fun(family: string, set: string, key: table, data: table?)
function masquerade.elements(a, add)
  for _, ip in ipairs(a.ip) do
    local version = ip.family == "inet" and 4 or 6
    add("inet", "masquerade" .. version, { ip.address })
    for _, network in ipairs(networks_of(a, ip)) do
      local length, list = pieces(version, network.address, network.prefix)
      for _, piece in ipairs(list) do
        add("inet", set_name(version, length), { ip.address, piece })
      end
    end
  end
end

return masquerade
