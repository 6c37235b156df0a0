-- SPDX-License-Identifier: MIT
-- From command line words to the library's types. What a value may be is the library's to say, which names the option.

local convert = {}

---What looks like a number becomes one; any other word stays as it is, for the library to take or to refuse.
---@param word string
---@return integer|number|string
function convert.number(word)
  return word:find "^%-?%d+%.?%d*$" and (math.tointeger(tonumber(word)) or tonumber(word)) or word
end

return convert
