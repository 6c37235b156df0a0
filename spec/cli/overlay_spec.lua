-- SPDX-License-Identifier: MIT
local cli = require "spec.support.cli"
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local json = require "dkjson"

describe("zlnet overlay", function()
  helper.insulate()

  local path, pid
  before_each(function()
    fixture.underlay()
    path = os.tmpname()
  end)
  after_each(function()
    if pid then
      helper.sh("kill -9 " .. pid)
      helper.eventually(function()
        return not helper.sh("kill -0 " .. pid)
      end)
      pid = nil
    end
    os.remove(path)
    fixture.clean("ov", "wan")
  end)

  local function document(peers, more)
    local d = { name = "ov", ["local"] = "192.0.2.1", peers = peers }
    for key, value in pairs(more or {}) do
      d[key] = value
    end
    local file = assert(io.open(path, "w"))
    file:write(json.encode(d))
    file:close()
  end

  it("makes a document true, once", function()
    document { fixture.peer(2), fixture.peer(3) }
    local status, stdout = cli("overlay", "sync", path)
    assert.equal("added     192.0.2.2\nadded     192.0.2.3\n", stdout)
    assert.equal(0, status)
    status, stdout = cli("overlay", "sync", path)
    assert.same({ 0, "nothing to change\n" }, { status, stdout })
    document { fixture.peer(3) }
    status, stdout = cli("overlay", "sync", path, "--json")
    assert.equal(0, status)
    assert.same({ added = {}, changed = {}, removed = { "192.0.2.2" }, mended = {}, failed = {} }, json.decode(stdout))
  end)

  it("takes the document from stdin, and shows what sync takes", function()
    document { fixture.peer(2) }
    local ok, text = helper.sh(("%s lua/bin/zlnet overlay sync - <%s"):format(helper.lua, path))
    assert.is_true(ok, text)
    local _, shown = cli("overlay", "show", "ov", "--json")
    local before = fixture.tables "ov"
    assert.same({ 0, "", "" }, { cli("overlay", "delete", "ov") })
    assert.is_nil(fixture.link "ov")
    local file = assert(io.open(path, "w"))
    file:write(shown)
    file:close()
    assert.equal(0, (cli("overlay", "sync", path)))
    assert.same(before, fixture.tables "ov")
    local _, all = cli("overlay", "show")
    assert.match("^ov  vxlan  MTU 1450  \n  192%.0%.2%.2  0a:58:c0:00:02:02  10%.201%.2%.0/24 fd00:201:2::/64\n$", all)
  end)

  it("prints a plan that does the same", function()
    document { fixture.peer(2) }
    local status, script = cli("overlay", "plan", path)
    assert.equal(0, status)
    assert.is_nil(fixture.link "ov")
    assert.is_true((helper.sh(script)))
    assert.same({ 0, "nothing to change\n", "" }, { cli("overlay", "sync", path) })
    local _, stdout = cli("overlay", "plan", path, "--json")
    assert.same({ ops = {}, failed = {} }, json.decode(stdout))
  end)

  it("keeps it true until it is ended", function()
    document { fixture.peer(2) }
    local printed = os.tmpname()
    finally(function()
      os.remove(printed)
    end)
    local command = ("%s lua/bin/zlnet overlay watch %s >%s 2>&1 & echo $!"):format(helper.lua, path, printed)
    local _, text = helper.sh(command)
    pid = math.tointeger(tonumber(text))
    local function event(n)
      local lines = {}
      for line in io.lines(printed) do
        lines[#lines + 1] = line
      end
      return lines[n] and json.decode(lines[n])
    end
    helper.eventually(function()
      return event(1)
    end)
    assert.equal("synced", event(1).event)
    helper.sh "bridge fdb del 0a:58:c0:00:02:02 dev ov"
    helper.eventually(function()
      return event(2)
    end)
    assert.same({ event = "mended", what = "fdb", how = "removed", key = "0a:58:c0:00:02:02", peer = "192.0.2.2",
      expected = "192.0.2.2" }, event(2))
    assert.equal(1, #fixture.tables("ov").fdb)
  end)

  it("says which peer is refused, and why", function()
    document { fixture.peer(2), { node = "192.0.2.3", subnets = fixture.peer(2).subnets } }
    local status, stdout, stderr = cli("overlay", "sync", path)
    assert.same({ 1, "added     192.0.2.2\n" }, { status, stdout })
    assert.match("zlnet overlay: 192%.0%.2%.3: .*'10%.201%.2%.0/24' is 192%.0%.2%.2's", stderr)
    helper.ip("link", "add", "other", "type", "bridge")
    status, stdout, stderr = cli("overlay", "delete", "other")
    assert.same({ 1, "" }, { status, stdout })
    assert.match("'other' exists already, and is not an overlay of ours", stderr)
    fixture.clean "other"
  end)

  it("refuses wrong use", function()
    for wrong, words in pairs {
      ["a file expected, or %- for stdin"] = { "sync" },
      ["the device's name expected"] = { "delete" },
      ["a JSON object expected"] = { "sync", "/dev/null" },
    } do
      local status, _, stderr = cli("overlay", table.unpack(words))
      assert.equal(2, status)
      assert.match(wrong, stderr)
    end
    document { { node = "x" } }
    local status, _, stderr = cli("overlay", "sync", path)
    assert.equal(2, status)
    assert.match("peers%[1%]%.node: not an IP address: 'x'", stderr)
    document({}, { vni = 3 })
    status, _, stderr = cli("overlay", "sync", path)
    assert.equal(2, status)
    assert.match("bad option 'vni' to 'overlay': unknown", stderr)
    status, _, stderr = cli("overlay", "sync", "/none")
    assert.equal(1, status)
    assert.match("ENOENT", stderr)
    status, _, stderr = cli("overlay", "show", "none")
    assert.equal(1, status)
    assert.match("no such overlay", stderr)
  end)
end)
