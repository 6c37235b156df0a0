-- SPDX-License-Identifier: MIT
-- Drives one coroutine to its end on the calling thread: what `with_netns_async` needs of an event loop, no more.

local core = require "zlnet.core"

local pack, unpack, type = table.pack, table.unpack, type

local loop = {}

-- Closes the coroutine in any case, so that its own to-be-closed variables are.
local Guard = {
  __close = function(guard)
    coroutine.close(guard.co)
  end,
}

-- cqueues' protocol: each of pollfd, events and timeout is a method, or a field which holds the answer.
local function ask(object, name)
  local answer = object[name]
  if type(answer) == "function" then
    answer = answer(object)
  end
  return answer
end

local function check_seconds(seconds)
  if type(seconds) ~= "number" or seconds ~= seconds then
    error("cannot wait: a timeout is a number of seconds, got " .. tostring(seconds), 0)
  end
  return seconds > 0 and seconds or 0
end

-- One object: its row for core.poll (nil when it waits for no descriptor) and its timeout.
local function row_of(object)
  if type(object) ~= "table" and type(object) ~= "userdata" then
    error("cannot wait for a " .. type(object) .. ": a pollable or a number of seconds expected", 0)
  end
  local fd, events, seconds = ask(object, "pollfd"), ask(object, "events"), ask(object, "timeout")
  if fd ~= nil and math.type(fd) ~= "integer" or events ~= nil and type(events) ~= "string" then
    error("cannot wait: pollfd is a descriptor and events a string of 'r', 'w', 'p'", 0)
  end
  local row = fd and fd >= 0 and events and events ~= "" and { fd = fd, events = events } or nil
  return row, seconds and check_seconds(seconds)
end

-- Waits for what was yielded: y[2] … y[y.n]. Returns what is ready, packed; or nil and an error.
local function wait(y)
  local rows, objects, own, least = {}, {}, {}, nil
  for i = 2, y.n do
    local value, seconds = y[i], nil
    if type(value) == "number" then
      seconds = check_seconds(value)
    elseif value ~= nil then
      local row
      row, seconds = row_of(value)
      if row then
        rows[#rows + 1], objects[#objects + 1] = row, value
      end
      own[#own + 1], own[value] = value, seconds
    end
    least = seconds and (not least or seconds < least) and seconds or least
  end
  if #rows == 0 and not least then
    if own[1] ~= nil then
      error("cannot wait: a pollable with neither a descriptor nor a timeout would never be ready", 0)
    end
    return pack() -- nothing was yielded: go on at once
  end
  local ready, err = core.poll(rows, least)
  if not ready then
    return nil, err
  end
  for i = 1, #ready do
    ready[i] = objects[ready[i]]
  end
  if #ready == 0 then
    for _, object in ipairs(own) do
      if own[object] and own[object] <= least then
        ready[#ready + 1] = object
      end
    end
  end
  ready.n = #ready
  return ready
end

---Runs f as a coroutine until it ends. It may yield any number of pollables and numbers of seconds, and is resumed with
---those pollables that are ready, or with none after the shortest time; after a yield of nothing it is resumed at once.
---A pollable has pollfd (a descriptor or nil), events ("r", "w", "p" or several) and timeout (seconds or nil).
---@param f function
---@param ... any its arguments
---@return any ... f's results, or nil and an error when waiting failed; what f raises is raised again
function loop.run(f, ...)
  local co = coroutine.create(f)
  local _ <close> = setmetatable({ co = co }, Guard)
  local y = pack(coroutine.resume(co, ...))
  while coroutine.status(co) ~= "dead" do
    local ready, err = wait(y)
    if not ready then
      return nil, err
    end
    y = pack(coroutine.resume(co, unpack(ready, 1, ready.n)))
  end
  if not y[1] then
    error(y[2], 0)
  end
  return unpack(y, 2, y.n)
end

return loop
