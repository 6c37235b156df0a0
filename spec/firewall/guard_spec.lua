-- SPDX-License-Identifier: MIT
-- What a container sends under names that are not its own, and who hears it.
local addr = require "zlnet.addr"
local attach = require("zlnet.attach").attach
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local traffic = require "spec.support.traffic"

local FOREIGN_MAC = "02:00:00:00:00:66"

describe("guard", function()
  helper.insulate()

  after_each(function()
    traffic.stop()
    helper.sh "ip link del wan; ip link del br0; nft flush ruleset"
  end)

  local function link_of(c)
    return c:ip_json("link", "show", "dev", "eth0")[1]
  end

  local function node_mac(name)
    return node.link(name).address
  end

  -- A server that hears the honest text, sent last, and nothing before it.
  local function hears_only(heard, text)
    helper.eventually(function()
      return table.concat(heard(), "\n"):find(text, 1, true)
    end)
    local list = heard()
    assert.equal(1, #list, table.concat(list, "\n"))
    assert.truthy(list[1]:find(text, 1, true))
  end

  local function bridge()
    helper.ip("link", "add", "br0", "up", "type", "bridge")
    helper.ip("addr", "add", "10.200.9.1/24", "dev", "br0")
    helper.ip("addr", "add", "fd00:200:0:0:9::1/80", "dev", "br0", "nodad")
    helper.sh "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
  end

  local function make(mode, number, guard)
    local c = helper.container()
    local o = { pid = c.pid, mode = mode, guard = guard, ip = { "10.200.0." .. number, "fd00:200::" .. number } }
    if mode == "bridge" then
      o.bridge, o.gateway = "br0", { "10.200.9.1", "fd00:200:0:0:9::1" }
      o.ip = { "10.200.9." .. number .. "/24", "fd00:200:0:0:9::" .. number .. "/80" }
    end
    local a = assert(attach(o))
    c.v4, c.v6, c.mac = a.ip[1].address, a.ip[2].address, a.mac
    c.host, c.to = a.host_ifname, mode == "bridge" and node_mac "br0" or a.host_mac
    return c
  end

  for _, mode in ipairs { "routed", "direct", "bridge" } do
    it("lets nothing out under another address or MAC: " .. mode, function()
      if mode == "bridge" then
        bridge()
      end
      node.remote()
      local c = make(mode, 5, true)
      local heard = traffic.serve(nil, "udp", 7000)
      local function datagram(from, to, src, text)
        return traffic.udp { src = src or c.mac, dst = c.to, from = from, to = to, port = 7000, text = text }
      end
      traffic.send(c, "eth0",
        datagram("10.200.0.66", "192.0.2.1", nil, "another's address"),
        datagram("192.0.2.1", "192.0.2.1", nil, "the node's address"),
        datagram("fd00:200::66", "2001:db8::1", nil, "another's address"),
        datagram(c.v4, "192.0.2.1", FOREIGN_MAC, "another MAC"),
        datagram(c.v6, "2001:db8::1", FOREIGN_MAC, "another MAC"),
        datagram(c.v4, "192.0.2.1", nil, "its own"))
      hears_only(heard, "its own")
      if mode ~= "direct" then -- there somebody would have to answer for others
        assert(helper.ping(c, "192.0.2.2"))
        assert(helper.ping(c, "2001:db8::2"))
        assert(helper.ping(nil, c.v6))
      end
      assert(helper.ping(nil, c.v4))
    end)

    it("lets no claim of another's address out: " .. mode, function()
      if mode == "bridge" then
        bridge()
      end
      local c = make(mode, 5, true)
      local device = mode == "bridge" and "br0" or c.host
      local own = addr.link_local(c.mac)
      -- the node's device wants to know of everybody
      helper.sh(("sysctl -qw net.ipv4.conf.%s.arp_accept=1 net.ipv6.conf.%s.accept_untracked_na=1"):format(device,
        device))
      local heard = traffic.serve(nil, "udp", 7000)
      traffic.send(c, "eth0",
        traffic.arp { src = c.mac, from = "10.200.9.66", to = "10.200.9.66" },
        traffic.arp { src = c.mac, from = "10.200.9.66", to = "10.200.9.1", reply = true },
        traffic.arp { src = c.mac, sender = FOREIGN_MAC, from = c.v4, to = c.v4 },
        traffic.arp { src = FOREIGN_MAC, from = c.v4, to = c.v4 },
        traffic.advertise { src = c.mac, from = own, target = "fd00:200:0:0:9::66" },
        traffic.advertise { src = c.mac, from = c.v6, target = "fe80::1" },
        traffic.icmpv6 { src = c.mac, from = own, to = "ff02::1", type = 134, body = "\64\0\7\8" .. ("\0"):rep(8) },
        traffic.icmpv6 { src = c.mac, from = "::", to = "ff02::1", type = 135,
          body = "\0\0\0\0" .. addr.bytes "fd00:200:0:0:9::66" },
        traffic.udp { src = c.mac, dst = c.to, from = c.v4, to = "10.200.9.1", port = 7000, text = "its own" })
      if mode == "bridge" then
        hears_only(heard, "its own")
      else
        assert(helper.ping(c, "169.254.1.1") or mode == "direct")
      end
      local claimed = {}
      for _, entry in ipairs(helper.ip_json("neigh", "show", "dev", device)) do
        if entry.dst:find "66$" or entry.lladdr == FOREIGN_MAC then
          claimed[#claimed + 1] = entry.dst
        end
      end
      for _, entry in ipairs(helper.ip_json("-6", "neigh", "show", "dev", device)) do
        if entry.dst:find "66$" or entry.lladdr == FOREIGN_MAC or entry.router and entry.dst:find "^fd00" then
          claimed[#claimed + 1] = entry.dst
        end
      end
      assert.same({}, claimed)
    end)
  end

  it("protects neighbours on a bridge, and what is not guarded is as before", function()
    bridge()
    local c, victim, free = make("bridge", 5, true), make("bridge", 6, true), make("bridge", 7)
    victim:exec "sysctl -qw net.ipv4.conf.eth0.arp_accept=1"
    local heard = traffic.serve(victim, "udp", 7000)
    local function spoof(from, text)
      return traffic.udp { src = from.mac, dst = victim.mac, from = "10.200.9.99", to = victim.v4, port = 7000,
        text = text }
    end
    traffic.send(c, "eth0", spoof(c, "guarded"), traffic.arp { src = c.mac, from = "10.200.9.1", to = "10.200.9.1" })
    traffic.send(free, "eth0", spoof(free, "free"))
    hears_only(heard, "free")
    local gateway = victim:ip_json("neigh", "show", "10.200.9.1")[1]
    assert.is_true(gateway == nil or gateway.lladdr ~= link_of(c).address)
    assert(helper.ping(c, victim.v4))
    assert(helper.ping(victim, c.v6))
    assert(helper.ping(free, c.v4))
  end)

  it("knows a MAC that was chosen", function()
    local c = helper.container()
    node.remote()
    assert(attach { pid = c.pid, ip = "10.200.0.5", guard = true, mac = "02:00:00:00:00:05" })
    assert(helper.ping(c, "192.0.2.2"))
    c:ip("link", "set", "dev", "eth0", "address", "02:00:00:00:00:07")
    assert.is_false((helper.ping(c, "192.0.2.2")))
    c:ip("link", "set", "dev", "eth0", "address", "02:00:00:00:00:05")
    assert.is_true((helper.ping(c, "192.0.2.2")))
  end)
end)
