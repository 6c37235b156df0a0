-- SPDX-License-Identifier: MIT
-- JSON as it crosses the plugin's border: what comes in may be anything, what goes out is UTF-8.

local dkjson = require "dkjson"

local json = {}

json.depth = 1000 -- of nested objects and lists; Go's decoder takes 10,000, no configuration needs 20

---Counts brackets in a text that comes in pieces.
---@class zlnet.cni.json.scanner
---@field depth integer how many brackets are open
---@field deepest integer
---@field complete boolean whether the first object or list of the text is closed
---@field private quoted boolean? inside of a string
---@field private escaped boolean? behind a backslash at the end of a piece
local Scanner = {}
Scanner.__index = Scanner

---@return zlnet.cni.json.scanner
function json.scanner()
  return setmetatable({ depth = 0, deepest = 0, complete = false }, Scanner)
end

-- The position behind the string that text is in at a position; nil where the string goes on in the next piece.
local function skip_string(self, text, position)
  if self.escaped then
    position, self.escaped = position + 1, false
  end
  while true do
    local at = text:find('["\\]', position)
    if not at then
      return nil
    elseif text:byte(at) == 34 then
      self.quoted = false
      return at + 1
    elseif at == #text then
      self.escaped = true
      return nil
    end
    position = at + 2
  end
end

---Reads on. Each byte is looked at once, however the text is cut.
---@param text string
function Scanner:feed(text)
  local position = text ~= "" and 1
  while position do
    if self.quoted then
      position = skip_string(self, text, position)
    else
      local at = text:find('["{}%[%]]', position)
      local byte = at and text:byte(at)
      if byte == 34 then
        self.quoted = true
      elseif byte == 123 or byte == 91 then
        self.depth = self.depth + 1
        self.deepest = math.max(self.deepest, self.depth)
      elseif byte then
        self.depth = self.depth - 1
        self.complete = self.complete or self.depth == 0
      end
      position = at and at + 1
    end
  end
end

-- Whether every object has names: dkjson takes `{"a",1}` for one, too.
local function is_strict(value)
  local named = type(value) == "table" and getmetatable(value).__jsontype == "object"
  for key, inner in next, type(value) == "table" and value or {} do
    if named and type(key) ~= "string" or type(inner) == "table" and not is_strict(inner) then
      return false
    end
  end
  return true
end

---Decodes a text that is one JSON value from end to end.
---@param text string
---@return any value nil also for a text that is none
---@return string? reason
function json.decode(text)
  local scanner = json.scanner()
  scanner:feed(text)
  if scanner.deepest > json.depth then
    return nil, ("nested deeper than %d"):format(json.depth)
  end
  local value, position, reason = dkjson.decode(text)
  if value == nil then
    return nil, reason
  elseif text:find("%S", position) then
    return nil, "followed by something else"
  elseif not is_strict(value) then
    return nil, "an object with a value that has no name"
  end
  return value
end

---Decodes a text that is one JSON object from end to end.
---@param text string
---@return table? object
---@return string? reason
function json.object(text)
  local value, reason = json.decode(text)
  if type(value) == "table" and getmetatable(value).__jsontype == "object" then
    return value
  end
  return nil, reason or "no object"
end

-- U+FFFD in place of every byte that belongs to no character.
local function as_utf8(text)
  local position, parts, _, bad = 1, {}, utf8.len(text)
  while bad do
    parts[#parts + 1] = text:sub(position, bad - 1)
    position = bad + 1
    _, bad = utf8.len(text, position)
  end
  parts[#parts + 1] = text:sub(position)
  return table.concat(parts, "\u{FFFD}")
end

local ORDER = {
  "cniVersion", "interfaces", "ips", "routes", "dns", "name", "mac", "mtu", "sandbox", "version", "address", "gateway",
  "interface", "dst", "gw", "supportedVersions", "code", "msg", "details",
}

---An answer, its keys in a fixed order.
---@param t table
---@return string text
function json.encode(t)
  return as_utf8(dkjson.encode(t, { indent = true, keyorder = ORDER })) .. "\n"
end

local SHOWN = 200

---A value, or what was meant to be one, as it is shown to people: a text that is not too long.
---@param value any a string is shown as it is
---@return string text
function json.excerpt(value)
  local text = type(value) == "string" and value or dkjson.encode(value) or tostring(value)
  return #text <= SHOWN and text or text:sub(1, SHOWN) .. "…"
end

return json
