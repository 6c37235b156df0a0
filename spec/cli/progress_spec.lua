-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"

local CODE = [[
  local bar = require("zlnet.cli.progress").new("attaching", %d)
  for i = 1, %d do require("zlnet.core").poll({}, 0.06) bar:step(i) end
  bar:close() bar:close()]]

local function run(steps, wrap)
  local command = ("%s -e %s"):format(helper.lua, helper.quote(CODE:format(steps, steps)))
  local _, text = helper.sh(wrap and ("script -qec %s /dev/null"):format(helper.quote(command)) or command)
  return text
end

describe("zlnet.cli.progress", function()
  helper.insulate()

  it("draws a bar on a terminal and takes it away in the end", function()
    local text = run(4, true)
    assert.is_truthy(text:find("\rattaching " .. ("#"):rep(15) .. ("."):rep(15) .. " 2 of 4", 1, true), text)
    assert.are.equal("\r\27[K", text:sub(-4))
    local _, ends = text:gsub("\r\27%[K", "")
    assert.are.equal(1, ends)
  end)

  it("draws nothing elsewhere, and nothing for a single step", function()
    assert.are.equal("", run(4))
    assert.are.equal("", run(1, true))
  end)
end)
