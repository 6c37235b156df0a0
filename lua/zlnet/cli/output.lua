-- SPDX-License-Identifier: MIT
-- What subcommands print: text for people, with colours on a terminal only, or one JSON document.

local core = require "zlnet.core"
local hint = require "zlnet.cli.hint"

local output = {
  NOTHING = "nothing of ours is here",
}

---@class zlnet.cli.output
---@field command string
---@field json boolean
---@field columns integer? the terminal's width; nil when stdout is none
---@field utf8 boolean whether the locale can show more than ASCII
---@field private colours boolean
---@field private stderr_colours boolean
local Output = {}
Output.__index = Output

local STYLES = { bold = "1", dim = "2", red = "31", green = "32", yellow = "33", blue = "34", cyan = "36" }

local function wants_colours(columns)
  local no_color = os.getenv "NO_COLOR"
  return columns ~= nil and (no_color == nil or no_color == "") and os.getenv "TERM" ~= "dumb"
end

---@param command string the subcommand's name
---@param as_json boolean?
---@return zlnet.cli.output
function output.new(command, as_json)
  local columns = core.terminal(1)
  local locale = os.getenv "LC_ALL" or os.getenv "LC_CTYPE" or os.getenv "LANG" or ""
  return setmetatable({
    command = command, json = as_json or false, columns = columns, utf8 = locale:upper():find "UTF%-?8" ~= nil,
    colours = wants_colours(columns), stderr_colours = wants_colours(core.terminal(2)),
  }, Output)
end

local function styled(text, style)
  return ("\27[%sm%s\27[0m"):format(STYLES[style], text)
end

---Text in a style: bold, dim, red, green, yellow, blue or cyan. Plain where there are no colours.
---@param text string
---@param style string?
---@return string
function Output:style(text, style)
  return self.colours and style and styled(text, style) or text
end

---@param text string
---@param ... any for string.format
function Output:print(text, ...) -- luacheck: no self
  io.stdout:write(select("#", ...) > 0 and text:format(...) or text, "\n")
end

local function keys_of(value, seen)
  for key, inner in pairs(value) do
    if type(key) == "string" then
      seen[key] = true
    end
    if type(inner) == "table" then
      keys_of(inner, seen)
    end
  end
  return seen
end

---Prints a value as one line of JSON, keys in alphabetical order.
---@param value table
function Output:document(value) -- luacheck: no self
  local order = {}
  for key in pairs(keys_of(value, {})) do
    order[#order + 1] = key
  end
  table.sort(order)
  io.stdout:write(require("dkjson").encode(value, { keyorder = order }), "\n") -- loaded when it is needed
  io.stdout:flush()
end

---Marks a table as a JSON object, which an empty one could not be known to be.
---@param t table?
---@return table? t
function output.object(t)
  return t and setmetatable(t, { __jsontype = "object" })
end

---An attachment, ready to be a document.
---@param a zlnet.attachment
---@return zlnet.attachment a
function output.attachment(a)
  output.object(a.gateway)
  output.object(a.src)
  return a
end

local function width(text)
  return utf8.len(text) or #text
end

---Lays rows out in columns, two spaces between them.
---@param rows (string|number|{ [1]: string, [2]: string? })[][] cells; as a table: text and style
---@param indent integer? spaces before each row
---@return string[] lines
function Output:columns_of(rows, indent)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do
      local text = type(cell) == "table" and cell[1] or tostring(cell)
      widths[i] = math.max(widths[i] or 0, width(text))
    end
  end
  local lines = {}
  for _, row in ipairs(rows) do
    local parts = {}
    for i, cell in ipairs(row) do
      local text, style = tostring(cell), nil
      if type(cell) == "table" then
        text, style = cell[1], cell[2]
      end
      parts[i] = self:style(text, style) .. (i < #row and (" "):rep(widths[i] - width(text)) or "")
    end
    lines[#lines + 1] = (" "):rep(indent or 0) .. table.concat(parts, "  "):gsub("%s+$", "")
  end
  return lines
end

---Prints rows in columns; see columns_of.
---@param rows table[]
---@param indent integer?
function Output:rows(rows, indent)
  for _, line in ipairs(self:columns_of(rows, indent)) do
    self:print(line)
  end
end

---A span of time for people.
---@param seconds number
---@return string
function output.duration(seconds)
  if seconds < 0.0995 then
    return ("%.1f ms"):format(seconds * 1000)
  elseif seconds < 0.9995 then
    return ("%.0f ms"):format(seconds * 1000)
  end
  return ("%.1f s"):format(seconds)
end

---Prints an error, with what undoing it met and what may help: to stderr, or as JSON to stdout.
---@param err zlnet.error
---@param what string? goes before the message
---@return integer status 1
function Output:fail(err, what)
  if self.json then
    self:document { error = err }
    return 1
  end
  local function red(text)
    return self.stderr_colours and styled(text, "red") or text
  end
  local lines = { ("zlnet %s: %s%s"):format(self.command, what or "", red(tostring(err))) }
  for _, other in ipairs(err.others or {}) do
    lines[#lines + 1] = "  also: " .. tostring(other)
  end
  for _, undoing in ipairs(err.rollback or {}) do
    lines[#lines + 1] = "  not undone: " .. tostring(undoing)
  end
  local help = hint.of(err)
  if help then
    lines[#lines + 1] = "  hint: " .. help
  end
  io.stderr:write(table.concat(lines, "\n"), "\n")
  return 1
end

return output
