-- SPDX-License-Identifier: MIT
-- publish: ports of the node lead to a container, from outside, from the node itself (127.0.0.1 and ::1 too), from
-- other containers and from the container itself. Pure.

local field = require "zlnet.firewall.field"
local rule = require "zlnet.firewall.rule"

local publish = {}

local LOCAL = { text = "local", value = rule.native(2) } -- RTN_LOCAL
local LO = { text = '"lo"', value = rule.native(1) } -- its index everywhere
local LOOPBACK = { text = "127.0.0.0/8", mask = "ff000000", value = "7f000000" }
local LOOPBACK6 = { text = "::1", value = ("00"):rep(15) .. "01" }

local PORT = { "meta l4proto", "th dport" }

local function sets()
  local list = {}
  for _, version in ipairs { 4, 6 } do
    local address = "ipv" .. version .. "_addr"
    local data = { address, "inet_service" }
    list[#list + 1] = { name = "publish" .. version, key = { address, "inet_proto", "inet_service" }, data = data }
    list[#list + 1] = { name = "publish" .. version .. "_any", key = { "inet_proto", "inet_service" }, data = data }
    list[#list + 1] = { name = "published" .. version, key = { address } }
    list[#list + 1] = { name = "hairpin" .. version, key = { "iface_index", address } }
    list[#list + 1] = { name = "self" .. version, key = { address, address } }
  end
  return list
end

local JUMP = { { rule.jump "publish" } }

---The constant part of the ruleset.
publish.parts = {
  {
    family = "inet",
    name = "publish",
    sets = sets(),
    chains = {
      { name = "publish", rules = {
        { rule.translate("ip", { "ip daddr", PORT[1], PORT[2] }, "publish4") },
        { rule.translate("ip6", { "ip6 daddr", PORT[1], PORT[2] }, "publish6") },
        { rule.is("fib daddr type", LOCAL), rule.translate("ip", PORT, "publish4_any") },
        { rule.is("fib daddr type", LOCAL), rule.translate("ip6", PORT, "publish6_any") },
      } },
      { name = "publish-in", type = "nat", hook = "prerouting", priority = -100, rules = JUMP },
      { name = "publish-out", type = "nat", hook = "output", priority = -100, rules = JUMP },
      -- answers have to come back through the node: to a loopback address, and where asker and container are neighbours
      { name = "publish-back", type = "nat", hook = "postrouting", priority = 99, rules = {
        { rule.is_translated, rule.is("ip saddr", LOOPBACK), rule.in_set({ "ip daddr" }, "published4"),
          rule.masquerade },
        { rule.is_translated, rule.is("ip6 saddr", LOOPBACK6), rule.in_set({ "ip6 daddr" }, "published6"),
          rule.masquerade },
        { rule.is_translated, rule.in_set({ "iif", "ip daddr" }, "hairpin4"), rule.masquerade },
        { rule.is_translated, rule.in_set({ "iif", "ip6 daddr" }, "hairpin6"), rule.masquerade },
        -- what br_netfilter translates on a bridge has no incoming link here
        { rule.is_translated, rule.in_set({ "ip saddr", "ip daddr" }, "self4"), rule.masquerade },
        { rule.is_translated, rule.in_set({ "ip6 saddr", "ip6 daddr" }, "self6"), rule.masquerade },
      } },
      -- what route_localnet lets in otherwise (CVE-2020-8558)
      { name = "publish-loopback", type = "filter", hook = "prerouting", priority = -300, rules = {
        { rule.is("iif", LO, true), rule.is("ip daddr", LOOPBACK), rule.drop },
      } },
    },
  },
}

local VERSION = { inet = 4, inet6 = 6 }

---The address of an attachment that a port leads to.
---@param a table attachment: ip
---@param family "inet"|"inet6"
---@return string? address the first of the family
function publish.target(a, family)
  for _, ip in ipairs(a.ip) do
    if ip.family == family then
      return ip.address
    end
  end
end

local function ports(p, version, target, add)
  for i = 0, p.count - 1 do
    local key = { field.protocol(p.protocol), field.port(p.host_port + i) }
    local data = { target, field.port(p.port + i) }
    if p.address then
      add("inet", "publish" .. version, { p.address, key[1], key[2] }, data)
    else
      add("inet", "publish" .. version .. "_any", key, data)
    end
  end
end

---The elements of one attachment. Neighbours of a container ask through the device that it is behind.
---@param a table attachment: ip, publish, host_ifname, host_index, bridge, bridge_index
---@param add fun(family: string, set: string, key: table, data: table?)
function publish.elements(a, add)
  local behind = field.link(a.bridge or a.host_ifname, a.bridge_index or not a.bridge and a.host_index or nil)
  local seen = {}
  for _, p in ipairs(a.publish) do
    for _, family in ipairs { "inet", "inet6" } do
      local target, version = publish.target(a, family), VERSION[family]
      if target and (not p.family or p.family == family) then
        if not seen[version] then
          add("inet", "published" .. version, { target })
          add("inet", "hairpin" .. version, { behind, target })
          add("inet", "self" .. version, { target, target })
          seen[version] = true
        end
        ports(p, version, target, add)
      end
    end
  end
end

return publish
