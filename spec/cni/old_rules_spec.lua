-- SPDX-License-Identifier: MIT
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"
local old_rules = require "zlnet.cni.old_rules"

local function ruleset()
  return select(2, helper.sh "nft list ruleset")
end

local function only(id)
  return function(other)
    return other == id
  end
end

-- As earlier versions made them.
local function make_rules(...)
  local script = {
    "add table inet zlnet",
    "add chain inet zlnet postrouting { type nat hook postrouting priority 100; policy accept; }",
  }
  for i, id in ipairs { ... } do
    script[#script + 1] = ('add rule inet zlnet postrouting ip saddr 10.1.2.%d ip daddr != { 10.1.2.0/24, 224.0.0.0/4 }'
      .. ' masquerade comment "%s"'):format(i, id)
  end
  assert(helper.sh("nft -f - <<'END'\n" .. table.concat(script, "\n") .. "\nEND"))
end

describe("rules of earlier versions", function()
  helper.insulate()

  before_each(function()
    helper.sh "nft flush ruleset"
  end)

  after_each(function()
    helper.sh "nft flush ruleset"
  end)

  it("are taken away, those of one attachment and the chain with the last", function()
    make_rules("cni/net/a/1", "cni/net/b/2", "cni/net/a/1")
    assert.is_true(old_rules.remove(only "cni/net/a/1"))
    assert.is_falsy(ruleset():find "cni/net/a/1")
    assert.is_truthy(ruleset():find "cni/net/b/2")
    assert.is_true(old_rules.remove(only "cni/net/a/1"))
    assert.is_true(old_rules.remove(only "cni/net/b/2"))
    assert.is_falsy(ruleset():find "postrouting")
    assert.is_true(old_rules.remove(only "cni/net/b/2"))
  end)

  it("leave what others put into the chain, and the tables of others", function()
    helper.sh "nft add table inet theirs && nft add chain inet theirs postrouting"
    make_rules "cni/net/a/1"
    helper.sh "nft add rule inet zlnet postrouting oifname theirs masquerade"
    assert.is_true(old_rules.remove(only "cni/net/a/1"))
    assert.is_truthy(ruleset():find('oifname "theirs" masquerade', 1, true))
    assert.is_truthy(ruleset():find "table inet theirs")
    assert.is_falsy(ruleset():find "cni/net/a/1")
  end)

  it("go with their attachment", function()
    local directory, c = cni.directory(), helper.container()
    local call = cni.network({ cniVersion = "1.1.0", name = "net",
      ipam = { type = "zlnet", ranges = { { { subnet = "10.1.2.0/24" } } } } },
      { container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory })
    for _, command in ipairs { "DEL", "GC" } do
      assert.are.equal(0, (call "ADD"))
      local id = require("zlnet.cni.identity").of("net", "c1", "eth0")
      make_rules(id, "cni/other/c9/eth0")
      assert.are.equal(0, (call(command)))
      assert.is_falsy(ruleset():find(id, 1, true))
      assert.is_truthy(ruleset():find("cni/other/c9/eth0", 1, true))
      helper.sh "nft flush ruleset"
    end
    helper.sh("rm -r " .. directory)
  end)
end)
