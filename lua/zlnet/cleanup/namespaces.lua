-- SPDX-License-Identifier: MIT
-- Namespaces that zlnet made itself, for a pool: they have a name under /run/netns that goes with their attachment.

local core = require "zlnet.core"
local line = require "zlnet.record.line"

local namespaces = {}

---The name of a slot's namespace under /run/netns.
---@param pooled string the slot's number
---@return string name
function namespaces.name(pooled)
  return "zl-" .. pooled
end

---Takes the name away of the namespace that a deleted host end led to, if it is a pool's. The name alone is no
---evidence: it has to lead to the very namespace that the record tells.
---@param link { ifalias: string? } as attachments.keys reads it
function namespaces.forget(link)
  if not (link.ifalias and link.ifalias:find(" pool=", 1, true)) then
    return
  end
  local record = line.parse(link.ifalias)
  local name = record and record.pooled and namespaces.name(record.pooled)
  local ns <close> = name and core.netns.open(name) or nil
  local id = ns and ns:id()
  if id and id.ino == record.netns then
    core.netns.delete(name)
  end
end

return namespaces
