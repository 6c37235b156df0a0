-- SPDX-License-Identifier: MIT
-- What an attachment needs of nf_tables: constant parts, each in a table `zlnet` of some family, and elements of its
-- own in the sets there. An element's comment is the name of the host end, by which its owner is found. Decides, and
-- writes it down for nft(8) and for the kernel; asks nothing. Pure.

local addr = require "zlnet.addr"
local field = require "zlnet.firewall.field"
local guard = require "zlnet.firewall.guard"
local isolate = require "zlnet.firewall.isolate"
local masquerade = require "zlnet.firewall.masquerade"
local publish = require "zlnet.firewall.publish"
local rule = require "zlnet.firewall.rule"

local fmt = string.format

local ruleset = {}

---The name of our tables, of whatever family.
ruleset.table = "zlnet"

local OPTIONS = { { "masquerade", masquerade }, { "publish", publish }, { "isolate", isolate }, { "guard", guard } }

local parts = {} -- every one
for _, option in ipairs(OPTIONS) do
  for _, part in ipairs(option[2].parts) do
    part.option = option[1]
    parts[#parts + 1] = part
  end
end
ruleset.parts = parts

---The families in which we may have a table.
ruleset.families = { "inet", "arp", "bridge" }

---Whether an attachment needs any of it.
---@param a table attachment
---@return boolean
function ruleset.is_wanted(a)
  return (a.masquerade or a.publish or a.isolate or a.guard) and true or false
end

local function has_family(a, family)
  for _, ip in ipairs(a.ip) do
    if ip.family == family then
      return true
    end
  end
  return false
end

-- Whether a part of an option is for this attachment.
local function is_needed(part, a)
  if not a[part.option] then
    return false
  elseif part.option ~= "guard" then
    return true
  elseif a.mode == "bridge" then
    return part.family == "bridge"
  end
  return part.family == "inet" or part.family == "arp" and has_family(a, "inet")
end

---The constant parts that an attachment needs.
---@param a table attachment: masquerade, publish, isolate, guard, mode, ip
---@return table[] parts
function ruleset.parts_of(a)
  local list = {}
  for _, part in ipairs(parts) do
    list[#list + 1] = is_needed(part, a) and part or nil
  end
  return list
end

---The elements of an attachment.
---@param a table attachment: those options, ip, mode, mac, host_ifname, host_index, bridge, bridge_index
---@return { family: string, set: string, key: table, data: table? }[] elements
function ruleset.elements_of(a)
  local list = {}
  local function add(family, set, key, data)
    list[#list + 1] = { family = family, set = set, key = key, data = data, comment = a.host_ifname }
  end
  for _, option in ipairs(OPTIONS) do
    if a[option[1]] then
      option[2].elements(a, add)
    end
  end
  return list
end

-- For the kernel ----------------------------------------------------------------------------------------------------

local function type_of(names)
  if not names[2] then
    local t = field.types[names[1]]
    return t[1], t[2]
  end
  local number, len = 0, 0
  for _, name in ipairs(names) do
    local t = field.types[name]
    number, len = number << 6 | t[1], len + (t[2] + 3 & ~3)
  end
  return number, len
end

local HOOKS = { prerouting = 0, input = 1, forward = 2, output = 3, postrouting = 4 }
local ARP_HOOKS = { input = 0, output = 1 }

-- What nft has to know to print numbers in the machine's byte order: as it keeps it in a set's userdata, type 0.
local NATIVE = string.pack("=BBI4", 0, 4, 1)
local IS_NATIVE = { iface_index = true, devgroup = true }

---A set as the kernel takes it.
---@param family string
---@param set table
---@param id integer which no other of the transaction has
function ruleset.set_message(family, set, id)
  local key_type, key_len = type_of(set.key)
  local t = { family = family, table = ruleset.table, name = set.name, key_type = key_type, key_len = key_len, id = id,
    userdata = set.userdata or not set.key[2] and IS_NATIVE[set.key[1]] and NATIVE or nil }
  if set.data then
    t.data_type, t.data_len = type_of(set.data)
    t.flags = { map = true }
  end
  return t
end

---A chain as the kernel takes it.
function ruleset.chain_message(family, chain)
  local t = { family = family, table = ruleset.table, name = chain.name }
  if chain.hook then
    t.type, t.policy = chain.type, "accept"
    t.hook = { num = (family == "arp" and ARP_HOOKS or HOOKS)[chain.hook], priority = chain.priority }
  end
  return t
end

---A rule as the kernel takes it.
function ruleset.rule_message(family, chain, terms)
  return { family = family, table = ruleset.table, chain = chain.name,
    expressions = rule.expressions(family, terms) }
end

local function value_of(fields)
  local t = {}
  for i, value in ipairs(fields) do
    t[i] = field.value(value)
  end
  return { value = t[2] and t or t[1] }
end

---Fields as the kernel gives them back: hexadecimal digits, each from a register of 4 bytes on, unless it is alone.
---@param fields table
---@return string
function ruleset.padded(fields)
  local t = {}
  for i, value in ipairs(fields) do
    local digits = field.bytes(value)
    t[i] = fields[2] and digits .. ("0"):rep(-#digits % 8) or digits
  end
  return table.concat(t)
end

local TRANSLATED = { masquerade4 = "inet", published4 = "inet", masquerade6 = "inet6", published6 = "inet6" }

---The addresses in elements whose connections are translated, each once.
---@param elements table[]
---@return zlnet.addr.ip[]
function ruleset.translated(elements)
  local ips, seen = {}, {}
  for _, e in ipairs(elements) do
    local family = TRANSLATED[e.set]
    local digits = family and field.bytes(e.key[1])
    if family and not seen[digits] then
      seen[digits] = true
      ips[#ips + 1] = { family = family, address = addr.format((digits:gsub("%x%x", function(pair)
        return string.char(tonumber(pair, 16))
      end))) }
    end
  end
  return ips
end

-- A comment as nft keeps it: type 0, the length, the text with its NUL.
local function comment_of(text)
  return string.pack("BB", 0, #text + 1) .. text .. "\0"
end

---The comment of an element that was read.
---@param userdata string?
---@return string? comment
function ruleset.comment(userdata)
  if userdata and #userdata > 2 and userdata:byte(1) == 0 and userdata:byte(2) == #userdata - 2 then
    return userdata:sub(3, -2)
  end
end

---An element as the kernel takes it.
function ruleset.element_message(e)
  return { key = value_of(e.key), data = e.data and value_of(e.data), userdata = comment_of(e.comment) }
end

---How often a chain is used when it is whole: NFTA_CHAIN_USE counts its rules and the jumps to it.
---@param part table
---@param chain table
---@return integer
function ruleset.uses(part, chain)
  local n = #chain.rules
  for _, other in ipairs(part.chains) do
    for _, terms in ipairs(other.rules) do
      n = n + (terms[#terms].text == "jump " .. chain.name and 1 or 0)
    end
  end
  return n
end

---What there is of ours in the table of a family, when all parts are there.
---@param family string
---@return { sets: table<string, true>, chains: table<string, integer> } names chains: how often each is used
function ruleset.names(family)
  local names = { sets = {}, chains = {} }
  for _, part in ipairs(parts) do
    for _, set in ipairs(part.family == family and part.sets or {}) do
      names.sets[set.name] = true
    end
    for _, chain in ipairs(part.family == family and part.chains or {}) do
      names.chains[chain.name] = ruleset.uses(part, chain)
    end
  end
  return names
end

-- For nft -----------------------------------------------------------------------------------------------------------

local function types_text(names)
  return table.concat(names, " . ")
end

local function set_text(family, set)
  local of = set.typeof and "typeof " .. set.typeof or "type " .. types_text(set.key)
  if set.data then
    return fmt("add map %s %s %s { %s : %s ; }", family, ruleset.table, set.name, of,
      types_text(set.data))
  end
  return fmt("add set %s %s %s { %s ; }", family, ruleset.table, set.name, of)
end

local function chain_text(family, chain)
  if not chain.hook then
    return fmt("add chain %s %s %s", family, ruleset.table, chain.name)
  end
  return fmt("add chain %s %s %s { type %s hook %s priority %d ; policy accept ; }", family, ruleset.table, chain.name,
    chain.type, chain.hook, chain.priority)
end

local function fields_text(fields)
  local t = {}
  for i, value in ipairs(fields) do
    t[i] = field.text(value)
  end
  return table.concat(t, " . ")
end

local function element_text(e)
  return fmt('add element %s %s %s { %s comment "%s"%s }', e.family, ruleset.table, e.set, fields_text(e.key),
    e.comment, e.data and " : " .. fields_text(e.data) or "")
end

-- Chains in an order in which none jumps to one that is not there yet: those without a hook come first in their part.
local function part_text(part, add)
  add(fmt("add table %s %s", part.family, ruleset.table))
  for _, set in ipairs(part.sets) do
    add(set_text(part.family, set))
  end
  for _, chain in ipairs(part.chains) do
    add(chain_text(part.family, chain))
    add(fmt("flush chain %s %s %s", part.family, ruleset.table, chain.name))
    for _, terms in ipairs(chain.rules) do
      add(fmt("add rule %s %s %s %s", part.family, ruleset.table, chain.name, rule.text(terms)))
    end
  end
end

---All of it as a script for `nft -f`: one transaction. Parts that are there are made anew, from the same rules.
---@param a table attachment
---@return string script lines
function ruleset.script(a)
  local lines = {}
  local function add(line)
    lines[#lines + 1] = line
  end
  for _, part in ipairs(ruleset.parts_of(a)) do
    part_text(part, add)
  end
  for _, e in ipairs(ruleset.elements_of(a)) do
    add(element_text(e))
  end
  return table.concat(lines, "\n")
end

return ruleset
