-- SPDX-License-Identifier: MIT
local argument = require "zlnet.argument"
local options = require "zlnet.options"

describe("options.check", function()
  local spec = options.spec({
    { "name", argument.ifname, required = true },
    { "mtu", argument.integer(68, 65535), 1500 },
    { "up", argument.boolean, true },
    { "note", argument.text },
  }, function(o)
    if o.note == o.name then
      return "note", "must differ from name"
    end
  end)

  local function public(given)
    local o = options.check("public", spec, given)
    return o
  end

  -- the message, less the position, which must be the caller's
  local function refusal(given)
    local ok, message = pcall(function()
      local o = public(given)
      return o
    end)
    assert.is_false(ok)
    return assert(message:match "^spec/options_spec.lua:%d+: (.*)$", message)
  end

  it("returns a new table with defaults filled in", function()
    local given = { name = "eth0", up = false }
    assert.same({ name = "eth0", mtu = 1500, up = false }, public(given))
    assert.same({ name = "eth0", up = false }, given)
  end)

  it("sees defaults that the caller inherits", function()
    assert.equal(9000, public(setmetatable({ name = "eth0" }, { __index = { mtu = 9000 } })).mtu)
  end)

  it("names the option that is wrong, and the function", function()
    assert.equal("bad option 'name' to 'public': required", refusal {})
    assert.equal("bad option 'mtu' to 'public': an integer from 68 to 65535 expected, got 67", refusal { name = "a",
    mtu = 67 })
    assert.equal("bad option 'up' to 'public': a boolean expected, got 'yes'", refusal { name = "a", up = "yes" })
    assert.equal("bad option 'note' to 'public': must differ from name", refusal { name = "a", note = "a" })
  end)

  it("names the first of several that are wrong, in the order of the rows", function()
    for _, given in ipairs { { name = 1, mtu = 67, up = 1 }, { up = 1, mtu = 67, name = 1 } } do
      assert.truthy(refusal(given):find("bad option 'name'", 1, true))
    end
    assert.equal("bad option 'name' to 'public': required", refusal { mtu = 67, up = 1 })
  end)

  it("refuses unknown options and proposes the nearest one", function()
    assert.equal("bad option 'nmae' to 'public': unknown (did you mean 'name'?)", refusal { nmae = "a" })
    assert.equal("bad option 'MTU' to 'public': unknown (did you mean 'mtu'?)", refusal { name = "a", MTU = 5 })
    assert.equal("bad option 'foo' to 'public': unknown", refusal { name = "a", foo = 5 })
    assert.equal("bad option '1' to 'public': unknown", refusal { "a" })
    assert.equal("bad option 'true' to 'public': unknown", refusal { [true] = 1 })
    assert.equal("bad option '" .. ("x"):rep(1000) .. "' to 'public': unknown", refusal { [("x"):rep(1000)] = 1 })
  end)

  it("refuses what is no table", function()
    assert.equal("bad argument #1 to 'public' (a table of options expected, got string)", refusal "eth0")
    assert.equal("bad argument #1 to 'public' (a table of options expected, got nil)", refusal(nil))
  end)
end)
