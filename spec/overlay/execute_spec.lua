-- SPDX-License-Identifier: MIT
local differences = require "zlnet.overlay.differences"
local entries = require "zlnet.overlay.entries"
local execute = require "zlnet.overlay.execute"
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

describe("carrying out an overlay's operations", function()
  helper.insulate()

  local self, index
  before_each(function()
    helper.ip("link", "add", "vx", "type", "vxlan", "id", "7", "local", "192.0.2.1", "dstport", "4789", "nolearning")
    helper.ip("link", "set", "vx", "addrgenmode", "none", "up")
    self = { host = assert(zlnet.open()) }
    index = fixture.link("vx").ifindex
  end)
  after_each(function()
    self.host:close()
    fixture.clean("vx", "xv")
  end)

  local function put(t, key, args, peer)
    return differences.put({ table = t, key = key, args = args, peer = peer })
  end

  local function route(dst, oif, peer)
    return put(entries.route, dst, { family = "inet", dst = dst, oif = oif, protocol = 122 }, peer)
  end

  local function fdb(mac, peer)
    return put(entries.fdb, mac, { family = "bridge", ifindex = index, lladdr = mac, dst = "192.0.2.9",
      state = "permanent", flags = { self = true } }, peer)
  end

  it("sends them as they are", function()
    assert.same({}, execute.rows(self, { fdb("0a:00:00:00:00:01", "a"), route("10.9.0.0/16", index, "a") }))
    assert.same({ "0a:00:00:00:00:01 dst 192.0.2.9 self permanent" }, fixture.tables("vx").fdb)
    assert.equal("10.9.0.0/16 dev vx scope link \n", helper.ip("route", "show", "proto", "122"))
  end)

  it("takes back all of a peer of which something is refused, and leaves the others", function()
    local failed = assert(execute.rows(self, {
      fdb("0a:00:00:00:00:01", "a"), fdb("0a:00:00:00:00:02", "b"), route("10.9.0.0/16", index, "a"),
      route("10.8.0.0/16", index, "b"), route("10.7.0.0/16", 99999, "b"),
    }))
    assert.equal("ENODEV", failed.b.code)
    assert.equal("put the route entry 10.7.0.0/16", failed.b.step)
    assert.same({ "b", nil }, { failed.b.peer, failed.a })
    assert.is_nil(failed.b.rollback)
    assert.same({ "0a:00:00:00:00:01 dst 192.0.2.9 self permanent" }, fixture.tables("vx").fdb)
    assert.equal("10.9.0.0/16 dev vx scope link \n", helper.ip("route", "show", "proto", "122"))
  end)

  it("takes what is gone already for deleted", function()
    local row = { family = "bridge", ifindex = index, lladdr = "0a:00:00:00:00:05", dst = "192.0.2.9" }
    assert.same({}, execute.rows(self, { differences.drop(entries.fdb, row.lladdr, row, "a") }))
  end)

  it("makes a device whole, or not at all", function()
    local ok, err = execute.device(self, {
      { call = "newlink", args = { index = 77777, ifname = "xv", linkinfo = { kind = "vxlan", data = { id = 8 } } },
        undo_call = "dellink", undo_args = { index = 77777 } },
      { call = "setlink", args = { index = 77777, mtu = 70000000 } },
    })
    assert.is_nil(ok)
    assert.equal("make the overlay's device", err.step)
    assert.is_nil(err.rollback)
    assert.is_nil(fixture.link "xv")
  end)
end)
