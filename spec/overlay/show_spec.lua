-- SPDX-License-Identifier: MIT
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

describe("what is shown of an overlay", function()
  helper.insulate()

  local o, other
  before_each(function()
    other = fixture.underlay()
    o = assert(zlnet.overlay { name = "ov", ["local"] = "192.0.2.1", ip = { "10.201.1.1", "fd00:201:1::1" } })
  end)
  after_each(function()
    o:delete()
    o:close()
    fixture.clean "wan"
  end)

  it("is nothing before it is made", function()
    assert.is_nil(o:show())
    assert.same({}, zlnet.overlays())
    local stats, err = o:stats()
    assert.is_nil(stats)
    assert.equal("not_found", err.kind)
  end)

  it("is what the kernel has, as sync takes it", function()
    local list = { fixture.peer(2), fixture.peer(3) }
    assert(o:sync(list))
    local shown = assert(o:show())
    assert.same({
      name = "ov", kind = "vxlan", mtu = 1450, ["local"] = "192.0.2.1", id = 1, port = 4789, mac = "0a:58:c0:00:02:01",
      ip = { "10.201.1.1", "fd00:201:1::1" }, peers = {
        { node = "192.0.2.2", mac = "0a:58:c0:00:02:02", subnets = list[1].subnets },
        { node = "192.0.2.3", mac = "0a:58:c0:00:02:03", subnets = list[2].subnets },
      },
    }, shown)
    assert.same({ shown }, zlnet.overlays())
    local peers = shown.peers
    shown.peers = nil
    local again <close> = assert(zlnet.overlay(shown))
    assert.same({ added = {}, changed = {}, removed = {}, mended = {}, failed = {} }, assert(again:sync(peers)))
  end)

  it("is only what bears the mark", function()
    helper.ip("link", "add", "vx", "type", "vxlan", "id", "77", "local", "192.0.2.1", "dstport", "4789")
    assert.same({}, zlnet.overlays())
    fixture.clean "vx"
  end)

  it("counts what went through", function()
    assert(o:sync { fixture.peer(2) })
    local there <close> = assert(zlnet.with_netns(other.pid, zlnet.overlay, { name = "ov", ["local"] = "192.0.2.2",
      ip = { "10.201.2.1" } }))
    assert(there:sync { fixture.peer(1) })
    assert.is_true((helper.ping(nil, "10.201.2.1")))
    local stats = assert(o:stats())
    local counted = helper.ip_json("-s", "link", "show", "dev", "ov")[1].stats64
    assert.same({ counted.rx.bytes, counted.tx.bytes, counted.rx.packets },
      { stats.rx_bytes, stats.tx_bytes, stats.rx_packets })
    assert.is_true(stats.rx_packets >= 1)
  end)
end)
