-- SPDX-License-Identifier: MIT
local account = require "zlnet.overlay.account"

local A, B, C = { key = "192.0.2.2" }, { key = "192.0.2.3" }, { key = "192.0.2.4" }

local function of(self, todo, failed)
  self.o = { name = "ov" }
  todo.ops, todo.lost, todo.present = todo.ops or {}, todo.lost or {}, todo.present or {}
  local result = account.of(self, todo, failed or {})
  for what, list in pairs(result) do
    result[what] = #list > 0 and list or nil
  end
  return result
end

local function ops(...)
  local list = {}
  for i, key in ipairs { ... } do
    list[i] = { peer = key }
  end
  return list
end

describe("the account of a sync", function()
  it("tells peers of which nothing was there from those of which something was", function()
    assert.same({ added = { "192.0.2.2" }, changed = { "192.0.2.3" } }, of({}, { peers = { A, B }, entries =
      ops("192.0.2.2", "192.0.2.3", "192.0.2.2"), present = { ["192.0.2.3"] = true } }))
  end)

  it("knows from the list before what an outsider did", function()
    local before = { ["192.0.2.2"] = A, ["192.0.2.3"] = { key = "192.0.2.3" }, ["192.0.2.4"] = C }
    assert.same({ mended = { "192.0.2.2", "198.51.100.1" }, changed = { "192.0.2.3" }, removed = { "192.0.2.4" } },
      of({ peers = before }, { peers = { A, B }, present = { ["192.0.2.2"] = true, ["192.0.2.3"] = true }, entries =
        ops("192.0.2.2", "192.0.2.3", "192.0.2.4", "198.51.100.1") }))
  end)

  it("counts what is there before the first list as removed", function()
    assert.same({ removed = { "198.51.100.1" } }, of({}, { peers = {}, entries = ops "198.51.100.1" }))
  end)

  it("names who gave a subnet to another, and leaves out who was refused", function()
    assert.same({ changed = { "192.0.2.2" } }, of({}, { peers = { A, B }, entries = ops "192.0.2.3",
      lost = { ["192.0.2.2"] = true } }, { ["192.0.2.3"] = {} }))
  end)

  it("names the device where it was there and differed", function()
    assert.same({ mended = { "ov" } }, of({}, { peers = {}, entries = {}, ops = { {} }, was = true }))
    assert.same({}, of({}, { peers = {}, entries = {}, ops = { {} }, was = false }))
    assert.same({ mended = { "ov" } }, of({}, { peers = {}, entries = { {} }, was = true })) -- an address of its own
  end)
end)
