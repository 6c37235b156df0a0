-- SPDX-License-Identifier: MIT
-- How long a CNI plugin takes from its start to its end: zlnet-cni beside ptp, in turns, both with host-local.
-- usage, as root, after `make all build/zlnet-cni`:
--   LUA_CPATH='build/?.so;;' unshare --net --mount --pid --fork --mount-proc lua5.4 spec/bench/cni.lua [ROUNDS]
local core = require "zlnet.core"

local ROUNDS = tonumber(arg[1]) or 40
local PLUGINS = { { "zlnet-cni", "build/zlnet-cni" }, { "ptp", "/usr/lib/cni/ptp" } }
local CONF = [[{"cniVersion":"1.0.0","name":"%s","mtu":1400,"ipam":{"type":"host-local","dataDir":"/run/leases",
  "subnet":"10.%d.0.0/16","routes":[{"dst":"0.0.0.0/0"}]}}]]

local function sh(command)
  assert(os.execute(command), command)
end

-- User and system time of all that has ended below us, in ms; the kernel counts in 10 ms.
local function used()
  local file <close> = assert(io.open "/proc/self/stat")
  local user, system = file:read("a"):match "%) %S (.*)":match(("%S+ "):rep(12) .. "(%S+) (%S+)")
  return (user + system) * 10
end

local function run(plugin, i, n, command)
  local began, before = core.clock(), used()
  local child <close> = assert(core.spawn { plugin[2], stdin = CONF:format(plugin[1], n), env = {
    CNI_COMMAND = command, CNI_CONTAINERID = "c" .. i, CNI_NETNS = ("/run/netns/n%d-%d"):format(n, i),
    CNI_IFNAME = "eth0", CNI_PATH = "/usr/lib/cni" } })
  local result = assert(child:wait(60))
  assert(result.status == 0, result.stdout .. result.stderr)
  return (core.clock() - began) * 1e3, used() - before
end

sh "ip link set lo up && mount -t tmpfs none /run && mkdir /run/netns"
for i = 1, ROUNDS do
  sh(("ip netns add n1-%d && ip netns add n2-%d"):format(i, i))
end
for _, command in ipairs { "ADD", "DEL" } do
  local times, cpu = { {}, {} }, { 0, 0 }
  for i = 1, ROUNDS do
    for n, plugin in ipairs(PLUGINS) do
      local spent
      times[n][i], spent = run(plugin, i, n, command)
      cpu[n] = cpu[n] + spent
    end
  end
  local median = {}
  for n, plugin in ipairs(PLUGINS) do
    table.sort(times[n])
    median[n] = times[n][ROUNDS // 2 + 1]
    print(("%s %-10s median %6.2f ms  best %6.2f ms  CPU %5.1f ms"):format(command, plugin[1], median[n], times[n][1],
      cpu[n] / ROUNDS))
  end
  print(("%s ratio %.2f"):format(command, median[1] / median[2]))
end
