-- SPDX-License-Identifier: MIT
local json = require "zlnet.cni.json"

describe("zlnet.cni.json", function()
  it("decodes one value from end to end", function()
    assert.are.same({ a = { 1, 2 } }, json.decode ' {"a": [1,2]}\n')
    assert.is_false(json.decode "false")
    for _, text in ipairs { "", "x", "{", "[1", '"', '{"a":1} x', "{} {}", '{"a",1}', '[{"a":[{"b","c"}]}]' } do
      local value, reason = json.decode(text)
      assert.is_nil(value, text)
      assert.are.equal("string", type(reason), text)
    end
  end)

  it("takes an object only where one is expected", function()
    assert.are.same({}, json.object "{}")
    for _, text in ipairs { "[]", "1", "null", "false", '"x"', "" } do
      local value, reason = json.object(text)
      assert.is_nil(value, text)
      assert.are.equal("string", type(reason), text)
    end
  end)

  it("refuses what is nested deeper than anything meant, and counts no bracket of a string", function()
    assert.is_truthy(json.decode(("["):rep(json.depth) .. ("]"):rep(json.depth)))
    for _, n in ipairs { json.depth + 1, 100000 } do
      for _, brackets in ipairs { { "[", "]" }, { '{"a":', "}" } } do
        local value, reason = json.decode(brackets[1]:rep(n) .. "1" .. brackets[2]:rep(n))
        assert.is_nil(value)
        assert.is_truthy(reason:find "nested")
      end
    end
    assert.is_truthy(json.decode('["' .. ("["):rep(5000) .. '\\"[["]'))
  end)

  it("sees the end of an object however the text is cut", function()
    for _, text in ipairs { '{"a":"}\\"}\\\\","b":[{}]}', '{"\\\\":{"]":["["]}}', "{}", '[["\\""]]' } do
      for first = 0, #text do
        for second = first, #text do
          local scanner = json.scanner()
          for _, piece in ipairs { text:sub(1, first), text:sub(first + 1, second), text:sub(second + 1) } do
            scanner:feed(piece)
          end
          assert.is_true(scanner.complete)
          assert.are.equal(0, scanner.depth)
        end
      end
      for length = 0, #text - 1 do
        local scanner = json.scanner()
        scanner:feed(text:sub(1, length))
        assert.is_false(scanner.complete, text:sub(1, length))
      end
    end
  end)

  it("encodes UTF-8, whatever it is given", function()
    for given, expected in pairs {
      ["a\255b"] = "a\u{FFFD}b", ["\237\160\128"] = "\u{FFFD}\u{FFFD}\u{FFFD}", ["ä\195"] = "ä\u{FFFD}", ["日本"] = "日本",
      [""] = "",
    } do
      local text = json.encode { msg = given }
      assert.is_truthy(utf8.len(text))
      assert.are.equal(expected, json.decode(text).msg)
    end
  end)

  it("shows the beginning of what is long", function()
    assert.are.equal("false", json.excerpt(false))
    assert.are.equal('{"a":1}', json.excerpt { a = 1 })
    assert.are.equal(("x"):rep(200) .. "…", json.excerpt(("x"):rep(201)))
  end)
end)
