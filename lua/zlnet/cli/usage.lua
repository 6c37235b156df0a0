-- SPDX-License-Identifier: MIT
-- From command line words to the library's types, and the raising of wrong use. What a value may be is the library's to
-- say, which names the option.

local usage = {}

---@class zlnet.cli.wrong_use
---@field message string
local Wrong = {}

---What looks like a number becomes one; any other word stays as it is, for the library to take or to refuse.
---@param word string
---@return integer|number|string
function usage.number(word)
  return word:find "^%-?%d+%.?%d*$" and (math.tointeger(tonumber(word)) or tonumber(word)) or word
end

---Ends the command with status 2.
---@param message string names what is wrong
function usage.wrong(message)
  error(setmetatable({ message = message }, Wrong), 0)
end

---What was wrong with the use, of something that was raised: by usage.wrong, or by the library for an option.
---@param raised any
---@return string? message nil when it is no wrong use, but a fault
function usage.message(raised)
  if getmetatable(raised) == Wrong then
    return raised.message
  end
  local option, why = tostring(raised):match "bad option '([%w_]+)' to '[%w_]+': (.*)$"
  return option and ("--%s: %s"):format(option:gsub("_", "-"), why)
end

return usage
