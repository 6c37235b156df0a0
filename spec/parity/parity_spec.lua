-- SPDX-License-Identifier: MIT
-- Parity with iproute2: what zlnet decodes is what ip(8) shows, key by key, and what zlnet makes is what ip makes. The
-- scenarios are spec/parity/links.lua and rows.lua; what the running kernel or ip lacks is pending with its words.
local helper = require "spec.support.helper"
local engine = require "spec.parity.engine"
local objects = require "spec.parity.objects"

describe("as iproute2 has it:", function()
  helper.insulate()

  for _, entry in ipairs(objects.scenarios()) do
    local scenario = entry.scenario
    it(("%s %s, %s"):format(entry.object.name, scenario.kind, scenario.what), function()
      local differences, why = engine.run(scenario, entry.object)
      if not differences then
        pending(why)
      end
      assert.same({}, differences)
    end)
  end

  it("leaves no attribute undecoded but those it names", function()
    assert.same({}, engine.unknown)
    local compared, differing = 0, 0
    for _, tally in pairs(engine.tallies) do
      compared, differing = compared + tally.compared, differing + tally.differing + tally.made_differing
    end
    assert.equal(0, differing)
    assert.is_true(compared > 3000, compared)
  end)
end)

describe("the comparison", function()
  it("sees a value that differs, a key without a rule, and counts", function()
    local tally = { compared = 0, differing = 0, own = 0 }
    local rules = { mtu = "mtu", index = "index", name = engine.own }
    local row = { mtu = 1500, index = 2, name = "x", fresh = 1 }
    assert.same({ "fresh = 1 has no rule", "mtu: ip 1500, zlnet 1400" },
      engine.compare(row, { mtu = 1400, index = 2 }, rules, nil, tally))
    assert.same({ compared = 2, differing = 2, own = 1 }, tally)
  end)

  it("takes a value that moves as it was before or after, or between, and has the rest read again", function()
    local function compare(value, before, after)
      local differences, moved = engine.compare({ t = value }, { t = after }, { t = "t" }, nil,
        { compared = 0, differing = 0, own = 0 }, { t = before })
      return #differences, moved
    end
    for _, case in ipairs { { 5, 5, 9 }, { 9, 5, 9 }, { 7.5, 5, 9 }, { 7, 9, 5 }, { "a", "a", "b" } } do
      assert.same({ 0, false }, { compare(table.unpack(case)) })
    end
    assert.same({ 1, true }, { compare(300, 2, 1) }) -- a timer that began anew
    assert.same({ 1, true }, { compare("c", "a", "b") })
    assert.same({ 1, false }, { compare(300, 2, 2) })
    assert.same({ 1, false }, { compare("c", "a", "a") })
  end)
end)
