-- SPDX-License-Identifier: MIT
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local tunnel = require "spec.support.wireguard"
local wireguard = require "zlnet.overlay.wireguard"
local zlnet = require "zlnet"

local KEYS = tunnel.keys

local function it_with(name, f)
  it(name, tunnel.there and f or function()
    pending(tunnel.missing)
  end)
end

-- A peer by number, with two subnets.
local function peer(n, more)
  local p = { public_key = tunnel.key(n), endpoint = ("192.0.2.%d:51820"):format(n),
    subnets = { ("10.201.%d.0/24"):format(n), ("fd00:201:%x::/64"):format(n) } }
  for key, value in pairs(more or {}) do
    p[key] = value
  end
  return p
end

-- Rows as the kernel would list them.
local function row(p)
  local ips = {}
  for i, text in ipairs(p.subnets) do
    local address, length = text:match "^(.-)/(%d+)$"
    ips[i] = { family = address:find ":" and "inet6" or "inet", ipaddr = address,
      cidr_mask = math.tointeger(tonumber(length)) }
  end
  return { public_key = p.public_key, endpoint = p.endpoint, allowedips = ips, preshared_key = ("A"):rep(43) .. "=",
    persistent_keepalive_interval = 0, last_handshake_time = { sec = 0, nsec = 0 } }
end

