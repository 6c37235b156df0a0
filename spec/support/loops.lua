-- SPDX-License-Identifier: MIT
-- Event loops that others made, each as little of it as the specs need. A loop calls functions: `on(pollable, f)`
-- whenever it is ready, until `off(pollable)`, which comes before the pollable is closed; `every(seconds, f)`. `run()`
-- lasts until `stop()`, and raises what a function raised; `close()` leaves nothing of the loop.
local helper = require "spec.support.helper"

local loops = {}

-- Debian has copas for earlier Luas only; it is written in Lua, and runs in this one.
package.path = package.path .. ";/usr/share/lua/5.3/?.lua;/usr/share/lua/5.2/?.lua"

---Why a library cannot be used here, nil when it can.
function loops.missing(library)
  local ok, message = pcall(require, library)
  return not ok and ("%s cannot be loaded: %s"):format(library, tostring(message):match "^[^\n]*[^:\n]") or nil
end

-- What all have in common: what functions raise ends the loop, and is raised by run.
local function new()
  local loop = { stopped = false }
  function loop.stop()
    loop.stopped = true
  end
  function loop.call(f, ...)
    local ok, err = true, nil
    if not loop.stopped then -- what is due in the same round is left
      ok, err = pcall(f, ...)
    end
    if not ok then
      loop.failure = loop.failure or { err }
      loop.stop()
    end
  end
  function loop.finish()
    if loop.failure then
      error(loop.failure[1], 0)
    end
  end
  return loop
end

function loops.cqueues()
  local cqueues = require "cqueues"
  local cq, loop, offs = cqueues.new(), new(), {}

  function loop.on(pollable, f)
    cq:wrap(function()
      while not offs[pollable] do
        cqueues.poll(pollable)
        if not offs[pollable] then
          loop.call(f)
        end
      end
    end)
  end

  function loop.off(pollable)
    offs[pollable] = true
    cq:cancel(pollable:pollfd())
  end

  function loop.every(seconds, f)
    cq:wrap(function()
      while true do
        cqueues.sleep(seconds)
        loop.call(f)
      end
    end)
  end

  function loop.run()
    repeat
      assert(cq:step())
    until loop.stopped
    loop.finish()
  end

  function loop.close()
    cq:close()
  end
  return loop
end

function loops.luv()
  local uv = require "luv"
  local loop, handles = new(), {}

  function loop.on(pollable, f)
    local poll = assert(uv.new_poll(pollable:fd()))
    handles[pollable] = poll
    assert(poll:start("r", function(err)
      loop.call(assert, not err, err)
      loop.call(f)
    end))
  end

  function loop.off(pollable)
    handles[pollable]:close()
    handles[pollable] = nil
  end

  function loop.every(seconds, f)
    local timer, ms = uv.new_timer(), math.ceil(seconds * 1000)
    handles[timer] = timer
    timer:start(ms, ms, function()
      loop.call(f)
    end)
  end

  function loop.run()
    repeat
      uv.run "once"
    until loop.stopped
    loop.finish()
  end

  function loop.close()
    for _, handle in pairs(handles) do
      handle:close()
    end
    uv.run()
  end
  return loop
end

-- On luasocket a loop is made of select and a clock; the next two differ in who calls select.
local function timed(step)
  local loop, timers = new(), {}

  function loop.every(seconds, f)
    timers[#timers + 1] = { seconds = seconds, f = f, due = helper.clock() + seconds }
  end

  function loop.run()
    repeat
      local due = math.huge
      for _, timer in ipairs(timers) do
        due = math.min(due, timer.due)
      end
      step(loop, math.max(0, due - helper.clock()))
      for _, timer in ipairs(timers) do
        if timer.due <= helper.clock() then
          timer.due = helper.clock() + timer.seconds
          loop.call(timer.f)
        end
      end
    until loop.stopped
    loop.finish()
  end

  function loop.close() end
  return loop
end

function loops.socket()
  local socket = require "socket"
  local waiting = {}
  local loop = timed(function(loop, seconds)
    local list = {}
    for pollable in pairs(waiting) do
      list[#list + 1] = pollable -- select asks for getfd itself
    end
    for _, pollable in ipairs((socket.select(list, nil, seconds))) do
      if waiting[pollable] then
        loop.call(waiting[pollable])
      end
    end
  end)

  function loop.on(pollable, f)
    waiting[pollable] = f
  end

  function loop.off(pollable)
    waiting[pollable] = nil
  end
  return loop
end

function loops.copas()
  local copas = require "copas"
  local open = {}
  local loop = timed(function(_, seconds)
    copas.step(seconds)
  end)

  function loop.on(pollable, f)
    open[pollable] = true
    local asked
    local socket = {
      getfd = function()
        return open[pollable] and pollable:getfd() or -1 -- select leaves those out
      end,
      receive = function() -- asked a second time when it is readable
        asked = not asked
        return not asked or nil, asked and "timeout" or nil
      end,
      close = function() end,
    }
    copas.addthread(function()
      while open[pollable] do
        copas.receive(socket)
        loop.call(f)
      end
    end)
  end

  function loop.off(pollable)
    open[pollable] = nil
  end

  function loop.close()
    open = {}
  end
  return loop
end

return loops
