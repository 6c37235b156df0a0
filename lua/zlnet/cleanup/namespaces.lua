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

---Takes a slot's name away. The name alone is no evidence: it has to lead to the very namespace.
---@param pooled string the slot's number
---@param ino integer inode of its namespace
function namespaces.remove(pooled, ino)
  local name = namespaces.name(pooled)
  local ns <close> = core.netns.open(name)
  local id = ns and ns:id()
  if id and id.ino == ino then
    core.netns.delete(name)
  end
end

---The same for the namespace that a deleted host end led to, if it is a pool's.
---@param link { ifalias: string? } as attachments.keys reads it
function namespaces.forget(link)
  local record = link.ifalias and link.ifalias:find(" pool=", 1, true) and line.parse(link.ifalias)
  if record and record.pooled then
    namespaces.remove(record.pooled, record.netns)
  end
end

return namespaces
