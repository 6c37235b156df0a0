-- SPDX-License-Identifier: MIT
-- What `publish` and `isolate` take, and how it is written down. Pure.

local addr = require "zlnet.addr"
local argument = require "zlnet.argument"

local fmt, match = string.format, string.match

local options = {}

local PROTOCOLS = { tcp = true, udp = true, sctp = true }
local NAME_MAX = 64

-- "80" or "80-89".
local function ports(text)
  local first, last = match(text, "^(%d%d?%d?%d?%d?)%-?(%d*)$")
  if not first or text:find "%-$" then
    return nil
  end
  first, last = tonumber(first), tonumber(last) or tonumber(first)
  if first < 1 or last < first or last > 65535 then
    return nil
  end
  return first, last - first + 1
end

---Reads one port to be published: `[ADDRESS:]PORT[-PORT]:PORT[-PORT][/tcp|udp|sctp]`.
---@param text any
---@return table? p host_port, port, count, protocol, and with an address: address, family
---@return string? reason
function options.read_port(text)
  if type(text) ~= "string" then
    return nil, "a text like '8080:80' expected, got " .. type(text)
  end
  local rest, protocol = match(text, "^(.-)/(%l+)$")
  rest, protocol = rest or text, protocol or "tcp"
  local before, outer, inner = match(rest, "^(.-):?([%d-]+):([%d-]+)$")
  if not before or not PROTOCOLS[protocol] then
    return nil, fmt("'%s' is not like '8080:80', '127.0.0.1:53:53/udp' or '[::1]:443:443'", text)
  end
  local host_port, count = ports(outer)
  local port, same = ports(inner)
  if not host_port or not port then
    return nil, fmt("a port is from 1 to 65535: '%s'", text)
  elseif count ~= same then
    return nil, fmt("both ranges have to be equally long: '%s'", text)
  end
  local p = { host_port = host_port, port = port, count = count, protocol = protocol }
  if before ~= "" then
    local ip = addr.parse(match(before, "^%[(.*:.*)%]$") or before)
    if not ip or ip.prefix or ip.family == "inet6" ~= (before:sub(1, 1) == "[") then
      return nil, fmt("'%s' is no address ('[::1]' in brackets)", before)
    end
    if ip.address ~= "0.0.0.0" and ip.address ~= "::" then
      p.address = ip.address
    end
    p.family = ip.family
  end
  return p
end

local function range(first, count)
  return count > 1 and fmt("%d-%d", first, first + count - 1) or tostring(first)
end

local EVERY = { inet = "0.0.0.0", inet6 = "::" }

local function address_of(p)
  local address = p.family and (p.address or EVERY[p.family])
  return p.family == "inet6" and "[" .. address .. "]" or address
end

---Writes one down again: equal ports give equal text.
---@param p table
---@return string text
function options.write_port(p)
  local address = address_of(p)
  return fmt("%s%s:%s%s", address and address .. ":" or "", range(p.host_port, p.count), range(p.port, p.count),
    p.protocol == "tcp" and "" or "/" .. p.protocol)
end

-- In records, where every byte counts: what is equal on both sides stands once, a protocol is a letter.
local LETTERS, WORDS = { tcp = "", udp = "u", sctp = "s" }, { [""] = "tcp", u = "udp", s = "sctp" }

local function write_short(p)
  local address = address_of(p)
  return fmt("%s%s%s%s", address and address .. ":" or "", range(p.host_port, p.count),
    p.port ~= p.host_port and ">" .. p.port or "", LETTERS[p.protocol])
end

local function read_short(word)
  local before, outer, inner, letter = match(word, "^(.-):?([%d-]+)>?(%d*)([us]?)$")
  local first, count = ports(outer or "")
  if not first then
    return nil
  end
  local last = tonumber(inner) or first
  return options.read_port(fmt("%s%s:%s/%s", before ~= "" and before .. ":" or "", outer, range(last, count),
    WORDS[letter]))
end

---A list of them as records have it, and back.
---@param list table[]?
---@return string? text
function options.write(list)
  local t = {}
  for i, p in ipairs(list or {}) do
    t[i] = write_short(p)
  end
  return t[1] and table.concat(t, ",")
