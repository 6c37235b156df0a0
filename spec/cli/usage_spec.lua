-- SPDX-License-Identifier: MIT
local usage = require "zlnet.cli.usage"

describe("zlnet.cli.usage", function()
  it("makes integers of decimal digits", function()
    assert.are.equal("integer", math.type(usage.number "4242"))
    assert.are.equal(4242, usage.number "4242")
    assert.are.equal(-1, usage.number "-1")
  end)

  it("makes floats of digits with a point", function()
    assert.are.equal(0.25, usage.number "0.25")
  end)

  it("leaves all other words to the library, which knows what the option takes", function()
    for _, word in ipairs { "", "inherit", "0x10", "1e3", " 5", "5 ", "1.2.3", "nan", "inf" } do
      assert.are.equal(word, usage.number(word))
    end
  end)

  it("knows wrong use from a fault", function()
    assert.are.equal("--mtu: too small", usage.message "x.lua:1: bad option 'mtu' to 'attach': too small")
    assert.are.equal("--host-mac: no", usage.message "bad option 'host_mac' to 'attach': no")
    assert.is_nil(usage.message "x.lua:1: attempt to index a nil value")
    assert.is_nil(usage.message "bad argument #1 to 'ipairs' (table expected, got nil)")
    local _, raised = pcall(usage.wrong, "--pid: required")
    assert.are.equal("--pid: required", usage.message(raised))
  end)
end)
