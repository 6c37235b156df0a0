-- SPDX-License-Identifier: MIT
-- Under which address traffic arrive elsewhere.
local attach = require("zlnet.attach").attach
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local traffic = require "spec.support.traffic"

describe("masquerade", function()
  helper.insulate()

  after_each(function()
    traffic.stop()
    helper.sh "ip link del wan; ip link del br0; nft flush ruleset"
  end)

  local function forwards()
    helper.sh "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
  end

  it("gives what leaves the node the node's address, over IPv4 and IPv6, TCP and UDP", function()
    local remote, c = node.remote(), helper.container()
    assert(attach { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" }, masquerade = true })
    for _, kind in ipairs { "tcp", "udp" } do
      traffic.serve(remote, kind, 7000)
      assert.equal("192.0.2.1", traffic.ask(c, kind, "192.0.2.2", 7000))
      assert.equal("2001:db8::1", traffic.ask(c, kind, "2001:db8::2", 7000))
    end
  end)

  it("leaves others as they are", function()
    local remote, with, without = node.remote(), helper.container(), helper.container()
    assert(attach { pid = with.pid, ip = "10.200.0.5", masquerade = true })
    assert(attach { pid = without.pid, ip = "10.200.0.6" })
    traffic.serve(remote, "udp", 7000)
    assert.equal("10.200.0.6", traffic.ask(without, "udp", "192.0.2.2", 7000))
    assert.equal("192.0.2.1", traffic.ask(with, "udp", "192.0.2.2", 7000))
  end)

  it("leaves alone what stays in the container's network, whatever its length, and among containers", function()
    for i, length in ipairs { 22, 24, 30 } do
      local remote, a, b = node.remote(), helper.container(), helper.container()
      -- the network goes on beyond the node
      remote:ip("addr", "add", "10.200.0.2/32", "dev", "wan")
      helper.ip("route", "add", "10.200.0.2/32", "via", "192.0.2.2")
      assert(attach { pid = a.pid, ip = "10.200.0.1/" .. length, masquerade = true, gateway = "169.254.1.1" })
      assert(attach { pid = b.pid, ip = "10.201.0.1", masquerade = true })
      traffic.serve(remote, "tcp", 7000 + i)
      traffic.serve(b, "tcp", 7000 + i)
      assert.equal("10.200.0.1", traffic.ask(a, "tcp", "10.200.0.2", 7000 + i))
      assert.equal("192.0.2.1", traffic.ask(a, "tcp", "192.0.2.2", 7000 + i))
      assert.equal("10.200.0.1", traffic.ask(a, "tcp", "10.201.0.1", 7000 + i))
      traffic.stop()
      remote:kill()
      a:kill()
      b:kill()
      helper.sh "ip link del wan"
      helper.eventually(function()
        return #helper.ip_json("link") == 1
      end)
    end
  end)

  it("leaves IPv6 networks alone, too", function()
    local remote, c = node.remote(), helper.container()
    remote:ip("addr", "add", "fd00:200::2/128", "dev", "wan", "nodad")
    helper.ip("-6", "route", "add", "fd00:200::2/128", "via", "2001:db8::2")
    assert(attach { pid = c.pid, ip = "fd00:200::5/62", masquerade = true })
    traffic.serve(remote, "tcp", 7000)
    assert.equal("fd00:200::5", traffic.ask(c, "tcp", "fd00:200::2", 7000))
    assert.equal("2001:db8::1", traffic.ask(c, "tcp", "2001:db8::2", 7000))
  end)

  it("does so for containers on a bridge", function()
    local remote, c = node.remote(), helper.container()
    forwards()
    helper.ip("link", "add", "br0", "up", "type", "bridge")
    helper.ip("addr", "add", "10.9.0.1/24", "dev", "br0")
    assert(attach { pid = c.pid, ip = "10.9.0.5/24", mode = "bridge", bridge = "br0", gateway = "10.9.0.1",
      masquerade = true })
    traffic.serve(remote, "udp", 7000)
    assert.equal("192.0.2.1", traffic.ask(c, "udp", "192.0.2.2", 7000))
    traffic.serve(nil, "udp", 7001)
    assert.equal("10.9.0.5", traffic.ask(c, "udp", "10.9.0.1", 7001))
  end)

  it("never does so to multicast", function()
    local remote, c = node.remote(), helper.container()
    assert(attach { pid = c.pid, ip = "10.200.0.5", masquerade = true })
    -- the node forwards a packet to a group as it would one to a host, and what leaves it is counted
    helper.ip("route", "add", "224.1.2.3/32", "via", "192.0.2.2")
    local ok, text = helper.sh [[nft -f - <<'END'
      add table inet seen
      add chain inet seen c { type filter hook postrouting priority 300; }
      add rule inet seen c oifname "wan" ip daddr 224.0.0.0/4 ip saddr 10.200.0.5 counter
END]]
    assert(ok, text)
    assert(remote)
    ok, text = helper.sh "nft list chain inet zlnet masquerading"
    assert(ok, text)
    assert.truthy(text:find("ip daddr 224.0.0.0/3 accept", 1, true))
    assert.truthy(text:find("ip6 daddr ff00::/8 accept", 1, true))
  end)
end)
