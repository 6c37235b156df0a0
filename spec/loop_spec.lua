-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local loop = require "zlnet.loop"

-- A pollable that is ready at once (an open handle can always be written to) or never (nothing comes to be read).
local function pollable(handle, events, timeout)
  return { pollfd = handle:fd(), events = events, timeout = timeout }
end

describe("loop.run", function()
  helper.insulate()

  it("passes arguments and results, nil and last ones too", function()
    local got = table.pack(loop.run(function(...)
      return select("#", ...), ...
    end, 1, nil, nil))
    assert.same({ 3, 1, n = 4 }, got)
    assert.equal(0, select("#", loop.run(function() end)))
  end)

  it("passes returned errors on as they are", function()
    local err = {}
    assert.same({ nil, err }, { loop.run(function()
      coroutine.yield()
      return nil, err
    end) })
  end)

  it("raises again what f raises, the same value", function()
    for _, value in ipairs { { "a table" }, "a text", 5, false } do
      local ok, got = pcall(loop.run, function()
        coroutine.yield(0.001)
        error(value, 0)
      end)
      assert.is_false(ok)
      assert.equal(value, got)
    end
  end)

  it("sleeps for a number of seconds", function()
    local before = helper.clock()
    loop.run(function()
      assert.equal(0, select("#", coroutine.yield(0.05)))
    end)
    local took = helper.clock() - before
    assert.is_true(took >= 0.05)
  end)

  it("goes on at once after a yield of nothing, zero or a negative time", function()
    local n = 0
    loop.run(function()
      for _ = 1, 100 do
        coroutine.yield()
        coroutine.yield(nil)
        coroutine.yield(0)
        coroutine.yield(-5)
        n = n + 1
      end
    end)
    assert.equal(100, n)
  end)

  it("resumes with the pollable that is ready", function()
    local handle <close> = assert(core.open(nil))
    local writable, silent = pollable(handle, "w"), pollable(handle, "r")
    loop.run(function()
      assert.equal(writable, (coroutine.yield(writable)))
      assert.same({ writable }, { coroutine.yield(silent, writable, 5) })
      assert.same({ writable, writable }, { coroutine.yield(writable, writable) })
      assert.equal(0, select("#", coroutine.yield(silent, 0.001)))
    end)
  end)

  it("resumes with the pollable whose own time has passed", function()
    local handle <close> = assert(core.open(nil))
    loop.run(function()
      local a, b = pollable(handle, "r", 0.01), pollable(handle, "r", 9)
      assert.same({ a }, { coroutine.yield(a, b) })
      local timer = { timeout = 0.01 }
      assert.same({ timer }, { coroutine.yield(timer, b) })
    end)
  end)

  it("takes methods as well as fields, and userdata", function()
    local handle <close> = assert(core.open(nil))
    loop.run(function()
      local object = setmetatable({ handle = handle }, {
        __index = {
          pollfd = function(self)
            return self.handle:fd()
          end,
          events = function()
            return "rw"
          end,
          timeout = function()
            return nil
          end,
        },
      })
      assert.equal(object, (coroutine.yield(object)))
      local c = helper.container()
      local process <close> = assert(core.process(c.pid))
      assert.equal(0, select("#", coroutine.yield(process, 0.01)))
      c:kill()
      assert.equal(process, (coroutine.yield(process, 5)))
    end)
  end)

  it("raises for what it cannot wait for, after closing the coroutine", function()
    for _, value in ipairs { "text", true, print, 0 / 0, { pollfd = "1", events = "r" }, { pollfd = 1, events = 5 },
      { pollfd = 1, events = "r", timeout = "1" }, {}, { events = "r" }, { pollfd = -1, events = "r" } } do
      local closed = false
      local ok, message = pcall(loop.run, function()
        local _ <close> = setmetatable({}, { __close = function()
          closed = true
        end })
        coroutine.yield(value)
      end)
      assert.is_false(ok)
      assert.match("^cannot wait", message)
      assert.is_true(closed)
    end
  end)

  it("is used inside itself", function()
    assert.equal("inner", loop.run(function()
      coroutine.yield(0.001)
      return loop.run(function()
        coroutine.yield(0.001)
        return "inner"
      end)
    end))
  end)
end)
