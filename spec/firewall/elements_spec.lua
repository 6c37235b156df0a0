-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local elements = require "zlnet.firewall.elements"
local helper = require "spec.support.helper"

describe("elements of the firewall's sets", function()
  helper.insulate()

  local nft

  before_each(function()
    helper.sh "nft 'add table inet zlnet; add set inet zlnet masquerade4 { type ipv4_addr; }'"
    nft = assert(core.nft(nil))
  end)

  after_each(function()
    nft:close()
    helper.sh "nft flush ruleset"
  end)

  local function element(address, comment)
    return { family = "inet", set = "masquerade4", key = { address }, comment = comment or "veth-5-s" }
  end

  local function add(list)
    local batch = nft:batch()
    elements.each_message(list, function(message)
      batch:newsetelem(message)
    end)
    assert(batch:send())
  end

  it("go into messages of one set each, none too long", function()
    local list, lengths = {}, {}
    for i = 1, 120 do
      list[i] = element("10.0.0." .. i)
    end
    list[121] = { family = "inet", set = "other", key = { "10.0.0.1" }, comment = "x" }
    elements.each_message(list, function(message, of)
      assert.equal(#message.elements, #of)
      lengths[#lengths + 1] = message.set .. " " .. #of
    end)
    assert.same({ "masquerade4 50", "masquerade4 50", "masquerade4 20", "other 1" }, lengths)
  end)

  it("are found with their owners, and those of an owner alone are his", function()
    add { element "10.0.0.1", element("10.0.0.2", "veth-6-s") }
    assert.equal("veth-5-s", elements.owner(elements.find(nft, element "10.0.0.1")))
    assert.is_false(elements.find(nft, element "10.0.0.3"))
    local wanted = { element "10.0.0.1", element "10.0.0.2", element "10.0.0.3" }
    assert.same({ wanted[1] }, elements.own(nft, wanted))
  end)

  it("are deleted unless something has changed since they were seen", function()
    add { element "10.0.0.1" }
    local generation = nft:getgen().id
    helper.sh "nft add table inet other"
    local ok, err = elements.delete(nft, { element "10.0.0.1" }, generation)
    assert.same({ nil, "ERESTART" }, { ok, err.code })
    local tries = 0
    assert.is_true(elements.undisturbed(nft, function(now)
      tries = tries + 1
      if tries < 3 then
        helper.sh "nft add table inet another; nft delete table inet another"
      end
      return elements.delete(nft, { element "10.0.0.1" }, now)
    end))
    assert.equal(3, tries)
    assert.is_false(elements.find(nft, element "10.0.0.1"))
    assert.is_true(elements.delete(nft, {}, 0))
  end)
end)
