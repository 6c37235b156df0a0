#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- An agent in cqueues: what zlnet waits for is a pollable like any other there. It attaches containers, takes away what
-- they leave, hears of links that go, and has other links deleted on a thread: the kernel takes some 20 ms for each.
-- usage: cqueues_agent.lua PID=ADDRESS… LINK…     ends when the containers have, and the LINKs are deleted
local cqueues = require "cqueues"
local zlnet = require "zlnet"

local cq = cqueues.new()
local attached, busy, ticks = 0, true, 0
local handle <close> = assert(zlnet.open())
local monitor <close> = assert(zlnet.monitor(nil, "link"))
local watcher <close> = assert(zlnet.watch())

local function listen(source, f)
  cq:wrap(function()
    while true do
      cqueues.poll(source)
      for event in function() return source:next(0) end do
        f(event)
      end
    end
  end)
end

listen(monitor, function(event)
  if event.event == "dellink" then
    print("gone", event.ifname)
  end
end)

listen(watcher, function(event)
  print(event.event, event.ifname)
  attached = attached - ((event.event == "deleted" or event.event == "detached") and 1 or 0)
end)

local batch = handle:batch()
for _, word in ipairs(arg) do
  local pid, ip = word:match "^(%d+)=(.+)$"
  if pid then
    assert(zlnet.attach { pid = math.tointeger(pid), ip = ip })
    attached = attached + 1
  else
    assert(batch:dellink { ifname = word })
  end
end

cq:wrap(function()
  local job <close> = assert(handle:submit(batch))
  local before = ticks
  cqueues.poll(job)
  local results, failed = assert(job:result())
  print(("%d links deleted, %d ticks meanwhile"):format(#results, ticks - before), failed or "")
  cq:cancel(job:pollfd()) -- before a descriptor is closed which the loop has seen
  busy = false
end)

cq:wrap(function() -- whatever else the agent does
  while true do
    cqueues.sleep(0.005)
    ticks = ticks + 1
  end
end)

repeat
  assert(cq:step())
until attached == 0 and not busy
