#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- From a shell script to zlnet, line by line. What attached a container with ip(8) and nsenter(1) stands in the
-- comments, below it what does the same now. In the end attach does all of it in one call.
-- usage: migration.lua PID steps|attach
local zlnet = require "zlnet"

local pid, how = math.tointeger(arg[1]), arg[2]
local host, ip = "veth-" .. pid .. "-s", "10.200.0.5"

if how == "steps" then
  -- ip link add $host address 02:00:00:00:00:01 up type veth peer name eth0 netns $pid
  local node <close> = assert(zlnet.open())
  local container <close> = assert(zlnet.open(pid)) -- nsenter -t $pid -n …
  local namespace <close> = assert(zlnet.netns.open(pid))
  local link = assert(node:newlink {
    ifname = host, address = "02:00:00:00:00:01", flags = { up = true },
    linkinfo = { kind = "veth", data = { peer = { ifname = "eth0", net_ns_fd = namespace:fd() } } },
  })

  -- nsenter -t $pid -n ip addr add $ip/32 dev eth0
  assert(container:newaddr { index = "eth0", ["local"] = ip, prefixlen = 32 })
  -- nsenter -t $pid -n ip link set lo up; nsenter -t $pid -n ip link set eth0 up
  assert(container:setlink { ifname = "lo", flags = { up = true } })
  assert(container:setlink { ifname = "eth0", flags = { up = true } })
  -- nsenter -t $pid -n ip route add default via 169.254.1.1 dev eth0 onlink
  assert(container:newroute { gateway = "169.254.1.1", oif = "eth0", flags = { onlink = true } })

  -- ip addr add 169.254.1.1/32 dev $host scope link
  assert(node:newaddr { index = link.index, ["local"] = "169.254.1.1", prefixlen = 32, scope = "link" })
  -- ip route add $ip dev $host
  assert(node:newroute { dst = ip .. "/32", oif = link.index, scope = "link" })
  -- sysctl -w net.ipv4.ip_forward=1
  assert(zlnet.set_sysctl("net.ipv4.ip_forward", "1"))
  -- nsenter -t $pid -n ip -j addr show dev eth0
  for _, address in ipairs(assert(container:getaddrs { index = "eth0", family = "inet" })) do
    print(address["local"] .. "/" .. address.prefixlen)
  end
  -- on an error, of any of these lines: ip link del $host; which a shell script has to remember
else
  -- all of the above, undone when a step fails, with a record of whose it is
  local attachment = assert(zlnet.attach { pid = pid, ip = ip })
  print(attachment.ip[1].address .. "/" .. attachment.ip[1].prefix)
end
