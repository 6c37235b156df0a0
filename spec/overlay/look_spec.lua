-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local entries = require "zlnet.overlay.entries"
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local look = require "zlnet.overlay.look"
local zlnet = require "zlnet"

local TABLES = { entries.addr, entries.fdb, entries.neigh, entries.route }

describe("looking at an overlay's device", function()
  helper.insulate()

  local o, self, index
  before_each(function()
    fixture.underlay()
    o = assert(zlnet.overlay { name = "ov", ["local"] = "192.0.2.1", ip = { "10.201.1.1", "fd00:201:1::1" } })
    assert(o:sync { fixture.peer(2), fixture.peer(3) })
    helper.eventually(function() -- the kernel makes that route a moment later
      return helper.ip("-6", "route", "show", "table", "local", "dev", "ov"):find "fd00:201:1::1 "
    end)
    self, index = { host = assert(zlnet.open()) }, fixture.link("ov").ifindex
  end)
  after_each(function()
    self.host:close()
    o:delete()
    o:close()
    fixture.clean "wan"
  end)

  it("finds the rows that the getters find", function()
    local rows = look.rows(TABLES, assert(look.at(self, TABLES, index)))
    assert.same(assert(self.host:getneighs({ family = "bridge", ifindex = index }, entries.fdb.keys)), rows.fdb)
    assert.same(assert(self.host:getneighs({ ifindex = index }, entries.neigh.keys)), rows.neigh)
    assert.same(assert(self.host:getroutes({ oif = index }, entries.route.keys)), rows.route)
    assert.same(assert(self.host:getaddrs({ index = index }, entries.addr.keys)), rows.addr)
    assert.same({ 2, 2 }, { #rows.fdb, #rows.addr })
  end)

  local CHANGES = {
    { "bridge fdb replace 0a:58:c0:00:02:02 dev ov dst 192.0.2.77 self permanent",
      "bridge fdb replace 0a:58:c0:00:02:02 dev ov dst 192.0.2.2 self permanent" },
    { "ip route add 10.77.0.0/16 dev ov", "ip route del 10.77.0.0/16 dev ov" },
    { "ip addr add 10.9.9.1/32 dev ov", "ip addr del 10.9.9.1/32 dev ov" },
    { "ip neigh add 10.9.9.9 lladdr 0a:00:00:00:00:01 dev ov nud stale", "ip neigh del 10.9.9.9 dev ov" },
  }

  it("sees that nothing has changed, and that something has, and that it is back", function()
    local wanted = {}
    for _, change in ipairs(CHANGES) do
      helper.eventually(function() -- the kernel's own neighbour for multicast may come between two looks
        local good = { pictures = assert(look.at(self, TABLES, index)), wanted = wanted }
        local function as_before()
          return look.is_as_before(good, wanted, assert(look.at(self, TABLES, index)))
        end
        assert.is_true(as_before())
        assert.is_false(look.is_as_before(good, {}, good.pictures))
        assert.is_false(look.is_as_before(nil, wanted, good.pictures))
        helper.sh(change[1])
        local seen = not as_before()
        helper.sh(change[2])
        assert.is_true(seen, change[1])
        assert.is_true(as_before(), change[2])
        return true
      end)
    end
  end)

  it("says which question failed", function()
    self.host:close()
    assert.error_matches(function()
      look.at(self, TABLES, index)
    end, "closed handle", 1, true)
    self.host = assert(zlnet.open())
    assert.error_matches(function()
      self.host:picture("getlink", {}, { "index" })
    end, "getlinks, getroutes and their like expected", 1, true)
  end)
end)

describe("networks and addresses in C", function()
  it("are as those of addr.lua, or none", function()
    local addr = require "zlnet.addr"
    for _, text in ipairs { "10.1.2.3/24", "10.1.2.3", "0.0.0.0/0", "255.255.255.255/31", "fd00::1/64", "fd00::1",
      "2001:db8:1:2:3:4:5:6/61", "::/0", "2001:DB8::/32", "fe80::1/128", "1:0:0:2::/64" } do
      local ip = addr.parse(text)
      local length = ip.prefix or addr.host_prefix[ip.family]
      assert.same({ addr.network(ip.address, length) .. "/" .. length, ip.family }, { core.network(text) }, text)
    end
    for _, text in ipairs { "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0/8",
      "010.0.0.0/8", "::1/129", "fe80::1%lo/64", "10.0.0.0/8 ", "10.0.0.0\0/8", "x" } do
      assert.is_nil(core.network(text), text)
    end
    assert.equal("10.0.0.1", core.address "\10\0\0\1")
    assert.equal("fe80::1", core.address("\xfe\x80" .. ("\0"):rep(13) .. "\1"))
    assert.is_nil(core.address "abc")
  end)
end)
