-- SPDX-License-Identifier: MIT
-- The workflows in which something happens meanwhile: watch and the monitor. What happens is the scene's `aside`.
local helper = require "spec.support.helper"
local victim = require "spec.fault.victim"
local zlnet = require "zlnet"

local watchers = {}

local WATCHED = 10 -- seconds; what failed once is tried again after one

-- Hands a watcher's events to f until it returns something true. One that fails is remembered, and goes on.
local function events(w, f)
  local deadline, failed = helper.clock() + WATCHED, nil
  repeat
    local event, err = w:next(deadline - helper.clock())
    failed = err or event and event.error or failed
    if event and f(event) then
      return true
    end
  until helper.clock() > deadline
  return nil, failed or "nothing failed, and yet it does not happen"
end

-- A watcher sees the victim end and deletes its pairs, and nothing else.
function watchers.watch(scene)
  local w <close>, err = zlnet.watch()
  if not w then
    return nil, err
  end
  local pid, left
  scene.aside(function()
    pid, left = victim.pid(), victim.pairs()
    victim.kill()
  end)
  return events(w, function(event)
    local gone = event.event == "deleted" or event.event == "detached"
    if gone and event.pid ~= pid then
      error(("%s of process %d was %s"):format(event.ifname, event.pid, event.event))
    end
    left = gone and left - 1 or left
    return left == 0
  end)
end

-- After a crash: nobody knows how far the former watcher came.
function watchers.again(scene)
  victim.kill(scene)
  local w <close> = assert(zlnet.watch())
  local deadline = helper.clock() + WATCHED
  while victim.pairs() > 0 do
    local event = w:next(0.05)
    if event and event.error or helper.clock() > deadline then
      return nil, event and event.error or "a watcher does not delete them"
    end
  end
  return true
end

-- The victim ends, but another process lives on in its namespace.
function watchers.in_use(scene)
  local w <close>, err = zlnet.watch()
  if not w then
    return nil, err
  end
  scene.aside(victim.kill)
  return events(w, function(event)
    assert(event.event ~= "deleted" and event.event ~= "detached", event.event)
    return event.event == "kept" and event.verdict == "in_use"
  end)
end

local FLOOD = {}
for i = 1, 200 do
  FLOOD[i] = "link set fa1 mtu " .. 1200 + i
end
FLOOD = table.concat(FLOOD, "\n")

-- Events of a container: one; so many that some are lost, after which it is known all the same what is; the end.
function watchers.listen(scene)
  local function ip(commands)
    scene.aside(function()
      helper.sh(("echo '%s' | nsenter -t %d -n ip -batch -"):format(commands, scene.pid))
    end)
  end
  ip "link delete fa1" -- of a run that was killed
  local _ <close> = setmetatable({}, { __close = function()
    ip "link delete fa1"
  end })
  local m <close>, err = zlnet.monitor(scene.pid, { "link", "addr" }, { rcvbuf = 4096 })
  if not m then
    return nil, err
  end
  local function expect(name, key, value)
    return events(m, function(event)
      return event.event == name and (not key or event[key] == value)
    end)
  end
  local ok
  ip "link add fa1 type bridge"
  ok, err = expect("newlink", "ifname", "fa1")
  if ok then
    ip(FLOOD)
    ok, err = expect "overrun"
  end
  if ok then
    ok, err = expect("newlink", "mtu", 1400)
  end
  if ok then
    ip "link delete fa1"
    ok, err = expect("dellink", "ifname", "fa1")
  end
  return ok, err
end

return watchers
