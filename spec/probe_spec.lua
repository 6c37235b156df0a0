-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local json = require "dkjson"
local probe = require "zlnet.probe"

local function by_name(report)
  local facts = {}
  for _, fact in ipairs(report.facts) do
    facts[fact.name] = fact
  end
  return facts
end

-- What a process of its own finds, after this shell command.
local function probed(before)
  local code = "print(require('dkjson').encode(require('zlnet.probe').probe()))"
  local ok, text = helper.sh(("%s %s -e %s"):format(before, helper.lua, helper.quote(code)))
  assert(ok, text)
  local report = json.decode(text)
  return report, by_name(report)
end

describe("zlnet.probe", function()
  helper.insulate()

  it("finds all that attach needs where attach works, and agrees with the kernel's release", function()
    local report = probe.probe()
    assert.is_true(report.ready)
    local ok, release = helper.sh "uname -r"
    assert.is_true(ok)
    assert.are.equal(release, report.kernel .. "\n")
  end)

  it("agrees with ip about the kinds of links", function()
    local facts = by_name(probe.probe())
    for kind, more in pairs { veth = "", bridge = "", vxlan = "id 1 dstport 4789" } do
      local made = helper.sh(("ip link add probed type %s %s && ip link delete probed"):format(kind, more))
      assert.are.equal(made, facts[kind].ok, kind)
    end
  end)

  it("makes no link here", function()
    local before = helper.ip "link"
    probe.probe()
    assert.are.equal(before, helper.ip "link")
  end)

  it("names the capabilities which are missing, and what does not work without", function()
    local report, facts = probed "setpriv --bounding-set=-net_admin --inh-caps=-all --"
    assert.is_false(report.ready)
    assert.is_false(facts.CAP_NET_ADMIN.ok)
    assert.is_true(facts.CAP_SYS_ADMIN.ok)
    assert.is_true(facts.CAP_SYS_PTRACE.ok)
    assert.is_false(facts["net.ipv4.ip_forward"].ok)
    assert.is_truthy(facts.veth.detail:find("EPERM", 1, true))
  end)

  it("does not blame the kernel for what it could not try", function()
    local report, facts = probed "setpriv --bounding-set=-sys_admin --inh-caps=-all --"
    assert.is_false(report.ready)
    assert.is_false(facts.network.ok)
    assert.is_truthy(facts.network.detail:find("EPERM", 1, true))
    assert.is_nil(facts.veth.ok)
  end)

  it("sees when there are no user namespaces", function()
    if not helper.user_namespaces() then
      pending "no user namespaces here, for a reason that no file tells: a chroot"
      return
    end
    assert.is_true(by_name(probe.probe()).user.ok)
    local _, facts = probed [[unshare --user --map-root-user sh -c \
      'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh]]
    assert.are.equal("user.max_user_namespaces is 0", facts.user.detail)
  end)

  it("sees when /proc does not show every process", function()
    local _, facts = probed "unshare --pid --fork"
    assert.is_false(facts.pid.ok)
    assert.are.equal("/proc shows another pid namespace", facts.pid.detail)
  end)

  it("reads the effective capabilities", function()
    assert.are.same({ CAP_NET_ADMIN = true, CAP_SYS_PTRACE = true, CAP_SYS_ADMIN = true }, probe.capabilities())
  end)
end)
