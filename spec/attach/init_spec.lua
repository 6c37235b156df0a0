-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

local function attach(options)
  return assert(zlnet.attach(options))
end

-- The addresses of a link as ip(8) has them, by address.
local function addresses(rows)
  local by = {}
  for _, info in ipairs(rows[1].addr_info) do
    by[info["local"]] = info
  end
  return by
end

local function routes(rows)
  local by = {}
  for _, row in ipairs(rows) do
    by[row.dst] = row
  end
  return by
end

describe("zlnet.attach", function()
  helper.insulate()

  local made = {}

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
    for i = #made, 1, -1 do
      made[i]()
      made[i] = nil
    end
  end)

  local function finally(f)
    made[#made + 1] = f
  end

  -- An address of the node itself.
  local function own_address(address)
    helper.ip("addr", "add", address, "dev", "lo")
    finally(function()
      helper.ip("addr", "del", address, "dev", "lo")
    end)
  end

  describe("in mode routed", function()
    it("answers in six directions, the first packet of each", function()
      local remote = node.remote()
      local a, b = helper.container(), helper.container()
      attach { pid = a.pid, ip = { "10.200.0.5", "fd00:200::5" } }
      attach { pid = b.pid, ip = { "10.200.0.6", "fd00:200::6" } }
      node.first_packets {
        { nil, "10.200.0.5" }, { a, "192.0.2.1" }, { a, "10.200.0.6" }, { b, "10.200.0.5" },
        { b, "192.0.2.2" }, { remote, "10.200.0.6" },
        { nil, "fd00:200::5" }, { a, "2001:db8::1" }, { a, "fd00:200::6" }, { b, "fd00:200::5" },
        { b, "2001:db8::2" }, { remote, "fd00:200::6" },
      }
    end)

    -- the kernel acts upon a carrier at once after a quiet second, but up to a second late when it just did
    it("answers at once whether the node was quiet before or busy, and after a pause", function()
      local c, other = helper.container(), helper.container()
      local options = { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" } }
      for _, pause in ipairs { 0, 0, 1.2, 0.4 } do
        helper.sleep(pause)
        local a = attach(options)
        node.first_packets { { nil, "fd00:200::5" }, { nil, "10.200.0.5" }, { c, "169.254.1.1" } }
        assert(zlnet.detach(a))
      end
      attach(options)
      attach { pid = other.pid, ip = { "10.200.0.6", "fd00:200::6" } }
      helper.sleep(1.5)
      node.first_packets { { nil, "fd00:200::5" }, { c, "10.200.0.6" }, { other, "fd00:200::5" } }
    end)

    -- to the kernel such a carrier is not urgent; older ones (6.1) act upon it up to a second later
    it("answers at once where both ends have the same index", function()
      local other = helper.container()
      other:ip("link", "set", "lo", "up")
      for index = 2, 7 do
        local c = helper.container()
        for _ = 3, index do -- uses an index up
          c:ip("link", "add", "name", "before", "type", "bridge")
          c:ip("link", "del", "before")
        end
        local v4, v6 = "10.200.0." .. index, "fd00:200::" .. index
        local a = zlnet.with_netns(other.pid, attach, { pid = c.pid, ip = { v4, v6 } })
        assert.equal(a.index, a.host_index)
        node.first_packets { { other, v6 }, { other, v4 }, { c, "fe80::1%eth0" } }
      end
    end)

    it("makes what its result says, as ip(8) sees it", function()
      local c = helper.container()
      local a = attach { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" }, mtu = 1400 }
      local host = helper.ip_json("addr", "show", "dev", a.host_ifname)
      local inside = c:ip_json("addr", "show", "dev", "eth0")
      assert.equal(("veth-%d-s"):format(c.pid), a.host_ifname)
      for _, end_ in ipairs { { host, a.host_index, a.host_mac }, { inside, a.index, a.mac } } do
        local link = end_[1][1]
        assert.equal(end_[2], link.ifindex)
        assert.equal(end_[3], link.address)
        assert.equal(1400, link.mtu)
        assert.equal("UP", link.operstate)
        assert.equal("veth", link.linkinfo.info_kind)
        assert.equal(1, link.num_tx_queues)
        assert.equal(1, link.num_rx_queues)
      end
      assert.are_not.equal(a.mac, a.host_mac)
      assert.equal(a.index, host[1].link_index)
      assert.equal(a.host_index, inside[1].link_index)
      assert.equal("UNKNOWN", c:ip_json("link", "show", "dev", "lo")[1].operstate)

      local host_addresses, container_addresses = addresses(host), addresses(inside)
      assert.equal("link", host_addresses["169.254.1.1"].scope)
      assert.equal(32, host_addresses["169.254.1.1"].prefixlen)
      assert.is_nil(host_addresses["fe80::1"].tentative)
      assert.equal(32, container_addresses["10.200.0.5"].prefixlen)
      assert.equal(128, container_addresses["fd00:200::5"].prefixlen)
      local link_local = 0
      for address, info in pairs(container_addresses) do
        assert.is_nil(info.tentative, address)
        link_local = link_local + (info.scope == "link" and 1 or 0)
      end
      assert.equal(1, link_local)

      for _, family in ipairs { { "-4", "169.254.1.1", "10.200.0.5" }, { "-6", "fe80::1", "fd00:200::5" } } do
        local default = routes(c:ip_json(family[1], "route")).default
        assert.equal(family[2], default.gateway)
        assert.same({ "onlink" }, default.flags)
        assert.equal(a.host_ifname, routes(helper.ip_json(family[1], "route"))[family[3]].dev)
      end
      assert.equal("1\n1\n", select(2, helper.sh "cd /proc/sys/net; cat ipv4/ip_forward ipv6/conf/all/forwarding"))
      assert.same({
        { key = "net/ipv4/ip_forward", old = "0", new = "1" },
        { key = "net/ipv6/conf/all/forwarding", old = "0", new = "1" },
      }, a.changed)
      assert.equal(routes(helper.ip_json "route")["10.200.0.5"].scope, "link")
    end)

    it("writes the owner's record on the host end", function()
      local c = helper.container()
      local before = os.time()
      local a = attach { pid = c.pid, ip = "10.200.0.5/16", tag = "g", ifname = "net1" }
      local alias = helper.ip_json("link", "show", "dev", a.host_ifname)[1].ifalias
      local stat = select(2, helper.sh(("cut -d ' ' -f 22 /proc/%d/stat"):format(c.pid)))
      local boot = select(2, helper.sh "tr -d '-' </proc/sys/kernel/random/boot_id"):sub(1, 16)
      local netns, pidns = select(2, helper.sh(("stat -Lc %%i /proc/%d/ns/net /proc/self/ns/pid"):format(c.pid)))
        :match "(%d+)\n(%d+)"
      assert.equal(("zlnet/1 pid=%d start=%d boot=%s pidns=%s netns=%s tag=g time=%d if=net1 ip=10.200.0.5/16"):format(
        c.pid, tonumber(stat), boot, pidns, netns, a.time), alias)
      assert.is_true(before <= a.time and a.time <= os.time())
    end)

    it("reaches the subnet, but no further, without a default route", function()
      local remote = node.remote()
      local a, b = helper.container(), helper.container()
      attach { pid = a.pid, ip = { "10.200.0.5/24", "fd00:200::5/64" }, default_route = false }
      attach { pid = b.pid, ip = { "10.200.0.6", "fd00:200::6" } }
      node.first_packets { { a, "10.200.0.6" }, { a, "fd00:200::6" }, { b, "10.200.0.5" }, { b, "fd00:200::5" } }
      assert.is_nil(routes(a:ip_json "route").default)
      assert.is_false((helper.ping(a, "192.0.2.2", { timeout = 1 })))
      assert.is_false((helper.ping(remote, "fd00:200::5", { timeout = 1 })))
    end)

    it("takes several addresses of a family, gateways and a source of the caller's", function()
      own_address "10.0.0.9/32"
      local c = helper.container()
      local a = attach {
        pid = c.pid, ip = { "10.200.0.5", "10.200.0.7", "fd00:200::5", "fd00:200::7" }, src = "10.0.0.9",
        gateway = { "169.254.7.7", "fe80::7:7" },
      }
      node.first_packets { { nil, "10.200.0.7" }, { nil, "fd00:200::7" }, { c, "10.0.0.9" } }
      assert.same({ inet = "169.254.7.7", inet6 = "fe80::7:7" }, a.gateway)
      assert.equal("169.254.7.7", routes(c:ip_json "route").default.gateway)
      assert.equal("10.0.0.9", routes(helper.ip_json "route")["10.200.0.5"].prefsrc)
      assert.truthy(c:exec "ip -4 neigh show 169.254.7.7 | grep -q REACHABLE")
    end)

    it("takes MACs and queues of the caller's", function()
      local c = helper.container()
      local a = attach {
        pid = c.pid, ip = "10.200.0.5", mac = "02:00:00:00:00:05", host_mac = "02:00:00:00:00:06", queues = 3,
      }
      local host = helper.ip_json("link", "show", "dev", a.host_ifname)[1]
      local inside = c:ip_json("link", "show", "dev", "eth0")[1]
      assert.equal("02:00:00:00:00:06", host.address)
      assert.equal("02:00:00:00:00:05", inside.address)
      assert.equal(3, host.num_tx_queues)
      assert.equal(3, inside.num_rx_queues)
    end)

    it("leaves forwarding alone where it is told to, or where it is on", function()
      local c = helper.container()
      assert.same({}, attach { pid = c.pid, ip = "10.200.0.5", forwarding = false }.changed)
      assert.equal("0\n", select(2, helper.sh "cat /proc/sys/net/ipv4/ip_forward"))
      helper.sh "echo 1 >/proc/sys/net/ipv4/ip_forward"
      local g = attach { pid = c.pid, ip = "10.200.0.6", tag = "g", ifname = "eth1", default_route = false }
      assert.same({}, g.changed)
      assert.equal("0\n", select(2, helper.sh "cat /proc/sys/net/ipv6/conf/all/forwarding"))
    end)
  end)

  describe("in mode direct", function()
    it("reaches the node both ways over IPv4, as the origin did", function()
      local c = helper.container()
      own_address "10.200.0.1/32"
      attach { pid = c.pid, ip = "10.200.0.5", mode = "direct" }
      node.first_packets { { nil, "10.200.0.5" }, { c, "10.200.0.1" } }
      local default = routes(c:ip_json "route").default
      assert.is_nil(default.gateway)
      assert.equal("link", default.scope)
      assert.equal(24, addresses(c:ip_json("addr", "show", "dev", "eth0"))["10.200.0.5"].prefixlen)
    end)

    it("answers in six directions with proxy_arp, the first packet of each", function()
      local remote = node.remote()
      local a, b = helper.container(), helper.container()
      attach { pid = a.pid, ip = "10.200.0.5", mode = "direct", proxy_arp = true }
      attach { pid = b.pid, ip = "10.200.0.6", mode = "direct", proxy_arp = true }
      node.first_packets {
        { nil, "10.200.0.5" }, { a, "192.0.2.1" }, { a, "10.200.0.6" }, { b, "10.200.0.5" },
        { b, "192.0.2.2" }, { remote, "10.200.0.6" },
      }
    end)

    it("makes an IPv6 default route by device and the node's route", function()
      local c = helper.container()
      local a = attach { pid = c.pid, ip = "fd00:200::5", mode = "direct" }
      local default = routes(c:ip_json("-6", "route")).default
      assert.equal("eth0", default.dev)
      assert.is_nil(default.gateway)
      assert.equal(a.host_ifname, routes(helper.ip_json("-6", "route"))["fd00:200::5"].dev)
      assert.equal(64, addresses(c:ip_json("addr", "show", "dev", "eth0"))["fd00:200::5"].prefixlen)
    end)
  end)

  describe("takes as target", function()
    it("a path, a name, a handle, a descriptor and an open file, with an id", function()
      helper.ip("netns", "add", "blue")
      finally(function()
        helper.ip("netns", "del", "blue")
        helper.sh "umount -l /run/netns; rmdir /run/netns"
      end)
      local ns <close> = assert(zlnet.netns.open "blue")
      local file <close> = assert(io.open "/run/netns/blue")
      local function pings(a)
        assert.match("^veth%x%x%x%x%x%x%x%x%-s$", a.host_ifname)
        node.first_packets { { nil, "10.200.0.5" } }
        assert(zlnet.detach(a))
      end
      for _, target in ipairs { "blue", "/run/netns/blue", ns, { fd = ns:fd() }, file } do
        pings(attach { netns = target, id = "web-1", ip = "10.200.0.5" })
      end
    end)

    it("two links of one container, told apart by tag and name", function()
      local c = helper.container()
      local s = attach { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" } }
      local g = attach { pid = c.pid, ip = "10.200.1.5/24", tag = "g", ifname = "eth1", default_route = false }
      assert.same({ g.host_ifname, s.host_ifname }, node.links())
      node.first_packets { { nil, "10.200.0.5" }, { nil, "10.200.1.5" }, { nil, "fd00:200::5" } }
      assert.equal("eth0", routes(c:ip_json "route").default.dev)
    end)
  end)

  -- Everything is as before: the node, the container, no lock, no rollback errors.
  local function refused(c, options, code, step)
    local before, inside = node.state(), c and node.state_of(c)
    local a, err = zlnet.attach(options)
    assert.is_nil(a)
    assert.equal("zlnet.error", getmetatable(err).__name)
    assert.equal(code, err.code, tostring(err))
    assert.match(step, err.step)
    assert.is_nil(err.rollback)
    assert.equal(before, node.state())
    if c then
      assert.equal(inside, node.state_of(c))
    end
    return err
  end

  describe("undoes all of it", function()
    local c

    before_each(function()
      c = helper.container()
    end)

    it("when the name is taken in the container", function()
      c:ip("link", "add", "eth0", "type", "bridge")
      refused(c, { pid = c.pid, ip = "10.200.0.5" }, "EEXIST", "^create the veth pair$")
    end)

    it("when the host end's name is taken by a link that is not ours", function()
      helper.ip("link", "add", ("veth-%d-s"):format(c.pid), "type", "bridge")
      refused(c, { pid = c.pid, ip = "10.200.0.5" }, "EEXIST", "^create the veth pair$")
    end)

    it("when the container's IPv6 is off and cannot be switched on", function()
      c:exec "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"
      helper.sh "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"
      assert(helper.sh "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
      finally(function()
        helper.sh "umount /proc/sys"
      end)
      local err = refused(c, { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" } }, "EACCES",
        "^add the container's address$")
      assert.match("net.ipv6.conf.eth0.disable_ipv6", err.message, 1, true)
    end)

    it("when the container has a default route already", function()
      c:ip("link", "add", "eth9", "type", "bridge")
      c:ip("link", "set", "eth9", "up")
      c:ip("route", "add", "default", "dev", "eth9")
      local err = refused(c, { pid = c.pid, ip = "10.200.0.5" }, "EEXIST", "^add the container's default route$")
      assert.equal("there is a route to default already, through 'eth9'", err.message)
    end)

    it("when the node has a route to the container's address already", function()
      helper.ip("link", "add", "other", "type", "bridge")
      helper.ip("link", "set", "other", "up")
      helper.ip("route", "add", "10.200.0.5/32", "dev", "other")
      refused(c, { pid = c.pid, ip = "10.200.0.5" }, "EEXIST", "^add the host's route to the container$")
      helper.ip("-6", "route", "add", "fd00:200::5/128", "dev", "other")
      local err = refused(c, { pid = c.pid, ip = { "10.200.0.6", "fd00:200::5" } }, "EEXIST", "^add the host's route")
      assert.equal("there is a route to fd00:200::5/128 already, through 'other'", err.message)
      assert.equal("other", err.link)
    end)

    it("when the source is no address of the node's", function()
      refused(c, { pid = c.pid, ip = "10.200.0.5", src = "10.0.0.9" }, "EINVAL", "^add the host's route")
    end)

    it("when sysctls cannot be written", function()
      assert(helper.sh "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
      finally(function()
        helper.sh "umount /proc/sys"
      end)
      refused(c, { pid = c.pid, ip = "10.200.0.5" }, "EROFS", "^switch forwarding on$")
      refused(c, { pid = c.pid, ip = "10.200.0.5", mode = "direct", proxy_arp = true }, "EROFS",
        "^switch forwarding on$")
    end)

    it("and the same attach succeeds afterwards", function()
      helper.ip("link", "add", "other", "type", "bridge")
      helper.ip("link", "set", "other", "up")
      helper.ip("route", "add", "10.200.0.5/32", "dev", "other")
      refused(c, { pid = c.pid, ip = "10.200.0.5" }, "EEXIST", "route")
      helper.ip("route", "del", "10.200.0.5/32")
      attach { pid = c.pid, ip = "10.200.0.5" }
      node.first_packets { { nil, "10.200.0.5" } }
    end)
  end)

  describe("refuses", function()
    it("its own network namespace, however it is named", function()
      local self = select(2, helper.sh "echo $PPID")
      local here <close> = assert(zlnet.netns.open(nil))
      local file <close> = assert(io.open "/proc/self/ns/net")
      refused(nil, { pid = 1, ip = "10.200.0.5" }, "EINVAL", "^check the target$")
      refused(nil, { pid = tonumber(self), ip = "10.200.0.5" }, "EINVAL", "^check the target$")
      for _, target in ipairs { "/proc/self/ns/net", here, { fd = here:fd() }, file } do
        local err = refused(nil, { netns = target, id = "x", ip = "10.200.0.5" }, "EINVAL", "^check the target$")
        assert.match("own network namespace", err.message)
      end
    end)

    it("a process that is gone, a thread, a path that is no network namespace", function()
      local c = helper.container()
      c:kill()
      local step = "^open the target's network namespace$"
      refused(nil, { pid = c.pid, ip = "10.200.0.5" }, "ESRCH", step)
      refused(nil, { netns = "/proc/self/ns/pid", id = "x", ip = "10.200.0.5" }, "EINVAL", step)
      refused(nil, { netns = "/dev/null", id = "x", ip = "10.200.0.5" }, "EINVAL", step)
      refused(nil, { netns = "nosuch", id = "x", ip = "10.200.0.5" }, "ENOENT", step)
      refused(nil, { netns = { fd = 999 }, id = "x", ip = "10.200.0.5" }, "EBADF", step)
    end)

    it("bad input, naming the option, before anything is done", function()
      local c = helper.container()
      local before, inside = node.state(), node.state_of(c)
      local function raises(option, changes)
        local options = { pid = c.pid, ip = "10.200.0.5" }
        for name, value in pairs(changes) do
          options[name] = value
        end
        local ok, message = pcall(function()
          local result = zlnet.attach(options)
          return result
        end)
        assert.is_false(ok, option)
        assert.match(("^spec/attach/init_spec.lua:%%d+: bad option '%s' to 'attach': "):format(option), message)
      end
      for _, bad in ipairs { 0, -1, 4194305, 1.5, "1", true } do
        raises("pid", { pid = bad })
      end
      for _, bad in ipairs { "", "0123456789abcdef", "a/b", "a b", "a%d", "a\0b", ".", "..", 5 } do
        raises("ifname", { ifname = bad })
      end
      for _, bad in ipairs { "", "10.200.0", "10.200.0.5/33", "fd00::5/129", "10.0.0.05", "::", "224.0.0.1", 5, {} } do
        raises("ip", { ip = bad })
      end
      for _, bad in ipairs { "", "abc", "-", 5 } do
        raises("tag", { tag = bad })
      end
      for _, bad in ipairs { 67, 65536, 1500.5, "1500" } do
        raises("mtu", { mtu = bad })
      end
      raises("mtu", { mtu = 1279, ip = "fd00:200::5" })
      raises("mode", { mode = "bridged" })
      raises("gateway", { gateway = "10.200.0.5" })
      raises("gateway", { gateway = "fe80::1" })
      raises("src", { src = "fd00::1" })
      raises("mac", { mac = "01:00:00:00:00:01" })
      raises("queues", { queues = 0 })
      raises("timeout", { timeout = 0 })
      raises("nosuch", { nosuch = 1 })
      raises("netns", { netns = "/proc/1/ns/net" })
      raises("id", { id = ("x"):rep(300) })
      assert.has_error(function()
        zlnet.attach()
      end)
      assert.equal(before, node.state())
      assert.equal(inside, node.state_of(c))
    end)

    it("a thread's number", function()
      if not helper.sh "command -v python3" then
        pending "no python3 to make a thread with"
      end
      local script = [[
import threading, time
t = threading.Thread(target=time.sleep, args=(1000,), daemon=True)
t.start()
print(t.native_id, flush=True)
time.sleep(1000)]]
      local pipe = assert(io.popen(("exec unshare --net python3 -c %s"):format(helper.quote(script))))
      local tid = tonumber(pipe:read "l")
      local err = refused(nil, { pid = tid, ip = "10.200.0.5" }, "ESRCH", "^open the target")
      assert.match("thread", err.message)
      local leader = select(2, helper.sh(("sed -n 's/^Tgid:\t//p' /proc/%d/status"):format(tid)))
      helper.sh("kill -9 " .. leader)
      pipe:close()
    end)
  end)

  it("fails without privilege and leaves nothing", function()
    local c = helper.container()
    local script = "local a, err = require 'zlnet'.attach { pid = %d, ip = '10.200.0.5' } print(a, err.code)"
    script = script:format(c.pid)
    local _, output = helper.sh(helper.unprivileged() .. " " .. helper.lua .. " -e " .. helper.quote(script))
    assert.match("^nil\tE[A-Z]+\n$", output)
    assert.same({}, node.links())
  end)

  it("attaches a list, one result each, and goes on after a failure", function()
    local containers, list = {}, {}
    for i = 1, 4 do
      containers[i] = helper.container()
      list[i] = { pid = containers[i].pid, ip = "10.208.0." .. i + 4 }
    end
    list[2].ip = "10.208.0.5" -- the first one's
    local told = {}
    local results, failed = zlnet.attach(list, function(i, a, err)
      told[i] = a and a.ip[1].address or err.code
    end)
    assert.equal(2, failed)
    assert.same({ "10.208.0.5", "EEXIST", "10.208.0.7", "10.208.0.8" }, told)
    assert.equal("EEXIST", results[2].code)
    for _, i in ipairs { 1, 3, 4 } do
      assert.is_true((helper.ping(nil, results[i].ip[1].address)))
    end
    assert(zlnet.detach { results[1], results[3], results[4] })
    list[3].mtu = "large"
    assert.has_error(function() zlnet.attach(list) end,
      "number 3: bad option 'mtu' to 'attach': 'inherit' or an integer from 68 to 65535 expected, got 'large'")
    assert.same({}, helper.ip_json("link", "show", "type", "veth"))
  end)
end)
