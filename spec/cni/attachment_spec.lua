-- SPDX-License-Identifier: MIT
-- Layer 2 alone: a port of a bridge without addresses, as the bridge plugin makes it without an IPAM plugin.
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"
local json = require "dkjson"
local zlnet = require "zlnet"

describe("ADD without an IPAM plugin", function()
  helper.insulate()

  after_each(function()
    helper.sh "ip link del br0"
  end)

  local function network(c, id, more)
    local conf = { cniVersion = "1.1.0", name = "net", type = "zlnet-cni", mode = "bridge", bridge = "br0", ipam = {} }
    for key, value in pairs(more or {}) do
      conf[key] = value
    end
    return cni.network(conf, { container = id, netns = cni.netns(c), ifname = "eth0", path = "/nowhere" }), conf
  end

  it("makes a port of the bridge that is up, and leaves addresses to the container", function()
    local a, b = helper.container(), helper.container()
    local one, conf = network(a, "c1", { isGateway = true, ipMasq = true })
    local two = network(b, "c2")
    local status, result, out = one "ADD"
    assert.are.equal(0, status, out)
    assert.are.same({}, result.ips)
    assert.are.same({}, result.routes)
    assert.are.equal("eth0", result.interfaces[2].name)
    assert.are.equal(0, (two "ADD"))
    a:ip("addr", "add", "10.3.0.1/24", "dev", "eth0")
    b:ip("addr", "add", "10.3.0.2/24", "dev", "eth0")
    assert.is_true((helper.ping(a, "10.3.0.2")))
    -- listed, in use, and no one's to sweep
    assert.are.equal(2, #assert(zlnet.attachments()))
    for _, verdict in ipairs(assert(zlnet.sweep { dry_run = true }).verdicts) do
      assert.are_not.equal("orphan", verdict.verdict)
    end
    conf.prevResult = json.decode(out)
    assert.are.equal(0, (one "CHECK"))
    assert.are.equal(0, (one "DEL"))
    assert.are.equal(0, (two "DEL"))
    assert.are.equal(1, #a:ip_json "link")
    assert.are.equal(2, #helper.ip_json "link") -- the bridge stays
  end)

  it("is refused in mode routed, where nothing would lead to the container", function()
    local c = helper.container()
    local status, answer = network(c, "c1", { mode = "routed", bridge = json.null }) "ADD"
    assert.are.equal(1, status)
    assert.are.equal(7, answer.code)
    assert.are.equal(1, #c:ip_json "link")
  end)
end)
