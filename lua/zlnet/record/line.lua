-- SPDX-License-Identifier: MIT
-- The line which attach leaves on a host end (IFLA_IFALIAS): who owns the pair and what was made, so that no state
-- file is needed. E.g. `zlnet/1 pid=4242 start=123456 boot=0f1e2d3c4b5a6978 pidns=4026531836 netns=4026532281 tag=s
-- time=1732300000 ip=10.200.0.5,fd00::5 mtu=1450 id=web-1`. Fields stand in one fixed order, absent where they do not
-- apply. To save room an address without a length is a host's, no `if` is eth0, no `mode` is routed.
-- What `parse` reads is exactly what `format` writes; all else is not ours, whoever wrote it.

local addr = require "zlnet.addr"

local byte, char, find, fmt, gsub, sub = string.byte, string.char, string.find, string.format, string.gsub, string.sub
local concat, tointeger, type = table.concat, math.tointeger, type

local alias = {}

local MAX = 255 -- the kernel's IFALIASZ without the terminating zero
local START = "zlnet/1"

---@class zlnet.alias.fields
---@field pid integer? the owner process
---@field start integer? its start time in clock ticks since boot (proc_pid_stat(5), field 22)
---@field boot string? 16 hexadecimal digits, see owner.boot
---@field pidns integer? inode of the pid namespace in which pid is meant
---@field netns integer? inode of the container end's network namespace
---@field tag string
---@field time integer? when it was made, in seconds
---@field ifname string? the container end's name
---@field ip zlnet.addr.ip[]? each with its prefix length; none before they are known (attach.begin)
---@field mode ("routed"|"direct"|"bridge")?
---@field default_route boolean? false when no default route was made
---@field gateway table<"inet"|"inet6", string>? by family, what the caller asked for
---@field src table<"inet"|"inet6", string>? by family
---@field mtu integer?
---@field bridge string?
---@field proxy_arp boolean?
---@field hairpin boolean?
---@field isolated boolean?
---@field vlan integer?
---@field forwarding boolean? false when the host end was not told to forward
---@field id string? the owner's id; pid or id must be there

local function escape_byte(c)
  return fmt("%%%02X", byte(c))
end

local function write_text(text)
  return (gsub(text, "[^A-Za-z0-9._:@/+~-]", escape_byte))
end

local function unescape_byte(hex)
  return char(tonumber(hex, 16))
end

local function read_text(text)
  return (gsub(text, "%%(%x%x)", unescape_byte))
end

-- Other spellings of a number are found out by parse: written again, they differ.
local function read_integer(text)
  local n = tointeger(tonumber(text))
  return n and n >= 0 and n or nil
end

local function read_pid(text)
  local pid = read_integer(text)
  return pid and pid >= 1 and pid <= 4194304 and pid or nil
end

local function read_boot(text)
  return #text == 16 and not find(text, "[^0-9a-f]") and text or nil
end

local function read_tag(text)
  return find(text, "^[A-Za-z0-9][A-Za-z0-9]?$") and text or nil
end

local function write_ips(ips)
  local t = {}
  for i = 1, #ips do
    local ip = ips[i]
    t[i] = ip.prefix == addr.host_prefix[ip.family] and ip.address or ip.address .. "/" .. ip.prefix
  end
  return t[1] and concat(t, ",")
end

