-- SPDX-License-Identifier: MIT
-- The keys of netlink tables as LuaLS classes, from the very tables by which the C core encodes and decodes.
local rows = require("zlnet.core").codec.rows

local keys = {}

local OBJECTS = {
  { "link", "A link: struct ifinfomsg and IFLA_* attributes." },
  { "addr", "An address: struct ifaddrmsg and IFA_* attributes." },
  { "route", "A route: struct rtmsg and RTA_* attributes." },
  { "neigh", "A neighbour, a proxied address or a forwarding entry: struct ndmsg and NDA_* attributes." },
  { "rule", "A policy rule: struct fib_rule_hdr and FRA_* attributes." },
  { "nsid", "The number of a namespace: struct rtgenmsg and NETNSA_* attributes." },
  { "nexthop", "A next hop or a group of them: struct nhmsg and NHA_* attributes." },
  { "netconf", "Settings of a link that the kernel announces: struct netconfmsg and NETCONFA_* attributes." },
  { "qdisc", "A queueing discipline: struct tcmsg and TCA_* attributes." },
  { "tclass", "A class of a queueing discipline: struct tcmsg and TCA_* attributes." },
  { "tfilter", "A filter of packets: struct tcmsg and TCA_* attributes." },
  { "nft.table", "A table of nf_tables: NFTA_TABLE_* attributes." },
  { "nft.chain", "A chain of nf_tables: NFTA_CHAIN_* attributes." },
  { "nft.rule", "A rule of nf_tables: NFTA_RULE_* attributes." },
  { "nft.set", "A set or map of nf_tables: NFTA_SET_* attributes." },
  { "nft.setelem", "Elements of a set: NFTA_SET_ELEM_LIST_* attributes." },
  { "nft.obj", "A named object of nf_tables: NFTA_OBJ_* attributes." },
  { "nft.gen", "The generation of the ruleset: NFTA_GEN_* attributes." },
  { "conntrack", "A tracked connection: CTA_* attributes." },
}

local FAMILIES = { [0] = "other", [7] = "bridge", [10] = "inet6" }

local TYPES = {
  bool = "boolean",
  flag = "boolean",
  link = "integer|string",
  string = "string",
  ifname = "string",
  mac = "string",
  hex = "string",
  bytes = "string",
  data = "string|string[]",
  ip = "string",
  ip4 = "string",
  ip6 = "string",
  prefix = "string",
  via = "string",
}

local WORDS = {
  link = "index, or name on input",
  ifname = "1–15 bytes",
  mac = '`"02:00:00:00:00:01"`',
  hex = "hexadecimal bytes",
  bytes = "any bytes",
  data = "an address, a MAC, a name in double quotes, or hexadecimal bytes; a list of these",
  ip = "an address of the message's family",
  ip4 = "an IPv4 address",
  ip6 = "an IPv6 address",
  prefix = "an address; with `/length` on input, if you like",
  via = "an address of any family",
  u8 = "0–255",
  u16 = "0–65535",
  be16 = "0–65535",
  u32 = "0–4294967295",
  be32 = "0–4294967295",
  s32 = "signed, 32 bits",
  u64 = "64 bits",
  be64 = "64 bits",
}

local function field_name(key)
  local plain = key:match "^[%a_][%w_]*$" and not ({ ["end"] = 1, ["local"] = 1, ["goto"] = 1 })[key]
  return plain and key or ('["%s"]'):format(key)
end

-- Words without those which come again.
local function distinct(words)
  local list, seen = {}, {}
  for _, word in ipairs(words) do
    if not seen[word] then
      list[#list + 1], seen[word] = word, true
    end
  end
  return list
end

-- Writes the classes of a set and of what is in it; a set met again keeps the class of the first time.
local Writer = {}
Writer.__index = Writer

function Writer:flags(names, class)
  self:section(class, "Flags: a word of them, by name. `unknown` has the bits which have none.", function(lines)
    for _, name in ipairs(names) do
      lines[#lines + 1] = ("---@field %s boolean?"):format(field_name(name))
    end
    lines[#lines + 1] = "---@field unknown integer?"
  end)
  return class
end

-- "a"|"b"|integer; when that is long, an alias with a line for each
function Writer:enumeration(names, class)
  local words = {}
  for i, name in ipairs(names) do -- a name may stand for several numbers
    words[i] = ('"%s"'):format(name)
  end
  words = distinct(words)
  local type = table.concat(words, "|") .. "|integer"
  if #type < 70 then
    return type
  end
  local lines = { ("---@alias %s integer"):format(class) }
  for _, word in ipairs(words) do
    lines[#lines + 1] = "---| " .. word
  end
  self.sections[#self.sections + 1] = lines
  return class
end

function Writer:section(class, text, fill)
  local lines = { "---" .. text, "---@class " .. class }
  self.sections[#self.sections + 1] = lines
  fill(lines)
end

function Writer:kinds(kinds, class)
  local names = {}
  for _, kind in ipairs(kinds) do
    local name = kind.kind ~= "" and kind.kind or FAMILIES[kind.number]
    names[#names + 1] = self:set(kind.set, ("%s.%s"):format(class, name), ("What `%s` has here."):format(name))
  end
  names = distinct(names)
  if #names < 3 then
    return table.concat(names, "|")
  end
  local lines = { ("---@alias %s"):format(class) }
  for _, name in ipairs(names) do
    lines[#lines + 1] = "---| " .. name
  end
  self.sections[#self.sections + 1] = lines
  return class
end

function Writer:type(row, class)
  local inner = row.key == "" and class or class .. "." .. row.key -- an element of a list has no name
  if row.type == "indexed" then
    return TYPES[row.set[1].type] .. "[]"
  elseif row.type == "list" then
    local element = self:type(row.set[1], inner)
    return (element:find("|", 1, true) and "(" .. element .. ")" or element) .. "[]"
  elseif row.type == "nexthops" or row.type == "array" then
    return self:set(row.set, inner, "One of several hops: struct rtnexthop.") .. "[]"
  elseif row.set then
    return self:set(row.set, inner, ("Nested: `%s`."):format(row.key))
  elseif row.kinds then
    return self:kinds(row.kinds, inner)
  elseif row.names then
    return row.names.bits and self:flags(row.names, inner) or self:enumeration(row.names, inner)
  end
  return TYPES[row.type] or "integer"
end

function Writer:set(set, class, text)
  if self.known[set] then
    return self.known[set]
  end
  self.known[set] = class
  self:section(class, text, function(lines)
    local seen = {}
    for _, row in ipairs(set) do
      if not seen[row.key] then -- a field too narrow for some values has an attribute of the same key
        seen[row.key] = true
        local type = self:type(row, class)
        lines[#lines + 1] = ("---@field %s %s%s?%s"):format(field_name(row.key), type:find("|", 1, true)
          and "(" .. type .. ")" or type, row.many and "[]" or "",
          WORDS[row.type] and not row.names and " " .. WORDS[row.type] or "")
      end
    end
  end)
  return class
end

---The classes as LuaLS reads them, with an empty line after each.
---@return string
function keys.text()
  local out = {}
  for _, object in ipairs(OBJECTS) do
    local writer = setmetatable({ known = {}, sections = {} }, Writer)
    writer:set(rows(object[1]), "zlnet." .. object[1], object[2])
    for _, lines in ipairs(writer.sections) do
      table.move(lines, 1, #lines, #out + 1, out)
      out[#out + 1] = ""
    end
  end
  return table.concat(out, "\n") .. "\n"
end

return keys
