-- SPDX-License-Identifier: MIT
-- What attach finds out about the node, and what it makes of that.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local facts = require "zlnet.attach.node"
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

  -- What attach says of a thing that cannot work; nothing is left.
  local function refused(options, code)
    local before = node.state()
    local a, err = zlnet.attach(options)
    assert.is_nil(a)
    assert.equal(code, err.code, tostring(err))
    assert.is_nil(err.rollback)
    assert.equal(before, node.state())
    return err.message, err
  end

  describe("and refuses an address that cannot work, saying whose it is:", function()
    local c

    before_each(function()
      c = helper.container()
      helper.ip("link", "add", "ext0", "type", "bridge")
      helper.ip("link", "set", "ext0", "up")
      helper.ip("addr", "add", "192.0.2.1/24", "dev", "ext0")
      helper.ip("addr", "add", "2001:db8::1/64", "dev", "ext0", "nodad")
    end)

    it("the node's own, or what its subnets are for", function()
      helper.ip("addr", "add", "192.0.3.1/24", "dev", "ext0")
      for ip, why in pairs {
        ["192.0.2.1"] = "is the node's own address",
        ["2001:db8::1"] = "is the node's own address",
        ["192.0.2.255"] = "is a broadcast address of the node's",
        ["192.0.3.0"] = "is the network address of 192.0.3.0/24, a subnet of the node's",
      } do
        for mode, prefix in pairs { routed = "", direct = ip:find ":" and "/64" or "/22" } do
          local message, err = refused({ pid = c.pid, ip = ip .. prefix, mode = mode }, "EADDRINUSE")
          assert.equal(("'%s' %s"):format(ip, why), message)
          assert.equal("check the container's addresses", err.step)
        end
      end
      assert(zlnet.attach { pid = c.pid, ip = { "192.0.2.9", "2001:db8::9" } })
    end)

    it("the bridge's own, or one that another container on it has", function()
      assert(zlnet.bridge { name = "br0", ip = { "10.7.0.1/24", "fd00:7::1/64" } })
      assert(zlnet.bridge { name = "br1" })
      local function on(bridge, container, ip, more)
        local options = { pid = container.pid, ip = ip, mode = "bridge", bridge = bridge, default_route = false }
        for key, value in pairs(more or {}) do
          options[key] = value
        end
        return options
      end
      for _, ip in ipairs { "10.7.0.1/25", "10.7.0.255/23", "fd00:7::1", "192.0.2.1/23" } do
        refused(on("br0", c, ip), "EADDRINUSE")
      end
      local d, e = helper.container(), helper.container()
      local a = assert(zlnet.attach(on("br0", c, { "10.7.0.5", "fd00:7::5" })))
      local message, err = refused(on("br0", d, { "10.7.0.6", "fd00:7::5" }), "EEXIST")
      assert.equal(("'fd00:7::5' is on bridge 'br0' already, through '%s'"):format(a.host_ifname), message)
      assert.equal(a.host_ifname, err.link)
      -- another bridge is another network, and one where the node has no address is none of the node's
      assert(zlnet.attach(on("br1", e, { "10.7.0.5", "192.0.2.1" })))
      assert(zlnet.attach(on("br0", c, { "10.7.0.5", "fd00:7::5" }))) -- the same container, made anew
      assert(zlnet.detach { pid = c.pid })
      assert(zlnet.attach(on("br0", d, "10.7.0.5")))
    end)

    it("the network's or the broadcast address of its own subnet", function()
      for ip, why in pairs {
        ["10.7.0.0/24"] = "'10.7.0.0' is the network address of 10.7.0.0/24",
        ["10.7.0.255/24"] = "'10.7.0.255' is the broadcast address of 10.7.0.0/24",
      } do
        assert.error_matches(function()
          zlnet.attach { pid = c.pid, ip = ip, mode = "direct" }
        end, "bad option 'ip' to 'attach': " .. why, 1, true)
      end
      assert(zlnet.attach { pid = c.pid, ip = "10.7.0.0/31", mode = "direct" })
    end)
  end)

  it("and lets the ends forward where the node does, whatever new links get", function()
    helper.sh [[cd /proc/sys/net/ipv4; echo 1 >ip_forward; echo 0 >conf/default/forwarding]]
    local c, d, e = helper.container(), helper.container(), helper.container()
    local a = assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" })
    assert(zlnet.attach { pid = d.pid, ip = "10.200.0.6" })
    assert.is_true((helper.ping(c, "10.200.0.6")))
    assert.same({}, zlnet.check(a))
    helper.ip("link", "add", "br0", "type", "bridge")
    helper.ip("addr", "add", "10.7.0.1/24", "dev", "br0")
    helper.ip("link", "set", "br0", "up")
    local b = assert(zlnet.attach { pid = e.pid, ip = "10.7.0.5/24", mode = "bridge", bridge = "br0",
      gateway = "10.7.0.1" })
    assert.same({ { key = "net/ipv4/conf/br0/forwarding", old = "0", new = "1" } }, b.changed)
    assert.is_true((helper.ping(e, "10.200.0.6")))
    helper.sh(("echo 0 >/proc/sys/net/ipv4/conf/%s/forwarding"):format(a.host_ifname))
    assert.same({ { ns = "host", key = "forwarding", expected = 1, found = 0 } }, zlnet.check(a))
    helper.sh "cd /proc/sys/net/ipv4; echo 1 >conf/default/forwarding; echo 0 >ip_forward"
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
      end)
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

    it("makes nothing where the kernel does not say which links listen", function()
      local host <close> = assert(zlnet.open())
      local asked = setmetatable({ getlink = function(_, t, keys)
        if t.index then
          return nil, core.error { kind = "netlink", code = "ENOBUFS", op = "getlink", message = "refused" }
        end
        return host:getlink(t, keys)
      end }, { __index = function(_, name)
        return function(_, ...)
          return host[name](host, ...)
        end
      end })
      local o = { ip = { { family = "inet6", address = "fd00:200::5" } }, forwarding = true, mode = "routed" }
      local seen, err = facts.look(o, asked)
      assert.is_nil(seen)
      assert.same({ "ENOBUFS", "find the default routes that routers announced" }, { err.code, err.step })
      assert.same({ "wan" }, assert(facts.look(o, host)).accept_ra)
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
