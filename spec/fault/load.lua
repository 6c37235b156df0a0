-- SPDX-License-Identifier: MIT
-- luacheck: ignore 631
-- Many at once, and a world that changes meanwhile: thousands of containers on one node, 16 processes, a storm of link
-- events, a container that dies at every stage of its attach. Nothing may be lost, nothing left.
-- usage: spec/fault/sandbox spec/fault/load.lua [CONTAINERS]
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local many = tonumber(arg[1]) or 2000

-- What the processes of the 16 run.
if arg[1] == "worker" then
  local worker, rounds = tonumber(arg[2]), tonumber(arg[3])
  for i = 1, rounds do
    local ns <close> = assert(zlnet.netns.new())
    local a = assert(zlnet.attach { netns = ns, id = ("w%d-%d"):format(worker, i), ip = ("10.8.%d.%d"):format(worker, i) })
    assert(zlnet.sweep { timeout = 60 })
    assert(zlnet.detach(a))
  end
  os.exit(true, true)
end

local findings = 0
local function check(name, what, ok, detail)
  if not ok then
    findings = findings + 1
  end
  print(("%-5s %-28s %s%s"):format(ok and "ok" or "FOUND", name, what, ok and "" or ": " .. tostring(detail)))
  io.stdout:flush()
end

-- How many links there are beside lo, by the kernel's own list.
local function links()
  local n = -1
  for line in io.lines "/proc/thread-self/net/dev" do
    n = n + (line:find ":" and 1 or 0)
  end
  return n
end

local function none_left()
  return pcall(helper.eventually, function()
    return links() == 0
  end, 10)
end

local function thousands()
  local containers, list = {}, {}
  for i = 1, many do
    containers[i] = assert(zlnet.netns.new())
  end
  local began = helper.clock()
  for i = 1, many do
    local ip = ("10.%d.%d.2"):format(16 + i // 250, i % 250)
    local a, err = zlnet.attach { netns = containers[i], id = "c" .. i, ip = ip }
    if not a then
      check("containers", ("attach %d of %d"):format(i, many), false, err)
      break
    end
    list[i] = a
  end
  local attached = helper.clock()
  local there = links()
  local report, err = zlnet.sweep()
  local swept = helper.clock()
  check("containers", ("%d attached, %.1f ms each"):format(#list, (attached - began) / many * 1000), there == many, there)
  check("containers", ("a sweep of them takes %.0f ms and nobody"):format((swept - attached) * 1000),
    report and #report.deleted == 0 and #report.verdicts == many, err)
  local ok, why = zlnet.detach(list)
  check("containers", ("detached in one go, %.0f ms"):format((helper.clock() - swept) * 1000), ok, why)
  check("containers", "no link is left", none_left())
  for i = 1, many do
    containers[i]:close()
  end
end

local function processes()
  local ROUNDS = 10
  local began = helper.clock()
  local ok, output = helper.sh(([[status=0; pids=; for i in $(seq 16); do %s spec/fault/load.lua worker $i %d & pids="$pids $!"
    done; for p in $pids; do wait $p || status=1; done; exit $status]]):format(helper.lua, ROUNDS))
  check("16 processes", ("%d attaches, sweeps and detaches, %.1f s"):format(16 * ROUNDS, helper.clock() - began), ok, output)
  check("16 processes", "no link is left", none_left())
end

-- Hundreds of events a second, and dumps that they interrupt.
local function storm()
  local _, pid = helper.sh [[(while :; do
      for i in 1 2 3 4 5 6 7 8; do ip link add st$i type bridge; ip link set st$i up; done
      for i in 1 2 3 4 5 6 7 8; do ip link del st$i; done
    done) >/dev/null 2>&1 & echo $!]]
  local wrong
  for i = 1, 100 do
    local ns <close> = assert(zlnet.netns.new())
    local a, err = zlnet.attach { netns = ns, id = "s" .. i, ip = "10.7.0." .. i }
    local all, unlisted = zlnet.list_all_links()
    local ok, why
    if a then
      ok, why = zlnet.detach(a)
    end
    wrong = wrong or not (a and ok and all) and (err or why or unlisted) or nil
  end
  helper.sh("kill " .. pid)
  helper.sleep(0.2)
  helper.sh "for i in 1 2 3 4 5 6 7 8; do ip link del st$i; done"
  check("storm of link events", "100 attaches, dumps and detaches", not wrong, wrong)
  check("storm of link events", "no link is left", none_left())
end

-- The container is killed after n instructions of the attach, n = 50, 100, … until the attach is quicker.
local function deaths()
  local STEP = 50
  local points, attached, refused, wrong = 0, 0, 0, nil
  local alive
  repeat
    local c = helper.container()
    points = points + 1
    alive = true
    debug.sethook(function()
      debug.sethook()
      c:kill()
      alive = false
    end, "", points * STEP)
    local a, err = zlnet.attach { pid = c.pid, ip = "10.6.0.2" }
    debug.sethook()
    attached, refused = attached + (a and 1 or 0), refused + (a and 0 or 1)
    if not a and not err.step then
      wrong = wrong or tostring(err)
    end
    c:kill()
    assert(zlnet.sweep())
    if not none_left() then
      wrong = wrong or ("a link is left after death %d"):format(points)
    end
  until alive or wrong
  check("container that dies", ("at %d stages: %d times attached before, %d times refused, nothing left"):format(points,
    attached, refused), not wrong, wrong)
end

local began = helper.clock()
deaths()
storm()
processes()
thousands()
print(("%d findings, %.0f s"):format(findings, helper.clock() - began))
os.exit(findings == 0, true)
