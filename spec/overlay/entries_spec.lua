-- SPDX-License-Identifier: MIT
local entries = require "zlnet.overlay.entries"

local function route(t)
  local row = { family = "inet", dst = "10.1.2.0", dst_len = 24, tos = 0, table = "main", type = "unicast", flags = {},
    protocol = entries.PROTOCOL, oif = 7, via = "fe80::1" }
  for key, value in pairs(t or {}) do
    row[key] = value
  end
  return row
end

describe("the entries of an overlay", function()
  local p = { key = "192.0.2.2", node = "192.0.2.2", mac = "0a:58:c0:00:02:02", vtep = "fe80::1", subnets = {
    { text = "10.1.2.0/24", family = "inet" }, { text = "fd00:2::/64", family = "inet6" } } }

  it("of a vxlan peer are a forwarding entry, a neighbour, and a route for each subnet", function()
    local wants = entries.of_vxlan(7, p)
    local found = {}
    for i, w in ipairs(wants) do
      found[i] = w.table.name .. " " .. w.key
      assert.equal("192.0.2.2", w.peer)
    end
    assert.same({ "fdb 0a:58:c0:00:02:02", "neigh fe80::1", "route 10.1.2.0/24", "route fd00:2::/64" }, found)
    assert.equal("fe80::1", wants[3].args.via)
    assert.equal("fe80::1", wants[4].args.gateway)
  end)

  it("of a wireguard peer are routes without a next hop", function()
    local wants = entries.of_wireguard(7, p)
    assert.equal(2, #wants)
    assert.is_nil(wants[1].args.via or wants[2].args.gateway)
  end)

  it("are known again by key", function()
    assert.equal("10.1.2.0/24", entries.route.key(route()))
    assert.equal("10.1.2.0/24 metric 5 tos 0", entries.route.key(route { priority = 5 }))
    assert.equal("0.0.0.0/0", entries.route.key { family = "inet", dst_len = 0, tos = 0, table = "main" })
    assert.equal("::/0", entries.route.key { family = "inet6", dst_len = 0, tos = 0, table = "main", priority = 1024 })
    assert.is_nil(entries.route.key(route { table = "local" }))
    assert.equal("0a:00:00:00:00:01", entries.fdb.key { lladdr = "0a:00:00:00:00:01", dst = "192.0.2.9" })
    assert.equal("00:00:00:00:00:00 192.0.2.9", entries.fdb.key { lladdr = "00:00:00:00:00:00", dst = "192.0.2.9" })
  end)

  it("are as they were made, or not", function()
    local wants = entries.of_vxlan(7, p)
    local fdb, neigh, r = wants[1].args, wants[2].args, wants[3].args
    assert.is_true(entries.route.same(r, route()))
    for key, value in pairs { via = "fe80::2", protocol = "boot", type = "blackhole", prefsrc = "10.0.0.1",
      nh_id = 3 } do
      assert.falsy(entries.route.same(r, route { [key] = value }), key)
    end
    assert.is_true(entries.fdb.same(fdb, { dst = "192.0.2.2", state = "permanent" }))
    assert.falsy(entries.fdb.same(fdb, { dst = "192.0.2.3", state = "permanent" }))
    assert.falsy(entries.fdb.same(fdb, { dst = "192.0.2.2", state = "permanent", vni = 9 }))
    assert.is_true(entries.neigh.same(neigh, { lladdr = p.mac, state = "permanent" }))
    assert.falsy(entries.neigh.same(neigh, { lladdr = p.mac, state = "reachable" }))
  end)

  it("that are not ours stay: other protocols' routes and addresses, what the kernel makes by itself", function()
    assert.is_true(entries.route.ours(route()))
    assert.is_false(entries.route.ours(route { protocol = "static" }))
    assert.is_false(entries.addr.ours { proto = "kernel_ll" })
    assert.is_false(entries.neigh.ours { state = "noarp" })
    assert.is_true(entries.neigh.ours { state = "stale" })
  end)

  it("never take the place of a route that is not ours", function()
    assert.equal("create", entries.route.mode(nil))
    assert.equal("replace", entries.route.mode(route()))
    assert.equal("replace", entries.fdb.mode(nil))
  end)
end)
