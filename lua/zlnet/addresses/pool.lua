-- SPDX-License-Identifier: MIT
-- Pools of addresses: what a subnet or a list of ranges has to give, and in which order an owner tries it. Pure: which
-- of them are taken is asked in claim.lua.

local addr = require "zlnet.addr"
local hash = require("zlnet.record.names").hash

local fmt, pack, unpack = string.format, string.pack, string.unpack
local ult = math.ult

local pool = {}

---@class zlnet.pool.range
---@field subnet string network address
---@field prefix integer bits
---@field family "inet"|"inet6"
---@field first string the first address, in network byte order
---@field size integer how many addresses, at most 2^62

---@class zlnet.pool.set ranges of one family, of which one address is taken
---@field family "inet"|"inet6"
---@field ranges zlnet.pool.range[]
---@field size integer of all ranges together
---@field except { address: string, prefix: integer }[] what is never given
---@field gateway string?
---@field name string as people write it

local SIZE_MAX = 1 << 62

-- The address `offset` behind one in network byte order.
local function behind(bytes, offset)
  if #bytes == 4 then
    return pack(">I4", unpack(">I4", bytes) + offset & 0xffffffff)
  end
  local high, low = unpack(">i8i8", bytes)
  local sum = low + offset
  return pack(">i8i8", ult(sum, low) and high + 1 or high, sum)
end

-- How many addresses lie between two in network byte order, both included.
local function count(first, last)
  if last < first then
    return 0
  elseif #first == 4 then
    return unpack(">I4", last) - unpack(">I4", first) + 1
  end
  local first_high, first_low = unpack(">i8i8", first)
  local last_high, last_low = unpack(">i8i8", last)
  local n = last_low - first_low
  if last_high ~= first_high or not ult(n, SIZE_MAX) then
    return SIZE_MAX
  end
  return n + 1
end

-- The last address of a network.
local function last_of(network, prefix)
  if #network == 4 then
    return pack(">I4", unpack(">I4", network) | 0xffffffff >> prefix)
  end
  local high, low = unpack(">i8i8", network)
  return pack(">i8i8", prefix < 64 and high | -1 >> prefix or high, prefix < 64 and -1 or prefix < 128 and
    low | -1 >> prefix - 64 or low)
end

-- An address of a range's own subnet, in network byte order.
local function bound(range, name, text)
  local ip, why = addr.parse(text)
  if not ip or ip.prefix then
    return nil, fmt("%s: %s", name, why or "no prefix length expected")
  elseif not addr.contains(range.subnet, range.prefix, ip.address) then
    return nil, fmt("%s: '%s' is not in %s/%d", name, ip.address, range.subnet, range.prefix)
  end
  return (addr.bytes(ip.address))
end

local RANGE_KEYS = { subnet = true, rangeStart = true, rangeEnd = true, gateway = true, exclude = true }

local function read_range(value)
  if type(value) == "string" then
    value = { subnet = value }
  elseif type(value) ~= "table" then
    return nil, "a subnet or a range expected, got " .. type(value)
  end
  for key in next, value do
    if not RANGE_KEYS[key] then
      return nil, fmt("a range has no '%s'", tostring(key))
    end
  end
  local ip, why = addr.parse(value.subnet)
  if not ip or not ip.prefix then
    return nil, fmt("subnet: %s", why or "a prefix length expected: '" .. ip.address .. "'")
  end
  local range = { family = ip.family, subnet = addr.network(ip.address, ip.prefix), prefix = ip.prefix }
  if range.subnet ~= ip.address then
    return nil, fmt("subnet: '%s/%d' has host bits set, the network is '%s'", ip.address, ip.prefix, range.subnet)
  end
  local network = addr.bytes(range.subnet)
  local last = last_of(network, ip.prefix)
  local spare = addr.host_prefix[ip.family] - ip.prefix > 1 -- RFC 3021 and 6164: two addresses, both hosts'
  range.first = spare and behind(network, 1) or network
  if spare and ip.family == "inet" then
    last = behind(last, -1)
  end
  if value.rangeStart ~= nil then
    local first
    first, why = bound(range, "rangeStart", value.rangeStart)
    if not first then
      return nil, why
    end
    range.first = first < range.first and range.first or first
  end
  if value.rangeEnd ~= nil then
    local upto
    upto, why = bound(range, "rangeEnd", value.rangeEnd)
    if not upto then
      return nil, why
    end
    last = upto < last and upto or last
  end
  range.size = count(range.first, last)
  if range.size == 0 then
    return nil, "rangeEnd: it comes before rangeStart"
  end
  return range
end

