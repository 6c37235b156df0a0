-- SPDX-License-Identifier: MIT
-- Every system call of every workflow fails, in turn, with each error it can really give, and the process is killed
-- there. Afterwards: an error with its step came back or all is done; both namespaces are as before or as when done;
-- no descriptor, thread or namespace is left. After a kill, doing it again completes it, or a sweep leaves nothing.
-- usage: spec/fault/sandbox spec/fault/calls.lua [SECONDS [WORKFLOW…]]
local helper = require "spec.support.helper"
local state = require "spec.fault.state"
local tally = require "spec.fault.tally"
local json = require "dkjson"
local workflows = require "spec.fault.workflows"

local all = tally.new({ workflows }, table.move(arg, 2, #arg, 1, {}), tonumber(arg[1]) or 600)
local inject = os.getenv "INJECT" or helper.build .. "/fault/inject"
local LOG, RESULT = "/run/inject.log", "/run/result.json"

local function contents(path)
  local file = io.open(path)
  if not file then
    return ""
  end
  local text = file:read "a"
  file:close()
  return text
end

local container -- the present one
local function scene()
  return {
    pid = container.pid,
    fd = function()
      return assert(io.open(("/proc/%d/ns/net"):format(container.pid)))
    end,
  }
end

-- One run under the injector. Returns what act.lua reported (nil when it was killed), and what was hit.
local function run(row, how, again)
  os.remove(RESULT)
  local _, output, status = helper.sh(("timeout 60 %s %s %s %s %s spec/fault/act.lua %s %d %s %s"):format(
    row.around or "", inject, LOG, how, helper.lua, helper.quote(row.name), container.pid, RESULT, again or ""))
  local result = json.decode(contents(RESULT))
  return result, contents(LOG):match "^[^\n]*", output, status
end

local function prepare(row)
  state.reset(container.pid)
  if row.before then
    row.before(scene())
  end
end

-- The states before and after, settled, and the list of points.
local function survey(row)
  container = helper.container()
  prepare(row)
  helper.sleep(0.3)
  local before = state.read(container.pid)
  local result, _, output = run(row, "list")
  assert(result and result.ok, row.name .. " fails without any fault: " .. (result and result.text or output))
  helper.sleep(0.3)
  local points = {}
  for line in contents(LOG):gmatch "[^\n]+" do
    local errors = -1
    for _ in line:gmatch "%S+" do
      errors = errors + 1
    end
    points[#points + 1] = { name = line:match "%S+", errors = errors }
  end
  return before, state.read(container.pid), points
end

local function found(row, how, hit, what)
  all:found("%s, %s (%s): %s", row.name, how, hit, what)
end

-- Does the state after an error hold? Returns nil or what is wrong.
local function judge_error(row, before, done)
  local which, now = state.await(container.pid, row.whole and 2 or 1, before, done)
  if which == 1 or which == 2 and not row.whole then
    return
  elseif row.resume then
    local again = run(row, "list")
    if again and again.ok and state.await(container.pid, 2, done) then
      return
    end
    now = state.read(container.pid)
  end
  return "not undone: " .. state.difference(before, now)
end

-- What a signal interrupts is done once more: nobody hears of it. Linux interrupts no open of what is opened here.
local RETRIED = { poll = true, ppoll = true, epoll_wait = true, epoll_pwait = true, futex = true, flock = true,
  nanosleep = true, clock_nanosleep = true, read = true, write = true, sendto = true, recvfrom = true, recvmsg = true,
  getrandom = true, close = true }

local function judge(row, before, done, result, output, hit)
  if not result then
    return "it crashed: " .. output:sub(-300)
  elseif not result.ran and not tostring(result.raised):find "not enough memory" then
    return "it raised: " .. result.raised
  elseif #result.leaks > 0 then
    return "leaks: " .. table.concat(result.leaks, "; ")
  elseif result.ok then
    local which, now = state.await(container.pid, 2, done)
    local enough = which or (hit:find " EACCES$" or hit:find " EPERM$")
      and state.without_gains(now) == state.without_gains(done)
    return not enough and "success, but not done: " .. state.difference(done, now) or nil
  elseif RETRIED[hit:match "^(%S+) EINTR$"] then
    return "interrupted by a signal, and not tried again: " .. tostring(result.text)
  elseif result.ran and (not result.text or not result.code) then
    return "no clear error: " .. tostring(result.text)
  elseif row.whole and result.ran and not result.step then
    return "an error without its step: " .. result.text
  end
  return judge_error(row, before, done)
end

-- One fault, and back to the state before.
local function fail_point(row, before, done, how, count)
  local result, hit, output = run(row, how)
  local wrong
  if hit and hit ~= "" then -- else the threads were in another order, and the call there cannot fail
    count.faults = count.faults + 1
    count.felt = count.felt + ((not result or not result.ok) and 1 or 0)
    wrong = judge(row, before, done, result, output, hit)
    if wrong then
      found(row, how, hit, wrong)
    else
      count.survived = count.survived + 1
    end
  end
  if wrong or row.spent and row.spent(scene()) or state.read(container.pid) ~= before then
    prepare(row)
    if not state.await(container.pid, 1, before) then
      container:kill()
      container = helper.container()
      prepare(row)
    end
  end
end

local function fail_points(row, before, done, points, count)
  for n, point in ipairs(points) do
    for k = 1, point.errors do
      if all:over() then
        return
      end
      fail_point(row, before, done, ("fail:%d:%d"):format(n, k), count)
    end
  end
end

-- After the crash: half of the points do it again, half let the container die and sweep.
local function after_kill(row, n, done, empty)
  if row.again ~= false and (n % 2 == 0 or not row.ours) then
    local again, _, output = run(row, "list", "again")
    if not again or not again.ok then
      return "doing it again failed: " .. (again and (again.text or again.raised) or output)
    end
    local which, now = state.await(container.pid, 2, done)
    return not which and "done again, but differs: " .. state.difference(done, now) or nil
  end
  if not row.ours then -- the origin's functions make links that only their caller knows
    return
  end
  container:kill()
  if row.perish then
    row.perish(scene())
  end
  local report, err = require("zlnet").sweep(row.sweep)
  -- a node's settings, which outlive any container
  helper.sh "echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding"
  local which, now = state.await(nil, 3, empty)
  container = helper.container()
  if not report then
    return "sweep failed: " .. err
  end
  return not which and "left after a sweep: " .. state.difference(empty, now) or nil
end

local function kill_points(row, done, points, count)
  prepare(row)
  state.reset(container.pid)
  local empty = state.read(nil)
  for n = 1, #points do
    if all:over() then
      return
    end
    prepare(row)
    local how = "kill:" .. n
    local result, hit = run(row, how)
    if hit and hit ~= "" then
      count.kills = count.kills + 1
      local wrong = result and "it was killed, and yet it told its result" or after_kill(row, n, done, empty)
      if wrong then
        found(row, how, hit, wrong)
      else
        count.killed = count.killed + 1
      end
    end
  end
end

print(("%-36s %6s %7s %9s %6s %9s"):format("workflow", "calls", "faults", "survived", "kills", "survived"))
local sum = { calls = 0, faults = 0, survived = 0, kills = 0, killed = 0 }
for row in all:each() do
  local before, done, points = survey(row)
  local count = { calls = #points, faults = 0, survived = 0, kills = 0, killed = 0, felt = 0 }
  prepare(row)
  fail_points(row, before, done, points, count)
  kill_points(row, done, points, count)
  state.reset(container.pid)
  if row.after then
    row.after(scene())
  end
  container:kill()
  helper.sh "ip link del br0"
  print(("%-36s %6d %7d %9d %6d %9d"):format(row.name, count.calls, count.faults, count.survived, count.kills,
    count.killed))
  io.stdout:flush()
  local errors = 0
  for _, point in ipairs(points) do
    errors = errors + point.errors
  end
  all:ended(row, { at = "system calls to fail", points = errors, hits = count.faults, felt = count.felt })
  all:ended(row, { at = "system calls to be killed at", points = #points, hits = count.kills, felt = count.kills })
  for key in pairs(sum) do
    sum[key] = sum[key] + count[key]
  end
end
print(("%-36s %6d %7d %9d %6d %9d"):format("all", sum.calls, sum.faults, sum.survived, sum.kills, sum.killed))
os.exit(all:summary(), true)
