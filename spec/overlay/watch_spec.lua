-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local peer = fixture.peer

describe("an overlay that is watched", function()
  helper.insulate()

  local o
  before_each(function()
    fixture.underlay()
    o = assert(zlnet.overlay { name = "ov", ["local"] = "192.0.2.1", ip = { "10.201.1.1", "fd00:201:1::1" } })
    assert(o:pollfd())
    assert(o:sync { peer(2), peer(3) })
  end)
  after_each(function()
    o:delete()
    o:close()
    fixture.clean "wan"
  end)

  -- Events until none comes for a while and the tables are these again.
  local function events_until(tables)
    local list = {}
    helper.eventually(function()
      repeat
        local event = assert(o:next(0.05) or true)
        list[#list + 1] = event ~= true and event or nil
      until event == true
      return pcall(assert.same, tables, fixture.tables "ov")
    end)
    return list
  end

  local function shell(command)
    local ok, text = helper.sh(command)
    assert.is_true(ok, text)
  end

  it("says nothing of what we do ourselves", function()
    assert.is_nil(o:next(0.05))
    assert(o:sync { peer(3), peer(4) })
    assert(o:sync { peer(2), peer(4) })
    assert.is_nil(o:next(0.05))
  end)

  local CHANGES = {
    { "bridge fdb del 0a:58:c0:00:02:02 dev ov", "fdb", "removed", "192.0.2.2" },
    { "bridge fdb replace 0a:58:c0:00:02:02 dev ov dst 192.0.2.99", "fdb", "changed", "192.0.2.2" },
    { "bridge fdb add 0a:00:00:00:00:99 dev ov dst 192.0.2.99 dynamic", "fdb", "added" },
    { "bridge fdb append 00:00:00:00:00:00 dev ov dst 192.0.2.98", "fdb", "added" },
    { "ip neigh del fe80::858:c0ff:fe00:202 dev ov", "neigh", "removed", "192.0.2.2" },
    { "ip neigh replace fe80::858:c0ff:fe00:202 dev ov lladdr 0a:00:00:00:00:01", "neigh", "changed", "192.0.2.2" },
    { "ip neigh add 10.201.1.77 lladdr 0a:00:00:00:00:99 dev ov nud stale", "neigh", "added" },
    { "ip route del 10.201.2.0/24 dev ov", "route", "removed", "192.0.2.2" },
    { "ip route replace 10.201.2.0/24 dev ov", "route", "changed", "192.0.2.2" },
    { "ip route add 10.77.0.0/16 dev ov proto 122", "route", "added" },
    { "ip -6 route del fd00:201:2::/64 dev ov", "route", "removed", "192.0.2.2" },
    { "ip -6 route replace fd00:201:2::/64 dev ov metric 1024", "route", "changed", "192.0.2.2" },
    { "ip addr del fd00:201:1::1/128 dev ov", "addr", "removed" },
    { function()
      local node <close> = assert(zlnet.open())
      assert(node:newaddr { index = "ov", ["local"] = "10.201.1.9", prefixlen = 32, proto = 122 })
    end, "addr", "added" },
  }

  it("puts right what an outsider removes, changes and adds, and says what it was", function()
    local before = fixture.tables "ov"
    for _, c in ipairs(CHANGES) do
      if type(c[1]) == "string" then
        shell(c[1])
      else
        c[1]()
      end
      local list = events_until(before)
      assert.equal("mended", list[1].event, c[1])
      assert.same({ c[2], c[3], c[4] }, { list[1].what, list[1].how, list[1].peer }, c[1])
      assert.equal(1, #list, c[1])
    end
  end)

  it("puts the device right, and makes it again", function()
    local link, before = fixture.link "ov", fixture.tables "ov"
    for _, change in ipairs { "set dev ov mtu 1300", "set dev ov alias other", "set dev ov address 0a:00:00:00:00:77",
      "set dev ov down", "set dev ov name vo" } do
      shell("ip link " .. change)
      if change:find "name" then
        shell "ip link set dev vo name ov"
      end
      events_until(before)
      assert.same(link, fixture.link "ov", change)
    end
    shell "ip link delete dev ov"
    local list = events_until(before)
    assert.same({ "mended", "link", "removed" }, { list[1].event, list[1].what, list[1].how })
    link.ifindex = fixture.link("ov").ifindex
    assert.same(link, fixture.link "ov")
    assert.is_nil(o:next(0.05))
  end)

  it("puts back the routes that go with the last address", function()
    local before = fixture.tables "ov"
    shell "ip addr del 10.201.1.1/32 dev ov" -- the kernel drops all IPv4 routes of the link, and announces none
    local list = events_until(before)
    assert.equal("addr", list[1].what)
  end)

  it("follows the underlay's MTU", function()
    shell "ip link set dev wan mtu 1400"
    helper.eventually(function()
      o:next(0.05)
      return fixture.link("ov").mtu == 1350
    end)
    assert.equal(1350, o.mtu)
  end)

  it("leaves alone what is not ours, says so, and goes on when it is gone", function()
    shell "ip route add 10.88.0.0/16 dev ov"
    shell "ip route replace 10.201.2.0/24 dev wan"
    local failed
    helper.eventually(function()
      failed = o:next(0.05)
      return failed and failed.event == "failed"
    end)
    assert.equal("192.0.2.2", failed.peer)
    assert.equal("EEXIST", failed.error.code)
    assert.equal(1, #helper.ip_json("route", "show", "10.201.2.0/24", "dev", "wan"))
    shell "ip route del 10.201.2.0/24 dev wan"
    helper.eventually(function()
      o:next(0.05)
      return #helper.ip_json("route", "show", "10.201.2.0/24", "dev", "ov") == 1
    end)
    assert.equal(1, #helper.ip_json("route", "show", "10.88.0.0/16", "dev", "ov"))
  end)

  it("compares everything after announcements were lost", function()
    local before = fixture.tables "ov"
    shell [[bridge fdb del 0a:58:c0:00:02:02 dev ov
      ip route del 10.201.3.0/24
      bridge fdb add 0a:00:00:00:00:99 dev ov dst 192.0.2.99
      seq 0 9999 | awk '{ a = sprintf("10.90.%d.%d", $1 / 250, $1 % 250); print "route add " a " dev wan"
        print "route del " a " dev wan" }' | ip -batch -]] -- far more than may wait
    local list = events_until(before)
    local overrun = false
    for _, event in ipairs(list) do
      overrun = overrun or event.event == "overrun"
    end
    assert.is_true(overrun)
  end)

  it("is quiet after delete, and before the first list", function()
    o:delete()
    assert.is_nil(o:next(0.02))
    assert.is_nil(fixture.link "ov")
    local fresh <close> = assert(zlnet.overlay { name = "ov2", id = 2, ["local"] = "192.0.2.1" })
    assert.is_nil(fresh:next(0.01))
    assert.is_nil(fixture.link "ov2")
  end)

  it("is a pollable: its descriptor is readable when something is to be done", function()
    while o:next(0) do end -- luacheck: ignore 542
    assert.equal("r", o:events())
    assert.is_nil(o:timeout())
    assert.equal(o:pollfd(), o:getfd())
    shell "bridge fdb del 0a:58:c0:00:02:02 dev ov"
    assert.same({ 1 }, assert(core.poll({ { fd = o:pollfd(), events = "r" } }, helper.PATIENCE)))
    local event
    helper.eventually(function()
      event = o:next(0)
      return event
    end)
    assert.equal("mended", event.event)
  end)

  it("has a loop of its own, and raises when it is closed", function()
    shell "bridge fdb del 0a:58:c0:00:02:02 dev ov"
    assert.equal("fdb", o:run(function(event)
      return event.what
    end))
    local closed = assert(zlnet.overlay { name = "ov3", id = 3, ["local"] = "192.0.2.1" })
    closed:close()
    closed:close()
    for _, name in ipairs { "next", "pollfd", "sync", "timeout", "events", "delete", "show", "stats", "plan" } do
      assert.error_matches(function()
        closed[name](closed, {})
      end, name == "next" and "seconds: a number expected" or "'" .. name .. "' (closed overlay)", 1, true)
    end
    assert.error_matches(function()
      closed:next()
    end, "'next' (closed overlay)", 1, true)
  end)
end)