-- Addresses and subnets that are not given: a text or a list.
local function read_exclude(value, except)
  local list = type(value) == "table" and value or { value }
  for i = 1, #list do
    local ip, why = addr.parse(list[i])
    if not ip then
      return nil, "exclude: " .. why
    end
    except[#except + 1] = { address = ip.address, prefix = ip.prefix or addr.host_prefix[ip.family] }
  end
  return true
end

-- What stands beside the bounds of a range, into the set.
local function read_rest(value, range, set)
  if type(value) ~= "table" then
    return true
  end
  if value.gateway ~= nil then
    local ip, why = addr.parse(value.gateway)
    if not ip or ip.prefix or ip.family ~= range.family then
      return nil, "gateway: " .. (why or "an address of the subnet's family expected")
    end
    set.gateway = set.gateway or ip.address
    pool.exclude(set, ip.address)
  end
  if value.exclude ~= nil then
    return read_exclude(value.exclude, set.except)
  end
  return true
end

local function is_list(value)
  return type(value) == "table" and value.subnet == nil and #value > 0
end

local function read_set(value)
  local list = is_list(value) and value or { value }
  local set = { ranges = {}, size = 0, except = {}, family = nil, gateway = nil, name = nil }
  local names = {}
  for i = 1, #list do
    local range, why = read_range(list[i])
    if not range then
      return nil, why
    elseif set.family and set.family ~= range.family then
      return nil, "the ranges of one pool are of one family"
    end
    set.family, set.ranges[i] = range.family, range
    local ok
    ok, why = read_rest(list[i], range, set)
    if not ok then
      return nil, why
    end
    set.size = SIZE_MAX - set.size > range.size and set.size + range.size or SIZE_MAX
    names[i] = fmt("%s/%d", range.subnet, range.prefix)
  end
  set.name = table.concat(names, ", ")
  return set
end

---A rule (see argument.lua): `"10.200.1.0/24"`, a range `{ subnet =, rangeStart =, rangeEnd =, gateway =, exclude = }`,
---or a list of either: one address is taken of each element. An element that is a list of ranges is one pool of all of
---them. The keys are those of the CNI plugin host-local.
---@param value any
---@return zlnet.pool.set[]? sets
---@return string? reason
function pool.rule(value)
  local list = is_list(value) and value or { value }
  local sets = {}
  for i = 1, #list do
    local set, why = read_set(list[i])
    if not set then
      return nil, why
    end
    sets[i] = set
  end
  return sets
end

---An address that is never given.
---@param set zlnet.pool.set
---@param address string?
function pool.exclude(set, address)
  if address then
    set.except[#set.except + 1] = { address = address, prefix = addr.host_prefix[set.family] }
  end
end

---An address of a range for a container.
---@param set zlnet.pool.set
---@param address string
---@param range zlnet.pool.range
---@param with_subnet boolean whether its subnet is on the link; else the address stands alone
---@return zlnet.addr.ip
function pool.ip(set, address, range, with_subnet)
  local prefix = with_subnet and range.prefix or addr.host_prefix[set.family]
  return { family = set.family, address = address, prefix = prefix }
end

---Whether an address is never given: excluded, or the gateway.
---@param set zlnet.pool.set
---@param address string
---@return boolean
function pool.is_excluded(set, address)
  for i = 1, #set.except do
    local e = set.except[i]
    if addr.contains(e.address, e.prefix, address) then
      return true
    end
  end
  return false
end

---The range of a set in which an address lies.
---@param set zlnet.pool.set
---@param address string
---@return zlnet.pool.range?
function pool.range_of(set, address)
  local bytes, family = addr.bytes(address)
  for i = 1, #set.ranges do
    local range = set.ranges[i]
    if range.family == family and bytes >= range.first and bytes <= behind(range.first, range.size - 1) then
      return range
    end
  end
end

---How far an address is behind the first one of its set, for sorting.
---@param set zlnet.pool.set
---@param address string one of the set's
---@return integer
function pool.position(set, address)
  local before = 0
  for i = 1, #set.ranges do
    local range = set.ranges[i]
    if range == pool.range_of(set, address) then
      return before + count(range.first, (addr.bytes(address))) - 1
    end
    before = before + range.size
  end
  return before
end

local function at(set, position)
  local i = 1
  while position >= set.ranges[i].size do
    position, i = position - set.ranges[i].size, i + 1
  end
  local range = set.ranges[i]
  return addr.format(behind(range.first, position)), range
end

local function gcd(a, b)
  while b ~= 0 do
    a, b = b, a % b
  end
  return a
end

---All addresses of a set, each once, in an order that derives from the key: the same key begins with the
---same one. What is excluded is left out.
---@param set zlnet.pool.set
---@param key string
---@return fun(): string?, zlnet.pool.range? next
function pool.sequence(set, key)
  local size, left = set.size, set.size
  local position = (hash(key) & SIZE_MAX - 1) % size
  local stride = (hash("stride:" .. key) & SIZE_MAX - 1) % size
  while gcd(stride, size) ~= 1 do -- then every address is met
    stride = stride + 1
  end
  return function()
    while left > 0 do
      local address, range = at(set, position)
      position, left = (position + stride) % size, left - 1
      if not pool.is_excluded(set, address) then
        return address, range
      end
    end
  end
end

return pool
