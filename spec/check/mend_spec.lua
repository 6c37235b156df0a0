-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

describe("zlnet.mend", function()
  helper.insulate()

  local c

  before_each(function()
    helper.ip("link", "set", "lo", "up")
    c = helper.container()
  end)

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  local function routed()
    return assert(zlnet.attach { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" }, mtu = 1400 })
  end

  local function bridged()
    assert(zlnet.bridge { name = "br0", ip = { "10.7.0.1/24", "fd00:7::1/64" } })
    return assert(zlnet.attach { pid = c.pid, ip = { "10.7.0.5/24", "fd00:7::5/64" }, mode = "bridge", bridge = "br0",
      gateway = { "10.7.0.1", "fd00:7::1" }, hairpin = true, isolated = true })
  end

  -- Which address of a link is listed first is of no matter.
  local function state()
    local lines = {}
    for line in (node.state() .. node.state_of(c)):gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    table.sort(lines)
    return lines
  end

  -- Runs commands of the node's and the container's, and what they broke is as it was; nothing else has changed.
  local function mends(a, host, inside)
    local before = state()
    local ok, output = helper.sh((host or "true"):gsub("HOST", a.host_ifname))
    assert.is_true(ok, output)
    ok, output = c:exec(inside or "true")
    assert.is_true(ok, output)
    local n = #assert(zlnet.check(a))
    assert.is_true(n > 0)
    local report = assert(zlnet.mend(a))
    assert.same({}, report.left)
    assert.equal(n, #report.mended)
    assert.same({}, zlnet.check(a))
    assert.equal(a, report.attachment)
    assert.same(before, state())
  end

  it("does nothing where nothing changed", function()
    local a = routed()
    local before, inside = node.state(), node.state_of(c)
    assert.same({ mended = {}, left = {}, attachment = a }, assert(zlnet.mend(a)))
    assert.equal(before, node.state())
    assert.equal(inside, node.state_of(c))
  end)

  local MAC = "02:00:00:00:00:99"
  local cases = {
    ["addresses"] = { "ip addr del fe80::1/64 dev HOST", "ip addr del 10.200.0.5/32 dev eth0" },
    ["routes"] = { "ip -6 route del fd00:200::5; ip route del 10.200.0.5", "ip route del default" },
    ["a route that leads to a wrong gateway"] = { nil, "ip route replace default via 169.254.9.9 dev eth0 onlink" },
    ["MTUs and MACs"] = { "ip link set HOST mtu 1300; ip link set HOST address " .. MAC,
      "ip link set eth0 mtu 1300; ip link set eth0 address " .. MAC },
    ["the record"] = { "ip link set HOST alias mine" },
    ["the loopback, and a container's end that is down"] = { nil, "ip link set lo down; ip link set eth0 down" },
    ["forwarding of the host end"] = { "echo 0 >/proc/sys/net/ipv4/conf/HOST/forwarding" },
    ["a neighbour with a wrong MAC"] = { "ip neigh replace 10.200.0.5 lladdr " .. MAC .. " dev HOST",
      "ip neigh replace 169.254.1.1 lladdr " .. MAC .. " dev eth0" },
  }
  for what, case in pairs(cases) do
    it("makes true again: " .. what, function()
      local a = routed()
      mends(a, case[1], case[2])
      assert.is_true((helper.ping(nil, "10.200.0.5")))
      assert.is_true((helper.ping(nil, "fd00:200::5")))
    end)
  end

  it("puts a host end back on its bridge, with its options and its claims", function()
    local a = bridged()
    mends(a, "bridge link set dev HOST hairpin off isolated off")
    helper.ip("link", "property", "del", "dev", a.host_ifname, "altname", "10.7.0.5@br0")
    assert.same({ "claim" }, { assert(zlnet.mend(a)).mended[1].key })
    assert.equal(a.host_index, helper.ip_json("link", "show", "10.7.0.5@br0")[1].ifindex)
    assert(helper.sh(("ip link set %s nomaster"):format(a.host_ifname)))
    assert(zlnet.mend(a))
    assert.same({}, zlnet.check(a))
    local port = node.link(a.host_ifname).linkinfo.info_slave_data
    assert.is_true(port.hairpin and port.isolated)
    assert.is_true((helper.ping(c, "10.7.0.1")))
  end)

  it("makes a pair anew that is gone, while the container is there", function()
    local a = routed()
    helper.ip("link", "del", a.host_ifname)
    local report = assert(zlnet.mend(a))
    assert.same({ "link" }, { report.mended[1].key })
    assert.same({}, report.left)
    local again = report.attachment
    assert.are_not.equal(a.host_index, again.host_index)
    assert.same({ a.host_mac, a.mac, 1400 }, { again.host_mac, again.mac, again.mtu })
    assert.same({}, zlnet.check(again))
    helper.ip("link", "del", a.host_ifname)
    c:kill()
    report = assert(zlnet.mend(again))
    assert.equal("link", report.left[1].key)
    assert.same({}, node.links())
  end)

  it("touches nothing of another's: what is in the way stays, and is told", function()
    local a = routed()
    helper.ip("link", "add", "other", "type", "bridge")
    helper.ip("link", "set", "other", "up")
    helper.ip("route", "replace", "10.200.0.5/32", "dev", "other")
    helper.ip("addr", "add", "10.99.0.1/24", "dev", a.host_ifname)
    local report = assert(zlnet.mend(a))
    assert.same({ "route", "EEXIST" }, { report.left[1].key, report.left[1].err.code })
    assert.equal("other", helper.ip_json("route", "show", "10.200.0.5")[1].dev)
    assert.match("10.99.0.1/24", select(2, helper.sh("ip addr show dev " .. a.host_ifname)), 1, true)
  end)

  it("refuses a link that is another attachment's by now", function()
    local a = routed()
    helper.ip("link", "set", a.host_ifname, "alias", (node.link(a.host_ifname).ifalias:gsub("time=%d+", "time=5")))
    local before = node.state()
    local report, err = zlnet.mend(a)
    assert.is_nil(report)
    assert.equal("EPERM", err.code)
    assert.match("is not this attachment's any more", err.message)
    assert.equal(before, node.state())
  end)

  it("says what it cannot mend: an end that is elsewhere, a container that is not found", function()
    local a = routed()
    local d = helper.container()
    c:ip("link", "set", "eth0", "netns", d.pid)
    local report = assert(zlnet.mend(a))
    assert.equal("netns", report.left[1].key)
    assert.error_matches(function()
      zlnet.mend { pid = 5 }
    end, "bad argument #1 to 'mend'")
  end)
end)
