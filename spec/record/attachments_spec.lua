-- SPDX-License-Identifier: MIT
local alias = require "zlnet.record.line"
local attachments = require "zlnet.record.attachments"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

describe("attachments.identify", function()
  local LINE = alias.format { pid = 42, tag = "s", ip = { { family = "inet", address = "10.0.0.5", prefix = 32 } } }

  local function identify(link)
    link.linkinfo = link.linkinfo or { kind = "veth" }
    link.ifname, link.address = link.ifname or "eth5", link.address or "02:00:00:00:00:01"
    return attachments.identify(link)
  end

  it("goes by the record, whatever the name is", function()
    assert.equal(42, identify({ ifalias = LINE }).record.pid)
    assert.equal("s", identify({ ifalias = LINE, ifname = "veth-7-x" }).record.tag)
  end)

  it("goes by the name where there is no record", function()
    assert.same({ kind = "veth", pid = 42, tag = "s" }, identify({ ifname = "veth-42-s" }).name)
    assert.equal(42, identify({ ifname = "vc-42" }).name.pid)
    assert.equal("0a1b2c3d", identify({ ifname = "veth0a1b2c3d-s", address = "7a:6c:00:00:00:01" }).name.hash)
  end)

  it("takes no other kind, name or MAC", function()
    assert.is_nil(identify { ifname = "veth-42-s", ifalias = LINE, linkinfo = { kind = "bridge" } })
    assert.is_nil(attachments.identify { ifname = "veth-42-s", ifalias = LINE })
    assert.is_nil(identify { ifname = "veth42" })
    assert.is_nil(identify { ifname = "veth0a1b2c3d-s" })
  end)

  it("knows another's alias", function()
    assert.is_true(identify({ ifname = "veth-42-s", ifalias = "mine" }).foreign)
    assert.is_true(identify({ ifname = "veth-42-s", ifalias = LINE .. " more" }).foreign)
    assert.is_nil(identify { ifname = "eth5", ifalias = "mine" })
  end)

  it("knows a record with keys of a later version, and says of a newer one whose it is, as far as it can", function()
    assert.equal(42, identify({ ifalias = LINE .. " more=1" }).record.pid)
    local c = identify { ifalias = "zlnet/2 pid=7 colour=blue tag=x" }
    assert.is_nil(c.record)
    assert.equal("made by a newer zlnet", c.unreadable)
    assert.same({ pid = 7, tag = "x" }, c.whose)
    assert.same({ kind = "veth", pid = 42, tag = "s" }, identify({ ifname = "veth-42-s", ifalias = "zlnet/2 ?" }).whose)
  end)

  it("says whether more than a name speaks for a link", function()
    assert.is_false(identify({ ifname = "veth-42-s" }).marked)
    assert.is_true(identify({ ifname = "veth-42-s", address = "7a:6c:00:00:00:01" }).marked)
  end)
end)

describe("zlnet.attachments", function()
  helper.insulate()

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  it("reads back what attach returned, from the kernel alone", function()
    assert(zlnet.bridge { name = "br0", ip = "10.7.0.1/24" })
    local c, d = helper.container(), helper.container()
    local cases = {
      { pid = c.pid, ip = { "10.200.0.5/24", "fd00:200::5" }, mtu = 1400, id = "web 1" },
      { pid = c.pid, ip = "10.201.0.5", tag = "g", ifname = "eth1", default_route = false, gateway = "169.254.7.7" },
      { pid = d.pid, ip = "10.200.0.6", mode = "direct", proxy_arp = true, tag = "x" },
      { pid = d.pid, ip = "10.7.0.5/24", mode = "bridge", bridge = "br0", gateway = "10.7.0.1", tag = "b",
        ifname = "eth1", default_route = true, mtu = "inherit" },
    }
    cases[4].default_route, cases[4].gateway = false, nil
    local made = {}
    for i, case in ipairs(cases) do
      made[i] = assert(zlnet.attach(case))
      made[i].mac, made[i].changed = nil, nil -- what the host side cannot see
    end
    table.sort(made, function(a, b)
      return a.host_ifname < b.host_ifname
    end)
    assert.same(made, assert(zlnet.attachments()))
  end)

  it("lists nothing else", function()
    local c = helper.container()
    helper.ip("link", "add", ("veth-%d-s"):format(c.pid), "type", "veth", "peer", "name", "eth0", "netns", c.pid)
    helper.ip("link", "add", "br0", "type", "bridge")
    helper.ip("link", "set", "br0", "alias", "zlnet/1 pid=1 tag=s")
    assert.same({}, assert(zlnet.attachments()))
  end)

  it("feeds detach and check", function()
    local c = helper.container()
    assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" })
    local list = assert(zlnet.attachments())
    assert.same({}, assert(zlnet.check(list[1])))
    assert(zlnet.detach(list))
    assert.same({}, node.links())
  end)
end)
