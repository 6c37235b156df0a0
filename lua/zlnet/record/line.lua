-- SPDX-License-Identifier: MIT
-- The owner's record as a line, which attach leaves on a host end (IFLA_IFALIAS), so that no state file is needed. E.g.
-- `zlnet/1 pid=4242 start=123456 boot=0f1e2d3c4b5a6978 pidns=4026531836 netns=4026532281 tag=s time=1732300000
-- ip=10.200.0.5,fd00::5 mtu=1450 id=web-1`. Keys stand in the order of fields.list, absent where they do not apply. To
-- save room an address without a length is a host's, and defaults are not written.
--
-- What is promised: a key never changes its meaning; keys that a version does not know are kept as they are, after
-- those that it knows; what an older version would judge wrongly gets a new major number.

local list = require("zlnet.record.fields").list

local find, fmt, match, sub = string.find, string.format, string.match, string.sub
local concat, type = table.concat, type

local line = {}

local MAX = 255 -- the kernel's IFALIASZ without the terminating zero
local MAJOR = "1"
local START = "zlnet/" .. MAJOR

local by_key = {}
for i = 1, #list do
  by_key[list[i].key] = list[i]
end

-- The text of a field; nil where it needs none.
local function text_of(field, record)
  local value = record[field.name]
  if value == nil or value == field.default then
    return nil
  elseif field.write then
    return field.write(value)
  end
  return value -- text, or an integer, which concat writes as it should be
end

-- The keys that are known, in their order.
local function known_part(record, short)
  local t, n = { START }, 1
  for i = 1, #list do
    local field = list[i]
    local text = not (short and field.rides) and text_of(field, record) or nil
    if text ~= nil then
      t[n + 1], t[n + 2], t[n + 3], t[n + 4] = " ", field.key, "=", text
      n = n + 4
    end
  end
  return concat(t, "", 1, n)
end

---Writes the line. The record is not checked again: it comes from validated options.
---@param record zlnet.record
---@return string? line at most 255 bytes of printable ASCII; nil when it would be longer
---@return string? reason
function line.format(record)
  local unknown = record.unknown and " " .. concat(record.unknown, " ") or ""
  local text = known_part(record) .. unknown
  if #text > MAX then
    text = known_part(record, true) .. unknown
  end
  if #text > MAX then
    local why = "the owner's record would have %d bytes of at most %d: use a shorter id or fewer addresses"
    return nil, fmt(why, #text, MAX)
  end
  return text
end

-- What the keys of a line say, each that is known and can be read. Second, the line as it should be without those that
-- are not known; nil when it is no list of keys.
local function read(text)
  local record, known, pos = {}, { START }, #START + 1
  while pos <= #text do
    local _, last, key, value = find(text, "^ (%l[%l%d_]*)=([!-~]+)", pos)
    if not key then
      return nil
    end
    local field = by_key[key]
    if field then
      record[field.name] = field.read(value)
      known[#known + 1] = sub(text, pos, last)
    else
      record.unknown = record.unknown or {}
      record.unknown[#record.unknown + 1] = sub(text, pos + 1, last)
    end
    pos = last + 1
  end
  return record, concat(known)
end

---Reads a line. Never raises, whatever the bytes are.
---@param text string? as the kernel reports it
---@return zlnet.record? record nil when the line is none of ours, or cannot be read
---@return string? reason why one of ours cannot be read; nil when it is none
function line.parse(text)
  if type(text) ~= "string" or #text > MAX or sub(text, 1, 6) ~= "zlnet/" then
    return nil
  end
  local major = match(text, "^zlnet/([1-9]%d*) ")
  if major ~= MAJOR then
    return nil, major and "made by a newer zlnet" or nil
  end
  local record, known = read(text)
  if not record then
    return nil
  end
  -- order, repetition, leading zeros, other spellings of an address or of a byte, values of later versions: written
  -- again, they differ
  if not record.tag or not (record.pid or record.id) or known_part(record) ~= known then
    return nil, "its record cannot be read"
  end
  for i = 1, #list do
    local field = list[i]
    if record[field.name] == nil then
      record[field.name] = field.default
    end
  end
  record.ip = record.ip or {}
  return record
end

local WHOSE = { "pid", "id", "tag", "boot", "pidns" }

---What can be made out of whose a line is that parse cannot read: its owner may ask for it to go.
---@param text string
---@return { pid: integer?, id: string?, tag: string?, boot: string?, pidns: integer? } whose
function line.whose(text)
  local whose = {}
  for _, key in ipairs(WHOSE) do
    local value = match(text, " " .. key .. "=([!-~]+)")
    whose[key] = value and by_key[key].read(value) or nil
  end
  return whose
end

return line
