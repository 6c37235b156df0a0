-- SPDX-License-Identifier: MIT
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

describe("the device of an overlay", function()
  helper.insulate()

  local overlays
  before_each(function()
    overlays = {}
    fixture.underlay()
  end)
  after_each(function()
    for _, o in ipairs(overlays) do
      o:delete()
      o:close()
    end
    fixture.clean("ov", "wan")
  end)

  local function overlay(options)
    options.name = options.name or "ov"
    options["local"] = options["local"] or "192.0.2.1"
    local o = assert(zlnet.overlay(options))
    overlays[#overlays + 1] = o
    return o
  end

  it("is made, marked, up, without learning, flooding and a link-local address", function()
    local o = overlay { id = 42, port = 4790, ip = { "10.201.1.1", "fd00:201:1::1" } }
    assert(o:sync {})
    local link = fixture.link "ov"
    assert.equal("zlnet/1 overlay=ov", link.ifalias)
    assert.equal("0a:58:c0:00:02:01", link.address)
    assert.equal(1450, link.mtu)
    assert.equal(1450, o.mtu)
    local data = link.linkinfo.info_data
    assert.same({ 42, 4790, "192.0.2.1", false }, { data.id, data.port, data["local"], data.learning })
    assert.equal("none", link.inet6_addr_gen_mode)
    assert.same({ fdb = {}, neigh = {}, route = { "fd00:201:1::1 proto kernel metric 256 pref medium" }, addr = {
      "ov    inet 10.201.1.1/32 scope global ov\\       valid_lft forever preferred_lft forever",
      "ov    inet6 fd00:201:1::1/128 scope global nodad \\       valid_lft forever preferred_lft forever",
    } }, fixture.tables "ov")
  end)

  it("has the MTU which the underlay and the encapsulation leave", function()
    assert(overlay({ ["local"] = "2001:db8::1" }):sync { { node = "2001:db8::2" } })
    assert.equal(1430, fixture.link("ov").mtu)
    assert.equal("2001:db8::1", fixture.link("ov").linkinfo.info_data.local6)
    helper.ip("link", "set", "wan", "mtu", "9000")
    assert(overlay({ ["local"] = "2001:db8::1" }):sync { { node = "2001:db8::2" } })
    assert.equal(8930, fixture.link("ov").mtu)
    assert(overlay({ ["local"] = "2001:db8::1", mtu = 1400 }):sync {})
    assert.equal(1400, fixture.link("ov").mtu)
  end)

  it("has the MTU of the link that the route to the first peer takes, or of the one named", function()
    helper.ip("link", "add", "thin", "mtu", "1400", "type", "veth", "peer", "name", "thin2")
    finally(function()
      fixture.clean "thin"
    end)
    helper.ip("link", "set", "thin", "up")
    helper.ip("link", "set", "thin2", "up")
    helper.ip("route", "add", "198.51.100.0/24", "dev", "thin")
    assert(overlay({}):sync { { node = "198.51.100.7" } })
    assert.equal(1350, fixture.link("ov").mtu)
    helper.ip("link", "set", "thin", "mtu", "1300")
    local none, thin = overlay({}):sync { { node = "198.51.100.7" } }
    assert.is_nil(none)
    assert.equal("EMSGSIZE", thin.code)
    assert.equal("the underlay leaves an MTU of 1250, and IPv6 needs 1280", thin.message)
    assert.equal(1350, fixture.link("ov").mtu)
    assert(overlay({ link = "wan" }):sync { { node = "198.51.100.7" } })
    assert.equal(1450, fixture.link("ov").mtu)
    local result, err = overlay({ link = "none" }):sync {}
    assert.is_nil(result)
    assert.equal("not_found", err.kind)
    assert.equal("none", err.link)
  end)

  it("that is not ours is refused and left as it is", function()
    for _, kind in ipairs { "bridge", "vxlan id 1 local 192.0.2.1 dstport 4789" } do
      helper.sh("ip link add ov type " .. kind)
      local before = fixture.link "ov"
      local o = overlay {}
      for _, call in ipairs { "sync", "plan" } do
        local result, err = o[call](o, { fixture.peer(2) })
        assert.is_nil(result)
        assert.equal("EEXIST", err.code)
        assert.match("'ov' exists already, and is not an overlay of ours", tostring(err))
      end
      local ok, err = o:delete()
      assert.is_nil(ok)
      assert.equal("EEXIST", err.code)
      assert.same(before, fixture.link "ov")
      fixture.clean "ov"
    end
  end)

  it("is taken over from an earlier process, and made anew where it cannot be changed", function()
    assert(overlay({}):sync { fixture.peer(2) })
    local index = fixture.link("ov").ifindex
    assert.same({ added = {}, changed = {}, removed = {}, mended = {}, failed = {} },
      assert(overlay({}):sync { fixture.peer(2) }))
    assert.equal(index, fixture.link("ov").ifindex)
    assert.same({ "192.0.2.2" }, assert(overlay({ id = 7 }):sync { fixture.peer(2) }).added)
    assert.equal(7, fixture.link("ov").linkinfo.info_data.id)
    assert.is_true(index ~= fixture.link("ov").ifindex)
    assert.equal(2, #fixture.tables("ov").route)
  end)

  it("is put right: state, MTU, MAC, alias, learning, addresses", function()
    local o = overlay { ip = { "10.201.1.1", "fd00:201:1::1" } }
    assert(o:sync { fixture.peer(2) })
    local link, tables = fixture.link "ov", fixture.tables "ov"
    for _, change in ipairs { "mtu 1300", "address 0a:00:00:00:00:77", "alias other", "type vxlan learning",
      "addrgenmode eui64", "down" } do
      helper.sh("ip link set dev ov " .. change)
      local result = assert(o:sync { fixture.peer(2) }) -- the peer too, where the kernel dropped its rows
      assert.equal("ov", result.mended[#result.mended], change)
      assert.same({ 0, 0, 0, 0 }, { #result.added, #result.changed, #result.removed, #result.failed }, change)
      assert.same(link, fixture.link "ov", change)
      assert.same(tables, fixture.tables "ov", change)
    end
    helper.ip("addr", "del", "fd00:201:1::1/128", "dev", "ov")
    assert.same({ "ov" }, assert(o:sync { fixture.peer(2) }).mended)
    assert.same(tables, fixture.tables "ov")
  end)

  it("loses addresses that are no longer wanted, and keeps those which are not ours", function()
    assert(overlay({ ip = { "10.201.1.1", "10.201.1.2" } }):sync {})
    helper.ip("addr", "add", "10.99.0.1/32", "dev", "ov")
    assert(overlay({ ip = { "10.201.1.2" } }):sync {})
    local found = {}
    for _, line in ipairs(fixture.tables("ov").addr) do
      found[#found + 1] = line:match "inet6? (%S+)"
    end
    assert.same({ "10.201.1.2/32", "10.99.0.1/32" }, found)
  end)

  it("speaks IPv6 where new links do not", function()
    helper.sh "sysctl -qw net.ipv6.conf.default.disable_ipv6=1"
    finally(function()
      helper.sh "sysctl -qw net.ipv6.conf.default.disable_ipv6=0"
    end)
    local result = assert(overlay({}):sync { fixture.peer(2) })
    assert.same({}, result.failed)
    assert.equal(2, #fixture.tables("ov").route)
  end)

  it("that cannot be made leaves nothing", function()
    helper.ip("link", "add", "other", "type", "vxlan", "id", "1", "local", "192.0.2.1", "dstport", "4789")
    finally(function()
      fixture.clean "other"
    end)
    local result, err = overlay({}):sync { fixture.peer(2) }
    assert.is_nil(result)
    assert.equal("EEXIST", err.code)
    assert.equal("make the overlay's device", err.step)
    assert.is_nil(fixture.link "ov")
  end)

  it("is deleted with all that is on it, once more without harm", function()
    local o = overlay { ip = "10.201.1.1" }
    local before = helper.snapshot()
    local _, routes = helper.sh "(ip route; ip -6 route; ip neigh) | sed 's/ linkdown//'"
    assert(o:sync { fixture.peer(2), fixture.peer(3) })
    assert.is_true(o:delete())
    assert.is_true(o:delete())
    assert.same({}, helper.leaks(before))
    local _, after = helper.sh "(ip route; ip -6 route; ip neigh) | sed 's/ linkdown//'"
    assert.equal(routes, after)
    assert(o:sync { fixture.peer(2) })
    assert.is_true(zlnet.delete_overlay "ov")
    assert.is_true(zlnet.delete_overlay "ov")
  end)
end)
