-- SPDX-License-Identifier: MIT
-- The tutorial as a reader follows it: its boxes in one shell, one after the other, show what it says they do.
local helper = require "spec.support.helper"
local lfs = require "lfs"

-- The boxes in their order: language and text.
local function boxes(text)
  local list = {}
  for language, box in text:gmatch "\n```(%l+)\n(.-)\n```" do
    list[#list + 1] = { language = language, text = box }
  end
  return list
end

-- Without what is another each time.
local function settled(line)
  return (line:gsub("%x%x:%x%x:%x%x:%x%x:%x%x:%x%x", "MAC"):gsub("index %d+", "index N"):gsub("veth%-%d+", "veth-N")
    :gsub("pid %d+", "pid N"):gsub("  +", "  "))
end

describe("the tutorial", function()
  helper.insulate()

  it("has five steps that work as it says", function()
    local file <close> = assert(io.open "spec/doc/tutorial.md")
    local text = file:read "a"
    local _, steps = text:gsub("\n## %d%. ", "")
    assert.are.equal(5, steps)
    local dir = os.tmpname()
    os.remove(dir)
    lfs.mkdir(dir)
    local script = { ("zlnet() { %s %s/lua/bin/zlnet \"$@\"; }"):format(helper.lua, lfs.currentdir()), "set -eu",
      "cd " .. dir, "ip link set lo up" }
    local expected = {}
    for _, box in ipairs(boxes(text)) do
      if box.language == "sh" then
        script[#script + 1] = box.text:gsub("lua5%.4", helper.lua)
      elseif box.language == "lua" then
        local lua <close> = assert(io.open(dir .. "/second.lua", "w"))
        lua:write(box.text)
      else
        for line in box.text:gmatch "[^\n]+" do
          expected[#expected + 1] = settled(line)
        end
      end
    end
    script[#script + 1] = "ip link set lo down"
    local ok, out = helper.sh("sh -c " .. helper.quote(table.concat(script, "\n")))
    helper.sh("rm -r " .. dir)
    assert.is_true(ok, out)
    local at = 1
    local shown = "\n" .. settled(out)
    for _, line in ipairs(expected) do
      local _, ends = shown:find("\n" .. line, at, true)
      assert.is_not_nil(ends, line .. "\n" .. out)
      at = ends
    end
  end)
end)
