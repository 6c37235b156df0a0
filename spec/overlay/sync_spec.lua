-- SPDX-License-Identifier: MIT
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local peer = fixture.peer

describe("overlay:sync", function()
  helper.insulate()

  local o
  before_each(function()
    fixture.underlay()
    o = assert(zlnet.overlay { name = "ov", ["local"] = "192.0.2.1", ip = { "10.201.1.1", "fd00:201:1::1" } })
  end)
  after_each(function()
    o:delete()
    o:close()
    fixture.clean "wan"
  end)

  local function synced(list, expected)
    local result = assert(o:sync(list))
    local found = {}
    for _, what in ipairs { "added", "changed", "removed", "mended" } do
      found[what] = #result[what] > 0 and result[what] or nil
    end
    assert.same({}, result.failed)
    assert.same(expected, found)
  end

  -- Of two peers made true from nothing.
  local function tables_of(...)
    o:delete()
    assert(o:sync { ... })
    local tables = fixture.tables "ov"
    o:delete()
    return tables
  end

  it("makes forwarding entries, neighbours and routes of both families", function()
    synced({ peer(2), peer(3) }, { added = { "192.0.2.2", "192.0.2.3" } })
    local tables = fixture.tables "ov"
    assert.same({
      "0a:58:c0:00:02:02 dst 192.0.2.2 self permanent", "0a:58:c0:00:02:03 dst 192.0.2.3 self permanent" }, tables.fdb)
    assert.same({ "fe80::858:c0ff:fe00:202 lladdr 0a:58:c0:00:02:02 PERMANENT",
      "fe80::858:c0ff:fe00:203 lladdr 0a:58:c0:00:02:03 PERMANENT" }, tables.neigh)
    assert.same({
      "10.201.2.0/24 via inet6 fe80::858:c0ff:fe00:202 proto 122 onlink",
      "10.201.3.0/24 via inet6 fe80::858:c0ff:fe00:203 proto 122 onlink",
      "fd00:201:1::1 proto kernel metric 256 pref medium",
      "fd00:201:2::/64 via fe80::858:c0ff:fe00:202 proto 122 metric 1024 onlink pref medium",
      "fd00:201:3::/64 via fe80::858:c0ff:fe00:203 proto 122 metric 1024 onlink pref medium",
    }, tables.route)
  end)

  it("changes nothing the second time, in whatever order", function()
    synced({ peer(2), peer(3) }, { added = { "192.0.2.2", "192.0.2.3" } })
    local monitor <close> = assert(zlnet.monitor(nil, { "fdb", "neigh", "route", "addr", "link" }))
    synced({ peer(2), peer(3) }, {})
    synced({ peer(3), peer(2) }, {})
    assert.is_nil(monitor:next(0))
  end)

  it("removes a peer that is no longer in the list, and says what changed of others", function()
    local expected = tables_of(peer(3), { node = "192.0.2.4", subnets = { "10.201.40.0/24" } })
    synced({ peer(2), peer(3), peer(4) }, { added = { "192.0.2.2", "192.0.2.3", "192.0.2.4" } })
    synced({ peer(3), { node = "192.0.2.4", subnets = { "10.201.40.0/24" } } },
      { removed = { "192.0.2.2" }, changed = { "192.0.2.4" } })
    assert.same(expected, fixture.tables "ov")
    synced({}, { removed = { "192.0.2.3", "192.0.2.4" } })
  end)

  it("moves a subnet between peers, and a peer to another address", function()
    local heir = { node = "192.0.2.3", subnets = { "10.201.3.0/24", "fd00:201:3::/64", "10.201.2.0/24" } }
    local rest = { node = "192.0.2.2", subnets = { "fd00:201:2::/64" } }
    local expected = tables_of(rest, heir)
    synced({ peer(2), peer(3) }, { added = { "192.0.2.2", "192.0.2.3" } })
    synced({ rest, heir }, { changed = { "192.0.2.2", "192.0.2.3" } })
    assert.same(expected, fixture.tables "ov")
    local moved = { node = "192.0.2.9", subnets = heir.subnets }
    synced({ rest, moved }, { added = { "192.0.2.9" }, removed = { "192.0.2.3" } })
    assert.same(3, #helper.ip_json("route", "show", "via", "inet6", "fe80::858:c0ff:fe00:209") +
      #helper.ip_json("-6", "route", "show", "via", "fe80::858:c0ff:fe00:209"))
  end)

  it("makes a changed MAC true", function()
    synced({ peer(2) }, { added = { "192.0.2.2" } })
    local other = peer(2)
    other.mac = "0a:00:00:00:00:22"
    synced({ other }, { changed = { "192.0.2.2" } })
    local tables = fixture.tables "ov"
    assert.same({ "0a:00:00:00:00:22 dst 192.0.2.2 self permanent" }, tables.fdb)
    assert.same({ "fe80::800:ff:fe00:22 lladdr 0a:00:00:00:00:22 PERMANENT" }, tables.neigh)
  end)

  it("mends what outsiders changed, and tells it from what the list changed", function()
    synced({ peer(2), peer(3) }, { added = { "192.0.2.2", "192.0.2.3" } })
    local before = fixture.tables "ov"
    for _, change in ipairs {
      "bridge fdb del 0a:58:c0:00:02:02 dev ov", "bridge fdb replace 0a:58:c0:00:02:02 dev ov dst 192.0.2.99",
      "ip neigh del fe80::858:c0ff:fe00:202 dev ov",
      "ip neigh replace fe80::858:c0ff:fe00:202 dev ov lladdr 0a:00:00:00:00:01 nud permanent",
      "ip neigh replace fe80::858:c0ff:fe00:202 dev ov lladdr 0a:58:c0:00:02:02 nud reachable",
      "ip route del 10.201.2.0/24 dev ov", "ip route replace 10.201.2.0/24 dev ov",
      "ip -6 route del fd00:201:2::/64 dev ov", "ip -6 route replace fd00:201:2::/64 dev ov metric 1024",
      "ip route append 10.201.2.0/24 via inet6 fe80::858:c0ff:fe00:202 dev ov proto 122 src 10.201.1.1 onlink",
    } do
      local ok, text = helper.sh(change)
      assert.is_true(ok, text)
      synced({ peer(2), peer(3) }, { mended = { "192.0.2.2" } })
      assert.same(before, fixture.tables "ov", change)
    end
    helper.sh [[bridge fdb add 0a:00:00:00:00:99 dev ov dst 192.0.2.99 dynamic
      bridge fdb append 00:00:00:00:00:00 dev ov dst 192.0.2.98
      ip neigh add 10.201.1.77 lladdr 0a:00:00:00:00:99 dev ov nud stale
      ip route add 10.77.0.0/16 dev ov proto 122]]
    assert.is_true(#assert(o:sync { peer(2), peer(3) }).mended > 0)
    assert.same(before, fixture.tables "ov")
  end)

  it("leaves alone what is not ours, and refuses the peer whose place it has", function()
    helper.ip("route", "add", "10.201.3.0/24", "dev", "wan")
    helper.ip("-6", "route", "add", "fd00:201:4::/64", "dev", "wan", "metric", "1024")
    local result = assert(o:sync { peer(2), peer(3), peer(4) })
    assert.same({ "192.0.2.2" }, result.added)
    assert.equal(2, #result.failed)
    for _, err in ipairs(result.failed) do
      assert.equal("EEXIST", err.code)
      assert.match("is routed already, and not by us", err.message)
      assert.match("^192%.0%.2%.[34]$", err.peer)
    end
    local tables = fixture.tables "ov"
    assert.same({ "0a:58:c0:00:02:02 dst 192.0.2.2 self permanent" }, tables.fdb)
    assert.equal(1, #tables.neigh)
    assert.equal(3, #tables.route)
    helper.ip("route", "add", "10.88.0.0/16", "dev", "ov")
    helper.ip("route", "del", "10.201.3.0/24", "dev", "wan")
    assert.same({ "192.0.2.3" }, assert(o:sync { peer(2), peer(3), peer(4) }).added)
    assert.equal(1, #helper.ip_json("route", "show", "10.88.0.0/16"))
    helper.ip("-6", "route", "del", "fd00:201:4::/64", "dev", "wan")
  end)

  it("takes back what was done for a peer that is refused, also what it had taken from another", function()
    synced({ peer(2), peer(3) }, { added = { "192.0.2.2", "192.0.2.3" } })
    local before = fixture.tables "ov"
    helper.ip("route", "add", "10.201.99.0/24", "dev", "wan")
    local heir = { node = "192.0.2.4", subnets = { "10.201.3.0/24", "10.201.99.0/24" } }
    local result = assert(o:sync { peer(2), { node = "192.0.2.3", subnets = { "fd00:201:3::/64" } }, heir })
    assert.equal(1, #result.failed)
    assert.is_nil(result.failed[1].rollback)
    assert.same(before, fixture.tables "ov")
  end)

  it("gives what two peers want to the first one", function()
    local greedy = { node = "192.0.2.3", subnets = { "10.201.3.0/24", "10.201.2.0/24" } }
    local result = assert(o:sync { peer(2), greedy })
    assert.same({ "192.0.2.2" }, result.added)
    assert.equal("'10.201.2.0/24' is 192.0.2.2's", result.failed[1].message)
    greedy.subnets[2] = nil
    assert.same({ "192.0.2.3" }, assert(o:sync { peer(2), greedy }).added)
  end)

  it("does as much with a thousand peers", function()
    local list = {}
    for i = 1, 1000 do
      list[i] = { node = ("198.51.%d.%d"):format(i // 250, i % 250 + 1),
        subnets = { ("10.%d.%d.0/24"):format(64 + i // 250, i % 250), ("fd00:%x::/64"):format(i) } }
    end
    assert.equal(1000, #assert(o:sync(list)).added)
    local tables = fixture.tables "ov"
    assert.same({ 1000, 1000, 2001 }, { #tables.fdb, #tables.neigh, #tables.route })
    synced(list, {})
    helper.sh [[bridge fdb show dev ov | head -300 | sed 's/^\([^ ]*\) .*/fdb del \1 dev ov/' | bridge -batch -]]
    assert.equal(300, #assert(o:sync(list)).mended)
    assert.same(tables, fixture.tables "ov")
    assert.equal(1000, #assert(o:sync {}).removed)
    assert.same({}, fixture.tables("ov").fdb)
  end)

  it("carries packets of containers from node to node, and loses none of a peer that stays", function()
    local node = helper.container()
    helper.ip("link", "add", "wan3", "type", "veth", "peer", "name", "wan", "netns", node.pid)
    helper.ip("addr", "add", "198.51.100.1/24", "dev", "wan3")
    helper.ip("link", "set", "wan3", "up")
    node:ip("addr", "add", "198.51.100.2/24", "dev", "wan")
    node:ip("link", "set", "wan", "up")
    node:ip("link", "set", "lo", "up")
    finally(function()
      fixture.clean "wan3"
    end)
    local here <close> = assert(zlnet.overlay { name = "far", id = 9, ["local"] = "198.51.100.1",
      ip = { "10.202.1.1", "fd00:202:1::1" } })
    local there <close> = assert(zlnet.with_netns(node.pid, zlnet.overlay, { name = "far", id = 9,
      ["local"] = "198.51.100.2", ip = { "10.202.2.1", "fd00:202:2::1" } }))
    local c, d = helper.container(), helper.container()
    local far = { node = "198.51.100.2", subnets = { "10.202.2.0/24", "fd00:202:2::/64" } }
    assert(here:sync { far })
    assert(there:sync { { node = "198.51.100.1", subnets = { "10.202.1.0/24", "fd00:202:1::/64" } } })
    local a = assert(zlnet.attach { pid = c.pid, ip = { "10.202.1.5", "fd00:202:1::5" }, overlay = here })
    assert.equal(1450, a.mtu)
    assert.same({ inet = "10.202.1.1", inet6 = "fd00:202:1::1" }, a.src)
    assert(zlnet.with_netns(node.pid, zlnet.attach, { pid = d.pid, ip = { "10.202.2.5", "fd00:202:2::5" },
      overlay = there }))
    local big = "ping -n -c 1 -W 2 -M do -s 1422 10.202.2.5"
    assert.is_true((c:exec(big)))
    assert.is_true((helper.ping(nil, "10.202.2.5")))
    assert.is_true((helper.ping(d, "fd00:202:1::1")))
    local running = io.popen(("nsenter -t %d -n ping -n -q -c 300 -i 0.002 -W 2 10.202.2.5"):format(c.pid))
    for i = 1, 100 do
      assert(here:sync { far, { node = "198.51.100." .. 3 + i % 5, subnets = { "10.202.3.0/24" } } })
      assert(here:sync { { node = "198.51.100.9", subnets = { "10.202.3.0/24" } }, far })
    end
    local text = running:read "a"
    running:close()
    assert.match("300 packets transmitted, 300 received", text)
    here:delete()
  end)
end)
