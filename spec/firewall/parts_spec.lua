-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local parts = require "zlnet.firewall.parts"
local ruleset = require "zlnet.firewall.ruleset"

describe("the constant parts of the firewall", function()
  helper.insulate()

  local nft

  before_each(function()
    nft = assert(core.nft(nil))
  end)

  after_each(function()
    nft:close()
    helper.sh "nft flush ruleset"
  end)

  local function make(part, state)
    local batch = nft:batch()
    parts.queue(batch, part, state, { n = 0 })
    return batch:send()
  end

  for _, part in ipairs(ruleset.parts) do
    it(("are missing, whole, damaged and whole again: %s %s"):format(part.family, part.name), function()
      assert.equal("missing", parts.state(nft, part))
      assert(make(part, "missing"))
      assert.equal("whole", parts.state(nft, part))
      local listed = select(2, helper.sh "nft list ruleset")
      local ok, err = make(part, "missing")
      assert.same({ nil, "EEXIST" }, { ok, err.code })
      helper.sh(("nft flush table %s zlnet"):format(part.family))
      assert.equal("damaged", parts.state(nft, part))
      assert(make(part, "damaged"))
      assert(make(part, "damaged"))
      assert.equal("whole", parts.state(nft, part))
      assert.equal(listed, select(2, helper.sh "nft list ruleset"))
    end)
  end
end)
