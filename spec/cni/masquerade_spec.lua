-- SPDX-License-Identifier: MIT
-- ipMasq, seen from a third party: which source address arrives there.
local addr = require "zlnet.addr"
local cni = require "spec.support.cni"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local json = require "dkjson"
local masquerade = require "zlnet.cni.masquerade"

local function ips(...)
  local list = {}
  for i, text in ipairs { ... } do
    list[i] = { ip = addr.parse(text) }
  end
  return list
end

local function ruleset()
  return select(2, helper.sh "nft list ruleset")
end

local function only(id)
  return function(other)
    return other == id
  end
end

describe("zlnet.cni.masquerade", function()
  helper.insulate()

  before_each(function()
    helper.sh "nft flush ruleset"
  end)

  -- Some kernels have no nftables, some machines no nft.
  local function usable()
    local ok, why = helper.sh "nft add table inet zlnetprobe && nft delete table inet zlnetprobe"
    if not ok then
      pending("nftables cannot be used here: " .. why)
    end
    return ok
  end

  it("makes a rule for each address, and takes away those of one attachment; the table goes with the last", function()
    if not usable() then
      return
    end
    assert.is_true(masquerade.add("cni/net/a/1", ips("10.1.2.3/24", "fd00::3/64")))
    assert.is_true(masquerade.add("cni/net/b/2", ips "10.1.2.4/24"))
    local text = ruleset()
    local rule = 'ip saddr 10.1.2.3 ip daddr != { 10.1.2.0/24, 224.0.0.0/4 } masquerade comment "cni/net/a/1"'
    assert.is_truthy(text:find(rule, 1, true), text)
    assert.is_truthy(text:find('ip6 saddr fd00::3 ip6 daddr != { fd00::/64, ff00::/8 } masquerade', 1, true), text)
    assert.are.equal(2, masquerade.count "cni/net/a/1")
    assert.is_true(masquerade.remove(only "cni/net/a/1"))
    text = ruleset()
    assert.is_falsy(text:find "cni/net/a/1")
    assert.is_truthy(text:find "10.1.2.4")
    assert.are.equal(0, masquerade.count "cni/net/a/1")
    assert.is_true(masquerade.remove(only "cni/net/a/1"))
    assert.is_true(masquerade.remove(only "cni/net/b/2"))
    assert.are.equal("", ruleset())
    assert.is_true(masquerade.remove(only "cni/net/b/2"))
    assert.are.equal(0, masquerade.count "cni/net/b/2")
  end)

  it("leaves the tables of others alone", function()
    if not usable() then
      return
    end
    helper.sh "nft add table inet theirs && nft add chain inet theirs zlnet"
    local before = ruleset()
    assert.is_true(masquerade.add("cni/net/a/1", ips "10.1.2.3/24"))
    assert.is_true(masquerade.remove(only "cni/net/a/1"))
    assert.are.equal(before, ruleset())
    helper.sh "nft flush ruleset"
  end)

  it("leaves what others put into the table, and the table with it", function()
    if not usable() then
      return
    end
    for _, theirs in ipairs {
      "add rule inet zlnet postrouting oifname theirs masquerade", "add chain inet zlnet theirs",
      "add set inet zlnet theirs { type ipv4_addr; }",
    } do
      assert.is_true(masquerade.add("cni/net/a/1", ips "10.1.2.3/24"))
      helper.sh("nft '" .. theirs .. "'")
      assert.is_true(masquerade.remove(only "cni/net/a/1"))
      local text = ruleset()
      assert.is_truthy(text:find "theirs", text)
      assert.is_falsy(text:find "cni/net/a/1")
      helper.sh "nft flush ruleset"
    end
  end)

  it("never runs an nft of the working directory", function()
    local directory = cni.directory()
    cni.script(directory, "nft", "touch " .. directory .. "/ran")
    for _, path in ipairs { ".", "::", ".:/nowhere", "x/..:." } do
      helper.sh(("cd %s && PATH=%s %s -e 'require \"zlnet.cni.masquerade\".remove(function() end)'"):format(directory,
        path, select(2, helper.sh("command -v " .. helper.lua)):match "%S+"))
      assert.is_nil(cni.read(directory .. "/ran"), path)
    end
    helper.sh("rm -r " .. directory)
  end)

  it("goes with the attachment also where the configuration says no more that it is there", function()
    if not usable() then
      return
    end
    local directory = cni.directory()
    local c = helper.container()
    cni.script(directory, "fake", [[[ $CNI_COMMAND != ADD ] || echo '{"ips":[{"address":"10.1.2.2/24"}]}']])
    local function call(command, ip_masq)
      return cni.call { command = command, container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory,
        conf = { cniVersion = "1.1.0", name = "net", ipMasq = ip_masq, ipam = { type = "fake" } } }
    end
    for _, command in ipairs { "DEL", "GC" } do
      assert.are.equal(0, (call("ADD", true)))
      assert.is_truthy(ruleset():find "10.1.2.2")
      assert.are.equal(0, (call(command, nil)))
      assert.are.equal("", ruleset())
    end
    helper.sh("rm -r " .. directory)
  end)

  it("says what nft says", function()
    if not usable() then
      return
    end
    helper.sh "nft add table inet zlnet"
    helper.sh "nft 'add chain inet zlnet postrouting { type filter hook input priority 0; }'"
    local ok, failed = masquerade.add("cni/net/a/1", ips "10.1.2.3/24")
    assert.is_nil(ok)
    assert.are.equal(999, failed.code)
    assert.is_truthy(failed.details:find "rror")
    helper.sh "nft flush ruleset"
  end)

  it("loses no rule when many come and go at once", function()
    if not usable() then
      return
    end
    local script = [[
      local m, addr = require "zlnet.cni.masquerade", require "zlnet.addr"
      local n = ...
      local function must(ok, err)
        return ok or error(err and (err.msg .. ": " .. tostring(err.details)) or "no error")
      end
      for round = 1, 5 do
        local id = "cni/net/x" .. n .. "/" .. round
        must(m.add(id, { { ip = addr.parse("10.1." .. n .. "." .. round .. "/24") } }))
        assert(m.count(id) == 1, id)
        must(m.remove(function(other) return other == id end))
      end]]
    local children = {}
    for i = 1, 6 do
      local loader = "assert(load(io.read 'a'))(" .. i .. ")"
      children[i] = assert(core.spawn { "/usr/bin/env", helper.lua, "-e", loader, stdin = script })
    end
    for _, child in ipairs(children) do
      local r = assert(child:wait(10 * helper.PATIENCE))
      assert.are.equal(0, r.status, r.stderr)
      child:close()
    end
    assert.are.equal("", ruleset())
  end)

  it("hides the container from who is beyond its subnet, until DEL", function()
    if not usable() or not cni.plugins then
      return
    end
    helper.sh "ip link set lo up"
    local directory = cni.directory()
    local c, outside = helper.container(), helper.container()
    helper.ip("link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", tostring(outside.pid))
    helper.ip("addr", "add", "192.0.2.1/24", "dev", "up0")
    helper.ip("link", "set", "up0", "up")
    outside:ip("addr", "add", "192.0.2.2/24", "dev", "eth0")
    outside:ip("link", "set", "eth0", "up")
    local call = cni.network({ cniVersion = "1.0.0", name = "net", ipMasq = true, ipam = { type = "host-local",
      dataDir = directory, subnet = "10.1.2.0/24", routes = { { dst = "0.0.0.0/0" } } } },
      { container = "c1", netns = cni.netns(c), ifname = "eth0", path = cni.plugins })
    local status, result, out = call "ADD"
    assert.are.equal(0, status, out)
    -- outside knows no way to 10.1.2.0/24, so an answer proves the node's address
    assert.is_true((helper.ping(c, "192.0.2.2")))
    local conf = json.decode(json.encode { cniVersion = "1.0.0", name = "net", ipMasq = true, ipam = {},
      prevResult = result })
    assert.are.equal(0, (call("CHECK", { conf = conf })))
    helper.sh "nft flush ruleset"
    assert.is_truthy(select(2, call("CHECK", { conf = conf })).msg:find "masquerading")
    assert.is_false((helper.ping(c, "192.0.2.2", { timeout = 1 })))
    assert.are.equal(0, (call "DEL"))
    assert.are.equal(0, (call "ADD"))
    assert.are.equal(0, (call "DEL"))
    assert.are.equal("", ruleset())
    helper.ip("link", "del", "up0")
    helper.sh("rm -r " .. directory)
  end)

  it("names nft where it is missing, for ADD; DEL does without", function()
    local directory = cni.directory()
    local c = helper.container()
    cni.script(directory, "fake", [[echo '{"ips":[{"address":"10.1.2.2/24"}]}']])
    -- a mount namespace in which there is no nft
    local run = ([[unshare -m sh -c 'for d in /usr/sbin /sbin /usr/local/sbin; do
      [ ! -e $d/nft ] || mount --bind /dev/null $d/nft; done
      PATH=/bin CNI_COMMAND=%%s CNI_CONTAINERID=c1 CNI_NETNS=%s CNI_IFNAME=eth0 CNI_PATH=%s %s lua/bin/zlnet-cni' <<'E'
{"cniVersion":"1.1.0","name":"net","ipMasq":true,"ipam":{"type":"fake"}}
E]]):format(cni.netns(c), directory, select(2, helper.sh("command -v " .. helper.lua)):match "%S+")
    local _, out = helper.sh(run:format "ADD")
    local answer = assert(json.decode(out), out)
    assert.is_truthy((answer.msg .. (answer.details or "")):find "nft", out)
    assert.are.equal(1, #c:ip_json "link")
    helper.sh("rm -r " .. directory)
  end)
end)
