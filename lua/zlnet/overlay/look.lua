-- SPDX-License-Identifier: MIT
-- What the kernel has on an overlay's device. Taken as bytes first: where those are as they were when all was found to
-- be as it should be, no row needs to be looked at.

local core = require "zlnet.core"

local look = {}

local GETTERS = { fdb = "getneighs", neigh = "getneighs", route = "getroutes", addr = "getaddrs" }
local NOUNS = { fdb = "neigh", neigh = "neigh", route = "route", addr = "addr" }

---What the tables have, as bytes.
---@param self zlnet.overlay.object
---@param tables zlnet.overlay.table[]
---@param index integer the device's
---@return table<string, string>? pictures by the table's name
---@return zlnet.error? err
function look.at(self, tables, index)
  local pictures, err = {}
  for _, t in ipairs(tables) do
    pictures[t.name], err = self.host:picture(GETTERS[t.name], t.filter(index), t.keys)
    if not pictures[t.name] then
      err.step = err.step or ("list the overlay's %s entries"):format(t.name)
      return nil, err
    end
  end
  return pictures
end

---The same as rows.
---@param tables zlnet.overlay.table[]
---@param pictures table<string, string>
---@return table<string, table[]> rows by the table's name
function look.rows(tables, pictures)
  local rows = {}
  for _, t in ipairs(tables) do
    rows[t.name] = core.codec.decode_all(NOUNS[t.name], pictures[t.name], t.keys)
  end
  return rows
end

---Whether nothing has changed since all was found to be as it should be, and the same is wanted.
---@param good { pictures: table<string, string>, wanted: table }?
---@param wanted table
---@param pictures table<string, string>
---@return boolean
function look.is_as_before(good, wanted, pictures)
  if not good or good.wanted ~= wanted then
    return false
  end
  for name, bytes in next, pictures do
    if good.pictures[name] ~= bytes then
      return false
    end
  end
  return true
end

return look
