-- SPDX-License-Identifier: MIT
-- Who takes part, and how each does each work. A contestant:
--   key, name     what --only takes, what the table shows
--   state         what verify.lua holds it to
--   share         the part of the N containers that it gets, because it is slow (1: all)
--   missing()     why it can't take part, or nil
--   attach(jobs) one(jobs)     µs per container, a list          fleet(jobs)  µs in all, for deleting all jobs at once
--   sweep()       µs in all    list(times)    µs per listing, a list
-- A work that a contestant has no way of doing is absent. Programs and libraries are here, commands in commands.lua.
local sh = require "sh"

local contestants = {}
local bin, src = "build/bench", "spec/bench/contestants"

local function pids(jobs)
  local lines = {}
  for i, job in ipairs(jobs) do
    lines[i] = ("%d %s"):format(job.pid, job.ip)
  end
  return table.concat(lines, "\n") .. "\n"
end

local function names(jobs)
  local lines = {}
  for i, job in ipairs(jobs) do
    lines[i] = job.name
  end
  return table.concat(lines, "\n") .. "\n"
end

local function add(c)
  c.share = c.share or 1
  c.missing = c.missing or function() end
  contestants[#contestants + 1] = c
  contestants[c.key] = c
  return c
end

--- A contestant that is a program of the common shape: PROGRAM attach|one|sweep|list.
local function program(c, command, form)
  c.attach = c.attach or function(jobs)
    return sh.numbers(command .. " attach " .. (form or ""), pids(jobs))
  end
  c.one_command, c.one_line = command .. " one", c.one_line or function(job)
    return job.name
  end
  c.one = c.one or function(jobs)
    return sh.numbers(command .. " one", names(jobs))
  end
  if c.whole then
    c.sweep = c.sweep or function()
      return sh.numbers(command .. " sweep")[1]
    end
    c.list = c.list or function(times)
      return sh.numbers(command .. " list " .. times)
    end
  end
  return add(c)
end

local function needs(path, package)
  return function()
    return not sh.exists(path) and ("not there: " .. package) or nil
  end
end

-- ---- the floor, and zlnet
local floor = bin .. "/floor"

local function floor_fleet(jobs)
  return sh.numbers(floor .. " fleet", names(jobs))[1]
end

program({ key = "floor", name = "bare C (the floor)", state = "routed", whole = true, fleet = floor_fleet }, floor)
contestants.floor.list = function(times)
  return sh.numbers(floor .. " list " .. times)
end
for _, variant in ipairs {
  { "floor-kernel", "bare C, kernel's queues", "--queues=kernel" },
  { "floor-kept", "bare C, a kept thread", "--how=worker" },
  { "floor-bare", "bare C, no waiting, ACK each", "--bare --acks=each" },
} do
  add {
    key = variant[1],
    name = variant[2],
    state = "routed",
    attach = function(jobs)
      return sh.numbers(floor .. " attach " .. variant[3], pids(jobs))
    end,
  }
end
add({
  key = "floor-decode",
  name = "bare C, decoded",
  list = function(times)
    return sh.numbers(floor .. " list --decode " .. times)
  end,
})

local zlnet = "lua5.4 " .. src .. "/zlnet.lua"
local function zlnet_missing()
  local ok, text = sh.out("lua5.4 -e 'local z = require(\"zlnet\"); assert(z.attach and z.detach and z.sweep)' 2>&1")
  return not ok and "does not work here yet: " .. (text:match("[^\n]+") or "?") or nil
end
program({
  key = "zlnet",
  name = "zlnet",
  state = "routed",
  whole = true,
  missing = zlnet_missing,
  attach = function(jobs)
    return sh.numbers("BENCH_RSS=" .. sh.tmp() .. "/rss " .. zlnet .. " attach", pids(jobs))
  end,
  fleet = function(jobs)
    return sh.numbers(zlnet .. " fleet", pids(jobs))[1]
  end,
  one = function(jobs)
    return sh.numbers(zlnet .. " one", pids(jobs))
  end,
  one_line = function(job)
    return ("%d %s"):format(job.pid, job.ip)
  end,
  cycle = function(jobs)
    return sh.numbers(zlnet .. " cycle", pids(jobs))
  end,
  pool = function(size, rate, seconds)
    return sh.numbers(("ulimit -n 8192; %s pool %d %d %d"):format(zlnet, size, rate, seconds))
  end,
}, zlnet)
add {
  key = "zlnet-direct",
  name = "zlnet, mode direct",
  state = "direct",
  missing = zlnet_missing,
  attach = function(jobs)
    return sh.numbers(zlnet .. " attach direct", pids(jobs))
  end,
}

-- ---- libraries
local go = needs(bin .. "/go-netlink", "golang-github-vishvananda-netlink-dev")
local netlink = bin .. "/go-netlink"
program({ key = "go", name = "Go netlink, in place", state = "routed", missing = go, whole = true }, netlink, "place")
add {
  key = "go-move",
  name = "Go netlink, move",
  state = "routed",
  missing = go,
  share = 0.25,
  attach = function(jobs)
    return sh.numbers(netlink .. " attach move", pids(jobs))
  end,
}

program({
  key = "origin",
  name = "Rust, the origin's design",
  state = "direct",
  share = 0.25,
  whole = true,
  missing = needs(bin .. "/origin", "librust-rtnetlink-dev, librust-tokio-dev"),
}, bin .. "/origin")

local python = "/usr/bin/python3 " .. src .. "/pyroute2.py"
local function no_pyroute2()
  return not sh.ok("/usr/bin/python3 -c 'import pyroute2'") and "not there: python3-pyroute2" or nil
end
program({
  key = "pyroute2",
  name = "pyroute2, in place",
  state = "routed",
  missing = no_pyroute2,
  share = 0.5,
  whole = true,
}, python, "place")
add {
  key = "pyroute2-move",
  name = "pyroute2, move",
  state = "routed",
  missing = no_pyroute2,
  share = 0.25,
  attach = function(jobs)
    return sh.numbers(python .. " attach move", pids(jobs))
  end,
}

local luajit = "luajit " .. src .. "/ljsyscall.lua"
program({
  key = "ljsyscall",
  name = "LuaJIT ljsyscall, in place",
  state = "routed",
  whole = true,
  missing = function()
    return not sh.ok("luajit -e 'require(\"syscall\")'") and "not there: lua-ljsyscall, luajit" or nil
  end,
}, luajit)

contestants.add = add
contestants.needs = needs
require("commands")(contestants)

return contestants
