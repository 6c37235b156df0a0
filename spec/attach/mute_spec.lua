-- SPDX-License-Identifier: MIT
-- A host end speaks IPv6 only where it carries it.
local attach = require "zlnet.attach"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

local DUAL = { "10.200.0.5", "fd00:200::5" }

describe("a host end", function()
  helper.insulate()

  local c, made

  before_each(function()
    made = {}
    helper.ip("link", "set", "lo", "up")
    helper.ip("addr", "add", "10.0.0.9/32", "dev", "lo")
    c = helper.container()
  end)

  after_each(function()
    for i = #made, 1, -1 do
      assert(helper.sh(made[i]))
    end
    helper.ip("addr", "del", "10.0.0.9/32", "dev", "lo")
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  -- Mounts something over a part of /proc/sys until the example ends.
  local function cover(path, how)
    assert(helper.sh(how:gsub("PATH", path)))
    made[#made + 1] = "umount " .. path
  end

  local READ_ONLY = "mount --bind PATH PATH && mount -o remount,bind,ro PATH"

  local function setting(ifname, key, inside)
    local command = ("cat /proc/sys/net/ipv6/conf/%s/%s"):format(ifname, key)
    local _, value = (inside and c.exec or helper.sh)(inside and c or command, command)
    return value
  end

  local function off(ifname)
    return setting(ifname, "disable_ipv6") == "1\n"
  end

  -- What ip(8) shows of IPv6 on a link of the node's.
  local function inet6(ifname)
    local list = {}
    for _, row in ipairs(helper.ip_json("-6", "addr", "show", "dev", ifname)) do
      for _, info in ipairs(row.addr_info) do
        list[#list + 1] = info["local"]
      end
    end
    for _, row in ipairs(helper.ip_json("-6", "route", "show", "table", "all", "dev", ifname)) do
      list[#list + 1] = "route " .. row.dst
    end
    return list
  end

  -- Whether the node answers what the container asks of everybody on the link; it answers itself, too.
  local function answers_everybody()
    c:exec "echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6"
    helper.eventually(function() -- its own address is tentative at first
      local _, output = c:exec "ip -6 addr show dev eth0"
      return output:find "fe80::" and not output:find "tentative"
    end)
    local _, output = c:exec "ping -n -c 3 -i 0.2 -W 2 ff02::1%eth0"
    assert.match("bytes from fe80::", output)
    return output:find " duplicates" ~= nil
  end

  local function is_mute(a)
    assert.is_true(off(a.host_ifname))
    assert.same({}, inet6(a.host_ifname))
    assert.equal("1\n", setting("eth0", "disable_ipv6", true))
    assert.same({}, c:ip_json("-6", "addr", "show", "dev", "eth0"))
    assert.is_false(answers_everybody())
    assert.is_true((helper.ping(nil, "10.200.0.5")))
  end

  it("has IPv6 off in modes routed and direct where the container has none", function()
    local a = assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" })
    is_mute(a)
    assert.is_true((helper.ping(c, "169.254.1.1")))
    assert(zlnet.detach(a))
    c:ip("link", "set", "lo", "down")
    is_mute(assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5", mode = "direct", proxy_arp = true }))
  end)

  it("has it off too where the addresses were learnt when the pair was there", function()
    local container <close> = assert(zlnet.open(c.pid))
    local begun <close> = assert(attach.begin({ pid = c.pid }, container))
    is_mute(assert(begun:finish { ip = "10.200.0.5" }))
  end)

  it("has IPv6 on where it carries it", function()
    for _, options in ipairs { { ip = DUAL }, { ip = "fd00:200::5" }, { ip = DUAL, mode = "direct" } } do
      options.pid = c.pid
      local a = assert(zlnet.attach(options))
      assert.is_false(off(a.host_ifname))
      helper.eventually(function()
        return table.concat(inet6(a.host_ifname), " "):find "fe80::"
      end)
      if options.mode ~= "direct" then -- there its address is tentative, and the only one
        assert.is_true((helper.ping(nil, "fd00:200::5")))
        helper.eventually(answers_everybody)
      end
      assert(zlnet.detach(a))
      c:ip("link", "set", "lo", "down")
    end
    local container <close> = assert(zlnet.open(c.pid))
    local begun <close> = assert(attach.begin({ pid = c.pid }, container))
    assert.is_false(off(assert(begun:finish { ip = DUAL }).host_ifname))
  end)

  local ADVERTISE = [[
import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0), ("ff02::1", 0, 0, socket.if_nametoindex("eth0")))]]

  -- Whether the node lets the container advertise itself as its router, within these seconds.
  local function is_led_astray(seconds)
    c:exec "echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6"
    helper.eventually(function()
      local _, output = c:exec "ip -6 addr show dev eth0"
      return output:find "fe80::" and not output:find "tentative"
    end)
    assert(c:exec("python3 -c " .. helper.quote(ADVERTISE)))
    return (pcall(helper.eventually, function()
      return helper.ip_json("-6", "route", "show", "default")[1]
    end, seconds))
  end

  it("does not hear a router advertisement out of the container", function()
    if not helper.sh "command -v python3" then
      pending "no python3 to send one with"
    end
    helper.sh "echo 0 >/proc/sys/net/ipv6/conf/all/forwarding"
    local a = assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" })
    assert.is_false(is_led_astray(0.3))
    assert(zlnet.detach(a))
    a = assert(zlnet.attach { pid = c.pid, ip = DUAL, forwarding = false })
    assert.equal("0\n", setting(a.host_ifname, "accept_ra"))
    assert.is_false(is_led_astray(0.3))
    helper.sh(("echo 1 >/proc/sys/net/ipv6/conf/%s/accept_ra"):format(a.host_ifname)) -- what it would do otherwise
    assert.is_true(is_led_astray())
  end)

  it("has it off as a bridge's port, whose own IPv6 goes on, and that of its containers", function()
    local d = helper.container()
    assert(zlnet.bridge { name = "br0", ip = { "10.7.0.1/24", "fd00:7::1/64" } })
    for i, container in ipairs { c, d } do
      local a = assert(zlnet.attach { pid = container.pid, ip = { ("10.7.0.%d/24"):format(i + 4),
        ("fd00:7::%d/64"):format(i + 4) }, mode = "bridge", bridge = "br0", gateway = { "10.7.0.1", "fd00:7::1" } })
      assert.is_true(off(a.host_ifname))
      assert.same({}, inet6(a.host_ifname))
    end
    assert.is_false(off "br0")
    assert.match("fe80::", table.concat(inet6 "br0", " "))
    for _, way in ipairs { { c, "fd00:7::1" }, { c, "fd00:7::6" }, { d, "10.7.0.5" }, { nil, "fd00:7::6" } } do
      assert.is_true((helper.ping(way[1], way[2])))
    end
  end)

  it("takes IPv6 addresses when the setting is set back: no difference, and no reason to make it anew", function()
    local options = { pid = c.pid, ip = "10.200.0.5", on_exists = "keep" }
    local a = assert(zlnet.attach(options))
    assert.same({}, zlnet.check(a))
    assert.equal(a.host_index, assert(zlnet.attach(options)).host_index)
    local add = ("ip addr add fd00:9::1/64 dev %s nodad"):format(a.host_ifname)
    assert.is_false((helper.sh(add)))
    assert(helper.sh(("echo 0 >/proc/sys/net/ipv6/conf/%s/disable_ipv6"):format(a.host_ifname)))
    assert(helper.sh(add))
    assert.same({}, zlnet.check(a))
    assert.equal(a.host_index, assert(zlnet.attach(options)).host_index)
    assert.is_false(off(a.host_ifname))
  end)

  local BY_PLAN = "its script"

  -- Attaches, by attach and by the script of its plan.
  local function both(options, f)
    options.pid, options.forwarding = c.pid, false
    for _, how in ipairs { "attach", BY_PLAN } do
      local name = ("veth-%d-s"):format(c.pid)
      if how == BY_PLAN then
        local ok, output = helper.sh(tostring(assert(zlnet.plan(options))))
        assert.is_true(ok, output)
      else
        assert(zlnet.attach(options))
      end
      f(name, how)
      assert(zlnet.detach { pid = c.pid })
      c:ip("link", "set", "lo", "down")
    end
  end

  it("is made all the same where /proc/sys is read-only", function()
    cover("/proc/sys", READ_ONLY)
    both({ ip = "10.200.0.5" }, function(name, how)
      assert.is_false(off(name), how)
      assert.is_true((helper.ping(nil, "10.200.0.5")), how)
    end)
  end)

  it("is made all the same where the kernel has no such setting", function()
    cover("/proc/sys/net/ipv6", "mount -t tmpfs none PATH")
    both({ ip = "10.200.0.5" }, function(_, how)
      assert.is_true((helper.ping(nil, "10.200.0.5")), how)
    end)
  end)

  it("is not made where the setting cannot be made for any other reason", function()
    local before, inside = node.state(), node.state_of(c)
    cover("/proc/sys/net/ipv6/conf",
      ("mount -t tmpfs none PATH && mkdir -p PATH/veth-%d-s/disable_ipv6"):format(c.pid))
    local a, err = zlnet.attach { pid = c.pid, ip = "10.200.0.5", forwarding = false }
    assert.is_nil(a)
    assert.same({ "EISDIR", "leave IPv6 off on the host end" }, { err.code, err.step })
    assert.is_nil(err.rollback)
    assert(helper.sh(table.remove(made)))
    assert.equal(before, node.state())
    assert.equal(inside, node.state_of(c))
  end)
end)
