-- SPDX-License-Identifier: MIT
-- "ipam": { "type": "zlnet" }: addresses without an IPAM plugin, and without files.
local cni = require "spec.support.cni"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local lfs = require "lfs"
local json = require "dkjson"
local pool = require "zlnet.cni.pool"

local RANGES = { { { subnet = "10.1.2.0/24" } }, { { subnet = "fd00:1:2::/64" } } }
local ROUTES = { { dst = "0.0.0.0/0" }, { dst = "::/0" } }

describe("IPAM type zlnet", function()
  helper.insulate()

  before_each(function()
    helper.sh "ip link set lo up"
  end)

  after_each(function()
    helper.sh "ip link del br0"
  end)

  local function network(c, id, more, section)
    local conf = { cniVersion = "1.1.0", name = "net", type = "zlnet-cni",
      ipam = section or { type = "zlnet", ranges = RANGES, routes = ROUTES } }
    for key, value in pairs(more or {}) do
      conf[key] = value
    end
    return cni.network(conf, { container = id, netns = cni.netns(c), ifname = "eth0", path = "/nowhere" }), conf
  end

  local function add(call, more)
    local status, result, out = call("ADD", more)
    assert.are.equal(0, status, out)
    return result, (result.ips[1].address:gsub("/.*", ""))
  end

  for mode, more in pairs { routed = {}, bridge = { mode = "bridge", bridge = "br0", isGateway = true } } do
    it("gives addresses in mode " .. mode .. ", reached by others and by the node, until DEL", function()
      local a, b = helper.container(), helper.container()
      local one, conf = network(a, "c1", more)
      local two = network(b, "c2", more)
      assert.are.equal(0, (one "STATUS"))
      local result, first = add(one)
      local other = add(two)
      assert.are.same({ "10.1.2.1", "fd00:1:2::1" }, { result.ips[1].gateway, result.ips[2].gateway })
      assert.is_truthy(first:find "^10%.1%.2%.%d+$")
      for _, ip in ipairs(other.ips) do
        assert.is_true((helper.ping(a, (ip.address:gsub("/.*", "")))))
        assert.is_true((helper.ping(nil, (ip.address:gsub("/.*", "")))))
      end
      for i, family in ipairs { "-4", "-6" } do
        assert.are.equal(result.ips[i].gateway, a:ip_json(family, "route", "show", "default")[1].gateway)
      end
      conf.prevResult = result
      assert.are.equal(0, (one "CHECK"))
      conf.prevResult = nil
      assert.are.equal(0, (one "DEL"))
      assert.are.equal(0, (one "DEL"))
      assert.are.equal(1, #a:ip_json "link")
      -- a container that comes back has the address that it had
      assert.are.equal(first, select(2, add(one)))
      assert.are.equal(0, (network(a, "c1", { ["cni.dev/valid-attachments"] = json.decode "[]" }) "GC"))
      assert.are.equal(1, #a:ip_json "link")
      assert.are.equal(1, #b:ip_json "link")
    end)
  end

  it("leads to the subnet where there is no default route", function()
    local a, b = helper.container(), helper.container()
    local section = { type = "zlnet", ranges = RANGES }
    local one, two = network(a, "c1", nil, section), network(b, "c2", nil, section)
    add(one)
    local other = add(two)
    for _, ip in ipairs(other.ips) do
      assert.is_true((helper.ping(a, (ip.address:gsub("/.*", "")))))
    end
    assert.are.same({}, a:ip_json("route", "show", "default"))
    one "DEL"
    two "DEL"
  end)

  it("gives the address that the runtime asks for, or says why not", function()
    local a, b = helper.container(), helper.container()
    local section = { type = "zlnet", subnet = "10.1.2.0/24", rangeStart = "10.1.2.10", routes = { ROUTES[1] } }
    local one, two = network(a, "c1", nil, section), network(b, "c2", nil, section)
    assert.are.equal("10.1.2.77", select(2, add(one, { args = "IP=10.1.2.77" })))
    local status, answer, out = two("ADD", { args = "IP=10.1.2.77" })
    assert.are.equal(1, status, out)
    assert.is_truthy((answer.msg .. (answer.details or "")):find "10%.1%.2%.77", out)
    for _, address in ipairs { "10.1.2.1", "10.1.2.9", "10.1.3.5", "x" } do
      status, answer = two("ADD", { args = "IP=" .. address })
      assert.are.equal(1, status)
      assert.are.equal(7, answer.code, address)
    end
    assert.are.equal(1, #b:ip_json "link")
    one "DEL"
  end)

  local it_has_program = helper.it_where(lfs.attributes(helper.build .. "/zlnet-cni"), "this build has no zlnet-cni")
  it_has_program("gives no address twice to many that come at once, and says that it is full", function()
    local section = { type = "zlnet", ranges = { { { subnet = "10.1.2.0/28" } } } } -- 13 without the gateway's
    local running, given, full = {}, {}, 0
    local _, conf = network(helper.container(), "c0", nil, section)
    for i = 1, 16 do
      running[i] = assert(core.spawn { helper.build .. "/zlnet-cni", stdin = json.encode(conf), env = {
        CNI_COMMAND = "ADD", CNI_CONTAINERID = "c" .. i, CNI_NETNS = cni.netns(helper.container()),
        CNI_IFNAME = "eth0", CNI_PATH = "/nowhere" } })
    end
    for _, child in ipairs(running) do
      local r = assert(child:wait(10 * helper.PATIENCE))
      child:close()
      if r.status == 0 then
        local address = json.decode(r.stdout).ips[1].address
        assert.is_nil(given[address], address)
        given[address] = true
      else
        full = full + 1
        assert.is_truthy(r.stdout:find "the pool 10%.1%.2%.0/28 is full", r.stdout)
      end
    end
    assert.are.equal(3, full)
    assert.is_nil(given["10.1.2.1/32"])
    local _, all = network(helper.container(), "c0", { ["cni.dev/valid-attachments"] = json.decode "[]" }, section)
    assert.are.equal(0, (cni.network(all, { path = "/nowhere" }) "GC"))
    assert.are.equal(1, #helper.ip_json "link")
  end)

  it("masquerades what leaves the subnet, and nothing else", function()
    if not helper.sh "nft list ruleset" then
      pending "nftables cannot be used here"
      return
    end
    local a, outside = helper.container(), helper.container()
    helper.ip("link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", tostring(outside.pid))
    helper.ip("addr", "add", "192.0.2.1/24", "dev", "up0")
    helper.ip("link", "set", "up0", "up")
    outside:ip("addr", "add", "192.0.2.2/24", "dev", "eth0")
    outside:ip("link", "set", "eth0", "up")
    local b = helper.container()
    local one, two = network(a, "c1", { ipMasq = true }), network(b, "c2", { ipMasq = true })
    local _, from = add(one)
    local _, to = add(two)
    assert.is_true((helper.ping(a, "192.0.2.2"))) -- outside knows no way to the container
    -- to a neighbour under its own address
    b:exec "nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }'"
    b:exec(("nft 'add rule ip t c ip saddr %s counter'"):format(from))
    assert.is_true((helper.ping(a, to)))
    assert.is_truthy(select(2, b:exec "nft list ruleset"):find "counter packets [1-9]")
    one "DEL"
    two "DEL"
    helper.ip("link", "del", "up0")
    assert.is_nil(select(2, helper.sh "nft list ruleset"):find "elements")
  end)
end)

describe("zlnet.cni.pool", function()
  it("is for its own type alone", function()
    assert.is_false((pool.read(nil)))
    assert.is_false((pool.read { type = "host-local" }))
  end)

  it("reads the ranges of host-local, of the section and of the runtime", function()
    local p = assert(pool.read({ type = "zlnet", subnet = "10.1.0.0/16", gateway = "10.1.0.9", dataDir = "/x",
      ranges = { { { subnet = "10.2.0.0/24" }, { subnet = "10.3.0.0/24" } } } }, nil, { { { subnet = "fd00::/64" } } }))
    assert.are.equal(3, #p.sets)
    local gateways = {}
    for i, entry in ipairs(p.stand_in) do
      gateways[i] = entry.gateway .. "/" .. entry.ip.prefix
    end
    assert.are.same({ "10.1.0.9/16", "10.2.0.1/24", "10.3.0.1/24", "fd00::1/64" }, gateways)
  end)

  for what, case in pairs {
    ["no ranges"] = { 7, {} },
    ["ranges that are a text"] = { 7, { ranges = "10.0.0.0/8" } },
    ["an empty set"] = { 7, { ranges = { {} } } },
    ["a range without a subnet"] = { 7, { ranges = { { { rangeStart = "10.1.2.3" } } } } },
    ["a subnet with host bits"] = { 7, { subnet = "10.1.2.3/24" } },
    ["a start beyond the subnet"] = { 7, { subnet = "10.1.2.0/24", rangeStart = "10.1.3.1" } },
    ["a wrong route"] = { 7, { subnet = "10.1.2.0/24", routes = { { dst = "x" } } } },
    ["a key that is not done"] = { 2, { subnet = "10.1.2.0/24", resolvConf = "/etc/resolv.conf" } },
  } do
    it("refuses " .. what, function()
      case[2].type = "zlnet"
      local p, failed = pool.read(case[2])
      assert.is_nil(p)
      assert.are.equal(case[1], failed.code)
      assert.is_truthy(failed.msg:find "ipam", failed.msg)
    end)
  end
end)
