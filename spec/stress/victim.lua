-- SPDX-License-Identifier: MIT
-- Attaches a container again and again, under another tag each time, until it is killed; prints each tag before and
-- after.
-- usage: victim.lua PID|PATH [ID]
local zlnet = require "zlnet"

local pid, id = math.tointeger(tonumber(arg[1])), arg[2]
io.stdout:setvbuf "no"
print "ready"
for n = 1, 99 do
  local tag = ("%02d"):format(n)
  print("begin " .. tag)
  assert(zlnet.attach {
    pid = pid, netns = not pid and arg[1] or nil, id = id, tag = tag, ifname = "e" .. tag, default_route = false,
    ip = { "10.77.0." .. n, "fd00:77::" .. n }, forwarding = false,
  })
  print("end " .. tag)
end