describe("the tunnel of an overlay", function()
  helper.insulate()

  local options = require "zlnet.overlay.options"
  local O = { kind = "wireguard", private_key = KEYS[1].private }
  local DEVICE = { private_key = KEYS[1].private }

  local function differences(list, rows, before)
    local device = { private_key = DEVICE.private_key, peers = {} }
    for i, p in ipairs(rows) do
      device.peers[i] = p.allowedips and p or row(p)
    end
    local self = { o = O, peers = before }
    return (wireguard.differences(self, device, (options.peers("sync", "wireguard", list, {})), {}))
  end

  it("keeps private keys as the kernel does", function()
    for _, pair in ipairs(KEYS) do
      assert.equal(pair.private, wireguard.clamp(pair.private)) -- wg genkey has done it already
    end
    assert.equal("+P" .. ("/"):rep(39) .. "38=", wireguard.clamp(("/"):rep(42) .. "8="))
  end)

  it("needs nothing where all is as it should be", function()
    local found = differences({ peer(2), peer(3) }, { peer(3), peer(2) })
    assert.same({ {}, {}, {} }, { found.ops, found.orphans, found.lost })
  end)

  it("adds, changes and removes peers", function()
    local found = differences({ peer(2), peer(3, { persistent_keepalive = 25 }) }, { peer(3), peer(4) })
    local texts = {}
    for i, op in ipairs(found.ops) do
      texts[i] = op.how .. " " .. op.peer
    end
    assert.same({ "removed " .. tunnel.key(2), "changed " .. tunnel.key(3), "added " .. tunnel.key(4) }, texts)
    assert.same({ public_key = tunnel.key(3), flags = { update_only = true }, persistent_keepalive_interval = 25 },
      found.ops[2].entry)
    assert.is_true(found.ops[3].entry.flags.remove_me)
  end)

  it("moves allowed IPs by adding them, and drops those that nobody gets by way of a peer that goes at once", function()
    local heir = peer(3, { subnets = { "10.201.3.0/24", "fd00:201:3::/64", "10.201.2.0/24" } })
    local found = differences({ peer(2, { subnets = {} }), heir }, { peer(2), peer(3) })
    assert.same({ { family = "inet6", ipaddr = "fd00:201:2::", cidr_mask = 64 } }, found.orphans)
    assert.same({ { family = "inet", ipaddr = "10.201.2.0", cidr_mask = 24 } }, found.ops[2].entry.allowedips)
    assert.is_nil(found.ops[2].entry.flags.replace_allowedips)
    assert.same({ [tunnel.key(2)] = true }, found.lost)
  end)

  it("leaves a peer that has roamed where it is, unless the list changed", function()
    local away = row(peer(2))
    away.endpoint, away.last_handshake_time = "198.51.100.9:40000", { sec = 1700000000, nsec = 0 }
    local before = { [tunnel.key(2)] = options.peers("sync", "wireguard", { peer(2) }, {})[1] }
    assert.same({}, differences({ peer(2) }, { away }, before).ops)
    assert.equal("192.0.2.2:51820", differences({ peer(2) }, { away }).ops[1].entry.endpoint)
    assert.equal("192.0.2.99:1", differences({ peer(2, { endpoint = "192.0.2.99:1" }) }, { away }, before)
      .ops[1].entry.endpoint)
    away.last_handshake_time.sec = 0
    assert.equal("192.0.2.2:51820", differences({ peer(2) }, { away }, before).ops[1].entry.endpoint)
  end)

  it("sets the device's keys where they differ", function()
    local device = { private_key = KEYS[2].private, listen_port = 1, fwmark = 3 }
    local self = { o = { kind = "wireguard", private_key = KEYS[1].private, listen_port = 51820 } }
    assert.same({ private_key = KEYS[1].private, listen_port = 51820, fwmark = 0 },
      (wireguard.differences(self, device, {}, {})).config)
  end)

  it("is refused clearly where the kernel has no wireguard", function()
    local o <close> = assert(zlnet.overlay { name = "ovw", kind = "wireguard", private_key = KEYS[1].private })
    local result, err = o:sync {}
    if tunnel.there then
      assert.is_table(result)
      o:delete()
    elseif not result then
      assert.equal("ENOENT", err.code)
      assert.match("this kernel has no generic netlink family 'wireguard'", tostring(err))
      assert.is_nil(fixture.link "ovw")
    end
  end)

  describe("in the kernel", function()
    local o
    before_each(function()
      if tunnel.there then
        fixture.underlay()
        o = assert(zlnet.overlay { name = "ovw", kind = "wireguard", private_key = KEYS[1].private,
          listen_port = 51820, ip = { "10.201.1.1", "fd00:201:1::1" } })
      end
    end)
    after_each(function()
      if tunnel.there then
        o:delete()
        o:close()
        fixture.clean "wan"
      end
    end)

    local function synced(list, expected)
      local result = assert(o:sync(list))
      local found = {}
      for _, what in ipairs { "added", "changed", "removed", "mended" } do
        found[what] = #result[what] > 0 and result[what] or nil
      end
      assert.same({}, result.failed)
      assert.same(expected, found)
    end

    -- "public key endpoint allowed-ips keepalive" of each peer, sorted.
    local function peers()
      local list = {}
      for i, r in ipairs(tunnel.dump "ovw") do
        local ips = {}
        for ip in (r[4] or ""):gmatch "[^,]+" do
          ips[#ips + 1] = ip
        end
        table.sort(ips)
        list[i - 1] = i > 1 and table.concat({ r[1], r[3], table.concat(ips, ","), r[8] }, " ") or nil
      end
      list[0] = nil
      table.sort(list)
      return list
    end

    local function text(p)
      local ips = table.move(p.subnets, 1, #p.subnets, 1, {})
      table.sort(ips)
      return table.concat({ p.public_key, p.endpoint, #ips > 0 and table.concat(ips, ",") or "(none)",
        p.persistent_keepalive or "off" }, " ")
    end

    local function texts(list)
      local found = {}
      for i, p in ipairs(list) do
        found[i] = text(p)
      end
      table.sort(found)
      return found
    end

    it_with("is made, compared, changed and mended as wg shows it", function()
      local list = { peer(2), peer(3, { persistent_keepalive = 25, preshared_key = KEYS[3].private }) }
      synced(list, { added = { tunnel.key(2), tunnel.key(3) } })
      assert.same(texts(list), peers())
      local device = tunnel.dump "ovw"
      assert.same({ KEYS[1].private, KEYS[1].public, "51820", "off" }, device[1])
      local preshared = { [device[2][1]] = device[2][2], [device[3][1]] = device[3][2] }
      assert.same({ [tunnel.key(2)] = "(none)", [tunnel.key(3)] = KEYS[3].private }, preshared)
      assert.equal(1440, fixture.link("ovw").mtu) -- all endpoints are IPv4
      assert.equal(5, #fixture.tables("ovw").route)
      synced(list, {})
      -- a subnet moves, another goes, a peer goes, one comes
      local heir = peer(3, { subnets = { "10.201.3.0/24", "10.201.2.0/24" } })
      local new = { peer(2, { subnets = { "fd00:201:2::/64" } }), heir, peer(4) }
      synced(new, { changed = { tunnel.key(2), tunnel.key(3) }, added = { tunnel.key(4) } })
      assert.same(texts(new), peers())
      synced({ heir }, { removed = { tunnel.key(2), tunnel.key(4) } })
      assert.same(texts { heir }, peers())
      for _, change in ipairs { "peer %s remove", "peer %s allowed-ips 10.9.0.0/16", "peer %s endpoint 192.0.2.9:9",
        "peer %s persistent-keepalive 3", "peer " .. tunnel.key(9) .. " allowed-ips 10.201.3.0/24" } do
        assert.is_true((helper.sh("wg set ovw " .. change:format(heir.public_key))))
        assert.is_true(#assert(o:sync { heir }).mended > 0, change)
        assert.same(texts { heir }, peers(), change)
      end
    end)

    it_with("is put right without an announcement, within some seconds", function()
      synced({ peer(2) }, { added = { tunnel.key(2) } })
      assert(o:pollfd())
      helper.sh("wg set ovw peer " .. tunnel.key(2) .. " remove")
      helper.eventually(function()
        local event = o:next(0.1)
        return event and event.what == "peer" and event.how == "removed"
      end)
      assert.same(texts { peer(2) }, peers())
    end)

    it_with("is planned as commands of ip and wg that make the same", function()
      local file = os.tmpname()
      local f = assert(io.open(file, "w"))
      f:write(KEYS[1].private, "\n")
      f:close()
      finally(function()
        os.remove(file)
      end)
      local lists = { { peer(2), peer(3) },
        { peer(3, { subnets = { "10.201.2.0/24" }, persistent_keepalive = 7 }) }, {} }
      local made = {}
      for i, list in ipairs(lists) do
        assert(o:sync(list))
        made[i] = { peers(), fixture.tables "ovw", tunnel.dump("ovw")[1] }
      end
      o:delete()
      for i, list in ipairs(lists) do
        local script = tostring(assert(o:plan(list)))
        assert.is_nil(script:find(KEYS[1].private, 1, true))
        local ok, said = helper.sh(("PRIVATE_KEY=%s; %s"):format(file, script))
        assert.is_true(ok, script .. said)
        assert.same(made[i], { peers(), fixture.tables "ovw", tunnel.dump("ovw")[1] }, script)
      end
    end)

    it_with("takes back a peer whose route is refused", function()
      helper.ip("route", "add", "10.201.3.0/24", "dev", "wan")
      local result = assert(o:sync { peer(2), peer(3) })
      assert.same({ tunnel.key(2) }, result.added)
      assert.equal("EEXIST", result.failed[1].code)
      assert.same(texts { peer(2) }, peers())
    end)

    it_with("carries packets, counts them, and loses none while another peer changes", function()
      local node = helper.container()
      helper.ip("link", "add", "wan3", "type", "veth", "peer", "name", "wan", "netns", node.pid)
      helper.ip("addr", "add", "198.51.100.1/24", "dev", "wan3")
      helper.ip("link", "set", "wan3", "up")
      node:ip("addr", "add", "198.51.100.2/24", "dev", "wan")
      node:ip("link", "set", "wan", "up")
      finally(function()
        fixture.clean "wan3"
      end)
      local there <close> = assert(zlnet.with_netns(node.pid, zlnet.overlay, { name = "ovw", kind = "wireguard",
        private_key = KEYS[2].private, listen_port = 51820, ip = { "10.202.2.1", "fd00:202:2::1" } }))
      local far = { public_key = KEYS[2].public, endpoint = "198.51.100.2:51820",
        subnets = { "10.202.2.0/24", "fd00:202:2::/64" } }
      assert.same({}, assert(o:sync { far }).failed)
      assert.same({}, assert(there:sync { { public_key = KEYS[1].public, endpoint = "198.51.100.1:51820",
        subnets = { "10.201.1.0/24", "fd00:201:1::/64" } } }).failed)
      helper.eventually(function()
        return helper.ping(nil, "10.202.2.1")
      end)
      assert.is_true((helper.ping(nil, "fd00:202:2::1")))
      local running = io.popen "ping -n -q -c 100 -i 0.01 -W 5 10.202.2.1"
      for i = 1, 20 do
        local subnets = { "10.203.0.0/24", i % 2 == 0 and "10.204.0.0/24" or nil }
        assert(o:sync { far, peer(3 + i % 3, { subnets = subnets }) })
      end
      local said = running:read "a"
      running:close()
      assert.match("100 packets transmitted, 100 received", said)
      local stats = assert(o:stats()).peers[KEYS[2].public]
      assert.equal("198.51.100.2:51820", stats.endpoint)
      assert.is_true(stats.rx_bytes > 0 and stats.tx_bytes > 0 and stats.last_handshake > 0)
      local shown = assert(o:show())
      assert.same({ KEYS[1].public, 51820 }, { shown.public_key, shown.listen_port })
      assert.is_nil(require("dkjson").encode(shown):find(KEYS[1].private, 1, true))
      there:delete()
    end)
  end)
end)
