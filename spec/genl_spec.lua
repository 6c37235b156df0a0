-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local tunnel = require "spec.support.wireguard"
local zlnet = require "zlnet"

local KEYS = tunnel.keys

local function it_with(name, f)
  it(name, tunnel.there and f or function()
    pending(tunnel.missing)
  end)
end

describe("zlnet.genl", function()
  helper.insulate()

  it("knows its families by name, and says so of others", function()
    assert.error_matches(function()
      zlnet.genl(nil, "nl80211")
    end, "bad argument #2 to 'genl' (family 'nl80211': wireguard expected)", 1, true)
    assert.error(function()
      zlnet.genl(nil, 7)
    end)
  end)

  it("says so where the kernel has no such family", function()
    local family, err = zlnet.genl(nil, "wireguard")
    if family then
      family:close()
      return assert.is_true(tunnel.there)
    end
    assert.same({ "netlink", "ENOENT", "getfamily" }, { err.kind, err.code, err.op })
    assert.equal("this kernel has no generic netlink family 'wireguard'", err.message)
    local facts = {}
    for _, fact in ipairs(zlnet.probe().facts) do
      facts[fact.name] = fact
    end
    assert.is_false(facts.wireguard.ok)
    assert.match("no generic netlink family 'wireguard'", facts.wireguard.detail)
  end)

  describe("keys and endpoints", function()
    local codec = core.codec

    local function encoded(t)
      return codec.encode("wireguard", "setwireguard", t)
    end

    it("become bytes and the same text again", function()
      local device = { ifname = "wg0", private_key = KEYS[1].private, listen_port = 51820, fwmark = 7, peers = {
        { public_key = KEYS[1].public, endpoint = "192.0.2.7:51820", persistent_keepalive_interval = 25, allowedips = {
          { family = "inet", ipaddr = "10.1.2.0", cidr_mask = 24 },
          { family = "inet6", ipaddr = "fd00:2::", cidr_mask = 64 },
        } },
        { public_key = KEYS[2].public, preshared_key = KEYS[3].private, endpoint = "[2001:db8::7]:65535",
          flags = { remove_me = true, update_only = true } },
      } }
      local found = codec.decode("wireguard", encoded(device))
      found.cmd, found.version = nil, nil
      assert.same(device, found)
    end)

    it("that are wrong are refused, and never shown", function()
      for _, wrong in ipairs { "SECRET", KEYS[1].private:sub(1, 43) .. "A", KEYS[1].private:sub(2), "",
        KEYS[1].private:gsub("^.", "!"), KEYS[1].private .. "\0", ("/"):rep(43) .. "=" } do
        local ok, message = pcall(encoded, { private_key = wrong })
        assert.is_false(ok, wrong)
        assert.truthy(message:find("private_key: 32 bytes in base64 expected", 1, true))
        assert.is_nil(wrong ~= "" and message:find(wrong, 1, true) or nil)
      end
      for _, wrong in ipairs { "192.0.2.7", "192.0.2.7:0", "192.0.2.7:65536", "2001:db8::7:51820", "[192.0.2.7]:1",
        "[2001:db8::7]", ":1", "", "192.0.2.7:5a" } do
        assert.error_matches(function()
          encoded { peers = { { public_key = KEYS[1].public, endpoint = wrong } } }
        end, "peers[1].endpoint: ADDRESS:PORT or [ADDRESS]:PORT expected", 1, true)
      end
    end)
  end)

  describe("with wireguard", function()
    local family
    before_each(function()
      if tunnel.there then
        helper.ip("link", "add", "wg0", "type", "wireguard")
        family = assert(zlnet.genl(nil, "wireguard"))
      end
    end)
    after_each(function()
      if tunnel.there then
        family:close()
        helper.ip("link", "delete", "wg0")
      end
    end)

    it_with("sets a device and its peers as wg shows them", function()
      assert.is_true(family:setdevice { ifname = "wg0", private_key = KEYS[1].private, listen_port = 51999, fwmark = 7,
        peers = { { public_key = KEYS[2].public, preshared_key = KEYS[3].private, endpoint = "192.0.2.7:51820",
          persistent_keepalive_interval = 25, allowedips = {
            { family = "inet", ipaddr = "10.1.2.0", cidr_mask = 24 },
            { family = "inet6", ipaddr = "fd00:2::", cidr_mask = 64 } } } } })
      local rows = tunnel.dump "wg0"
      assert.same({ KEYS[1].private, KEYS[1].public, "51999", "0x7" }, rows[1])
      assert.same({ KEYS[2].public, KEYS[3].private, "192.0.2.7:51820", "10.1.2.0/24,fd00:2::/64", "0", "0", "0",
        "25" }, rows[2])
      local device = assert(family:getdevice { ifname = "wg0" })
      assert.same({ KEYS[1].private, KEYS[1].public, 51999, 7, "wg0" }, { device.private_key, device.public_key,
        device.listen_port, device.fwmark, device.ifname })
      assert.equal(2, #device.peers[1].allowedips)
      assert.equal(0, device.peers[1].last_handshake_time.sec)
    end)

    it_with("reads what wg set", function()
      local ok, text = helper.sh(("wg set wg0 peer %s allowed-ips 10.0.0.0/8,::/0 endpoint [2001:db8::7]:1"):format(
        KEYS[2].public))
      assert.is_true(ok, text)
      local peer = assert(family:getdevice { ifname = "wg0" }).peers[1]
      assert.same({ KEYS[2].public, "[2001:db8::7]:1" }, { peer.public_key, peer.endpoint })
      assert.same({ { family = "inet", ipaddr = "10.0.0.0", cidr_mask = 8 },
        { family = "inet6", ipaddr = "::", cidr_mask = 0 } }, peer.allowedips)
    end)

    it_with("splits requests and joins answers that exceed a datagram", function()
      local peers = {}
      for i = 1, 300 do
        local ips = {}
        for k = 1, i == 7 and 3000 or 4 do
          ips[k] = { family = "inet", ipaddr = ("10.%d.%d.%d"):format(i % 250, k // 250 + i // 250 * 16, k % 250),
            cidr_mask = 32 }
        end
        peers[i] = { public_key = tunnel.key(i), allowedips = ips, flags = { replace_allowedips = true } }
      end
      assert.is_true(family:setdevice { ifname = "wg0", peers = peers, flags = { replace_peers = true } })
      local rows = tunnel.dump "wg0"
      assert.equal(301, #rows)
      local expected, found = {}, {}
      for i, p in ipairs(assert(family:getdevice { ifname = "wg0" }).peers) do
        local list = {}
        for k, ip in ipairs(p.allowedips) do
          list[k] = ip.ipaddr .. "/" .. ip.cidr_mask
        end
        found[i] = p.public_key .. " " .. table.concat(list, ",")
        expected[i] = rows[i + 1][1] .. " " .. rows[i + 1][4]
      end
      assert.same(expected, found)
      local n = 0
      for _, row in ipairs(rows) do
        n = n + select(2, (row[4] or ""):gsub("/", ""))
      end
      assert.equal(299 * 4 + 3000, n)
    end)

    it_with("is refused with the kernel's words", function()
      local device, err = family:getdevice { ifname = "none" }
      assert.is_nil(device)
      assert.equal("ENODEV", err.code)
      local ok
      ok, err = family:setdevice { ifname = "lo", private_key = KEYS[1].private }
      assert.is_nil(ok)
      assert.equal("EOPNOTSUPP", err.code)
      assert.is_nil(tostring(err):find(KEYS[1].private, 1, true))
      family:close()
      assert.error_matches(function()
        family:getdevice { ifname = "wg0" }
      end, "'getdevice' (closed handle)", 1, true)
    end)
  end)
end)
