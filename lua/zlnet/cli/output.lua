-- SPDX-License-Identifier: MIT
-- What subcommands print: text for people, with colours on a terminal only, or one JSON document. All text goes through
-- here and is escaped here, for much of it is of others.

local core = require "zlnet.core"
local hint = require "zlnet.cli.hint"
local text = require "zlnet.text"

local printable = text.printable

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
---@field private lost zlnet.error? why something could not be written to stdout
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

local function styled(shown, style)
  return ("\27[%sm%s\27[0m"):format(STYLES[style], shown)
end

---@alias zlnet.cli.cell string|number|{ [1]: string, [2]: string? } a text; as a table: text and style, which is bold,
---dim, red, green, yellow, blue or cyan, or none

-- A cell, escaped and in its style where there are colours; its text alone.
local function rendered(self, cell)
  local shown, style = cell, nil
  if type(cell) == "table" then
    shown, style = cell[1], cell[2]
  end
  shown = printable(tostring(shown))
  return self.colours and style and styled(shown, style) or shown, shown
end

---A cell of this text in a style.
---@param shown string
---@param style string?
---@return zlnet.cli.cell
function Output:style(shown, style) -- luacheck: no self
  return { shown, style }
end

function Output:write(...)
  local ok, why, errno = io.stdout:write(...)
  if not ok and not self.lost then
    self.lost = core.error { kind = "io", op = "write", errno = errno, message = "stdout: " .. why }
  end
end

---Prints a line.
---@param format zlnet.cli.cell of ours where cells follow, for string.format
---@param ... zlnet.cli.cell
function Output:print(format, ...)
  local cells = table.pack(...)
  for i = 1, cells.n do
    cells[i] = math.type(cells[i]) and cells[i] or rendered(self, cells[i])
  end
  self:write(cells.n > 0 and format:format(table.unpack(cells)) or rendered(self, format), "\n")
end

---Prints lines that a program is to read, as they are; on a terminal they are escaped, too.
---@param lines string with a newline at its end
function Output:script(lines)
  if self.columns then
    lines = lines:gsub("[^\n\t]+", printable)
  end
  self:write(lines)
end

-- A copy in which all texts are UTF-8, and what keys there are.
local function as_json(value, keys)
  if type(value) == "string" then
    return text.utf8(value)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, inner in pairs(value) do
    if type(key) == "string" then
      key = text.utf8(key)
      keys[key] = true
    end
    copy[key] = as_json(inner, keys)
  end
  return setmetatable(copy, getmetatable(value))
end

---Prints a value as one line of JSON, keys in alphabetical order.
---@param value table
function Output:document(value)
  local keys, order = {}, {}
  value = as_json(value, keys)
  for key in pairs(keys) do
    order[#order + 1] = key
  end
  table.sort(order)
  self:write(require("dkjson").encode(value, { keyorder = order }), "\n") -- loaded when it is needed
  self:flush()
end

---Sees all of it written.
---@return true? ok
---@return zlnet.error? err why something was not; from then on always
function Output:flush()
  local ok, why, errno = io.stdout:flush()
  if not ok and not self.lost then
    self.lost = core.error { kind = "io", op = "write", errno = errno, message = "stdout: " .. why }
  end
  return not self.lost or nil, self.lost
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

local function width(shown)
  return utf8.len(shown)
end

---Lays rows out in columns, two spaces between them.
---@param rows zlnet.cli.cell[][]
---@param indent integer? spaces before each row
---@return string[] lines ready for a terminal
function Output:columns_of(rows, indent)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do
      local _, shown = rendered(self, cell)
      widths[i] = math.max(widths[i] or 0, width(shown))
    end
  end
  local lines = {}
  for _, row in ipairs(rows) do
    local parts = {}
    for i, cell in ipairs(row) do
      local whole, shown = rendered(self, cell)
      parts[i] = whole .. (i < #row and (" "):rep(widths[i] - width(shown)) or "")
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
    self:write(line, "\n")
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
  if self.json and not self.lost then
    self:document { error = err }
    return 1
  end
  local shown = printable(tostring(err))
  shown = self.stderr_colours and styled(shown, "red") or shown
  local lines = { ("zlnet %s: %s%s"):format(self.command, what or "", shown) }
  for _, other in ipairs(err.others or {}) do
    lines[#lines + 1] = "  also: " .. printable(tostring(other))
  end
  for _, undoing in ipairs(err.rollback or {}) do
    lines[#lines + 1] = "  not undone: " .. printable(tostring(undoing))
  end
  local help = hint.of(err)
  if help then
    lines[#lines + 1] = "  hint: " .. printable(help)
  end
  io.stderr:write(table.concat(lines, "\n"), "\n")
  return 1
end

return output
