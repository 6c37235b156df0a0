-- SPDX-License-Identifier: MIT
-- What attach finds out about the node, and what it makes of that.
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

local ACCEPT_RA = "/proc/sys/net/ipv6/conf/wan/accept_ra"

describe("zlnet.attach looks at the node", function()
  helper.insulate()

  before_each(function()
    helper.ip("link", "set", "lo", "up")
    for _, key in ipairs { "ipv4/ip_forward", "ipv6/conf/all/forwarding" } do
      helper.sh("echo 0 >/proc/sys/net/" .. key)
    end
  end)

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  describe("and inherits the MTU", function()
    local function inherited(c)
      local a = assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5", mtu = "inherit" })
      assert.equal(a.mtu, node.link(a.host_ifname).mtu)
      assert.equal(a.mtu, c:ip_json("link", "show", "dev", "eth0")[1].mtu)
      assert.match(" mtu=" .. a.mtu, node.link(a.host_ifname).ifalias)
      return a.mtu
    end

    it("of the best default route's link", function()
      local c = helper.container()
      for i, mtu in ipairs { 1380, 1280 } do
        helper.ip("link", "add", "up" .. i, "mtu", mtu, "up", "type", "bridge")
        helper.ip("link", "set", "up" .. i, "mtu", mtu)
        helper.ip("addr", "add", ("10.%d.0.1/24"):format(i), "dev", "up" .. i)
      end
      helper.ip("-6", "route", "add", "default", "dev", "up2")
      assert.equal(1280, inherited(c))
      helper.ip("route", "add", "default", "via", "10.2.0.2", "metric", "10")
      helper.ip("route", "add", "default", "via", "10.1.0.2", "metric", "5")
      assert.equal(1380, inherited(c))
      helper.ip("route", "del", "default", "metric", "5")
      helper.ip("route", "add", "default", "nexthop", "via", "10.1.0.2", "nexthop", "via", "10.2.0.2")
      assert.equal(1380, inherited(c))
    end)

    it("or refuses where no default route says from where", function()
      local c = helper.container()
      local before = node.state()
      local a, err = zlnet.attach { pid = c.pid, ip = "10.200.0.5", mtu = "inherit" }
      assert.is_nil(a)
      assert.equal("ENETUNREACH", err.code)
      assert.equal("find the MTU to inherit", err.step)
      assert.equal(before, node.state())
    end)
  end)

  -- A router that announces itself; the kernel takes its announcement only over a link-local address and 255 hops.
  local function announce(router)
    local script = [[
import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
index = socket.if_nametoindex("wan")
s.bind(("fe80::99", 0, 0, index))
s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0), ("ff02::1", 0, 0, index))]]
    local ok, output = router:exec("python3 -c " .. helper.quote(script))
    assert(ok, output)
  end

  local function default_route()
    return helper.ip_json("-6", "route", "show", "default")[1]
  end

  describe("and when it forwards IPv6", function()
    local router

    local there = helper.sh "command -v python3"
    local it = helper.it_where(there, "no python3 to announce a router with")

    before_each(function()
      if not there then
        return
      end
      router = node.remote()
      router:ip("addr", "add", "fe80::99/64", "dev", "wan", "nodad")
      helper.eventually(function()
        announce(router)
        return default_route()
      end, 5)
      assert.equal("ra", default_route().protocol)
    end)

    it("would lose the default route that the router announced", function()
      helper.sh "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"
      assert.is_nil(default_route())
    end)

    it("keeps it", function()
      local c = helper.container()
      local a = assert(zlnet.attach { pid = c.pid, ip = "fd00:200::5" })
      assert.same({
        { key = "net/ipv6/conf/wan/accept_ra", old = "1", new = "2" },
        { key = "net/ipv6/conf/all/forwarding", old = "0", new = "1" },
      }, a.changed)
      assert.equal("fe80::99", default_route().gateway)
    end)

    it("leaves links alone that listen anyway, or never", function()
      local c = helper.container()
      helper.sh("echo 2 >" .. ACCEPT_RA)
      local a = assert(zlnet.attach { pid = c.pid, ip = "fd00:200::5" })
      assert.same({ { key = "net/ipv6/conf/all/forwarding", old = "0", new = "1" } }, a.changed)
      assert.equal("fe80::99", default_route().gateway)
      assert(zlnet.detach(a))
      a = assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" }) -- no IPv6, no matter
      assert.same({ { key = "net/ipv4/ip_forward", old = "0", new = "1" } }, a.changed)
    end)

    it("takes it back when the attach fails", function()
      local c = helper.container()
      assert(helper.sh [[
        cd /proc/sys/net/ipv6/conf
        mount --bind all all && mount -o remount,bind,ro all]])
      local a, err = zlnet.attach { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" } }
      helper.sh "umount /proc/sys/net/ipv6/conf/all"
      assert.is_nil(a)
      assert.equal("EROFS", err.code)
      assert.equal("switch forwarding on", err.step)
      assert.is_nil(err.rollback)
      assert.equal("1\n0\n0\n", select(2, helper.sh("cat " .. ACCEPT_RA
        .. " /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv4/ip_forward")))
      assert.same({ "wan" }, node.links())
    end)
  end)
end)
