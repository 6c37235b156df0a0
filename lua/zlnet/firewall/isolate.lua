-- SPDX-License-Identifier: MIT
-- isolate: containers of one name reach each other, and none of another name or of none; the node and the outside as
-- before. The links of a name are of one group (IFLA_GROUP), which derives from the name. Pure.

local field = require "zlnet.firewall.field"
local names = require "zlnet.record.names"
local rule = require "zlnet.firewall.rule"

local isolate = {}

local GROUP = { text = '"veth*"', value = "76657468" } -- whatever begins like this: all host ends do

---The group of the links of a name. 0 is everybody's, and small numbers are what people use.
---@param name string
---@return integer group 0x20000000–0x3fffffff
function isolate.group(name)
  return names.hash("isolate=" .. name) & 0x1fffffff | 0x20000000
end

local SETS = {
  { name = "isolated", key = { "iface_index" } },
  { name = "isolate", key = { "iface_index", "devgroup" } },
  { name = "isolated4", key = { "ipv4_addr" } },
  { name = "isolate4", key = { "ipv4_addr", "devgroup" } },
  { name = "isolated6", key = { "ipv6_addr" } },
  { name = "isolate6", key = { "ipv6_addr", "devgroup" } },
}

-- Both ends of the way are links of containers, or one is a bridge, and its containers are known by their addresses.
local LINKS = {
  { rule.in_set({ "iif", "oifgroup" }, "isolate"), rule.accept },
  { rule.in_set({ "iif" }, "isolated"), rule.is("oifname", GROUP), rule.drop },
  { rule.in_set({ "oif" }, "isolated"), rule.is("iifname", GROUP), rule.drop },
}
local FROM = {
  { rule.in_set({ "ip saddr", "oifgroup" }, "isolate4"), rule.accept },
  { rule.in_set({ "ip6 saddr", "oifgroup" }, "isolate6"), rule.accept },
  { rule.in_set({ "ip saddr" }, "isolated4"), rule.is("oifname", GROUP), rule.drop },
  { rule.in_set({ "ip6 saddr" }, "isolated6"), rule.is("oifname", GROUP), rule.drop },
}
local TO = {
  { rule.in_set({ "ip daddr", "iifgroup" }, "isolate4"), rule.accept },
  { rule.in_set({ "ip6 daddr", "iifgroup" }, "isolate6"), rule.accept },
  { rule.in_set({ "ip daddr" }, "isolated4"), rule.is("iifname", GROUP), rule.drop },
  { rule.in_set({ "ip6 daddr" }, "isolated6"), rule.is("iifname", GROUP), rule.drop },
}

local function all(...)
  local list = {}
  for _, rules in ipairs { ... } do
    table.move(rules, 1, #rules, #list + 1, list)
  end
  return list
end

---The constant parts of the ruleset. A published port is there for everybody.
isolate.parts = {
  {
    family = "inet", name = "isolate", sets = SETS,
    chains = { { name = "isolate", type = "filter", hook = "forward", priority = 0,
      rules = all({ { rule.is_translated, rule.accept } }, LINKS, FROM, TO) } },
  },
  {
    family = "bridge", name = "isolate", sets = SETS,
    chains = {
      { name = "isolate", type = "filter", hook = "forward", priority = 0, rules = LINKS },
      { name = "isolate-in", type = "filter", hook = "input", priority = 0, rules = TO },
      { name = "isolate-out", type = "filter", hook = "output", priority = 0, rules = FROM },
    },
  },
}

---The elements of one attachment.
---@param a table attachment: ip, isolate, host_ifname, host_index
---@param add fun(family: string, set: string, key: table, data: table?)
function isolate.elements(a, add)
  local link, group = field.link(a.host_ifname, a.host_index), field.group(isolate.group(a.isolate))
  for _, family in ipairs { "inet", "bridge" } do
    add(family, "isolated", { link })
    add(family, "isolate", { link, group })
    for _, ip in ipairs(a.ip) do
      local version = ip.family == "inet" and 4 or 6
      add(family, "isolated" .. version, { ip.address })
      add(family, "isolate" .. version, { ip.address, group })
    end
  end
end

return isolate
