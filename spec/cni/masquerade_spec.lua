-- SPDX-License-Identifier: MIT
-- ipMasq, portMappings, isolate and guard of the plugin, seen from a third party; and rules of earlier versions.
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"
local json = require "dkjson"
local masquerade = require "zlnet.cni.masquerade"
local traffic = require "spec.support.traffic"

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

describe("zlnet.cni.masquerade", function()
  helper.insulate()

  before_each(function()
    helper.sh "nft flush ruleset"
  end)

  after_each(function()
    traffic.stop()
    helper.sh "ip link del up0; ip link del cni0; ip link set lo down; nft flush ruleset"
  end)

  it("takes away the rules of an earlier version, those of one attachment and the chain with the last", function()
    make_rules("cni/net/a/1", "cni/net/b/2", "cni/net/a/1")
    assert.is_true(masquerade.remove(only "cni/net/a/1"))
    assert.is_falsy(ruleset():find "cni/net/a/1")
    assert.is_truthy(ruleset():find "cni/net/b/2")
    assert.is_true(masquerade.remove(only "cni/net/a/1"))
    assert.is_true(masquerade.remove(only "cni/net/b/2"))
    assert.is_falsy(ruleset():find "postrouting")
    assert.is_true(masquerade.remove(only "cni/net/b/2"))
  end)

  it("leaves what others put into the chain, and their tables", function()
    helper.sh "nft add table inet theirs && nft add chain inet theirs postrouting"
    make_rules "cni/net/a/1"
    helper.sh "nft add rule inet zlnet postrouting oifname theirs masquerade"
    assert.is_true(masquerade.remove(only "cni/net/a/1"))
    assert.is_truthy(ruleset():find('oifname "theirs" masquerade', 1, true))
    assert.is_truthy(ruleset():find "table inet theirs")
    assert.is_falsy(ruleset():find "cni/net/a/1")
  end)

  local directory, c, outside, call

  -- A machine beyond the node which knows no way to the containers.
  local function network(conf)
    helper.sh "ip link set lo up"
    directory, c, outside = cni.directory(), helper.container(), helper.container()
    helper.ip("link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", tostring(outside.pid))
    helper.ip("addr", "add", "192.0.2.1/24", "dev", "up0")
    helper.ip("link", "set", "up0", "up")
    outside:ip("addr", "add", "192.0.2.2/24", "dev", "eth0")
    outside:ip("link", "set", "eth0", "up")
    local whole = { cniVersion = "1.1.0", name = "net", ipam = { type = "zlnet",
      ranges = { { { subnet = "10.1.2.0/24" } } }, routes = { { dst = "0.0.0.0/0" } } } }
    for key, value in pairs(conf) do
      whole[key] = value
    end
    call = cni.network(whole, { container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory })
    return whole
  end

  local function checked(conf, result)
    local with = json.decode(json.encode(conf))
    with.prevResult = result
    return call("CHECK", { conf = with })
  end

  for _, mode in ipairs { "routed", "bridge" } do
    it("masquerades until DEL, and CHECK sees when that is gone: " .. mode, function()
      local conf = network { ipMasq = true, mode = mode, isGateway = mode == "bridge" or nil }
      local status, result, out = call "ADD"
      assert.are.equal(0, status, out)
      assert.is_true((helper.ping(c, "192.0.2.2")))
      assert.are.equal(0, (checked(conf, result)))
      helper.sh "nft flush ruleset"
      local _, failure = checked(conf, result)
      assert.is_truthy((failure.msg .. (failure.details or "")):find "masquerade")
      assert.is_false((helper.ping(c, "192.0.2.2", { timeout = 1 })))
      assert.are.equal(0, (call "DEL"))
      assert.are.equal(0, (call "ADD"))
      assert.is_truthy(ruleset():find "comment")
      c:kill() -- and the interface with it
      assert.are.equal(0, (call("DEL", { netns = "" })))
      assert.is_falsy(ruleset():find "comment")
      assert.are.equal(0, (call "GC"))
      assert.are.equal("", ruleset())
      helper.sh("rm -r " .. directory)
    end)

    it("publishes portMappings: " .. mode, function()
      network { mode = mode, isGateway = mode == "bridge" or nil, capabilities = { portMappings = true },
        runtimeConfig = { portMappings = { { hostPort = 8080, containerPort = 80, protocol = "tcp" } } } }
      local status, _, out = call "ADD"
      assert.are.equal(0, status, out)
      traffic.serve(c, "tcp", 80)
      assert.are.equal("192.0.2.2", traffic.ask(outside, "tcp", "192.0.2.1", 8080))
      assert.is_truthy(traffic.ask(c, "tcp", "192.0.2.1", 8080))
      assert.is_truthy(traffic.ask(nil, "tcp", "127.0.0.1", 8080))
      local other = helper.container()
      local code, failure = call("ADD", { container = "c2", netns = cni.netns(other) })
      assert.are.equal(1, code)
      assert.is_truthy((failure.msg .. (failure.details or "")):find "8080/tcp", failure.msg)
      assert.are.equal(1, #other:ip_json "link")
      assert.are.equal(0, (call "DEL"))
      assert.is_falsy(ruleset():find "comment")
      helper.sh("rm -r " .. directory)
    end)
  end

  it("isolates and guards", function()
    network { isolate = "blue", guard = true }
    assert.are.equal(0, (call "ADD"))
    local text = ruleset()
    assert.is_truthy(text:find "set isolated4" and text:find "set guarded" and text:find "elements")
    assert.is_true((helper.ping(c, "192.0.2.1")))
    local mac = c:ip_json("link", "show", "dev", "eth0")[1].address
    c:ip("link", "set", "dev", "eth0", "address", "02:00:00:00:00:07")
    assert.is_false((helper.ping(c, "192.0.2.1", { timeout = 1 })))
    c:ip("link", "set", "dev", "eth0", "address", mac)
    assert.are.equal(0, (call "DEL"))
    helper.sh("rm -r " .. directory)
  end)

  it("takes an earlier version's rules of an attachment away with it", function()
    network {}
    assert.are.equal(0, (call "ADD"))
    local id = require("zlnet.cni.identity").of("net", "c1", "eth0")
    make_rules(id, "cni/other/c9/eth0")
    assert.are.equal(0, (call "DEL"))
    assert.is_falsy(ruleset():find(id, 1, true))
    assert.is_truthy(ruleset():find("cni/other/c9/eth0", 1, true))
    helper.sh("rm -r " .. directory)
  end)
end)