local function read_ips(text)
  local ips, from = {}, 1
  repeat
    local comma = find(text, ",", from, true)
    local ip = addr.parse(sub(text, from, comma and comma - 1))
    if not ip then
      return nil
    end
    ip.prefix = ip.prefix or addr.host_prefix[ip.family]
    ips[#ips + 1] = ip
    from = comma and comma + 1
  until not from
  return ips
end

local function write_by_family(t)
  return t.inet and t.inet6 and t.inet .. "," .. t.inet6 or t.inet or t.inet6
end

local function read_by_family(text)
  local ips, t = read_ips(text), {}
  for i = 1, ips and #ips or 0 do
    t[ips[i].family] = ips[i].address
  end
  return ips and t
end

local function write_ifname(name)
  return name ~= "eth0" and write_text(name) or nil
end

local function write_mode(mode)
  return mode ~= "routed" and mode or nil
end

local function read_mode(text)
  return find(text, "^%l+$") and text ~= "routed" and text or nil
end

local function write_true(value)
  return value and "1" or nil
end

local function read_true(text)
  return text == "1" or nil
end

local function write_false(value)
  return value == false and "0" or nil
end

local function read_false(text)
  if text == "0" then
    return false
  end
end

-- {key in the line, key in the table, writer, reader}, in the order of the line. A writer returns nil for what needs no
-- field; without one the value is written as it is: text, or an integer, which concat writes as it should be.
local rows = {
  { "pid", "pid", false, read_pid },
  { "start", "start", false, read_integer },
  { "boot", "boot", false, read_boot },
  { "pidns", "pidns", false, read_integer },
  { "netns", "netns", false, read_integer },
  { "tag", "tag", false, read_tag },
  { "time", "time", false, read_integer },
  { "if", "ifname", write_ifname, read_text },
  { "ip", "ip", write_ips, read_ips },
  { "mode", "mode", write_mode, read_mode },
  { "default", "default_route", write_false, read_false },
  { "gw", "gateway", write_by_family, read_by_family },
  { "src", "src", write_by_family, read_by_family },
  { "mtu", "mtu", false, read_integer },
  { "bridge", "bridge", write_text, read_text },
  { "proxy", "proxy_arp", write_true, read_true },
  { "hairpin", "hairpin", write_true, read_true },
  { "isolated", "isolated", write_true, read_true },
  { "vlan", "vlan", false, read_integer },
  { "forward", "forwarding", write_false, read_false },
  { "id", "id", write_text, read_text },
}
local by_key = {}
for i = 1, #rows do
  by_key[rows[i][1]] = rows[i]
  rows[i].label = " " .. rows[i][1] .. "="
end

-- The whole line, however long.
local function line_of(fields)
  local t, n = { START }, 1
  for i = 1, #rows do
    local row = rows[i]
    local value, write = fields[row[2]], row[3]
    if value ~= nil and write then
      value = write(value)
    end
    if value ~= nil then
      t[n + 1], t[n + 2] = row.label, value
      n = n + 2
    end
  end
  return concat(t, "", 1, n)
end

---Writes the line. The fields are not checked again: they come from validated options.
---@param fields zlnet.alias.fields
---@return string? line at most 255 bytes of printable ASCII; nil when it would be longer
---@return string? reason
function alias.format(fields)
  local line = line_of(fields)
  if #line > MAX then
    local why = "the owner's record would have %d bytes of at most %d: use a shorter id or fewer addresses"
    return nil, fmt(why, #line, MAX)
  end
  return line
end

---Reads a line. Never raises, whatever the bytes are.
---@param line string? as the kernel reports it
---@return zlnet.alias.fields? fields nil when the line is not exactly one that format writes
function alias.parse(line)
  if type(line) ~= "string" or sub(line, 1, 8) ~= "zlnet/1 " or #line > MAX then
    return nil
  end
  local fields, pos = {}, 8
  while pos <= #line do
    local _, last, key, text = find(line, "^ (%l+)=([^ ]+)", pos)
    local row = by_key[key]
    local value = nil
    if row then
      value = row[4](text)
    end
    if value == nil then
      return nil
    end
    fields[row[2]] = value
    pos = last + 1
  end
  -- order, repetition, leading zeros, other spellings of an address or of a byte: written again, they differ
  if not fields.tag or not (fields.pid or fields.id) or line_of(fields) ~= line then
    return nil
  end
  fields.ifname, fields.ip = fields.ifname or "eth0", fields.ip or {}
  fields.mode = fields.mode or "routed"
  fields.default_route = fields.default_route == nil
  fields.proxy_arp = fields.proxy_arp or false
  fields.hairpin, fields.isolated = fields.hairpin or false, fields.isolated or false
  fields.forwarding = fields.forwarding == nil
  return fields
end

return alias
