-- SPDX-License-Identifier: MIT
-- Contestant: zlnet, used as its README says.
-- zlnet.lua attach [direct] | cycle   stdin: "pid v4" a line      one | fleet   stdin: the same      sweep      list N
-- BENCH_RSS names a file that gets the resident memory in KB, before the first attach and after the last.
local zlnet = require "zlnet"
local now = require("zlnet.core").clock

local function timed(f, ...)
  local start = now()
  local ok, err = f(...)
  print(("%.1f"):format((now() - start) * 1e6))
  assert(ok, err)
end

local function resident()
  for line in io.lines("/proc/self/status") do
    local kb = line:match("^VmRSS:%s+(%d+)")
    if kb then
      return tonumber(kb)
    end
  end
end

local work, option = arg[1], arg[2]
if work == "attach" then
  local jobs = {}
  for line in io.lines() do
    local pid, ip = line:match("(%d+) (%S+)")
    jobs[#jobs + 1] = { pid = math.tointeger(tonumber(pid)), ip = ip, mode = option or "routed" }
  end
  local before = resident()
  for _, job in ipairs(jobs) do
    timed(zlnet.attach, job)
  end
  local path = os.getenv("BENCH_RSS")
  if path then
    collectgarbage()
    assert(io.open(path, "w")):write(before, " ", resident(), "\n"):close()
  end
elseif work == "pool" then
  -- takes from a pool at a rate, which is refilled meanwhile; what is taken ends at once, so that the pool may go on
  local size, rate, seconds = tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])
  local pool <close> = assert(zlnet.pool { size = size })
  assert(pool:refill())
  local begun, n = now(), 0
  while now() - begun < seconds do
    if now() - begun >= n / rate and #pool > 0 then
      n = n + 1
      local options = { id = "c" .. n, ip = ("10.%d.%d.%d"):format(200 + (n >> 16), n >> 8 & 255, n & 255) }
      timed(function()
        local a, err = pool:take(options)
        if a then
          a.netns_handle:close()
        end
        return a, err
      end)
    elseif #pool < size then
      assert(not select(2, pool:next()))
    end
  end
  io.stderr:write(("%d taken in %d s\n"):format(n, seconds))
  assert(zlnet.detach(assert(zlnet.attachments())))
elseif work == "cycle" then
  for line in io.lines() do
    local pid, ip = line:match("(%d+) (%S+)")
    pid = math.tointeger(tonumber(pid))
    timed(function()
      local a, err = zlnet.attach { pid = pid, ip = ip }
      if not a then
        return nil, err
      end
      return zlnet.detach(a)
    end)
  end
elseif work == "one" or work == "fleet" then
  local owners = {}
  for line in io.lines() do
    owners[#owners + 1] = { pid = math.tointeger(tonumber(line:match("%d+"))) }
  end
  if work == "fleet" then
    timed(zlnet.detach, owners)
  else
    local detach, at = zlnet.detach, tonumber(os.getenv "BENCH_AT")
    require("zlnet.core").poll({}, at and math.max(at - now(), 0) or 0)
    for _, owner in ipairs(owners) do
      timed(detach, owner)
    end
  end
elseif work == "sweep" then
  timed(zlnet.sweep, {})
else
  for _ = 1, tonumber(option) do
    timed(zlnet.list_all_links)
  end
end
