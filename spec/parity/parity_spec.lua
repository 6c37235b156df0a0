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
end)
