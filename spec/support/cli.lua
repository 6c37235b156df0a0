-- SPDX-License-Identifier: MIT
-- Runs the `zlnet` script of this checkout, as a person would.
--
--   local zlnet = require "spec.support.cli"
--   local status, stdout, stderr = zlnet("attach", "--pid", c.pid, "--ip", "10.0.0.5")
local helper = require "spec.support.helper"

---@param ... string|integer its words
---@return integer status, string stdout, string stderr
return function(...)
  local words = { helper.quote(helper.lua), "lua/bin/zlnet" }
  for _, word in ipairs { ... } do
    words[#words + 1] = helper.quote(word)
  end
  local errors = os.tmpname()
  local _, stdout, status = helper.sh(table.concat(words, " ") .. " 2>" .. errors)
  local file = assert(io.open(errors))
  local stderr = file:read "a"
  file:close()
  os.remove(errors)
  return status, stdout, stderr
end
