-- SPDX-License-Identifier: MIT
-- What became of an overlay's peers: added, changed, removed, or only mended.

local account = {}

local function sorted(set)
  local list = {}
  for key in next, set do
    list[#list + 1] = key
  end
  table.sort(list)
  return list
end

---What became of the peers of a sync's operations, by what they are to the list before.
---@param self zlnet.overlay.object with the list before
---@param todo table of sync.decide
---@param failed table<string, zlnet.error>
---@return zlnet.overlay.synced result without `failed`
---@return table<string, table> now checked peers by key
function account.of(self, todo, failed)
  local added, changed, removed, mended, now = {}, {}, {}, {}, {}
  for _, p in ipairs(todo.peers) do
    now[p.key] = p
  end
  local before = self.peers
  local function touch(key)
    if failed[key] then
      return
    elseif not now[key] then
      (before and not before[key] and mended or removed)[key] = true
    elseif before and before[key] == now[key] then
      mended[key] = true
    else
      (todo.present[key] and changed or added)[key] = true
    end
  end
  for _, op in ipairs(todo.tunnel and todo.tunnel.ops or {}) do
    touch(op.peer)
  end
  for _, op in ipairs(todo.entries) do
    if op.peer then
      touch(op.peer)
    elseif todo.was then
      mended[self.o.name] = true
    end
  end
  for key in next, todo.lost do
    if now[key] and not failed[key] then
      changed[key] = true
    end
  end
  if todo.was and (#todo.ops > 0 or todo.tunnel and todo.tunnel.config and before) then
    mended[self.o.name] = true
  end
  return { added = sorted(added), changed = sorted(changed), removed = sorted(removed), mended = sorted(mended) }, now
end

return account
