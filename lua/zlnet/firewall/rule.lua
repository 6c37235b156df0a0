-- SPDX-License-Identifier: MIT
-- Rules of nf_tables in two forms at once: as nft(8) writes them, for plans, and as the kernel takes them. A rule is a
-- list of terms; each of them is made here, and knows both of its forms. Pure.

local fmt = string.format

local rule = {}

local function hex(bytes)
  return (bytes:gsub(".", function(c)
    return fmt("%02x", c:byte())
  end))
end
rule.hex = hex

---A number of 32 bits in the machine's byte order, as the kernel keeps what is no part of a packet.
---@param number integer
---@return string hexadecimal
local function native(number)
  return hex(string.pack("=I4", number))
end
rule.native = native

local function meta(key)
  return { name = "meta", data = { key = key } }
end

local function payload(base, offset, len)
  return { name = "payload", data = { base = base .. "_header", offset = offset, len = len } }
end

-- What a packet must be for the others to mean anything: by the family of the table, what is read and compared.
local NFPROTO = { ip = "02", ip6 = "0a" }
local ETHERTYPE = { ip = "0800", ip6 = "86dd", arp = "0806" }
local L4PROTO = { icmpv6 = "3a" }
local ETHER = 1 -- ARPHRD_ETHER

local function needs_layer(family, what, add)
  if what == "ether" then
    if family == "inet" then
      add({ name = "meta", data = { key = "iftype", dreg = "reg_1" } }, hex(string.pack("=I2", ETHER)))
    end
  elseif L4PROTO[what] then
    add({ name = "meta", data = { key = "l4proto", dreg = "reg_1" } }, L4PROTO[what])
  elseif family == "inet" then
    add({ name = "meta", data = { key = "nfproto", dreg = "reg_1" } }, NFPROTO[what])
  elseif family == "bridge" then
    add({ name = "meta", data = { key = "protocol", dreg = "reg_1" } }, ETHERTYPE[what])
  end -- a packet of the arp family is one
end

-- name in nft's language -> how it is read, its bytes, and what the packet must be
local FIELDS = {
  ["iif"] = { meta "iif", 4 },
  ["oif"] = { meta "oif", 4 },
  ["iifgroup"] = { meta "iifgroup", 4 },
  ["oifgroup"] = { meta "oifgroup", 4 },
  ["iifname"] = { meta "iifname", 16 },
  ["oifname"] = { meta "oifname", 16 },
  ["meta l4proto"] = { meta "l4proto", 1 },
  ["ct status"] = { { name = "ct", data = { key = "status" } }, 4 },
  ["fib daddr type"] = { { name = "fib", data = { result = "addrtype", flags = { daddr = true } } }, 4 },
  ["th dport"] = { payload("transport", 2, 2), 2 },
  ["ether saddr"] = { payload("link_layer", 6, 6), 6, "ether" },
  ["ip saddr"] = { payload("network", 12, 4), 4, "ip" },
  ["ip daddr"] = { payload("network", 16, 4), 4, "ip" },
  ["ip6 saddr"] = { payload("network", 8, 16), 16, "ip6" },
  ["ip6 daddr"] = { payload("network", 24, 16), 16, "ip6" },
  ["arp saddr ether"] = { payload("network", 8, 6), 6, "arp" },
  ["arp saddr ip"] = { payload("network", 14, 4), 4, "arp" },
  ["icmpv6 type"] = { payload("transport", 0, 1), 1, "ip6", "icmpv6" },
  ["@th,64,128"] = { payload("transport", 8, 16), 16 }, -- the target of a neighbour solicitation or advertisement
}

