-- SPDX-License-Identifier: MIT
-- The owner's record as one list of fields. From it come the line on the link (line.lua), what attach puts into it, the
-- longest line, what an attachment shows, and what check compares. A new field is a row here, and nothing else.

local addr = require "zlnet.addr"
local firewall = require "zlnet.firewall.options"

local byte, char, find, fmt, gsub, sub = string.byte, string.char, string.find, string.format, string.gsub, string.sub
local concat, tointeger = table.concat, math.tointeger

local fields = {}

---@class zlnet.record
---@field pid integer? the owner process
---@field start integer? its start time in clock ticks since boot (proc_pid_stat(5), field 22)
---@field boot string? 16 hexadecimal digits, see names.boot
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
---@field masquerade (boolean|table[])?
---@field publish table[]? see firewall/options.lua
---@field isolate string?
---@field guard boolean?
---@field mac string? of the container end, where guard has to know it
---@field forwarding boolean? false when the host end was not told to forward
---@field process integer? the owner process's number for good (inode of its pidfd, Linux 6.9)
---@field netns_id integer? the network namespace's number for good (NS_GET_ID, Linux 6.18)
---@field pooled string? which slot of a pool of namespaces it is, or was: 16 hexadecimal digits
---@field id string? the owner's id; pid or id must be there
---@field unknown string[]? keys of later versions, as they stand in the line

-- Values and their texts --------------------------------------------------------------------------------------------

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

-- Other spellings of a number are found out by line.parse: written again, they differ.
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

local function read_mode(text)
  return find(text, "^%l+$") and text or nil
end

local function read_true(text)
  return text == "1" or nil
end

local function read_false(text)
  if text == "0" then
    return false
  end
end

local function write_false()
  return "0"
end

local function write_true()
  return "1"
end

local function write_mac(mac)
  return (gsub(mac, ":", ""))
end

local function read_mac(text)
  return #text == 12 and not find(text, "[^0-9a-f]") and (gsub(text, "%x%x", "%0:", 5)) or nil
end

-- The list ----------------------------------------------------------------------------------------------------------

---@class zlnet.record.field
---@field key string in the line
---@field name string in a record, an attachment, and where it comes from
---@field from "who"|"options" the owner (pin.lua), or the validated options of attach under that name
---@field read fun(text: string): any nil for what write does not write
---@field write (fun(value: any): string?)? nil: as it is; what it gives nil for needs no field
---@field default any what its absence means; such a value is not written
---@field longest any of an owner's: the value with the longest text
---@field checked boolean? whether check compares it
---@field later boolean? the first version takes a line with this key for another owner's: it is written only where the
---options ask for what it says
---@field rides boolean? it says who the owner is, better than keys that the first version reads: it is written only
---where the line has a later key anyway, and room

---@type zlnet.record.field[]
fields.list = {
  { key = "pid", name = "pid", from = "who", read = read_pid, longest = 4194304, checked = true },
  { key = "start", name = "start", from = "who", read = read_integer, longest = 99999999999, checked = true },
  { key = "boot", name = "boot", from = "who", read = read_boot, longest = ("f"):rep(16) },
  { key = "pidns", name = "pidns", from = "who", read = read_integer, longest = 4294967295 },
  { key = "netns", name = "netns", from = "who", read = read_integer, longest = 4294967295, checked = true },
  { key = "tag", name = "tag", from = "options", read = read_tag, checked = true },
  { key = "time", name = "time", from = "who", read = read_integer, longest = 9999999999, checked = true },
  { key = "if", name = "ifname", from = "options", read = read_text, write = write_text, default = "eth0",
    checked = true },
  { key = "ip", name = "ip", from = "options", read = read_ips, write = write_ips },
  { key = "mode", name = "mode", from = "options", read = read_mode, default = "routed", checked = true },
  { key = "default", name = "default_route", from = "options", read = read_false, write = write_false, default = true },
  { key = "gw", name = "gateway", from = "options", read = read_by_family, write = write_by_family },
  { key = "src", name = "src", from = "options", read = read_by_family, write = write_by_family },
  { key = "mtu", name = "mtu", from = "options", read = read_integer },
  { key = "bridge", name = "bridge", from = "options", read = read_text, write = write_text, checked = true },
  { key = "proxy", name = "proxy_arp", from = "options", read = read_true, write = write_true, default = false },
  { key = "hairpin", name = "hairpin", from = "options", read = read_true, write = write_true, default = false,
    later = true },
  { key = "isolated", name = "isolated", from = "options", read = read_true, write = write_true, default = false,
    later = true },
  { key = "vlan", name = "vlan", from = "options", read = read_integer, later = true },
  { key = "masq", name = "masquerade", from = "options", read = firewall.read_masquerade,
    write = firewall.write_masquerade, default = false, later = true },
  { key = "pub", name = "publish", from = "options", read = firewall.read, write = firewall.write, later = true },
  { key = "isolate", name = "isolate", from = "options", read = read_text, write = write_text, later = true },
  { key = "guard", name = "guard", from = "options", read = read_true, write = write_true, default = false,
    later = true },
  { key = "mac", name = "mac", from = "options", read = read_mac, write = write_mac, later = true }, -- guard's
  { key = "forward", name = "forwarding", from = "options", read = read_false, write = write_false, default = true,
    later = true },
  { key = "proc", name = "process", from = "who", read = read_integer, rides = true },
  { key = "ns", name = "netns_id", from = "who", read = read_integer, rides = true },
  { key = "pool", name = "pooled", from = "options", read = read_boot, later = true },
  { key = "id", name = "id", from = "who", read = read_text, write = write_text, checked = true },
}
local list = fields.list

