#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- An agent in copas, on luasocket: what zlnet waits for has getfd, as a socket has. It attaches containers, takes away
-- what they leave, hears of links that go, and has others deleted on a thread: the kernel takes some 20 ms for each.
-- usage: copas_agent.lua PID=ADDRESS… LINK…     ends when the containers have, and the LINKs are deleted
local copas = require "copas"
local zlnet = require "zlnet"

local attached, busy, ticks = 0, true, 0
local handle <close> = assert(zlnet.open())
local monitor <close> = assert(zlnet.monitor(nil, "link"))
local watcher <close> = assert(zlnet.watch())

-- What copas takes for a socket: `take` gives what there is, or nil.
local function readable(pollable, take)
  return {
    getfd = function()
      return pollable:getfd()
    end,
    receive = function()
      local value = take(pollable, 0)
      return value, value == nil and "timeout" or nil
    end,
    close = function() end, -- copas closes what a thread waited for last; these close by themselves
  }
end

local function listen(source, f)
  local socket = readable(source, source.next)
  copas.addthread(function()
    while true do
      local event = copas.receive(socket)
      if event then
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

copas.addthread(function()
  local job <close> = assert(handle:submit(batch))
  copas.receive(readable(job, job.result))
  local results, failed = assert(job:result())
  print(("%d links deleted, %d ticks meanwhile"):format(#results, ticks), failed or "")
  busy = false
end)

repeat
  copas.step(0.005)
  ticks = ticks + 1 -- whatever else the agent does
until attached == 0 and not busy
