-- SPDX-License-Identifier: MIT
local undo = require "zlnet.undo"

local meta = { __name = "an error" }

local function err_of(message)
  return setmetatable({ kind = "netlink", message = message, step = "attach" }, meta)
end

describe("undo", function()
  local log

  before_each(function()
    log = {}
  end)

  local function note(...)
    log[#log + 1] = table.pack(...)
    return true
  end

  it("takes back in reverse order, with all arguments, nil and last ones too", function()
    do
      local stack <close> = undo.new()
      stack:push("first", note, 1, nil, 3, nil)
      stack:push("second", note)
    end
    assert.same({ { n = 0 }, { n = 4, 1, nil, 3 } }, log)
  end)

  it("does nothing after commit", function()
    do
      local stack <close> = undo.new()
      stack:push("first", note, 1)
      stack:push("second", note, 2)
      stack:commit()
    end
    assert.same({}, log)
  end)

  it("can be used again after commit", function()
    do
      local stack <close> = undo.new()
      stack:push("first", note, 1)
      stack:commit()
      stack:push("second", note, 2)
    end
    assert.same({ { n = 1, 2 } }, log)
  end)

  it("takes back at once with fail, only once, and hands the error on", function()
    local err = err_of "no"
    local function work()
      local stack <close> = undo.new()
      stack:push("first", note, 1)
      return stack:fail(err)
    end
    local ok, got = work()
    assert.is_nil(ok)
    assert.equal(err, got)
    assert.is_nil(err.rollback)
    assert.same({ { n = 1, 1 } }, log)
  end)

  it("goes on after failures and lists them with their steps", function()
    local err, inner = err_of "no", setmetatable({ kind = "netlink", message = "busy" }, meta)
    local stack <close> = undo.new()
    stack:push("a", note, "a")
    stack:push("raise a text", error, "text", 0)
    stack:push("b", note, "b")
    stack:push("return an error", function()
      return nil, inner
    end)
    stack:push("return false", function()
      return false, "refused"
    end)
    stack:push("raise nothing", error)
    stack:push("return nothing", function() end)
    stack:fail(err)
    assert.same({ { n = 1, "b" }, { n = 1, "a" } }, log)
    local steps = {}
    for i, e in ipairs(err.rollback) do
      steps[i] = e.step .. ": " .. e.message
      assert.equal(meta, getmetatable(e))
    end
    assert.same({ "raise nothing: nil", "return false: refused", "return an error: busy", "raise a text: text" }, steps)
    assert.equal(inner, err.rollback[3])
  end)

  it("adds to what an inner stack could not take back", function()
    local err = err_of "no"
    for _, step in ipairs { "inner", "outer" } do
      local stack <close> = undo.new()
      stack:push(step, error, "text", 0)
      stack:fail(err)
    end
    local raised = select(2, pcall(function()
      local stack <close> = undo.new()
      stack:push("outermost", error, "text", 0)
      error(err)
    end))
    assert.equal(err, raised)
    local steps = {}
    for i, e in ipairs(err.rollback) do
      steps[i] = e.step
    end
    assert.same({ "inner", "outer", "outermost" }, steps)
  end)

  it("takes back when the block raises, and lets the error through", function()
    local err = err_of "raised"
    local ok, got = pcall(function()
      local stack <close> = undo.new()
      stack:push("first", note, 1)
      stack:push("second", error, "text", 0)
      error(err)
    end)
    assert.is_false(ok)
    assert.equal(err, got)
    assert.same({ { n = 1, 1 } }, log)
    assert.equal("text", err.rollback[1].message)

    ok, got = pcall(function()
      local stack <close> = undo.new()
      stack:push("first", note, 1)
      error("text", 0)
    end)
    assert.is_false(ok)
    assert.equal("text", got)
    assert.equal(2, #log)
  end)

  it("takes back when a coroutine is closed in the middle", function()
    local co = coroutine.create(function()
      local stack <close> = undo.new()
      stack:push("first", note, 1)
      coroutine.yield()
    end)
    coroutine.resume(co)
    coroutine.close(co)
    assert.same({ { n = 1, 1 } }, log)
  end)

  it("never takes a step back twice, even if it fails again itself", function()
    local stack = undo.new()
    stack:push("first", note, 1)
    stack:push("nested", function()
      return stack:fail(err_of "inner")
    end)
    stack:fail(err_of "outer")
    assert.same({ { n = 1, 1 } }, log)
    stack:push("later", note, 2)
    stack:fail(err_of "again")
    assert.same({ { n = 1, 1 }, { n = 1, 2 } }, log)
  end)
end)