local function register(offset)
  return offset == 0 and "reg_1" or fmt("reg32_%02d", offset // 4)
end

-- An expression of its own, which reads into a register.
local function load(field, dreg)
  local data = { dreg = dreg }
  for key, value in pairs(field[1].data) do
    data[key] = value
  end
  return { name = field[1].name, data = data }
end

-- Appends what reads some fields, one behind the other, and what they need that the rule does not say already.
local function read(r, names, masks)
  for _, name in ipairs(names) do
    local field = FIELDS[name]
    for i = 3, #field do
      if not r.known[field[i]] then
        r.known[field[i]] = true
        needs_layer(r.family, field[i], function(expression, value)
          r:add(expression)
          r:add { name = "cmp", data = { sreg = "reg_1", op = "eq", data = { value = value } } }
        end)
      end
    end
  end
  local offset = 0
  for _, name in ipairs(names) do
    local field, reg = FIELDS[name], register(offset)
    r:add(load(field, reg))
    local mask = masks and masks[name]
    if mask then
      r:add { name = "bitwise", data = { sreg = reg, dreg = reg, len = field[2], mask = { value = mask.value },
        xor = { value = ("00"):rep(field[2]) } } }
    end
    offset = offset + (field[2] + 3 & ~3)
  end
  return offset
end

local function verdict(code, chain)
  return { name = "immediate", data = { dreg = "reg_verdict", data = { verdict = { code = code, chain = chain } } } }
end

local function fields_text(names, masks)
  local t = {}
  for i, name in ipairs(names) do
    local mask = masks and masks[name]
    t[i] = mask and name .. " & " .. mask.text or name
  end
  return table.concat(t, " . ")
end

---A term: fields of the packet, one behind the other, are (or with `inverted` are not) an element of a set.
---@param names string[] as nft names them
---@param set string
---@param inverted boolean?
---@param masks table<string, { text: string, value: string }>? by field: which bits of it count
function rule.in_set(names, set, inverted, masks)
  return {
    text = fmt("%s %s@%s", fields_text(names, masks), inverted and "!= " or "", set),
    write = function(r)
      read(r, names, masks)
      r:add { name = "lookup", data = { set = set, sreg = "reg_1", flags = inverted and { inv = true } or nil } }
    end,
  }
end

---A term: a field is, or is not, a value.
---@param name string
---@param value { text: string, value: string }
---@param inverted boolean?
function rule.is(name, value, inverted)
  return {
    text = fmt("%s %s%s", name, inverted and "!= " or "", value.text),
    write = function(r)
      read(r, { name }, value.mask and { [name] = { value = value.mask } })
      r:add { name = "cmp", data = { sreg = "reg_1", op = inverted and "neq" or "eq", data = { value = value.value } } }
    end,
  }
end

---A term: the packet belongs to a connection whose destination was translated.
rule.is_translated = {
  text = "ct status dnat",
  write = function(r)
    read(r, { "ct status" })
    r:add { name = "bitwise", data = { sreg = "reg_1", dreg = "reg_1", len = 4, mask = { value = native(0x20) },
      xor = { value = native(0) } } }
    r:add { name = "cmp", data = { sreg = "reg_1", op = "neq", data = { value = native(0) } } }
  end,
}

---A term: the destination becomes what a map has for some fields, an address and a port.
---@param family "ip"|"ip6"
---@param names string[]
---@param map string
function rule.translate(family, names, map)
  return {
    text = fmt("dnat %s to %s map @%s", family, fields_text(names), map),
    write = function(r)
      read(r, names)
      r:add { name = "lookup", data = { set = map, sreg = "reg_1", dreg = "reg_1" } }
      r:add { name = "nat", data = { type = "dnat", family = family, reg_addr_min = "reg_1",
        reg_proto_min = register(family == "ip" and 4 or 16) } }
    end,
  }
end

---A term: to another chain, and back.
function rule.jump(chain)
  return { text = "jump " .. chain, write = function(r)
    r:add(verdict("jump", chain))
  end }
end

---Terms that end a rule.
rule.accept = { text = "accept", write = function(r)
  r:add(verdict "accept")
end }
rule.drop = { text = "drop", write = function(r)
  r:add(verdict "drop")
end }
rule.masquerade = { text = "masquerade", write = function(r)
  r:add { name = "masq", data = {} }
end }

---A rule as nft writes it.
---@param terms table[]
---@return string
function rule.text(terms)
  local t = {}
  for i, term in ipairs(terms) do
    t[i] = term.text
  end
  return table.concat(t, " ")
end

local Rule = {}
Rule.__index = Rule

function Rule:add(expression)
  self.list[#self.list + 1] = expression
end

---A rule as the kernel takes it.
---@param family string of its table
---@param terms table[]
---@return table[] expressions
function rule.expressions(family, terms)
  local r = setmetatable({ family = family, known = {}, list = {} }, Rule)
  for _, term in ipairs(terms) do
    term.write(r)
  end
  return r.list
end

return rule
