#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- One of the nodes of an overlay: its containers reach those of other nodes through vxlan, over IPv4 and IPv6, at the
-- largest size that is never cut in pieces.
-- usage: two_nodes.lua DEVICE LOCAL OWN,OWN PEER=ITS,ITS… PID=ADDRESS,ADDRESS…
--   DEVICE, LOCAL  the link and the IPv4 address which the nodes reach each other by
--   OWN            this node's own addresses in the overlay, with the length of its containers' subnet
--   PEER=ITS       another node: its LOCAL, and its OWN
-- On 192.0.2.1, with a container whose process is 4242:
--   two_nodes.lua eth0 192.0.2.1 10.201.1.1/24,fd00:201:1::1/64 192.0.2.2=10.201.2.1/24,fd00:201:2::1/64 \
--     4242=10.201.1.5,fd00:201:1::5
-- Once more with the same words it changes nothing.
local addr = require "zlnet.addr"
local zlnet = require "zlnet"

local OVERHEAD = 50 -- Ethernet 14, vxlan 8, UDP 8, IPv4 20

-- Every node knows the MACs of the others' ends without asking: they are made of their addresses.
local function mac_of(address)
  return ("0a:58:%02x:%02x:%02x:%02x"):format(addr.bytes(address):byte(1, 4))
end

local function each(list)
  return list:gmatch "[^,]+"
end

local device, own_address, own = arg[1], arg[2], arg[3]
local node <close> = assert(zlnet.open())
local underlay = assert(node:getlink { ifname = device })
local mtu = underlay.mtu - OVERHEAD
local vxlan = node:getlink { ifname = "overlay" } or assert(node:newlink {
  ifname = "overlay", address = mac_of(own_address), mtu = mtu, flags = { up = true },
  linkinfo = { kind = "vxlan", data = { id = 4242, ["local"] = own_address, link = device, port = 4789,
    learning = false } },
})

local src = {}
for ip in each(own) do
  local parsed = assert(addr.parse(ip))
  src[#src + 1] = parsed.address
  assert(node:newaddr({ index = vxlan.index, ["local"] = parsed.address, prefixlen = addr.host_prefix[parsed.family],
    flags = parsed.family == "inet6" and { nodad = true } or nil }, "replace"))
end

-- Which node a MAC is behind, which MAC an address has, which address a subnet is behind: nothing has to be asked for.
local function add_peer(address, its)
  local mac = mac_of(address)
  assert(node:newneigh({ family = "bridge", ifindex = vxlan.index, lladdr = mac, dst = address, state = "permanent",
    flags = { self = true } }, "replace"))
  for ip in each(its) do
    local parsed = assert(addr.parse(ip))
    assert(node:newneigh({ ifindex = vxlan.index, dst = parsed.address, lladdr = mac, state = "permanent" }, "replace"))
    assert(node:newroute({ dst = addr.network(parsed.address, parsed.prefix) .. "/" .. parsed.prefix,
      gateway = parsed.address, oif = vxlan.index, flags = { onlink = true } }, "replace"))
  end
end

for i = 4, #arg do
  local key, addresses = arg[i]:match "^(.-)=(.+)$"
  if key:find(".", 1, true) then
    add_peer(key, addresses)
  else
    local ip = {}
    for address in each(addresses) do
      ip[#ip + 1] = address
    end
    local a = assert(zlnet.attach { pid = math.tointeger(tonumber(key)), ip = ip, src = src, mtu = mtu,
      on_exists = "keep" })
    print(a.host_ifname, addresses, "MTU " .. mtu)
  end
end
