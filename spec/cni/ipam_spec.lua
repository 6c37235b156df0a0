-- SPDX-License-Identifier: MIT
local cni = require "spec.support.cni"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
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

  it("takes one that was started ahead, once, where it is the same one for the same command", function()
    local out = directory .. "/out"
    local path = cni.script(directory, "mine", ('read line; echo "$line $WHEN" >>%s'):format(out))
    local r = { command = "ADD", path = directory, text = "told\n", config = { ipam = { type = "mine" } } }
    local function ran(ahead, command)
      local child <close> = assert(core.spawn { path, pipes = true, env = { WHEN = "ahead" } })
      r.ahead = { path = ahead, child = child }
      os.remove(out)
      assert.is_true(ipam.call(r, log, command))
      assert.is_true(ipam.call(r, log, command))
      return cni.read(out)
    end
    assert.are.equal("told ahead\ntold \n", ran(path))
    assert.are.equal("told \ntold \n", ran(path, "ADD"))
    assert.are.equal("told \ntold \n", ran(directory .. "/other"))
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

  describe("a call", function()
    local r

    before_each(function()
      r = { command = "ADD", path = directory, text = "the text" }
    end)

    it("begins before it is told anything where it needs no interface, and is answered before it ends", function()
      cni.script(directory, "static", ([[cd %s; echo begun >log; cat >/dev/null; echo '{"ips":'; sleep 0.1; echo '[]}'
        until [ -e answered ]; do sleep 0.01; done; echo ended >>log]]):format(directory))
      local running <close> = assert(ipam.start(r, "static"))
      helper.eventually(function()
        return cni.read(directory .. "/log") == "begun\n"
      end)
      assert.is_true(running:tell(r.text))
      assert.are.same({ ips = {} }, running:answer())
      assert.are.equal("begun\n", cni.read(directory .. "/log"))
      assert(helper.sh("touch " .. directory .. "/answered"))
      assert.is_true(running:finish(log))
      assert.are.equal("begun\nended\n", cni.read(directory .. "/log"))
    end)

    it("begins when it is told something where it may need an interface", function()
      cni.script(directory, "other", ("echo begun >%s/log; cat"):format(directory))
      local running <close> = assert(ipam.start(r, "other"))
      assert.is_false(running.early)
      assert.is_nil(cni.read(directory .. "/log"))
      assert.is_true(running:tell '{"a":1}')
      assert.are.same({ a = 1 }, running:answer())
      assert.is_true(running:finish(log))
    end)

    it("parses an answer of many pieces once", function()
      -- 3 MB in 3,000 pieces took half a minute when each piece was parsed with all before it
      cni.script(directory, "long", [[cat; printf '{"a":["'; head -c 3000000 /dev/zero | tr '\\0' x; printf '"]}']])
      local running <close> = assert(ipam.start(r, "long"))
      assert.is_true(running:tell "")
      assert.are.equal(3000000, #running:answer().a[1])
      assert.is_true(running:finish(log))
    end)

    it("takes nothing for an answer but an object from end to end", function()
      for _, text in ipairs { "", "x", "[]", "5", '{"ips":[]', '{"ips":[]} x', "{} {}" } do
        cni.script(directory, "mine", "cat <<'E'\n" .. text .. "\nE")
        local running <close> = assert(ipam.start(r, "mine"))
        assert.is_true(running:tell(r.text))
        assert.is_false(running:answer(), text)
        assert.is_true(running:finish(log))
      end
    end)

    it("tells at its end what went wrong after the answer", function()
      cni.script(directory, "mine", "cat; echo '{}'; echo no >&2; exit 4")
      local running <close> = assert(ipam.start(r, "mine"))
      assert.is_true(running:tell "")
      assert.are.same({}, running:answer())
      local ok, failed = running:finish(log)
      assert.is_nil(ok)
      assert.is_truthy(failed.msg:find "status 4")
      assert.are.equal("no\n", logged)
    end)
  end)
end)
