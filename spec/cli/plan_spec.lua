-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local json = require "dkjson"
local zlnet = require "spec.support.cli"

describe("zlnet plan", function()
  helper.insulate()

  it("prints a script for sh which attaches, and changes nothing itself", function()
    local c = helper.container()
    local status, script, stderr = zlnet("plan", "--pid", c.pid, "--ip", "10.200.0.5", "--ip", "fd00:200::5")
    assert.are.equal(0, status, stderr)
    assert.are.same({}, helper.ip_json("link", "show", "type", "veth"))
    local name = os.tmpname()
    local file = assert(io.open(name, "w"))
    file:write(script)
    file:close()
    local ok, text = helper.sh("sh " .. name)
    os.remove(name)
    assert.is_true(ok, text)
    assert.is_true((helper.ping(nil, "10.200.0.5")))
    assert.is_true((helper.ping(nil, "fd00:200::5")))
    assert.are.equal(0, (zlnet("check", "--pid", c.pid)), "what the script made is what attach makes")
  end)

  it("prints each operation with its command as JSON", function()
    local c = helper.container()
    local status, stdout = zlnet("plan", "--json", "--pid", c.pid, "--ip", "10.200.0.5")
    assert.are.equal(0, status)
    local plan = json.decode(stdout)
    assert.are.equal("veth-" .. c.pid .. "-s", plan.host_ifname)
    assert.are.same({ "host", "newlink", "create the veth pair" }, { plan.ops[1].ns, plan.ops[1].op, plan.ops[1].step })
    for _, op in ipairs(plan.ops) do
      assert.is_truthy(op.command:find "%S", op.step)
    end
  end)

  it("fails as attach would", function()
    local status, stdout, stderr = zlnet("plan", "--pid", 4194304, "--ip", "10.200.0.5")
    assert.are.equal(1, status)
    assert.are.equal("", stdout)
    assert.is_truthy(stderr:find("zlnet plan: io error: pid 4194304: No such process", 1, true), stderr)
    status, stdout, stderr = zlnet("plan", "--pid", 1)
    local expected = "zlnet plan: --ip: required (or pool)\nTry 'zlnet plan --help'.\n"
    assert.are.same({ 2, "", expected }, { status, stdout, stderr })
  end)
end)
