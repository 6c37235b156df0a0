-- SPDX-License-Identifier: MIT
local batch = require "zlnet.cli.batch"
local helper = require "spec.support.helper"
local usage = require "zlnet.cli.usage"

-- Reads this text as a batch.
local function read(text)
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
  local ok, lines = pcall(batch.read, name)
  os.remove(name)
  return ok and lines or nil, not ok and usage.message(lines) or nil
end

describe("zlnet.cli.batch", function()
  helper.insulate()

  it("reads an object from each line and knows the line's number", function()
    assert.are.same({
      { number = 1, object = { pid = 1, ip = { "10.0.0.1", "fd00::1" } } },
      { number = 3, object = { pid = 2, default_route = false } },
    }, read '{"pid": 1, "ip": ["10.0.0.1", "fd00::1"], "id": null}\n\n {"pid":2,"default_route":false} ')
  end)

  it("reads nothing from nothing", function()
    assert.are.same({}, read "")
  end)

  it("names the line which is no object", function()
    for _, bad in ipairs { "[1]", "7", "{", "{} {}", '{"pid": 1},', "nothing" } do
      local lines, message = read("{}\n" .. bad)
      assert.is_nil(lines)
      assert.is_truthy(message:find "^%-%-batch: /%S+, line 2: a JSON object expected", bad)
    end
  end)

  it("returns an error when there is no such file", function()
    local lines, err = batch.read "/nowhere/fleet.json"
    assert.is_nil(lines)
    assert.are.equal("ENOENT", err.code)
    assert.are.equal("io error: /nowhere/fleet.json: No such file or directory [ENOENT], step: read the batch",
      tostring(err))
  end)
end)
