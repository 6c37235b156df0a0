-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

describe("zlnet.bridge", function()
  helper.insulate()

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  local function bridge(options)
    return assert(zlnet.bridge(options))
  end

  local function addresses()
    local list = {}
    for _, info in ipairs(helper.ip_json("addr", "show", "dev", "br0")[1].addr_info) do
      if info.scope == "global" then
        list[#list + 1] = info["local"] .. "/" .. info.prefixlen
      end
    end
    return list
  end

  it("makes a bridge, up, with its addresses, without STP", function()
    local made = bridge { name = "br0", ip = { "10.7.0.1", "fd00:7::1/64" } }
    local link = node.link "br0"
    assert.same({ name = "br0", index = link.ifindex, mac = link.address, mtu = 1500, created = true }, made)
    assert.equal("bridge", link.linkinfo.info_kind)
    assert.equal(0, link.linkinfo.info_data.stp_state)
    assert.match("UP", table.concat(link.flags, " "))
    assert.same({ "10.7.0.1/24", "fd00:7::1/64" }, addresses())
    assert.not_match("fd00:7::1.*tentative", select(2, helper.sh "ip addr show dev br0"))
  end)

  it("keeps MAC and MTU whatever its ports are", function()
    local function with_ports(expected)
      local c = helper.container()
      for i, mac in ipairs { "00:00:00:00:00:05", "fe:00:00:00:00:05" } do
        helper.ip("link", "add", "p" .. i, "mtu", "1300", "address", mac, "master", "br0", "up", "type", "veth",
          "peer", "name", "q" .. i, "netns", c.pid)
      end
      local link = node.link "br0"
      assert.equal(expected.mac, link.address)
      assert.equal(expected.mtu, link.mtu)
      helper.ip("link", "del", "br0")
      c:kill()
      helper.sh "ip link del p1; ip link del p2"
    end
    with_ports(bridge { name = "br0", mtu = 1450 })
    with_ports { mac = bridge({ name = "br0", mac = "02:00:00:00:00:07", mtu = 1500 }).mac, mtu = 1300 }
  end)

  it("gives each bridge a MAC of its own, locally administered", function()
    local one, two = bridge({ name = "br0" }).mac, bridge({ name = "br1" }).mac
    assert.are_not.equal(one, two)
    assert.match("^7a:6c:", one)
  end)

  it("takes no router advertisement, and forwards what its IPv4 addresses are the gateway of", function()
    helper.sh "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv4/conf/default/forwarding"
    bridge { name = "br0", ip = "10.7.0.1/24" }
    bridge { name = "br1" }
    local _, settings = helper.sh [[cd /proc/sys/net
      cat ipv6/conf/br0/accept_ra ipv6/conf/br1/accept_ra ipv4/conf/br0/forwarding ipv4/conf/br1/forwarding
      echo 1 >ipv4/conf/default/forwarding; echo 0 >ipv4/ip_forward]]
    assert.equal("0\n0\n1\n0\n", settings)
  end)

  it("filters by VLAN where it is told to, or says that the kernel cannot", function()
    local made, err = zlnet.bridge { name = "br0", vlan_filtering = true }
    if made then
      assert.equal(1, node.link("br0").linkinfo.info_data.vlan_filtering)
      assert.is_false(bridge({ name = "br0" }).created)
      local _, other = zlnet.bridge { name = "br0", vlan_filtering = false }
      assert.match("vlan_filtering is true, not false", other.message)
    else
      assert.equal("EOPNOTSUPP", err.code)
      assert.is_nil(node.link "br0")
    end
  end)

  it("confirms one that is as it should be, and adds what it lacks", function()
    local first = bridge { name = "br0", ip = "10.7.0.1/24", mac = "02:00:00:00:00:07" }
    helper.eventually(function() -- the link watch is up to a second late
      return node.link("br0").operstate == "DOWN"
    end)
    local before = node.state()
    local second = bridge { name = "br0", ip = "10.7.0.1/24", mac = "02:00:00:00:00:07" }
    assert.equal(before, node.state())
    assert.is_false(second.created)
    assert.equal(first.index, second.index)
    helper.ip("link", "set", "br0", "down")
    bridge { name = "br0", ip = { "10.7.0.1/24", "10.8.0.1/24" } }
    assert.match("UP", table.concat(node.link("br0").flags, " "))
    assert.same({ "10.7.0.1/24", "10.8.0.1/24" }, addresses())
  end)

  it("finishes one of ours whose maker ended too soon, and leaves another's settings", function()
    local function settings()
      return (select(2, helper.sh "cd /proc/sys/net; cat ipv6/conf/br0/accept_ra ipv4/conf/br0/forwarding"))
    end
    for address, after in pairs { ["7a:6c:00:00:00:01"] = "0\n1\n", ["02:00:00:00:00:01"] = "1\n0\n" } do
      helper.ip("link", "add", "br0", "address", address, "type", "bridge")
      helper.sh "cd /proc/sys/net; echo 1 >ipv6/conf/br0/accept_ra; echo 0 >ipv4/conf/br0/forwarding"
      bridge { name = "br0", ip = "10.7.0.1/24" }
      assert.equal(after, settings())
      helper.ip("link", "del", "br0")
    end
  end)

  local function refused(options, code, pattern)
    local before = node.state()
    local made, err = zlnet.bridge(options)
    assert.is_nil(made)
    assert.equal(code, err.code)
    assert.match(pattern, err.message)
    assert.is_nil(err.rollback)
    assert.equal(before, node.state())
    return err
  end

  it("refuses one that differs, and leaves it as it is", function()
    helper.ip("link", "add", "br0", "address", "02:00:00:00:00:08", "type", "bridge", "stp_state", "1")
    local err = refused({ name = "br0", mac = "02:00:00:00:00:07", mtu = 1400 }, "EEXIST", "stp is true, not false")
    assert.match("mac is 02:00:00:00:00:08, not 02:00:00:00:00:07", err.message)
    assert.match("mtu is 1500, not 1400", err.message)
    assert.equal("br0", err.link)
    assert.equal("confirm the bridge", err.step)
    assert.is_false(bridge({ name = "br0", stp = true }).created)
  end)

  it("refuses a link of that name which is no bridge", function()
    helper.ip("link", "add", "br0", "type", "veth", "peer", "name", "br1")
    refused({ name = "br0" }, "EEXIST", "kind is veth, not bridge")
    refused({ name = "lo" }, "EEXIST", "kind is none, not bridge")
  end)

  it("undoes all of it when an address cannot be added", function()
    helper.sh "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"
    local err = refused({ name = "br0", ip = { "10.7.0.1/24", "fd00:7::1/64" } }, "EACCES", "")
    assert.equal("add the bridge's address", err.step)
    bridge { name = "br0" }
    helper.ip("link", "set", "br0", "down")
    refused({ name = "br0", ip = { "10.7.0.1/24", "fd00:7::1/64" } }, "EACCES", "")
    helper.sh "echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6"
  end)

  it("refuses bad options by name", function()
    for option, bad in pairs { name = "0123456789abcdef", ip = "x", stp = 1, mac = "x", mtu = 5, ports = {} } do
      local options = { name = "br0" }
      options[option] = bad
      local ok, message = pcall(function()
        local result = zlnet.bridge(options)
        return result
      end)
      assert.is_false(ok)
      assert.match(("^spec/bridge_spec.lua:%%d+: bad option '%s' to 'bridge'"):format(option), message)
    end
    assert.same({}, node.links())
  end)
end)

describe("zlnet.attach in mode bridge", function()
  helper.insulate()

  before_each(function()
    helper.ip("link", "set", "lo", "up")
    for _, key in ipairs { "ipv4/ip_forward", "ipv6/conf/all/forwarding" } do
      helper.sh("echo 0 >/proc/sys/net/" .. key)
    end
    assert(zlnet.bridge { name = "br0", ip = { "10.200.0.1/24", "fd00:200::1/64" } })
  end)

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  local function attach(c, n, changes)
    local options = {
      pid = c.pid, ip = { "10.200.0." .. n .. "/24", "fd00:200::" .. n .. "/64" }, mode = "bridge", bridge = "br0",
      gateway = { "10.200.0.1", "fd00:200::1" },
    }
    for key, value in pairs(changes or {}) do
      options[key] = value
    end
    if options.default_route == false then
      options.gateway = nil
    end
    return assert(zlnet.attach(options))
  end

  it("answers in six directions, the first packet of each", function()
    local remote = node.remote()
    local a, b = helper.container(), helper.container()
    attach(a, 5)
    attach(b, 6)
    node.first_packets {
      { nil, "10.200.0.5" }, { a, "10.200.0.1" }, { a, "10.200.0.6" }, { b, "10.200.0.5" }, { b, "192.0.2.2" },
      { remote, "10.200.0.6" },
      { nil, "fd00:200::5" }, { a, "fd00:200::1" }, { a, "fd00:200::6" }, { b, "fd00:200::5" }, { b, "2001:db8::2" },
      { remote, "fd00:200::6" },
    }
  end)

  it("makes the host end a port of the bridge, the default route through the gateway", function()
    local c = helper.container()
    local a = attach(c, 5)
    local link = node.link(a.host_ifname)
    assert.equal("br0", link.master)
    assert.equal("forwarding", link.linkinfo.info_slave_data.state)
    assert.same({}, helper.ip_json("-4", "addr", "show", "dev", a.host_ifname))
    for family, gateway in pairs { ["-4"] = "10.200.0.1", ["-6"] = "fd00:200::1" } do
      for _, route in ipairs(c:ip_json(family, "route", "show", "default")) do
        assert.equal(gateway, route.gateway)
        assert.same({}, route.flags)
      end
    end
    assert.equal("br0", a.bridge)
  end)

  it("inherits the bridge's MTU", function()
    helper.ip("link", "set", "br0", "mtu", "1380")
    local c = helper.container()
    local a = attach(c, 5, { mtu = "inherit" })
    assert.equal(1380, node.link(a.host_ifname).mtu)
    assert.equal(1380, c:ip_json("link", "show", "dev", "eth0")[1].mtu)
    assert.equal(1380, a.mtu)
  end)

  it("takes a container's place at once in the memory of its neighbours", function()
    local other, first, second = helper.container(), helper.container(), helper.container()
    attach(other, 9)
    local former = attach(first, 5)
    node.first_packets {
      { other, "10.200.0.5" }, { other, "fd00:200::5" }, { nil, "10.200.0.5" }, { nil, "fd00:200::5" },
    }
    assert(zlnet.detach(former))
    local later = attach(second, 5)
    assert.are_not.equal(former.mac, later.mac)
    node.first_packets {
      { other, "10.200.0.5" }, { other, "fd00:200::5" }, { nil, "10.200.0.5" }, { nil, "fd00:200::5" },
    }
    assert.match(later.mac, select(2, other:exec "ip neigh"))
    assert.not_match(former.mac, select(2, other:exec "ip neigh"))
  end)

  it("works without a default route, and with an IPv6 gateway of the link's scope", function()
    local c, d = helper.container(), helper.container()
    attach(c, 5, { default_route = false })
    assert.same({}, c:ip_json("route", "show", "default"))
    helper.ip("addr", "add", "fe80::77/64", "dev", "br0", "nodad")
    attach(d, 6, { ip = "fd00:200::6/64", gateway = "fe80::77" })
    node.first_packets { { c, "10.200.0.1" }, { c, "fd00:200::6" }, { d, "fd00:200::1" } }
  end)

  it("refuses a bridge that is none, before anything is done", function()
    local c = helper.container()
    helper.ip("link", "add", "v0", "type", "veth", "peer", "name", "v1")
    local before, inside = node.state(), node.state_of(c)
    for name, expected in pairs { nosuch = "not_found", v0 = "netlink", lo = "netlink" } do
      local a, err = zlnet.attach { pid = c.pid, ip = "10.200.0.5/24", mode = "bridge", bridge = name,
        gateway = "10.200.0.1" }
      assert.is_nil(a)
      assert.equal(expected, err.kind)
      assert.equal("look at the bridge", err.step)
    end
    assert.equal(before, node.state())
    assert.equal(inside, node.state_of(c))
  end)
end)
