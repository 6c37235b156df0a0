#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- An agent that starts runc's containers in namespaces that are ready. It reads a line for each, "BUNDLE ID ADDRESS",
-- and refills its pool while it waits for the next one. usage: pool_agent.lua [RUNTIME]
local core = require "zlnet.core"
local json = require "dkjson"
local zlnet = require "zlnet"

local runtime = arg[1] or "runc"
local pool <close> = assert(zlnet.pool { size = 4 })
assert(pool:refill())
io.stdin:setvbuf "no" -- what a buffer holds, no poll sees
io.stdout:setvbuf "line"

-- The container joins the namespace by its path.
local function join(bundle, path)
  local name = bundle .. "/config.json"
  local file <close> = assert(io.open(name))
  local config = assert(json.decode(file:read "a"))
  for _, namespace in ipairs(config.linux.namespaces) do
    namespace.path = namespace.type == "network" and path or namespace.path
  end
  local out <close> = assert(io.open(name, "w"))
  out:write(json.encode(config))
end

local function start(line)
  local bundle, id, address = line:match "^(%S+) (%S+) (%S+)$"
  local a, err = pool:take { id = id, ip = address }
  if not a then
    return print(("%s: %s"):format(id, err))
  end
  a.netns_handle:close()
  join(bundle, a.netns_path)
  if not os.execute(("%s run -d -b %s %s >%s/out 2>&1 </dev/null"):format(runtime, bundle, id, bundle)) then
    assert(zlnet.detach { id = id }) -- the namespace's name goes with it
    return print(id .. ": it does not start")
  end
  print(id .. ": started")
end

print "ready"
while true do
  local rows, timeout = { { fd = 0 } }, pool:timeout()
  rows[2] = pool:pollfd() and { fd = pool:pollfd() } or nil
  for _, i in ipairs(assert(core.poll(rows, timeout or -1))) do
    if i == 1 then
      local line = io.read "l"
      if not line then
        return
      end
      start(line)
    end
  end
  local _, err = pool:next()
  if err then
    print("refill: " .. tostring(err))
  end
end
