-- SPDX-License-Identifier: MIT
-- guard: nothing leaves a container under an address or a MAC that is not its own, nor claims one (ARP, neighbour
-- discovery), nor speaks as a router. On a bridge all of it is seen where frames come in; elsewhere IP packets and ARP
-- each have their place. Pure.

local addr = require "zlnet.addr"
local field = require "zlnet.firewall.field"
local rule = require "zlnet.firewall.rule"

local guard = {}

-- What nft has to know to print a number out of a packet as a part of a key: its own `typeof iif . ether saddr .
-- @th,64,128`, as it keeps it in the set's userdata.
local TYPEOF = ("000400000000035600040d000000014e000e000409000000010600040400000001140004070000000"
  .. "10c0004110000000104020000000226000407000000011e000400000000010400000000020403000000030440000000040480000000")
  :gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end)

local SETS = {
  { name = "guarded", key = { "iface_index" } },
  { name = "guard4", key = { "iface_index", "ether_addr", "ipv4_addr" } },
  { name = "guard6", key = { "iface_index", "ether_addr", "ipv6_addr" } },
  { name = "claims", key = { "iface_index", "ether_addr", "integer" }, typeof = "iif . ether saddr . @th,64,128",
    userdata = TYPEOF },
}

local function icmpv6(number)
  return rule.is("icmpv6 type", { text = tostring(number), value = ("%02x"):format(number) })
end

local ANY = { text = "::", value = ("00"):rep(16) }
local CLAIM = rule.in_set({ "iif", "ether saddr", "@th,64,128" }, "claims", true)
local NOT_GUARDED = { rule.in_set({ "iif" }, "guarded", true), rule.accept }

-- Router advertisements (134) and redirects (137); advertisements (136) of another's address, and solicitations (135)
-- for it by which an address is claimed before it is used.
local NEIGHBOURS = {
  { icmpv6(134), rule.drop },
  { icmpv6(137), rule.drop },
  { icmpv6(136), CLAIM, rule.drop },
  { icmpv6(135), rule.is("ip6 saddr", ANY), CLAIM, rule.drop },
}
local SOURCES = {
  { rule.in_set({ "iif", "ether saddr", "ip saddr" }, "guard4"), rule.accept },
  { rule.in_set({ "iif", "ether saddr", "ip6 saddr" }, "guard6"), rule.accept },
}
local ARP = { rule.in_set({ "iif", "arp saddr ether", "arp saddr ip" }, "guard4"), rule.accept }
local ARP_FRAME = { rule.in_set({ "iif", "ether saddr", "arp saddr ip" }, "guard4", true), rule.drop }

local function chain(hook, priority, ...)
  local rules = { NOT_GUARDED }
  for _, some in ipairs { ... } do
    table.move(some, 1, #some, #rules + 1, rules)
  end
  rules[#rules + 1] = { rule.drop }
  return { { name = "guard", type = "filter", hook = hook, priority = priority, rules = rules } }
end

---The constant parts of the ruleset.
guard.parts = {
  { family = "inet", name = "guard", sets = SETS, chains = chain("prerouting", -300, NEIGHBOURS, SOURCES) },
  { family = "arp", name = "guard", sets = { SETS[1], SETS[2] }, chains = chain("input", 0, { ARP }) },
  { family = "bridge", name = "guard", sets = SETS,
    chains = chain("prerouting", -300, { ARP_FRAME, ARP }, NEIGHBOURS, SOURCES) },
}

---The families of the tables that see what an attachment sends.
---@param a table attachment: mode
---@return string[]
function guard.families(a)
  return a.mode == "bridge" and { "bridge" } or { "inet", "arp" }
end

---The elements of one attachment.
---@param a table attachment: ip, mac, mode, host_ifname, host_index
---@param add fun(family: string, set: string, key: table, data: table?)
function guard.elements(a, add)
  local link, v6 = field.link(a.host_ifname, a.host_index), nil
  for _, family in ipairs(guard.families(a)) do
    add(family, "guarded", { link })
    for _, ip in ipairs(a.ip) do
      if ip.family == "inet" then
        add(family, "guard4", { link, a.mac, ip.address })
      else
        v6 = true
      end
    end
  end
  local family = a.mode == "bridge" and "bridge" or "inet"
  local function own(address, claims)
    add(family, "guard6", { link, a.mac, address })
    if claims then
      add(family, "claims", { link, a.mac, field.number(address) })
    end
  end
  for _, ip in ipairs(a.ip) do
    if ip.family == "inet6" then
      own(ip.address, true)
    end
  end
  if v6 then
    own(addr.link_local(a.mac), true)
    own("::", false) -- before an address is used: solicitations for it, reports of multicast groups
  end
end

return guard
