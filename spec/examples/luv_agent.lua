#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- An agent in luv: what zlnet waits for is a descriptor for uv.new_poll. It attaches containers, takes away what they
-- leave, hears of links that go, and has other links deleted on a thread: the kernel takes some 20 ms for each.
-- usage: luv_agent.lua PID=ADDRESS… LINK…     ends when the containers have, and the LINKs are deleted
local uv = require "luv"
local zlnet = require "zlnet"

local attached, ticks = 0, 0
local handle <close> = assert(zlnet.open())
local monitor <close> = assert(zlnet.monitor(nil, "link"))
local watcher <close> = assert(zlnet.watch())

local function on_ready(pollable, f)
  local poll = assert(uv.new_poll(pollable:fd()))
  poll:start("r", f)
  return poll
end

local function listen(source, f)
  return on_ready(source, function()
    for event in function() return source:next(0) end do
      f(event)
    end
  end)
end

local polls = {}
local function finish() -- a loop ends when nothing is left in it
  if attached == 0 and not polls.job then
    for _, poll in pairs(polls) do
      poll:close()
    end
  end
end

polls.monitor = listen(monitor, function(event)
  if event.event == "dellink" then
    print("gone", event.ifname)
  end
end)

polls.watcher = listen(watcher, function(event)
  print(event.event, event.ifname)
  attached = attached - ((event.event == "deleted" or event.event == "detached") and 1 or 0)
  finish()
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

local job <close> = assert(handle:submit(batch))
polls.job = on_ready(job, function()
  local results, failed = assert(job:result())
  print(("%d links deleted, %d ticks meanwhile"):format(#results, ticks), failed or "")
  polls.job:close() -- before its descriptor is
  polls.job = nil
  finish()
end)

polls.timer = uv.new_timer() -- whatever else the agent does
polls.timer:start(5, 5, function()
  ticks = ticks + 1
end)

uv.run()
