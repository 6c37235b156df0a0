-- SPDX-License-Identifier: MIT
-- One agent among several on a node: attaches and detaches containers of its own at random, kills some while their
-- namespace stays, and sees to it that what lives keeps its links. Prints a line for each thing that is wrong, and at
-- the end how much it did.   usage: agent.lua NUMBER CONTAINERS SECONDS
local core = require "zlnet.core"
local zlnet = require "zlnet"

local number, total, seconds = math.tointeger(arg[1]), math.tointeger(arg[2]), tonumber(arg[3])
math.randomseed(number, os.time())

local done = { attach = 0, detach = 0, check = 0, kill = 0 }

local function wrong(what, ...)
  print("WRONG " .. what:format(...))
end

-- A process in a network namespace of its own.
local function start()
  local here = core.netns.open(nil):id().ino
  local pipe = assert(io.popen "unshare --net sleep 1000 >/dev/null 2>&1 </dev/null & echo $!")
  local pid = pipe:read "n"
  pipe:close()
  for _ = 1, 30000 do
    local ns <close> = core.netns.open(pid)
    if ns and ns:id().ino ~= here then
      return { pid = pid }
    end
    core.poll({}, 0.002)
  end
  error "the container does not start"
end

local function stop(c)
  os.execute(("kill -9 %d"):format(c.pid))
  local process <close> = core.process(c.pid)
  while process and process:alive() do
    core.poll({}, 0.002)
  end
end

-- The container lives, so all that was made for it is there.
local function check(c)
  local differences, err = zlnet.check(c.attachment)
  done.check = done.check + 1
  if not differences then
    wrong("check of %s: %s", c.attachment.host_ifname, err)
  end
  for _, d in ipairs(differences or {}) do
    wrong("%s: %s %s: expected %s, found %s", c.attachment.host_ifname, d.ns, d.key, d.expected, d.found)
  end
end

-- Addresses are used once: an orphan keeps its own until it is swept.
local addresses = 0
local function attach(c)
  addresses = addresses + 1
  local n = addresses
  local v4, v6 = ("10.%d.%d.%d"):format(100 + number, n // 200, n % 200 + 1), ("fd00:%x::%x"):format(number, n)
  local a, err = zlnet.attach { pid = c.pid, ip = { v4, v6 } }
  done.attach = done.attach + 1
  if not a then
    wrong("attach to %d: %s", c.pid, err)
  end
  c.attachment = a
end

local function detach(c)
  local ok, err = zlnet.detach(c.attachment)
  done.detach = done.detach + 1
  if not ok then
    wrong("detach of %s: %s", c.attachment.host_ifname, err)
  end
  c.attachment = nil
end

-- An orphan for the sweepers: its owner is dead, and nobody lives in the namespace, which we hold a while.
local held = {}
local function orphan(c)
  held[#held + 1] = assert(zlnet.netns.open(c.pid))
  stop(c)
  done.kill = done.kill + 1
  c.attachment = nil
  if #held > 20 then
    table.remove(held, 1):close()
  end
end

local containers = {}
for i = 1, total do
  containers[i] = start()
end
local deadline = core.clock() + seconds
while core.clock() < deadline or done.attach <= 2 or done.kill < 1 do -- on a busy machine that takes longer
  local i = math.random(total)
  local c = containers[i]
  if not c.attachment then
    attach(c)
  else
    check(c)
    if math.random() < 0.1 then
      orphan(c)
      containers[i] = start()
    else
      detach(c)
    end
  end
end
for _, c in ipairs(containers) do
  if c.attachment then
    check(c)
    if math.random() < 0.5 then
      detach(c)
    end
  end
end
print(("DONE %d attaches, %d detaches, %d checks, %d killed"):format(done.attach, done.detach, done.check, done.kill))
for _, c in ipairs(containers) do
  held[#held + 1] = assert(zlnet.netns.open(c.pid))
  stop(c)
end
print "DEAD" -- all that is left are orphans; they stay until we are told to go
io.stdout:flush()
io.read "l"
