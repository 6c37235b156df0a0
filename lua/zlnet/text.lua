-- SPDX-License-Identifier: MIT
-- Texts that are not ours (names, ids, what a process calls itself, messages of the kernel), made fit for a terminal or
-- for JSON: what would not be seen, or would steer the terminal, becomes `\x1b` and the like.

local text = {}

local function escape(bytes)
  return (bytes:gsub(".", function(c)
    return ("\\x%02x"):format(c:byte())
  end))
end

---The text with every byte that belongs to no UTF-8 character escaped.
---@param s string
---@return string
function text.utf8(s)
  local _, bad = utf8.len(s)
  if not bad then
    return s
  end
  local parts, position = {}, 1
  while bad do
    parts[#parts + 1] = s:sub(position, bad - 1) .. escape(s:sub(bad, bad))
    position = bad + 1
    _, bad = utf8.len(s, position)
  end
  return table.concat(parts) .. s:sub(position)
end

-- Characters beyond ASCII that control: C1, line and paragraph separators, and those that turn or hide what follows.
local CONTROLS = {
  { 0x80, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
  { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
}

local function escape_control(char)
  local code = utf8.codepoint(char)
  for _, range in ipairs(CONTROLS) do
    if code >= range[1] and code <= range[2] then
      return escape(char)
    end
  end
end

---The text with everything escaped that a terminal would not show as it is: control characters, line ends too, bytes
---that are not UTF-8, and what changes the direction of writing.
---@param s string
---@return string
function text.printable(s)
  if not s:find "[^\x20-\x7e]" then
    return s
  end
  return (text.utf8(s):gsub("[\0-\x1f\x7f]", escape):gsub("[\xc2-\xf4][\x80-\xbf]*", escape_control))
end

return text
