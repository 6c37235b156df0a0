-- SPDX-License-Identifier: MIT
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local peer = fixture.peer

describe("overlay:plan", function()
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

  local function state()
    local link = fixture.link "ov"
    link.ifindex = nil
    return { link, fixture.tables "ov" }
  end

  it("changes nothing", function()
    assert(o:plan { peer(2) })
    assert.is_nil(fixture.link "ov")
    assert(o:sync { peer(2) })
    local before = fixture.tables "ov"
    assert.equal(8, #assert(o:plan { peer(3) }).ops)
    assert.same(before, fixture.tables "ov")
    assert.same({}, assert(o:plan { peer(2) }).ops)
  end)

  it("is a script of ip and bridge that makes just the same, from nothing and from any state", function()
    local heir = { node = "192.0.2.4", mac = "0a:00:00:00:00:04", subnets = { "10.201.2.0/24", "fd00:201:4::/64",
      "10.201.4.7/32" } }
    local lists = {
      { peer(2), peer(3) },
      { peer(3), heir },
      { peer(3), peer(4), { node = "192.0.2.9", subnets = { "0.0.0.0/1" } } },
      {},
    }
    local made = {}
    for i, list in ipairs(lists) do
      assert.same({}, assert(o:sync(list)).failed)
      made[i] = state()
    end
    o:delete()
    for i, list in ipairs(lists) do
      local script = tostring(assert(o:plan(list)))
      local ok, text = helper.sh(script)
      assert.is_true(ok, script .. text)
      assert.same(made[i], state(), script)
      assert.same({}, assert(o:plan(list)).ops)
    end
  end)

  it("shows how what outsiders changed is put right", function()
    assert(o:sync { peer(2), peer(3) })
    local before = state()
    helper.sh [[bridge fdb del 0a:58:c0:00:02:02 dev ov
      bridge fdb append 00:00:00:00:00:00 dev ov dst 192.0.2.98
      ip neigh replace fe80::858:c0ff:fe00:203 dev ov lladdr 0a:00:00:00:00:01 nud permanent
      ip route replace 10.201.2.0/24 dev ov
      ip route add 10.77.0.0/16 dev ov proto 122 metric 7
      ip addr del fd00:201:1::1/128 dev ov
      ip link set dev ov mtu 1400 alias 'not ours'
      ip link set dev ov type vxlan learning]]
    local node <close> = assert(zlnet.open())
    assert(node:newaddr { index = "ov", ["local"] = "10.201.1.9", prefixlen = 32, proto = 122 })
    local script = tostring(assert(o:plan { peer(2), peer(3) }))
    local ok, text = helper.sh(script)
    assert.is_true(ok, script .. text)
    assert.same(before, state(), script)
  end)

  it("names who would be refused", function()
    local plan = assert(o:plan { peer(2), { node = "192.0.2.3", subnets = peer(2).subnets } })
    assert.equal("192.0.2.3", plan.failed[1].peer)
  end)

  it("quotes names", function()
    local odd = assert(zlnet.overlay { name = "o'v$x", ["local"] = "192.0.2.1" })
    local ok, text = helper.sh(tostring(assert(odd:plan { peer(2) })))
    assert.is_true(ok, text)
    assert.same({}, assert(odd:plan { peer(2) }).ops)
    odd:delete()
    odd:close()
  end)
end)
