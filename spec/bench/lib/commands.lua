-- SPDX-License-Identifier: MIT
-- The contestants that are commands: ip(8), CNI plugins, netavark. The stopwatch (`hold time`) runs and times them.
local sh = require "sh"

local commands = {}
local needs

--- A script for `hold time`: items are lists of commands, a command is a list of words.
local function stopwatch(items, before)
  local lines = { before }
  for _, item in ipairs(items) do
    lines[#lines + 1] = "item"
    for _, command in ipairs(item) do
      for _, env in ipairs(command.env or {}) do
        lines[#lines + 1] = "env " .. env
      end
      if command.input then
        lines[#lines + 1] = "in " .. command.input
      end
      lines[#lines + 1] = "run\t" .. table.concat(command, "\t")
    end
  end
  return sh.numbers("build/bench/hold time", table.concat(lines, "\n") .. "\n")
end
commands.stopwatch = stopwatch

local function words(text)
  local list = {}
  for word in text:gmatch("%S+") do
    list[#list + 1] = word
  end
  return list
end

local function filled(text, job)
  return (text:gsub("%$(%u+)", { PID = job.pid, IP = job.ip, HOST = job.name, PEER = "vc-" .. job.pid .. "-s" }))
end

local steps = {
  "ip link add $HOST type veth peer name $PEER",
  "ip link set $PEER netns $PID",
  "nsenter -t $PID -n ip link set $PEER name eth0",
  "nsenter -t $PID -n ip addr add $IP/24 dev eth0",
  "nsenter -t $PID -n ip link set eth0 up",
  "nsenter -t $PID -n ip link set lo up",
  "nsenter -t $PID -n ip route add default dev eth0",
  "ip link set $HOST up",
  "ip route replace $IP/32 dev $HOST",
}

local sweep_script = [[
for name in $(ip -br link | sed 's/[@ ].*//'); do
	case $name in veth-*|vc-*) pid=${name#*-} pid=${pid%-*} ;; *) continue ;; esac
	[ -d /proc/$pid ] || ip link delete $name 2>/dev/null || :
done]]

local ip = {
  key = "ip",
  name = "ip + nsenter per step",
  state = "direct",
  share = 0.1,
  attach = function(jobs)
    local items = {}
    for i, job in ipairs(jobs) do
      items[i] = {}
      for k, step in ipairs(steps) do
        items[i][k] = words(filled(step, job))
      end
    end
    return stopwatch(items)
  end,
  one = function(jobs)
    local items = {}
    for i, job in ipairs(jobs) do
      items[i] = { { "ip", "link", "delete", job.name } }
    end
    return stopwatch(items)
  end,
  sweep = function()
    return stopwatch({ { { "sh", sh.write("sweep.sh", sweep_script) } } })[1]
  end,
  list = function(times)
    local items = {}
    for i = 1, times do
      items[i] = { { "ip", "-br", "link" } }
    end
    return stopwatch(items)
  end,
}

local batch_host = [[
link add dev $HOST up numtxqueues 1 numrxqueues 1 type veth peer name eth0 netns $PID numtxqueues 1 numrxqueues 1
link set dev $HOST alias ip-batch-pid-$PID
addr add 169.254.1.1/32 dev $HOST
route replace $IP/32 dev $HOST
]]
local batch_container = [[
addr add $IP/32 dev eth0
link set lo up
link set eth0 up
route add 169.254.1.1 dev eth0 scope link
route add default via 169.254.1.1 dev eth0
]]

local ip_batch = {
  key = "ip-batch",
  name = "ip -batch, in place",
  state = "routed",
  share = 0.25,
  attach = function(jobs)
    local items = {}
    for i, job in ipairs(jobs) do
      local host = sh.write("host" .. i, filled(batch_host, job))
      local container = sh.write("container" .. i, filled(batch_container, job))
      items[i] = {
        { "ip", "-batch", host },
        { "nsenter", "-t", tostring(job.pid), "-n", "ip", "-batch", container },
      }
    end
    return stopwatch(items)
  end,
  fleet = function(jobs)
    local lines = {}
    for i, job in ipairs(jobs) do
      lines[i] = "link set dev " .. job.name .. " group 777"
    end
    lines[#lines + 1] = "link delete group 777"
    local file = sh.write("fleet", table.concat(lines, "\n") .. "\n")
    return stopwatch({ { { "ip", "-batch", file } } })[1]
  end,
}

-- ---- CNI plugins and netavark: executables with a JSON configuration on standard input
local cni_config = [=[{"cniVersion":"0.4.0","name":"$NAME","type":"$TYPE",$MORE"ipMasq":false,"ipam":{
"type":"host-local","dataDir":"$DIR","ranges":[[{"subnet":"$SUBNET"}]],"routes":[{"dst":"0.0.0.0/0"}]}}]=]

--- A plugin takes its addresses from host-local, so a job's ip is known only afterwards: asked of the container.
function commands.learn_ips(jobs)
  for _, job in ipairs(jobs) do
    local seen = sh.out(("nsenter -t %d -n ip -o -4 addr show dev eth0"):format(job.pid)) or ""
    job.ip = seen:match("inet ([%d.]+)") or job.ip
  end
end

function commands.cni_items(path, command, jobs, input)
  local items = {}
  for i, job in ipairs(jobs) do
    items[i] = {
      {
        path,
        input = input,
        env = {
          "CNI_COMMAND=" .. command,
          "CNI_CONTAINERID=c" .. job.pid,
          "CNI_NETNS=/proc/" .. job.pid .. "/ns/net",
          "CNI_IFNAME=eth0",
          "CNI_PATH=/usr/lib/cni",
        },
      },
    }
  end
  return items
end

function commands.cni_config(type, subnet, more)
  local fill = { NAME = "bench-" .. type, TYPE = type, MORE = more or "", DIR = sh.tmp() .. "/cni", SUBNET = subnet }
  return sh.write(type .. ".conf", (cni_config:gsub("%$(%u+)", fill)))
end

local function cni(type, subnet, more)
  local path = "/usr/lib/cni/" .. type
  local function run(command, jobs)
    return stopwatch(commands.cni_items(path, command, jobs, commands.cni_config(type, subnet, more)))
  end
  return {
    key = type,
    name = "CNI " .. type .. ", host-local",
    state = type,
    share = 0.1,
    missing = needs(path, "containernetworking-plugins"),
    attach = function(jobs)
      local us = run("ADD", jobs)
      commands.learn_ips(jobs)
      return us
    end,
    one = function(jobs)
      return run("DEL", jobs)
    end,
    all_one = true, -- an unnamed host end and a lease: only its own DEL cleans up after it
  }
end

local netavark_config = [[{"container_id":"c$PID","container_name":"c$PID","networks":{"n":{"interface_name":"eth0",
"static_ips":["$IP"]}},"network_info":{"n":{"name":"n","driver":"bridge","network_interface":"nv0",
"id":"2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
"subnets":[{"subnet":"10.204.0.0/16","gateway":"10.204.0.1"}],"ipv6_enabled":false,
"internal":%s,"dns_enabled":false,"ipam_options":{"driver":"host-local"}}}}]]

local function netavark(internal)
  local path = "/usr/lib/podman/netavark"
  local function run(command, jobs)
    local items = {}
    for i, job in ipairs(jobs) do
      local input = sh.write("netavark" .. job.pid, filled(netavark_config:format(internal), job))
      local ns = "/proc/" .. job.pid .. "/ns/net"
      items[i] = { { path, "--config", sh.tmp() .. "/netavark", command, ns, input = input } }
    end
    return stopwatch(items, "env NETAVARK_FW=iptables")
  end
  return {
    key = internal and "netavark-internal" or "netavark",
    name = internal and "netavark, no firewall" or "netavark",
    state = internal and "netavark internal" or "netavark",
    share = 0.05,
    missing = needs(path, "netavark"),
    attach = function(jobs)
      sh.ok("mkdir -p " .. sh.tmp() .. "/netavark")
      for _, job in ipairs(jobs) do
        job.ip = job.ip:gsub("^10%.%d+", "10.204")
      end
      return run("setup", jobs)
    end,
    one = function(jobs)
      return run("teardown", jobs)
    end,
    all_one = true,
  }
end

return setmetatable(commands, {
  --- Adds its contestants; `needs` says what is missing of them.
  __call = function(_, contestants)
    needs = contestants.needs
    contestants.add(ip)
    contestants.add(ip_batch)
    contestants.add(cni("ptp", "10.201.0.0/16"))
    contestants.add(cni("bridge", "10.202.0.0/16", '"bridge":"cni0","isGateway":true,'))
    contestants.add(netavark(false))
    contestants.add(netavark(true))
  end,
})
