-- SPDX-License-Identifier: MIT
local cni = require "spec.cni"
local helper = require "spec.helper"
local ipam = require "zlnet.cni.ipam"

describe("zlnet.cni.ipam", function()
  helper.insulate()

  local directory, logged

  before_each(function()
    directory, logged = cni.directory(), ""
  end)

  after_each(function()
    helper.sh("rm -r " .. directory)
  end)

  local function log(text)
    logged = logged .. text
  end

  local function call(name, command, path)
    local r = { command = "DEL", path = path or directory, text = "the text", config = { ipam = { type = name } } }
    return ipam.call(r, log, command)
  end

  it("takes a name and no path for the type", function()
    assert.are.equal("host-local", ipam.type { ipam = { type = "host-local" } })
    for _, none in ipairs { {}, { ipam = {} }, { ipam = { type = "" } } } do
      assert.is_false(ipam.type(none))
    end
    for _, bad in ipairs { "../x", "a/b", "/bin/sh", ".", "..", "a\0b", 5 } do
      local name, failed = ipam.type { ipam = { type = bad } }
      assert.is_nil(name)
      assert.are.equal(7, failed.code)
    end
    assert.is_nil(ipam.type { ipam = "host-local" })
  end)

  it("runs the first one in the path, with our text and our environment", function()
    local out = directory .. "/out"
    cni.script(directory, "mine", ('{ echo "$CNI_COMMAND $LC_ALL"; cat; } >%s'):format(out))
    assert.is_true(call("mine", nil, "/nowhere:" .. directory .. "::/bin"))
    assert.are.equal("DEL C\nthe text", cni.read(out))
    assert.is_true(call("mine", "CHECK"))
    assert.are.equal("CHECK C\nthe text", cni.read(out))
  end)

  it("does nothing where none is configured", function()
    assert.is_true(ipam.call({ command = "DEL", path = directory, text = "", config = {} }, log))
  end)

  it("says which one is missing", function()
    local ok, failed = call "missing"
    assert.is_nil(ok)
    assert.are.equal(7, failed.code)
    assert.is_truthy(failed.msg:find "'missing'")
    assert.are.equal(directory, failed.details)
  end)

  it("passes its errors on, code and all", function()
    cni.script(directory, "full", [[echo '{"cniVersion":"1.0.0","code":11,"msg":"full","details":"later"}'; exit 1]])
    assert.are.same({ code = 11, msg = "full", details = "later" }, select(2, call "full"))
  end)

  it("tells what else went wrong with it", function()
    cni.script(directory, "babbles", "echo what >&2; exit 3")
    local failed = select(2, call "babbles")
    assert.are.equal(999, failed.code)
    assert.is_truthy(failed.msg:find "status 3")
    assert.are.equal("what", failed.details)
    assert.are.equal("what\n", logged)
    cni.script(directory, "dies", "kill -9 $$")
    assert.is_truthy(select(2, call "dies").msg:find "signal 9")
    assert(helper.sh("touch " .. directory .. "/no-program"))
    assert.is_truthy(select(2, call "no-program").msg:find "Permission denied")
  end)
end)
