-- SPDX-License-Identifier: MIT
local identity = require "zlnet.cni.identity"

local LONG = ("a"):rep(64)

describe("zlnet.cni.identity", function()
  it("is the same for ever", function()
    local id, tag = identity.of("net", "c1", "eth0")
    assert.are.equal("cni/net/c1/5a52e1e820994913", id)
    assert.are.equal("13", tag)
  end)

  it("differs in each of the three names, however the text is cut", function()
    local seen = {}
    for _, names in ipairs { { "ab", "c", "d" }, { "a", "bc", "d" }, { "a", "b", "cd" }, { "ab", "c", "e" },
      { LONG, "c", "d" }, { LONG .. "a", "c", "d" }, { "ab", LONG, "d" }, { "ab", LONG .. "a", "d" } } do
      local id = identity.of(table.unpack(names))
      assert.is_nil(seen[id])
      seen[id] = true
    end
  end)

  it("is short, whatever the names are", function()
    assert.is_true(#identity.of(LONG:rep(4), LONG:rep(4), ("e"):rep(15)) <= 54)
  end)

  it("begins with what only its network's ids begin with", function()
    for _, network in ipairs { "net", "net2", LONG, LONG .. "a", "a" } do
      local prefix = identity.prefix(network)
      for _, other in ipairs { "net", "net2", LONG, LONG .. "a", "a" } do
        local begins = identity.of(other, "c1", "eth0"):sub(1, #prefix) == prefix
        assert.are.equal(network == other, begins)
      end
    end
  end)
end)
