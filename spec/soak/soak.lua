-- SPDX-License-Identifier: MIT
-- Attach and detach again and again, and sweep in between, in one process: nothing may grow. Counted at the beginning,
-- after a warm-up, and at the end: resident memory, memory of the Lua state, descriptors, threads, links, mounted
-- namespaces, and the kernel's objects where /proc/slabinfo can be read.
-- usage: spec/fault/sandbox spec/soak/soak.lua SECONDS [CYCLES SWEEPS]
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local seconds, cycles, sweeps = tonumber(arg[1]) or 60, tonumber(arg[2]) or 100000, tonumber(arg[3]) or 10000
local BURST = 40 -- attachments at a time: detached as a list, which the kernel does with one wait
local WARM_UP = 5 -- bursts
local REPORT_EVERY = 10 -- seconds

local function number(path, pattern)
  local file = io.open(path)
  local text = file and file:read "a" or ""
  if file then
    file:close()
  end
  return tonumber(text:match(pattern)) or 0
end

local function entries(dir)
  local n = 0
  for _ in require("lfs").dir(dir) do
    n = n + 1
  end
  return n
end

-- Objects in use of the kernel's caches that pairs and sockets come from.
local function slab()
  local sum = 0
  for name, used in (function()
    local file = io.open "/proc/slabinfo"
    local text = file and file:read "a" or ""
    if file then
      file:close()
    end
    return text:gmatch "\n(%S+) +(%d+)"
  end)() do
    if name == "net_namespace" or name == "kmalloc-4k" or name == "kmalloc-8k" or name == "sock_inode_cache" then
      sum = sum + tonumber(used)
    end
  end
  return sum
end

local function measure()
  collectgarbage()
  collectgarbage()
  return {
    { "resident memory, KiB", number("/proc/self/status", "VmRSS:%s*(%d+)"), 1024 },
    { "Lua memory, KiB", math.ceil(collectgarbage "count"), 64 },
    { "descriptors", entries "/proc/self/fd", 0 },
    { "threads", number("/proc/self/status", "Threads:%s*(%d+)"), 0 },
    { "links", #zlnet.list_all_links(), 0 },
    { "namespaces mounted", entries "/run", 0 },
    { "kernel objects (slab)", slab(), 2000 }, -- the whole machine's: others use them, too
  }
end

local errors = {}
local function must(what, ok, err)
  if not ok then
    errors[#errors + 1] = what .. ": " .. tostring(err)
  end
  return ok
end

local containers = {}
for i = 1, BURST do
  containers[i] = helper.container()
end

local done = { cycles = 0, sweeps = 0 }

local MODES = {
  function(pid, i)
    return { pid = pid, ip = "10.9.0." .. i }
  end,
  function(pid, i)
    return { pid = pid, ip = { "10.9.0." .. i, "fd00:9::" .. i }, nodad = true }
  end,
  function(pid, i)
    return { pid = pid, ip = ("10.9.%d.2/24"):format(i), mode = "direct", proxy_arp = true }
  end,
}

local function burst(n)
  local list = {}
  for i, c in ipairs(containers) do
    list[#list + 1] = must("attach", zlnet.attach(MODES[(n + i) % #MODES + 1](c.pid, i))) or nil
  end
  -- a sweep finds all of them alive, and takes none
  while done.sweeps * cycles <= done.cycles * sweeps do
    local report = must("sweep", zlnet.sweep())
    if report and #report.deleted > 0 then
      errors[#errors + 1] = "a sweep took what is alive: " .. table.concat(report.deleted, " ")
    end
    done.sweeps = done.sweeps + 1
  end
  must("detach", zlnet.detach(list))
  done.cycles = done.cycles + #containers
end

local began = helper.clock()
local warm = 0
for n = 1, WARM_UP do
  burst(n)
  warm = n
end
local before, last = measure(), helper.clock()
local n = warm
while done.cycles < cycles and helper.clock() - began < seconds and #errors < 10 do
  n = n + 1
  burst(n)
  if helper.clock() - last > REPORT_EVERY then
    last = helper.clock()
    local now = measure()
    print(("%7.0f s %8d cycles %7d sweeps  RSS %d KiB, Lua %d KiB, %d descriptors, %d threads"):format(last - began,
      done.cycles, done.sweeps, now[1][2], now[2][2], now[3][2], now[4][2]))
    io.stdout:flush()
  end
end
-- the kernel frees what waited for its grace periods
helper.sleep(0.5)
local after = measure()
local took = helper.clock() - began

print(("%-24s %10s %10s %10s"):format("", "warmed up", "at the end", "allowed"))
for i, row in ipairs(before) do
  local grown = after[i][2] - row[2]
  print(("%-24s %10d %10d %10s%s"):format(row[1], row[2], after[i][2], "+" .. row[3],
    grown > row[3] and "  GROWN" or ""))
  if grown > row[3] then
    errors[#errors + 1] = row[1] .. " has grown by " .. grown
  end
end
print(("%d cycles, %d sweeps, %.0f s (%.2f ms a cycle), %d errors"):format(done.cycles, done.sweeps, took,
  took / done.cycles * 1000, #errors))
for _, text in ipairs(errors) do
  print("  FOUND " .. text)
end
for _, c in ipairs(containers) do
  c:kill()
end
os.exit(#errors == 0, true)
