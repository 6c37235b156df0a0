-- SPDX-License-Identifier: MIT
-- Keeps an overlay true while its list changes all the time; called by overlay_spec.lua.
-- usage: overlay_agent.lua SECONDS PEERS      the list changes for so long, and is the whole one in the end; then it is
-- kept until the process is ended. Says "settled" when the list no longer changes.
local core = require "zlnet.core"
local list_of = require "spec.stress.overlay_list"
local zlnet = require "zlnet"

local seconds, n = tonumber(arg[1]), math.tointeger(tonumber(arg[2]))
local overlay <close> = assert(zlnet.overlay { name = "ov", ["local"] = "192.0.2.1",
  ip = { "10.201.1.1", "fd00:201:1::1" } })
assert(overlay:pollfd())
local whole = list_of(n)
assert(overlay:sync(whole))
io.stdout:write "ready\n"
io.stdout:flush()

-- All but some, and some of the others with each other's networks. The first peer stays as it is.
local function changed()
  local list = {}
  for i, p in ipairs(whole) do
    if i == 1 or math.random(50) > 1 then
      list[#list + 1] = p
    end
  end
  for _ = 1, 10 do
    local a, b = math.random(2, #list), math.random(2, #list)
    list[a], list[b] = { node = list[a].node, subnets = list[b].subnets },
      { node = list[b].node, subnets = list[a].subnets }
    if a == b then
      list[a] = nil
      list[a] = table.remove(list)
    end
  end
  return list
end

local mended, events = 0, {}
local function keep(until_when)
  repeat
    local event, err = overlay:next(math.max(0, until_when - core.clock()))
    assert(not err, err)
    if event then
      mended = mended + 1
      events[event.event] = (events[event.event] or 0) + 1
    end
  until not event and core.clock() >= until_when
end

local deadline = core.clock() + seconds
while core.clock() < deadline do
  assert(overlay:sync(changed()))
  keep(core.clock() + 0.05)
end
assert(overlay:sync(whole))
io.stdout:write("settled\n")
io.stdout:flush()
while true do
  keep(core.clock() + 60)
end
