-- SPDX-License-Identifier: MIT
-- Tables of options: what a function accepts is a list of rows, and one function checks any table against any list.

local fmt, type = string.format, type

local options = {}

---@class zlnet.options.row
---@field [1] string the option's name
---@field [2] fun(value: any): any, string? its rule, see argument.lua
---@field [3] any its default
---@field required boolean?

---@class zlnet.options.spec: zlnet.options.row[]
---@field known table<string, integer> of each option's row
---@field required integer[] numbers of the rows that are
---@field defaults table<string, any>
---@field relate fun(o: table): string?, string? what must hold between options: nil, or the name of a wrong one and why

---Makes a list of rows ready for check.
---@param rows zlnet.options.row[]
---@param relate nil|fun(o: table): string?, string? may also complete the table
---@return zlnet.options.spec
function options.spec(rows, relate)
  local known, required, defaults = {}, {}, {}
  for i, row in ipairs(rows) do
    known[row[1]], defaults[row[1]] = i, row[3]
    required[#required + 1] = row.required and i or nil
  end
  rows.known, rows.required, rows.defaults, rows.relate = known, required, defaults, relate
  return rows
end

-- The number of single-character edits between two words.
local function distance(a, b)
  local row = {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + same)
    end
  end
  return row[#b]
end

---The name that a mistyped one may be meant to be.
---@param given any
---@param rows table[] each with its name first
---@return string? name nil where none is near
---@return integer distance how many letters differ, 0 to 2
function options.nearest(given, rows)
  local best, best_distance = nil, 3
  if type(given) == "string" and #given <= 40 then
    for _, row in ipairs(rows) do
      local d = distance(given:lower(), row[1]:lower())
      if d < best_distance and d < #row[1] then
        best, best_distance = row[1], d
      end
    end
  end
  return best, best_distance
end

local function unknown(fname, spec, given)
  local best = options.nearest(given, spec)
  local hint = best and fmt(" (did you mean '%s'?)", best) or ""
  return fmt("bad option '%s' to '%s': unknown%s", tostring(given), fname, hint)
end

-- The options that are the table's own, and those which its metatable gives.
local function with_inherited(spec, given)
  local all = {}
  for name, value in next, given do
    all[name] = value
  end
  for i = 1, #spec do
    local name = spec[i][1]
    all[name] = given[name]
  end
  return all
end

---Checks a table of options. Raises naming the option and the function: `bad option 'mtu' to 'attach': …`.
---@param fname string the public function
---@param spec zlnet.options.spec
---@param given any what the caller gave
---@param level integer? whose line the error names: 2 (default) is the caller of the function that calls this one
---@return table options a new table: values in their normal form, defaults filled in
function options.check(fname, spec, given, level)
  level = (level or 2) + 1
  if type(given) ~= "table" then
    error(fmt("bad argument #1 to '%s' (a table of options expected, got %s)", fname, type(given)), level)
  end
  if getmetatable(given) ~= nil then
    given = with_inherited(spec, given)
  end
  local known, out, first, why = spec.known, {}, nil, nil
  for name, value in next, spec.defaults do
    out[name] = value
  end
  for name, value in next, given do
    local i = known[name]
    if not i then
      error(unknown(fname, spec, name), level)
    end
    local checked, reason = spec[i][2](value)
    if checked ~= nil then
      out[name] = checked
    elseif not first or i < first then
      first, why = i, reason
    end
  end
  for _, i in ipairs(spec.required) do
    if given[spec[i][1]] == nil and (not first or i < first) then
      first, why = i, "required"
    end
  end
  local wrong = first and spec[first][1]
  if not wrong and spec.relate then
    wrong, why = spec.relate(out)
  end
  if wrong then
    error(fmt("bad option '%s' to '%s': %s", wrong, fname, why), level)
  end
  return out
end

return options
