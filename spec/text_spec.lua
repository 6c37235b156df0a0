-- SPDX-License-Identifier: MIT
local text = require "zlnet.text"

describe("text.printable", function()
  it("leaves what can be read as it is", function()
    for _, s in ipairs { "", "veth-1-s", "100% \\x1b", "größe", "日本語", "\u{1F600}" } do
      assert.are.equal(s, text.printable(s))
    end
  end)

  it("escapes every control character of ASCII, and line ends", function()
    for code = 0, 0x7f do
      local shown = text.printable("a" .. string.char(code) .. "b")
      if code < 0x20 or code == 0x7f then
        assert.are.equal(("a\\x%02xb"):format(code), shown)
      else
        assert.are.equal("a" .. string.char(code) .. "b", shown)
      end
    end
  end)

  it("escapes bytes that are not UTF-8, one by one", function()
    assert.are.equal("\\xff\\xfe", text.printable "\xff\xfe")
    assert.are.equal("a\\xc3", text.printable "a\xc3")
    assert.are.equal("\\x9b31mü", text.printable "\x9b31mü") -- a terminal may take the byte for ESC [
    assert.are.equal("\\xed\\xa0\\x80", text.printable "\xed\xa0\x80") -- half of a surrogate pair
    assert.are.equal("\\xc0\\xaf", text.printable "\xc0\xaf") -- longer than it need be
  end)

  it("escapes characters that steer a terminal or hide others", function()
    for _, code in ipairs { 0x80, 0x9b, 0x9f, 0xad, 0x200b, 0x200f, 0x2028, 0x202a, 0x202e, 0x2066, 0xfeff, 0xe0041 } do
      local shown = text.printable("a" .. utf8.char(code) .. "b")
      assert.is_truthy(shown:find "^a[\\x%x]+b$", shown)
      assert.is_nil(shown:find "[^\x20-\x7e]")
    end
    assert.are.equal("\\xe2\\x80\\xaeabc", text.printable "\u{202e}abc")
  end)
end)

describe("text.utf8", function()
  it("makes UTF-8 of any bytes and leaves characters alone, controls too", function()
    assert.are.equal("ü\27\n", text.utf8 "ü\27\n")
    assert.are.equal("\\xffü\\x80", text.utf8 "\xffü\x80")
    for code = 0, 255 do
      for other = 0, 255 do
        assert.is_truthy(utf8.len(text.utf8(string.char(code, other))))
      end
    end
  end)
end)
