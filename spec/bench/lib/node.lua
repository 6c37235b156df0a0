-- SPDX-License-Identifier: MIT
-- The node that the contestants find: containers, and how it is emptied again. Nothing here is timed.
local sh = require "sh"

local node = {}

local function ip_of(i, net)
  return ("10.%d.%d.%d"):format(net or 200, i // 250, i % 250 + 1)
end

--- N child processes, each in its own namespace, until `stop` is called; `die` ends them but keeps their namespaces.
function node.containers(n, net)
  local p = assert(io.popen("exec build/bench/hold containers " .. n))
  local keeper = p:read("n")
  local jobs = {}
  for i = 1, n do
    local pid = assert(p:read("n"), "a container did not start")
    jobs[i] = { pid = pid, ip = ip_of(i, net), name = "veth-" .. pid .. "-s" }
  end
  return {
    jobs = jobs,
    die = function()
      os.execute("kill -USR1 " .. keeper)
      repeat
        local word = p:read "l"
      until word == "dead"
    end,
    stop = function()
      os.execute("kill " .. keeper)
      p:close()
    end,
  }
end

--- Jobs of one's own, because a contestant may get another address than it was given.
function node.copies(jobs, from, to)
  local list = {}
  for i = from, to do
    local job = jobs[i]
    list[#list + 1] = { pid = job.pid, ip = job.ip, name = job.name }
  end
  return list
end

local function reset(jobs)
  local lines = {}
  for i, job in ipairs(jobs) do
    lines[i] = job.pid
  end
  sh.numbers("build/bench/hold reset", table.concat(lines, "\n") .. "\n")
end

--- Deletes the host ends of jobs, those that are there.
function node.fleet(jobs)
  local lines = {}
  for i, job in ipairs(jobs) do
    lines[i] = job.name
  end
  sh.numbers("build/bench/floor fleet", table.concat(lines, "\n") .. "\n")
end

--- Whatever is left of a contestant goes, so that the next one finds an empty node.
function node.clear(jobs)
  node.fleet(jobs)
  sh.ok("for l in $(ip -o link | sed -n 's/^[0-9]*: \\([^@:]*\\).*/\\1/p'); do [ $l = lo ] || ip link delete $l; done")
  reset(jobs)
end

--- The kernel takes n namespaces down behind our back, under the lock that everybody needs.
function node.settle(n)
  os.execute(("sleep %.1f"):format(0.3 + n / 500))
end

return node