-- What is derived from it -------------------------------------------------------------------------------------------

-- Whether options ask for something that the first version cannot read.
local function is_later(o)
  for i = 1, #list do
    local f = list[i]
    if f.later and o[f.name] ~= nil and o[f.name] ~= f.default then
      return true
    end
  end
  return false
end

---The record of an attachment that is about to be made; or made again, then it keeps what it said.
---@param o table validated options of attach, or the attachment
---@param who table the owner, or the attachment
---@return zlnet.record
function fields.of(o, who)
  local record, later = { unknown = who.unknown }, who.host_index ~= nil or is_later(o)
  for i = 1, #list do
    local f = list[i]
    if later or not f.rides then
      record[f.name] = (f.from == "who" and who or o)[f.name]
    end
  end
  return record
end

-- What only an owner has that is a process.
local OF_PROCESS = { pid = true, start = true, pidns = true, process = true }

---The record with the longest line that options can have.
---@param o table validated options
---@return zlnet.record
function fields.longest(o)
  local who = { id = o.id }
  for i = 1, #list do
    local f = list[i]
    if f.longest and (o.pid or not OF_PROCESS[f.name]) then
      who[f.name] = f.longest
    end
  end
  local record = fields.of(o, who)
  record.mtu = o.mtu and 65535 -- may be "inherit" so far
  record.mac = o.guard and "00:00:00:00:00:00" or nil -- derived so far
  return record
end

-- What a record says, if only by saying nothing.
local function value_of(f, record)
  local value = record[f.name]
  if value == nil then
    return f.default
  end
  return value
end

---Copies what a record says into a table.
---@param record zlnet.record
---@param to table
---@return table to
function fields.copy(record, to)
  for i = 1, #list do
    local f = list[i]
    to[f.name] = value_of(f, record)
  end
  to.unknown = record.unknown
  return to
end

---The options of attach that an attachment was made with.
---@param a zlnet.attachment
---@return table o those that are recorded
function fields.options(a)
  local o = {}
  for i = 1, #list do
    local f = list[i]
    if f.from == "options" then
      o[f.name] = a[f.name]
    end
  end
  return o
end

---The first of the fields that check compares in which two differ.
---@param a zlnet.record|zlnet.attachment
---@param b zlnet.record|zlnet.attachment
---@return string? name nil when there is none
function fields.difference(a, b)
  for i = 1, #list do
    local f = list[i]
    if f.checked and a[f.name] ~= b[f.name] then
      return f.name
    end
  end
end

-- What differs between two attaches of the same.
local ABOUT_MAKING = { time = true, process = true, netns_id = true }

---Whether two records say the same of an owner and an attachment, whenever each was made.
---@param a zlnet.record
---@param b zlnet.record
---@return boolean
function fields.is_same(a, b)
  if a.unknown or b.unknown then
    return false
  end
  for i = 1, #list do
    local f = list[i]
    local x, y = value_of(f, a), value_of(f, b)
    x, y = type(x) == "table" and f.write(x) or x, type(y) == "table" and f.write(y) or y
    if x ~= y and not ABOUT_MAKING[f.name] then
      return false
    end
  end
  return true
end

return fields
