-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"

-- Run spec/tools/run, inside this sandbox, on spec files of these texts.
local function run(texts, environment)
  local dir = select(2, helper.sh "mktemp -d"):gsub("\n", "")
  local files = {}
  for i, text in ipairs(texts) do
    files[i] = ("%s/%d_spec.lua"):format(dir, i)
    local file = assert(io.open(files[i], "w"))
    file:write(text)
    file:close()
  end
  local ok, output = helper.sh(("%s spec/tools/run %s"):format(environment or "", table.concat(files, " ")))
  helper.sh("rm -r " .. dir)
  return ok, output, output:match "([^\n]*)\n$"
end

describe("spec/tools/run", function()
  helper.insulate()

  it("sums the files up in its last line", function()
    local ok, output, last = run {
      'it("one", function() end) it("two", function() end)',
      'it("three", function() end) it("four", function() pending "no such kernel" end)',
    }
    assert.is_true(ok, output)
    assert.are.equal("3 passed, 0 failed, 1 skipped", last)
    assert.matches("skipped [^\n]*: four: no such kernel\n", output)
  end)

  it("shows a failure in full and fails", function()
    local ok, output, last = run { 'it("one", function() assert.equal(1, 2) end) it("two", function() end)' }
    assert.is_false(ok)
    assert.are.equal("1 passed, 1 failed", last)
    assert.matches("FAILED [^\n]*1_spec.lua:1: one\n.*Expected objects to be equal", output)
  end)

  it("counts a file which crashes, hangs, does not parse or runs nothing as failed", function()
    for text, reason in pairs {
      ["os.exit(3)"] = "crashed with status 3",
      ['it("ends early", function() os.exit(0) end)'] = "crashed with status 0",
      ['it("one", function() while true do end end)'] = "still running after 1 s",
      ["this is no Lua"] = "syntax error",
      ["describe('x', function() end)"] = "no example",
    } do
      local ok, output, last = run({ text }, reason:find "after 1 s" and "SPEC_TIMEOUT=1")
      assert.is_false(ok)
      assert.are.equal("0 passed, 1 failed", last)
      assert.matches(reason, output)
    end
  end)

  it("gives a file an empty /run, a lo that is down and no foreign process", function()
    local ok, output, last = run { [[
      local lfs = require "lfs"
      it("sees nothing", function()
        for name in lfs.dir "/run" do assert.equal("", (name:gsub("%.", ""))) end
        assert.equal(1, select(2, io.popen("ip -o link"):read "a":gsub("\n", "")))
        assert.is_nil(io.open "/proc/100/stat")
      end)]] }
    assert.is_true(ok, output)
    assert.are.equal("1 passed, 0 failed", last)
  end)
end)
