-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local json = require "dkjson"
local zlnet = require "spec.support.cli"

describe("zlnet attach --batch", function()
  helper.insulate()

  local path
  before_each(function()
    path = os.tmpname()
  end)
  after_each(function()
    os.remove(path)
  end)

  local function write(...)
    local file = assert(io.open(path, "w"))
    file:write(table.concat({ ... }, "\n"), "\n")
    file:close()
  end

  local function line(pid, ip, more)
    return json.encode { pid = pid, ip = ip, mtu = more }
  end

  local function host_ends()
    return #helper.ip_json("link", "show", "type", "veth")
  end

  it("attaches each line's container, with the options of the command line but for the line's own", function()
    local a, b = helper.container(), helper.container()
    write(line(a.pid, { "10.200.0.1", "fd00::1" }), "", line(b.pid, "10.200.0.2", 1300))
    local status, stdout, stderr = zlnet("attach", "--batch", path, "--mtu", 1400)
    assert.are.equal(0, status, stderr)
    assert.is_truthy(stdout:find "^attached 2 of 2 in [%d.]+ m?s\n$", stdout)
    assert.are.equal("", stderr)
    assert.are.equal(1400, a:ip_json("link", "show", "dev", "eth0")[1].mtu)
    assert.are.equal(1300, b:ip_json("link", "show", "dev", "eth0")[1].mtu)
    assert.is_true((helper.ping(a, "10.200.0.2")))
  end)

  it("goes on after a failure, names its line, and ends with status 1", function()
    local a = helper.container()
    write(line(4194304, "10.200.0.1"), line(a.pid, "10.200.0.2"))
    local status, stdout, stderr = zlnet("attach", "--batch", path)
    assert.are.equal(1, status)
    assert.is_truthy(stdout:find "^attached 1 of 2 in ", stdout)
    assert.is_truthy(stderr:find("zlnet attach: line 1: io error: pid 4194304: No such process", 1, true), stderr)
    assert.are.equal(1, host_ends())
  end)

  it("prints a document for each line with --json, which detach takes back from stdin", function()
    local a, b = helper.container(), helper.container()
    write(line(a.pid, "10.200.0.1"), line(4194304, "10.200.0.3"), line(b.pid, "10.200.0.2"))
    local status, stdout = zlnet("attach", "--json", "--batch", path)
    assert.are.equal(1, status)
    local documents = {}
    for text in stdout:gmatch "[^\n]+" do
      documents[#documents + 1] = json.decode(text)
    end
    assert.are.equal("veth-" .. a.pid .. "-s", documents[1].host_ifname)
    assert.are.same({ 2, "ESRCH" }, { documents[2].line, documents[2].error.code })
    assert.are.equal("veth-" .. b.pid .. "-s", documents[3].host_ifname)
    write(json.encode(documents[1]), json.encode(documents[2])) -- one that was made, one that failed
    local ok, text = helper.sh(("cat %s | %s lua/bin/zlnet detach --batch -"):format(path, helper.lua))
    assert.is_true(ok, text)
    assert.are.equal(1, host_ends())
    assert.are.equal(1, #helper.ip_json("link", "show", "dev", "veth-" .. b.pid .. "-s"))
  end)

  it("finds wrong use on any line before the first container is attached", function()
    local a = helper.container()
    write(line(a.pid, "10.200.0.1"), line(a.pid, "10.200.0.300"))
    local status, stdout, stderr = zlnet("attach", "--batch", path)
    assert.are.equal(2, status)
    assert.are.equal("", stdout)
    local wrong = ("zlnet attach: --batch: %s, line 2: --ip: an octet is at most 255"):format(path)
    assert.is_truthy(stderr:find(wrong, 1, true), stderr)
    assert.are.equal(0, host_ends())
  end)
end)
