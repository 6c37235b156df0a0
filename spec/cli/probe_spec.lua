-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local json = require "dkjson"
local zlnet = require "spec.support.cli"

describe("zlnet probe", function()
  helper.insulate()

  it("says that all is there, where it is", function()
    local status, stdout, stderr = zlnet "probe"
    assert.are.equal(0, status, stdout .. stderr)
    assert.is_truthy(stdout:find("\nattach, detach and sweep can work here\n$"), stdout)
    for line in stdout:gmatch "[^\n]+" do
      assert.is_true(utf8.len(line) <= 100, line)
    end
  end)

  it("prints the facts as JSON", function()
    local status, stdout = zlnet("probe", "--json")
    assert.are.equal(0, status)
    local report = json.decode(stdout)
    assert.is_true(report.ready)
    assert.is_true(#report.facts > 10)
  end)

  it("fails with status 1 and names what is missing", function()
    local words = ("setpriv --bounding-set=-net_admin --inh-caps=-all -- %s lua/bin/zlnet probe"):format(helper.lua)
    local _, text, status = helper.sh(words)
    assert.are.equal(1, status)
    assert.is_truthy(text:find "\nattach, detach or sweep will fail: no CAP_NET_ADMIN, veth\n$", text)
  end)
end)
