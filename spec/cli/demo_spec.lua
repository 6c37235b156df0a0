-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local json = require "dkjson"
local zlnet = require "spec.support.cli"

-- Runs the demo with a `ping` or `ip` before all others on its way which does what the shell script says.
local function demo_with(program, script)
  local dir = os.tmpname()
  os.remove(dir)
  helper.sh(("mkdir %s && printf '#!/bin/sh\n%s\n' >%s/%s && chmod +x %s/%s"):format(dir, script, dir, program, dir,
    program))
  local ok, text, status = helper.sh(("PATH=%s:$PATH %s lua/bin/zlnet demo"):format(dir, helper.lua))
  helper.sh("rm -r " .. dir)
  return ok, text, status
end

describe("zlnet demo", function()
  helper.insulate()

  it("works in a sandbox of its own, in at most 80 columns, and touches nothing outside of it", function()
    local status, stdout, stderr = zlnet "demo"
    assert.are.equal(0, status, stdout .. stderr)
    assert.are.equal("", stderr)
    for line in stdout:gmatch "[^\n]+" do
      assert.is_true(utf8.len(line) <= 80, line)
    end
    assert.is_nil(stdout:find "\27")
    assert.is_truthy(stdout:find("\nAll of it worked, in %d+[.%d]* m?s%.\n$"), stdout)
    assert.are.equal(1, #helper.ip_json "link")
  end)

  it("tells what it measured: twelve first packets, the verdicts, nothing left", function()
    local status, stdout = zlnet("demo", "--json")
    assert.are.equal(0, status, stdout)
    local report = json.decode(stdout)
    assert.is_true(report.ok)
    assert.are.equal(12, #report.pings)
    for _, ping in ipairs(report.pings) do
      assert.is_true(ping.ms > 0, ping.from .. " to " .. ping.to)
    end
    assert.are.equal(1, #report.sweep.deleted)
    assert.are.same({}, report.left)
    for _, step in ipairs(report.steps) do
      assert.is_true(step.ok and step.seconds > 0)
    end
  end)

  it("fails when a packet gets no reply", function()
    local ok, text, status = demo_with("ping", "exit 1")
    assert.is_false(ok)
    assert.are.equal(1, status)
    assert.is_truthy(text:find "failed: no reply from", text)
    assert.is_nil(text:find "All of it worked")
  end)

  it("fails when something is left", function()
    local ok, text, status = demo_with("ip", "echo veth9 UP")
    assert.is_false(ok)
    assert.are.equal(1, status)
    assert.is_truthy(text:find "failed: ", text)
  end)

  it("works as root where there are no user namespaces", function()
    if not helper.user_namespaces() then
      assert.are.equal(0, (zlnet "demo"))
      return
    end
    local ok, text = helper.sh(("unshare --user --map-root-user sh -c %s"):format(helper.quote(
      "echo 0 >/proc/sys/user/max_user_namespaces && " .. helper.lua .. " lua/bin/zlnet demo")))
    assert.is_true(ok, text)
    assert.is_truthy(text:find("All of it worked", 1, true), text)
  end)

  it("says why it cannot run where no sandbox can be made", function()
    if not helper.user_namespaces() then
      pending "the limit of user namespaces would be the machine's"
      return
    end
    local ok, text, status = helper.sh(("unshare --user --map-root-user sh -c %s"):format(helper.quote(
      "echo 0 >/proc/sys/user/max_user_namespaces && " ..
      "exec setpriv --bounding-set=-sys_admin --inh-caps=-all -- " .. helper.lua .. " lua/bin/zlnet demo")))
    assert.is_false(ok)
    assert.are.equal(1, status)
    assert.is_truthy(text:find "step: make a sandbox", text)
  end)
end)
