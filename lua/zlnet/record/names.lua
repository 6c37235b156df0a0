-- SPDX-License-Identifier: MIT
-- Whose a link is: the names and the MACs by which zlnet knows its own links again (alias.lua has the rest).
--
-- The hash behind all of them is fixed for ever: FNV-1a with 64 bits over the bytes, then MurmurHash3's 64-bit
-- finalizer (FNV alone spreads the last bytes badly over the high bits). Lists are hashed as netstrings,
-- `<length>:<bytes>` one after the other, so that {"a","bc"} and {"ab","c"} differ.

local core = require "zlnet.core"

local char, find, fmt, match, sub = string.char, string.find, string.format, string.match, string.sub
local concat, tointeger, type = table.concat, math.tointeger, type

local owner = {}

local PID_MAX = 4194304 -- PID_MAX_LIMIT of 64-bit Linux
local MARK = "7a:6c:" -- "zl"; bit 0 clear: unicast, bit 1 set: locally administered

---The stable 64-bit hash of a string: the same on every machine and in every version.
---@type fun(text: string): integer all 64 bits used, so it may be negative
owner.hash = core.hash
local hash = owner.hash

-- Names -------------------------------------------------------------------------------------------------------------

---The name of a host end: `veth-<pid>-<tag>`, or `veth<8 hex of the id's hash>-<tag>` for an owner without a pid.
---@param o { pid: integer?, id: string? } pid 1–4194304; it goes before id
---@param tag string 1 or 2 characters
---@return string name at most 15 bytes
function owner.host_name(o, tag)
  if o.pid then
    return fmt("veth-%d-%s", o.pid, tag)
  end
  return fmt("veth%08x-%s", hash(o.id) >> 32, tag)
end

---@class zlnet.owner.name
---@field kind "veth"|"vc" host end, or a container end that waits on the host, as the origin
---(the Rust module that zlnet replaces) makes them; we make none
---@field pid integer? the owner's pid
---@field hash string? 8 hexadecimal digits of the owner's id's hash
---@field tag string? absent in the origin's `veth-<pid>` and `vc-<pid>`

---Reads a link's name. A name alone never proves that a link is ours: anybody can give it.
---@param name string
---@return zlnet.owner.name? parsed nil when the name has not exactly one of the forms we or the origin give
function owner.parse_name(name)
  local kind, digits, rest = match(name, "^(%l+)%-([1-9]%d*)(.*)$")
  if kind == "veth" or kind == "vc" then
    local pid = #digits <= 7 and tointeger(tonumber(digits))
    local tag = match(rest, "^%-([A-Za-z0-9][A-Za-z0-9]?)$")
    if not pid or pid > PID_MAX or rest ~= "" and not tag then
      return nil
    end
    return { kind = kind, pid = pid, tag = tag }
  end
  local hex, tag = match(name, "^veth([0-9a-f]+)%-([A-Za-z0-9][A-Za-z0-9]?)$")
  if hex and #hex == 8 then
    return { kind = "veth", hash = hex, tag = tag }
  end
end

---Makes a link name out of any texts: `zl-<digits of their hash>-<suffix>`, always 15 bytes. Equal parts give equal
---digits on every machine and in every version; other parts, also other ways of cutting the same text, give others.
---The digits are base 32 (0–9, a–v), the lowest bits first: 12 without a suffix, 7 with the longest.
---@param parts string[] at least one, of any bytes and length
---@param suffix string? 1–4 characters of `[A-Za-z0-9]`, kept readable; nil or `""` for none
---@return string name
function owner.make_interface_name(parts, suffix)
  suffix = suffix or ""
  if type(parts) ~= "table" or #parts == 0 then
    error("bad argument #1 to 'make_interface_name' (a list of strings expected)", 2)
  end
  local t = {}
  for i = 1, #parts do
    if type(parts[i]) ~= "string" then
      error(fmt("bad argument #1 to 'make_interface_name' (part %d: string expected, got %s)", i, type(parts[i])), 2)
    end
    t[i] = #parts[i] .. ":" .. parts[i]
  end
  if type(suffix) ~= "string" or #suffix > 4 or find(suffix, "[^A-Za-z0-9]") then
    error("bad argument #2 to 'make_interface_name' (at most 4 characters of [A-Za-z0-9] expected)", 2)
  end
  local tail = suffix == "" and "" or "-" .. suffix
  local h = hash(concat(t))
  for i = 1, 12 - #tail do
    local digit = h & 31
    t[i] = char(digit < 10 and digit + 48 or digit + 87)
    h = h >> 5
  end
  return "zl-" .. concat(t, "", 1, 12 - #tail) .. tail
end

-- MACs --------------------------------------------------------------------------------------------------------------

---What an owner's MACs derive from. An id alone would give two nodes of one layer 2 the same MACs, and so would a pid:
---the node, or the start time and the boot, tell them apart.
---@param o { pid: integer?, start: integer?, boot: string?, id: string?, node: string? }
---@return string key
function owner.key(o)
  if o.pid then
    return fmt("pid=%d start=%d boot=%s", o.pid, o.start or 0, o.boot or "")
  end
  return o.node and fmt("id=%s node=%s", o.id, o.node) or "id=" .. o.id
end

---Whether two start times are one process's: seen from two time namespaces, one may be off by a clock tick.
---@param a integer? clock ticks since boot
---@param b integer?
---@return boolean
function owner.is_same_start(a, b)
  return a ~= nil and b ~= nil and a - b <= 1 and b - a <= 1
end

---The MAC of one end of an attachment: `7a:6c` and four bytes of a hash, the low ones for the host end and the high
---ones for the container's, the same each time.
---The first two bytes mark the pair as ours from its creation on; the kernel takes the alias only afterwards.
---@param key string see owner.key
---@param tag string
---@param side "host"|"container"
---@return string mac locally administered, unicast
function owner.mac(key, tag, side)
  local text = #key .. ":" .. key .. #tag .. ":" .. tag
  local h = side == "host" and hash(text) or hash(text) >> 32
  return fmt(MARK .. "%02x:%02x:%02x:%02x", h & 255, h >> 8 & 255, h >> 16 & 255, h >> 24 & 255)
end

---Whether a host end's MAC is the one that derives from an owner, in this version or in the first, which left out the
---node.
---@param mac string? as the kernel reports it, in lower case
---@param o table the owner, as owner.key takes it
---@param tag string
---@return boolean
function owner.is_mac_of(mac, o, tag)
  return mac == owner.mac(owner.key(o), tag, "host")
    or not o.pid and mac == owner.mac(owner.key { id = o.id }, tag, "host")
end

---Whether a MAC bears the mark of those that owner.mac makes. Others may bear it by chance or intent.
---@param mac string? as the kernel reports it, in lower case
---@return boolean
function owner.is_our_mac(mac)
  return mac ~= nil and #mac == 17 and sub(mac, 1, 6) == MARK
end

---A boot id as the alias keeps it: its first 16 hexadecimal digits (60 random bits of the 122).
---@param text string `/proc/sys/kernel/random/boot_id`, with or without the dashes and the newline
---@return string? boot nil when it is no such id
function owner.boot(text)
  return match(text:gsub("%-", ""):lower(), "^(%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x)")
end

return owner
