#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- A node whose containers share a bridge. usage: bridge_node.lua BRIDGE GATEWAY/LENGTH PID=ADDRESS/LENGTH…
--   bridge_node.lua br0 10.210.0.1/24 4242=10.210.0.5/24 4243=10.210.0.6/24
-- Once more with the same words it changes nothing; a container that is left out keeps what it has.
local zlnet = require "zlnet"

local name, gateway = arg[1], arg[2]
-- the bridge is made where it is missing; where it is there it is compared, and an address which it lacks is added
assert(zlnet.bridge { name = name, ip = gateway })
assert(zlnet.set_sysctl("net.ipv4.ip_forward", "1"))

for i = 3, #arg do
  local pid, ip = arg[i]:match "^(%d+)=(.+)$"
  local attachment = assert(zlnet.attach {
    pid = math.tointeger(pid), ip = ip,
    mode = "bridge", bridge = name, gateway = gateway:match "[^/]+",
    mtu = "inherit", on_exists = "keep",
  })
  print(attachment.host_ifname, "on " .. name, ip)
end
