-- SPDX-License-Identifier: MIT
local convert = require "zlnet.cli.convert"

describe("zlnet.cli.convert", function()
  it("makes integers of decimal digits", function()
    assert.are.equal("integer", math.type(convert.number "4242"))
    assert.are.equal(4242, convert.number "4242")
    assert.are.equal(-1, convert.number "-1")
  end)

  it("makes floats of digits with a point", function()
    assert.are.equal(0.25, convert.number "0.25")
  end)

  it("leaves all other words to the library, which knows what the option takes", function()
    for _, word in ipairs { "", "inherit", "0x10", "1e3", " 5", "5 ", "1.2.3", "nan", "inf" } do
      assert.are.equal(word, convert.number(word))
    end
  end)
end)