end

---@param text string
---@return table[]? list
function options.read(text)
  local list = {}
  for word in text:gmatch "[^,]+" do
    local p = read_short(word)
    if not p then
      return nil
    end
    list[#list + 1] = p
  end
  return list[1] and list
end

local function overlap(a, b)
  return a.protocol == b.protocol and a.host_port < b.host_port + b.count and b.host_port < a.host_port + a.count
    and (not a.family or not b.family or a.family == b.family)
    and (not a.address or not b.address or a.address == b.address)
end

---A rule: a text or a list of texts; its normal form is a list of tables.
---@return table[]? ports, string? reason
function options.publish(value)
  if type(value) == "string" then
    value = { value }
  end
  if type(value) ~= "table" or #value == 0 then
    return nil, "a text like '8080:80', or a list of these, expected"
  end
  local list = {}
  for i = 1, #value do
    local p, why = value[i], nil
    if type(p) ~= "table" then
      p, why = options.read_port(p)
    end
    if not p then
      return nil, why
    end
    for j = 1, i - 1 do
      if overlap(list[j], p) then
        return nil, fmt("'%s' and '%s' are of one port", options.write_port(list[j]), options.write_port(p))
      end
    end
    list[i] = p
  end
  return list
end

---A rule: the name of those who reach each other.
---@return string? name, string? reason
function options.isolate(value)
  local name, why = argument.text(value)
  if name and #name > NAME_MAX then
    return nil, fmt("at most %d bytes expected, got %d", NAME_MAX, #name)
  end
  return name, why
end

-- A network, without its host bits.
local function read_network(text)
  local ip = addr.parse(text)
  if not ip or not ip.prefix then
    return nil
  end
  return { family = ip.family, address = addr.network(ip.address, ip.prefix), prefix = ip.prefix }
end

---A rule: whether to masquerade; or true with the networks which are not, beside those that the addresses' lengths say.
---@return boolean|table[]|nil value a list of networks, or a boolean
---@return string? reason
function options.masquerade(value)
  if type(value) == "boolean" then
    return value
  end
  local list = {}
  for i, text in ipairs(type(value) == "table" and value or { value }) do
    list[i] = type(text) == "table" and text or read_network(text)
    if not list[i] then
      return nil, "true, false, or networks like '10.88.0.0/16' expected"
    end
  end
  if not list[1] then
    return nil, "true, false, or networks like '10.88.0.0/16' expected"
  end
  return list
end

---What records have of it, and back.
---@param value boolean|table[]
---@return string text
function options.write_masquerade(value)
  local t = {}
  for i, network in ipairs(type(value) == "table" and value or {}) do
    t[i] = network.address .. "/" .. network.prefix
  end
  return t[1] and table.concat(t, ",") or "1"
end

---@param text string
---@return true|table[]|nil value
function options.read_masquerade(text)
  if text == "1" then
    return true
  end
  local list = {}
  for word in text:gmatch "[^,]+" do
    list[#list + 1] = read_network(word)
  end
  return list[1] and options.write_masquerade(list) == text and list or nil
end

-- The networks of a pool are those of the containers that have addresses of it.
local function pool_networks(o)
  local list, seen = {}, {}
  for _, set in ipairs(o.pool) do
    for _, r in ipairs(set.ranges) do
      local key = r.subnet .. "/" .. r.prefix
      list[#list + 1] = not seen[key] and { family = r.family, address = r.subnet, prefix = r.prefix } or nil
      seen[key] = true
    end
  end
  return list
end

---What must hold between these options and others: nil, or the name of a wrong one and why.
---@param o table ip, publish
---@return string? wrong, string? why
function options.relate(o)
  if o.publish and o.bridge then
    o.hairpin = true -- where br_netfilter translates, what a container sends itself leaves by the port it came in by
  end
  if o.masquerade == true and o.pool then
    o.masquerade = pool_networks(o)
  end
  local has = {}
  for _, ip in ipairs(o.ip) do
    has[ip.family] = true
  end
  for _, p in ipairs(o.publish or {}) do
    if p.family and not has[p.family] then
      return "publish", fmt("'%s' has another family than every ip", options.write_port(p))
    end
  end
end

return options
