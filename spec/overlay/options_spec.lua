-- SPDX-License-Identifier: MIT
local options = require "zlnet.options"
local overlay_options = require "zlnet.overlay.options"

local KEY = "q0x8mTYz1J2b3V4n5M6a7S8d9F0gHjKlZxCvBnMqWeQ="
local OTHER = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

local function check(t)
  return options.check("overlay", overlay_options.overlay, t)
end

local function peers(kind, list)
  return overlay_options.peers("sync", kind, list, {})
end

describe("the options of an overlay", function()
  it("have vxlan's defaults, and a MAC made of the underlay address", function()
    local o = check { name = "ov", ["local"] = "192.0.2.1", ip = { "10.1.1.1/24", "fd00::1" } }
    assert.equal("vxlan", o.kind)
    assert.equal(1, o.id)
    assert.equal(4789, o.port)
    assert.equal("0a:58:c0:00:02:01", o.mac)
    assert.same({ 32, 128 }, { o.ip[1].prefix, o.ip[2].prefix })
  end)

  it("are refused by name", function()
    for wrong, t in pairs {
      ["'name' to 'overlay': required"] = { ["local"] = "192.0.2.1" },
      ["'local' to 'overlay': required with kind 'vxlan'"] = { name = "ov" },
      ["'local' to 'overlay': not an IP address: 'x'"] = { name = "ov", ["local"] = "x" },
      ["'local' to 'overlay': '224.0.0.1' is not the address of one host"] = { name = "ov", ["local"] = "224.0.0.1" },
      ["'kind' to 'overlay': one of 'vxlan', 'wireguard' expected, got 'gre'"] = { name = "ov", kind = "gre" },
      ["'id' to 'overlay': an integer from 1 to 16777215 expected, got 0"] =
        { name = "ov", ["local"] = "192.0.2.1", id = 0 },
      ["'private_key' to 'overlay': has no use with kind 'vxlan'"] =
        { name = "ov", ["local"] = "192.0.2.1", private_key = KEY },
      ["'private_key' to 'overlay': required with kind 'wireguard'"] = { name = "ov", kind = "wireguard" },
      ["'port' to 'overlay': has no use with kind 'wireguard'"] =
        { name = "ov", kind = "wireguard", private_key = KEY, port = 1 },
      ["'mtu' to 'overlay': IPv6 needs at least 1280, got 1200"] =
        { name = "ov", ["local"] = "192.0.2.1", mtu = 1200 },
      ["'vni' to 'overlay': unknown"] = { name = "ov", ["local"] = "192.0.2.1", vni = 3 },
    } do
      assert.error_matches(function()
        check(t)
      end, "bad option " .. wrong, 1, true)
    end
  end)

  it("never show a key that is wrong", function()
    local ok, message = pcall(check, { name = "ov", kind = "wireguard", private_key = "SECRET" .. KEY })
    assert.is_false(ok)
    assert.is_nil(message:find("SECRET", 1, true))
    ok, message = pcall(peers, "wireguard", { { public_key = KEY, preshared_key = "SECRET" } })
    assert.is_false(ok)
    assert.is_nil(message:find("SECRET", 1, true))
    assert.truthy(message:find("peers[1].preshared_key: 32 bytes in base64 expected", 1, true))
  end)
end)

describe("a list of peers", function()
  it("is checked, with what is derived of each node", function()
    local list = peers("vxlan", { { node = "192.0.2.2", subnets = { "10.1.2.9/24", "fd00:0:0:2::/64", "10.9.9.9" } } })
    local p = list[1]
    assert.equal("0a:58:c0:00:02:02", p.mac)
    assert.equal("fe80::858:c0ff:fe00:202", p.vtep)
    assert.equal("192.0.2.2", p.key)
    assert.same({ { text = "10.1.2.0/24", family = "inet" }, { text = "fd00:0:0:2::/64", family = "inet6" },
      { text = "10.9.9.9/32", family = "inet" } }, p.subnets)
  end)

  it("derives the same whether it is asked for or not", function()
    for _, node in ipairs { "192.0.2.2", "10.0.0.1", "99.255.0.0", "1.2.3.4" } do
      local p = peers("vxlan", { { node = node } })[1]
      assert.equal(overlay_options.mac(node), p.mac)
      assert.equal(overlay_options.vtep(p.mac), p.vtep)
    end
    for _, node in ipairs { "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.0.0.01", "10.0.0.1/32" } do
      assert.is_false((pcall(peers, "vxlan", { { node = node } })), node)
    end
  end)

  it("gives IPv6 nodes MACs of their own", function()
    local list = peers("vxlan", { { node = "2001:db8::1" }, { node = "2001:db8::2" } })
    assert.match("^0e:", list[1].mac)
    assert.not_equal(list[1].mac, list[2].mac)
  end)

  it("has endpoints of wireguard, of the node where there is none", function()
    local list = peers("wireguard", {
      { public_key = KEY, endpoint = "[2001:db8::7]:51821" }, { public_key = OTHER, node = "192.0.2.7" } })
    assert.same({ address = "2001:db8::7", port = 51821, text = "[2001:db8::7]:51821" }, list[1].endpoint)
    assert.equal("192.0.2.7:51820", list[2].endpoint.text)
  end)

  it("is looked at once: what was given before in the same words is the same table", function()
    local function given()
      return { { node = "192.0.2.2", subnets = { "10.1.2.0/24" } }, { node = "192.0.2.3" } }
    end
    local first, known = overlay_options.peers("sync", "vxlan", given(), {})
    local second = overlay_options.peers("sync", "vxlan", given(), known)
    assert.equal(first[1], second[1])
    local changed = given()
    changed[1].subnets[2] = "10.1.3.0/24"
    local third = overlay_options.peers("sync", "vxlan", changed, known)
    assert.not_equal(first[1], third[1])
    assert.equal(first[2], third[2])
  end)

  it("is refused by peer and field", function()
    for wrong, list in pairs {
      ["a list of peers expected, got nil"] = false,
      ["a list of peers expected, got a table with 'node'"] = { node = "192.0.2.2" },
      ["peers[1]: a table expected, got string"] = { "192.0.2.2" },
      ["peers[2].node: required"] = { { node = "192.0.2.2" }, {} },
      ["peers[1].node: not an IP address: 'x'"] = { { node = "x" } },
      ["peers[1].node: an IP address expected, got table"] = { { node = {} } },
      ["peers[1].subnets: [2]: a prefix length is at most 32"] = { { node = "192.0.2.2", subnets = { "10.0.0.0/8",
        "10.0.0.0/33" } } },
      ["peers[1].subnets: '10.1.0.0/16' is there twice"] = { { node = "192.0.2.2", subnets = { "10.1.0.0/16",
        "10.1.1.1/16" } } },
      ["peers[1].subnet: unknown"] = { { node = "192.0.2.2", subnet = "10.0.0.0/8" } },
      ["peers[1].public_key: unknown"] = { { node = "192.0.2.2", public_key = KEY } },
    } do
      assert.error_matches(function()
        peers("vxlan", list or nil)
      end, "bad argument #1 to 'sync' (" .. wrong, 1, true)
    end
    assert.error_matches(function()
      peers("wireguard", { { public_key = KEY, endpoint = "192.0.2.2" } })
    end, "peers[1].endpoint: ADDRESS:PORT or [ADDRESS]:PORT expected", 1, true)
  end)
end)
