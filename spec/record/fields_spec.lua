-- SPDX-License-Identifier: MIT
local fields = require "zlnet.record.fields"
local line = require "zlnet.record.line"

local function ip(family, address, prefix)
  return { family = family, address = address, prefix = prefix }
end

local OPTIONS = {
  pid = 5, tag = "s", ifname = "eth0", ip = { ip("inet", "10.200.0.5", 32) }, mode = "routed", default_route = true,
  proxy_arp = false, mtu = "inherit",
}
local WHO = {
  pid = 5, start = 77, boot = "0f1e2d3c4b5a6978", pidns = 4026531836, netns = 4026532281, time = 1732300000,
  process = 9, netns_id = 8,
}

describe("the list of a record's fields", function()
  it("is what the annotations say", function()
    local file <close> = assert(io.open "lua/zlnet/record/fields.lua")
    local class = file:read("a"):match "%-%-%-@class zlnet%.record\n(.-)\n\n"
    local annotated = {}
    for name in class:gmatch "%-%-%-@field ([%w_]+)" do
      annotated[#annotated + 1] = name
    end
    local listed = { "unknown" }
    for i, f in ipairs(fields.list) do
      listed[i + 1] = f.name
    end
    table.sort(annotated)
    table.sort(listed)
    assert.same(annotated, listed)
  end)

  it("has each key and each name once", function()
    local seen = {}
    for _, f in ipairs(fields.list) do
      assert.is_nil(seen["key " .. f.key] or seen["name " .. f.name])
      seen["key " .. f.key], seen["name " .. f.name] = true, true
      assert.is_truthy(f.from == "who" or f.from == "options")
    end
  end)

  it("makes a record that the first version reads, where nothing is asked that it does not know", function()
    local record = fields.of(OPTIONS, WHO)
    assert.same({ 5, 77, 1732300000, "s" }, { record.pid, record.start, record.time, record.tag })
    assert.is_nil(record.process)
    assert.is_nil(record.netns_id)
  end)

  it("says better who the owner is where something is asked that the first version does not know", function()
    local o = fields.copy(OPTIONS, {})
    o.vlan = 5
    local record = fields.of(o, WHO)
    assert.same({ 9, 8 }, { record.process, record.netns_id })
    assert.match(" vlan=5 proc=9 ns=8$", line.format(record))
    record.ifname = ("x"):rep(112)
    assert.not_match("proc", line.format(record)) -- where there is no room for it
  end)

  it("keeps of an attachment whose record is written again what it said", function()
    local a = fields.copy(fields.of(OPTIONS, WHO), { host_index = 5 })
    a.process, a.unknown = 9, { "later=1" }
    local again = fields.of(a, a)
    assert.same({ 9, { "later=1" } }, { again.process, again.unknown })
  end)

  it("makes the longest record that the options can have", function()
    local longest = #line.format(fields.longest(OPTIONS))
    local record = fields.of(OPTIONS, {
      pid = 5, start = 1e10 // 1, boot = WHO.boot, pidns = 4294967295, netns = 4294967295, time = 9999999999,
    })
    record.start, record.mtu = 99999999999, 65535
    assert.is_true(longest >= #line.format(record))
    local by_id = fields.longest { id = "web", tag = "s", ip = {} }
    assert.is_nil(by_id.pid)
    assert.is_nil(by_id.start)
    assert.is_nil(by_id.pidns)
    assert.equal("web", by_id.id)
  end)

  it("tells the first difference that check looks at", function()
    local a = fields.of(OPTIONS, WHO)
    local b = fields.copy(a, {})
    assert.is_nil(fields.difference(a, b))
    b.boot = "0"
    assert.is_nil(fields.difference(a, b))
    b.netns, b.id = 1, "x"
    assert.equal("netns", fields.difference(a, b))
  end)

  it("tells whether two records say the same, whenever each was made", function()
    local a, b = fields.of(OPTIONS, WHO), fields.of(OPTIONS, WHO)
    b.time, b.process, b.ip = 1, 5, { ip("inet", "10.200.0.5", 32) }
    assert.is_true(fields.is_same(a, b))
    b.ip = { ip("inet", "10.200.0.5", 24) }
    assert.is_false(fields.is_same(a, b))
    b.ip, b.unknown = a.ip, { "later=1" }
    assert.is_false(fields.is_same(a, b))
  end)

  it("gives back the options that an attachment was made with", function()
    local o = fields.options(fields.of(OPTIONS, WHO))
    assert.same({ "s", "routed", OPTIONS.ip }, { o.tag, o.mode, o.ip })
    assert.is_nil(o.pid)
    assert.is_nil(o.start)
  end)
end)
