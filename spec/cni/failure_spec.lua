-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"

describe("zlnet.cni.failure", function()
  it("has the specification's codes", function()
    local expected = { version = 1, unsupported = 2, environment = 4, io = 5, decode = 6, config = 7, again = 11,
      unavailable = 50, other = 999 }
    for what, code in pairs(expected) do
      assert.are.same({ code = code, msg = "m", details = "d" }, failure.new(what, "m", "d"))
    end
  end)

  it("says 'try again' for what passes, and 999 for what does not", function()
    assert.are.equal(11, failure.from(core.error { kind = "io", code = "EAGAIN", message = "m" }).code)
    assert.are.equal(11, failure.from(core.error { kind = "netlink", code = "ENOBUFS", message = "m" }).code)
    assert.are.equal(999, failure.from(core.error { kind = "netlink", code = "EEXIST", message = "m" }).code)
    assert.are.equal(999, failure.from("attempt to index a nil value").code)
  end)

  it("leaves a failure as it is", function()
    local f = failure.new("config", "m")
    assert.are.equal(f, failure.from(f))
  end)

  it("takes what the library raises for a wrong configuration, what it returns for a refusal", function()
    local result, failed = failure.call(function(n)
      return n + 1
    end, 1)
    assert.are.equal(2, result)
    assert.is_nil(failed)
    result, failed = failure.call(function()
      error "x.lua:1: bad option 'mtu' to 'attach': an integer"
    end)
    assert.is_nil(result)
    assert.are.same({ code = 7, msg = "bad option 'mtu' to 'attach': an integer" }, failed)
    failed = select(2, failure.call(function()
      return nil, core.error { kind = "io", code = "EPERM", message = "no" }
    end))
    assert.are.equal(999, failed.code)
  end)

  it("joins failures, none forgotten", function()
    assert.is_nil(failure.join {})
    local joined = failure.join { failure.new("again", "a"), failure.new("config", "b", "c"), failure.new("io", "d") }
    assert.are.same({ code = 11, msg = "a", details = "b: c; d" }, joined)
  end)
end)
