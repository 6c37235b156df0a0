-- SPDX-License-Identifier: MIT
-- Messages and tables into each other. No kernel is asked: what it says to these messages, other specs tell.
local codec = require("zlnet.core").codec
local recorded = require "spec.support.codec_data"

local links = { b0 = 4, v1 = 3, v2 = 2 }
local objects = {
  "link", "addr", "route", "neigh", "rule", "nsid", "nexthop", "netconf", "qdisc", "tclass",
  "tfilter",
  "nft.table", "nft.chain", "nft.rule", "nft.set", "nft.setelem", "nft.obj", "nft.gen", "conntrack",
}

-- "table" of "nft.table": operations are "newtable" and so on.
local function noun(object)
  return object:match "[^.]*$"
end

local function hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

local function unhex(text)
  return (text:gsub("%X", ""):gsub("%x%x", function(h)
    return string.char(tonumber(h, 16))
  end))
end

local function header(payload)
  return string.pack("<I4I2I2I4I4", 16 + #payload, 0, 0, 0, 0) .. payload
end

local function attribute(type, payload)
  return string.pack("<I2I2", 4 + #payload, type) .. payload .. ("\0"):rep(-#payload % 4)
end

local function encode(object, op, t)
  return assert(codec.encode(object, op .. noun(object), t, links))
end

-- What the codec sends for a table, less the nlmsghdr.
local function sent(object, op, t)
  return hex(encode(object, op, t):sub(17))
end

-- What comes back of it.
local function again(object, op, t)
  return codec.decode(object, encode(object, op, t))
end

-- Raises, with this text; the name of the function is the core's affair.
local function refuses(text, object, t, op)
  local ok, err = pcall(codec.encode, object, (op or "new") .. noun(object), t, links)
  assert.is_false(ok, "taken, though: " .. text)
  assert.equal(text, err:match "%((.*)%)$")
end

-- All of small is in big.
local function includes(small, big, path)
  for key, value in pairs(small) do
    local at = path .. "." .. tostring(key)
    if type(value) == "table" then
      assert.is_table(big[key], at)
      includes(value, big[key], at)
    else
      assert.equal(value, big[key], at)
    end
  end
end

describe("codec", function()
  describe("says what is said by", function()
    for _, r in ipairs(recorded) do
      it(r.command, function()
        local bytes = assert(codec.encode(r.object, r.op, r.t, links))
        if r.exact then
          assert.equal(r.bytes, hex(bytes:sub(17)))
        end
        assert.same(codec.decode(r.object, header(unhex(r.bytes)), nil, true), codec.decode(r.object, bytes, nil, true))
      end)
    end
  end)

  describe("takes and gives back every row of", function()
    -- values worth a try, by the type of a row; in braces what is given and what comes back, when they differ
    local samples = {
      u8 = { 0, 7, 255 },
      u16 = { 0, 0x1234, 65535 },
      u32 = { 0, 0x12345678, 4294967295 },
      u64 = { 0, 0x123456789abcdef0, math.maxinteger },
      s32 = { -1, -2147483648, 2147483647 },
      be16 = { 0, 0x1234, 65535 },
      be32 = { 0, 0x12345678, 4294967295 },
      be64 = { 0, 0x123456789abcdef0, math.maxinteger },
      bool = { true, false, { 1, true }, { 0, false } },
      flag = { true },
      link = { 5, { "v1", 3 } },
      string = { "x", "a name" },
      ifname = { "x", "fifteen-bytes-x", "ünï" },
      hex = { "00", "0aff" },
      ip = { "10.1.2.3", "fd00::1" },
      ip4 = { "10.1.2.3" },
      ip6 = { "::", "fd00::1" },
      prefix = { "10.1.2.3", { "10.1.2.3/9", "10.1.2.3" }, "fd00::1" },
      via = { "10.1.2.3", "fd00::1" },
      bes32 = { -1, -2147483648, 2147483647 },
      bytes = { "a\0b", "" },
      data = {
        "0050", ("ab"):rep(64), { "10.1.2.3", "0a010203" }, { "02:00:00:00:00:0f", "02000000000f" },
        { "fd00::1", "fd00" .. ("0"):rep(27) .. "1" }, { '"eth0"', "65746830" .. ("0"):rep(24) },
        { { "10.1.2.3", "0050", "06" }, "0a0102030050000006000000" },
      },
    }

    local function samples_of(row)
      if row.names then
        local list = {}
        for i, name in ipairs(row.names) do
          list[i] = row.names.bits and { [name] = true } or name
        end
        return list
      elseif row.type == "mac" then
        return row.max == 6 and { "02:00:00:00:00:0f" } or { "02:00:00:00:00:0f", "01:02", ("ab:"):rep(31) .. "ab" }
      elseif row.type == "string" and row.max > 0 then
        return { "x", ("x"):rep(row.max) }
      end
      return assert(samples[row.type], row.type)
    end

    -- The key of the row which says of which kind a row is: the one before it.
    local function selector_of(row, rows)
      for _, other in ipairs(rows) do
        if other.attribute == row.attribute - 1 then
          return other.key
        end
      end
    end

    -- The sets below a row, each with the keys that must stand beside it to select it.
    local function below(row, rows)
      local list = {}
      if row.type == "list" then
        list[1] = { set = row.set[1].set, beside = {} }
      elseif row.set then
        list[1] = { set = row.set, beside = {} }
      end
      for i, kind in ipairs(row.kinds or {}) do
        local family = kind.number == 7 and "bridge" or "inet6"
        list[i] = { set = kind.set, beside = {} }
        if row.type == "bykind" then
          list[i].beside[selector_of(row, rows)] = kind.kind
        elseif kind.number ~= 0 then
          list[i].beside.family = family
        end
      end
      return list
    end

    -- Tries all rows and those below them; wrap(t) puts a table of these rows in its place in a table of the message.
    local function walk(object, rows, wrap, done)
      if done[rows] then
        return
      end
      done[rows] = true
      for _, row in ipairs(rows) do
        local list = row.many or row.type == "nexthops" or row.type == "array" or row.type == "list"
        if row.type == "indexed" or row.type == "list" and not row.set[1].set then
          for _, sample in ipairs(samples_of(row.set[1])) do
            local t = wrap { [row.key] = { sample, sample } }
            includes(t, again(object, "get", t), object)
          end
          done.n = done.n + 1
        elseif row.set or row.kinds then
          for _, lower in ipairs(below(row, rows)) do
            walk(object, lower.set, function(t)
              local level = { [row.key] = list and { t } or t }
              for key, value in pairs(lower.beside) do
                level[key] = value
              end
              return wrap(level)
            end, done)
          end
        else
          for _, sample in ipairs(samples_of(row)) do
            local given, got = sample, sample
            if type(sample) == "table" and #sample == 2 then
              given, got = sample[1], sample[2]
            end
            local t = again(object, "get", wrap { [row.key] = list and { given } or given })
            includes(wrap { [row.key] = list and { got } or got }, t, object)
          end
          done.n = done.n + 1
        end
      end
    end

    local least = {
      link = 500, addr = 15, route = 60, neigh = 20, rule = 30, nsid = 5, nexthop = 20, netconf = 8,
      qdisc = 50, tclass = 30, tfilter = 15,
      ["nft.table"] = 6, ["nft.chain"] = 15,
      ["nft.rule"] = 80, ["nft.set"] = 90, ["nft.setelem"] = 80, ["nft.obj"] = 10, ["nft.gen"] = 3, conntrack = 20,
    }
    for _, object in ipairs(objects) do
      it(object, function()
        local done = { n = 0 }
        walk(object, codec.rows(object), function(t)
          return t
        end, done)
        assert.is_true(done.n > least[object], done.n .. " rows")
      end)

      it(object .. ": no level has a key twice among its attributes", function()
        local attributes = 0
        local function look(rows, done)
          if done[rows] then
            return
          end
          done[rows] = true
          local seen = {}
          for _, row in ipairs(rows) do
            if row.attribute then
              assert.is_nil(seen[row.key], row.key)
              seen[row.key] = true
              attributes = attributes + 1
            end
            for _, lower in ipairs(row.kinds or { row }) do
              if lower.set then
                look(lower.set, done)
              end
            end
          end
        end
        look(codec.rows(object), {})
        assert.is_true(attributes > least[object] // 2, attributes .. " attributes")
      end)
    end
  end)

  describe("sends, byte for byte,", function()
    it("a veth pair with its peer in another namespace", function()
      assert.equal(
        hex(
          -- struct ifinfomsg: the link is up, and only that is meant
          string.pack("<BBI2i4I4I4", 0, 0, 0, 0, 1, 1)
            .. attribute(3, "va\0")
            .. attribute(
              0x8000 | 18,
              attribute(1, "veth")
                .. attribute(
                  0x8000 | 2,
                  attribute(
                    0x8000 | 1,
                    ("\0"):rep(16)
                      .. attribute(1, "\2\0\0\0\0\9")
                      .. attribute(3, "eth0\0")
                      .. attribute(28, string.pack("<I4", 7))
                  )
                )
            )
            .. attribute(31, string.pack("<I4", 1))
        ),
        sent("link", "new", {
          num_tx_queues = 1,
          linkinfo = {
            data = { peer = { net_ns_fd = 7, ifname = "eth0", address = "02:00:00:00:00:09" } },
            kind = "veth",
          },
          ifname = "va",
          flags = { up = true },
        })
      )
    end)

    it("next hops with their own lengths", function()
      local hop = string.pack("<I2BBi4", 16, 4, 1, 3) .. attribute(5, "\10\0\0\1")
      local via = string.pack("<I2BBi4", 32, 0, 0, 2)
        .. attribute(18, string.pack("<I2", 10) .. "\xfe\x80" .. ("\0"):rep(13) .. "\1")
      assert.equal(
        hex("\2\16\0\0\254\3\0\1\0\0\0\0" .. attribute(1, "\10\1\0\0") .. attribute(9, hop .. via)),
        sent("route", "new", {
          dst = "10.1.0.0/16",
          multipath = {
            { gateway = "10.0.0.1", hops = 1, ifindex = "v1", flags = { onlink = true } },
            { via = "fe80::1", ifindex = "v2" },
          },
        })
      )
    end)

    it("the same bytes for the same table in whatever order it was filled", function()
      local keys = { "ifname", "mtu", "group", "address", "txqlen", "num_rx_queues", "num_tx_queues", "link" }
      local values = { ifname = "x", address = "02:00:00:00:00:01" }
      local first
      for round = 1, 20 do
        local t = {}
        for i = #keys, 2, -1 do
          local j = (round * i) % i + 1
          keys[i], keys[j] = keys[j], keys[i]
        end
        for _, key in ipairs(keys) do
          t[key] = values[key] or 5
        end
        local bytes = sent("link", "new", t)
        first = first or bytes
        assert.equal(first, bytes)
      end
    end)

    it("an empty alias, which takes the alias away", function()
      assert.equal(hex(("\0"):rep(16) .. attribute(20, "")), sent("link", "set", { ifalias = "" }))
    end)

    it("whole floats as integers", function()
      assert.equal(sent("link", "new", { mtu = 1500 }), sent("link", "new", { mtu = 1500.0 }))
    end)
  end)

  describe("makes of links", function()
    it("a mask of the flags which are named", function()
      assert.equal(
        hex(string.pack("<BBI2i4I4I4", 0, 0, 0, 0, 0x80, 0x180)),
        sent("link", "set", { flags = { no_arp = true, promisc = false } })
      )
    end)

    it("a RTM_NEWLINK when a set request has linkinfo, which the kernel would not look at", function()
      local function type_of(t)
        return (string.unpack("<I2", encode("link", "set", t), 5))
      end
      assert.equal(19, type_of { mtu = 1500 })
      assert.equal(16, type_of { linkinfo = { kind = "bridge", data = { stp_state = 1 } } })
    end)

    it("settings in a request nested, in an answer an array", function()
      local t = again("link", "set", { af_spec = { inet = { conf = { proxy_arp = 1, forwarding = 0 } } } })
      assert.same({ inet = { conf = { proxy_arp = 1, forwarding = 0 } } }, t.af_spec)
      local array = attribute(26, attribute(2, attribute(1, string.pack("<I4I4I4", 1, 0, 7))))
      t = codec.decode("link", header(("\0"):rep(16) .. array))
      assert.same({ forwarding = 1, mc_forwarding = 0, proxy_arp = 7 }, t.af_spec.inet.conf)
    end)

    it("what the bridge's family means by af_spec", function()
      local t = { family = "bridge", af_spec = { vlan_info = { { vid = 5, flags = { pvid = true } }, { vid = 6 } } } }
      assert.same(
        { vlan_info = { { vid = 5, flags = { pvid = true } }, { vid = 6, flags = {} } } },
        again("link", "set", t).af_spec
      )
      refuses("af_spec.inet: unknown key", "link", { family = "bridge", af_spec = { inet = {} } }, "set")
      refuses("protinfo: not in messages of this family", "link", { protinfo = {} }, "set")
    end)
  end)

  describe("finds the family of", function()
    for _, case in ipairs {
      { "addr", { ["local"] = "10.0.0.1" }, "inet" },
      { "addr", { address = "fd00::1" }, "inet6" },
      { "route", { dst = "10.0.0.0/8" }, "inet" },
      { "route", { dst = "fd00::/8" }, "inet6" },
      { "route", { dst = "default", gateway = "fe80::1" }, "inet6" },
      { "route", { dst = "default", oif = 3 }, "inet" },
      { "route", { family = "inet6", dst = "default", oif = 3 }, "inet6" },
      { "route", { via = "fe80::1", oif = 3 }, "inet" },
      { "route", { multipath = { { gateway = "fe80::1" } } }, "inet6" },
      { "neigh", { dst = "fe80::1" }, "inet6" },
      { "rule", { src = "fe80::1" }, "inet6" },
      { "rule", { priority = 5 }, "inet" },
      { "neigh", { family = "bridge", dst = "fe80::1" }, "bridge" },
      { "neigh", { family = "bridge", dst = "10.0.0.1" }, "bridge" },
    } do
      it(case[1] .. " " .. case[3], function()
        assert.equal(case[3], again(case[1], "new", case[2]).family)
      end)
    end

    it("messages whose addresses agree only", function()
      refuses("gateway: an IPv6 address in a message of another family", "route", {
        dst = "10.0.0.0/8",
        gateway = "fe80::1",
      })
      refuses("local: an IPv4 address in a message of another family", "addr", {
        family = "inet6",
        ["local"] = "10.0.0.1",
      })
      refuses("src: an IPv6 address in a message of another family", "rule", { dst = "10.0.0.1", src = "fd00::" })
      refuses("multipath[2].gateway: an IPv6 address in a message of another family", "route", {
        dst = "10.0.0.0/8",
        multipath = { { gateway = "10.0.0.1" }, { gateway = "fe80::1" } },
      })
    end)
  end)

  describe("has of lengths", function()
    it("the one after the '/', the one of its key, or all bits", function()
      assert.equal(8, again("route", "new", { dst = "10.0.0.0/8" }).dst_len)
      assert.equal(8, again("route", "new", { dst = "10.0.0.0", dst_len = 8 }).dst_len)
      assert.equal(8, again("route", "new", { dst = "10.0.0.0/8", dst_len = 8 }).dst_len)
      assert.equal(32, again("route", "new", { dst = "10.0.0.1" }).dst_len)
      assert.equal(128, again("route", "new", { dst = "fd00::1" }).dst_len)
      assert.equal(0, again("route", "new", { dst = "0.0.0.0/0" }).dst_len)
      assert.equal(0, again("route", "new", { dst = "0.0.0.0", dst_len = 0 }).dst_len)
      assert.equal(64, again("addr", "new", { ["local"] = "fd00::1/64" }).prefixlen)
      assert.equal(32, again("addr", "new", { ["local"] = "10.0.0.1" }).prefixlen)
    end)

    it("none for the default route", function()
      local t = again("route", "new", { dst = "default", oif = 3 })
      assert.is_nil(t.dst)
      assert.equal(0, t.dst_len)
      assert.same(t, again("route", "new", { oif = 3 }))
    end)

    it("the peer's, which is the address", function()
      local t = again("addr", "new", { ["local"] = "10.0.0.1", address = "10.0.0.2/30" })
      assert.same({ 30, "10.0.0.1", "10.0.0.2" }, { t.prefixlen, t["local"], t.address })
      t = again("addr", "new", { ["local"] = "10.0.0.1/30", address = "10.0.0.2" })
      assert.equal(30, t.prefixlen)
    end)

    it("no contradiction and none that is too long", function()
      refuses("dst: the length of '10.0.0.0/8' contradicts another", "route", { dst = "10.0.0.0/8", dst_len = 9 })
      refuses("dst: the length of '10.0.0.0/8' contradicts another", "route", { dst = "10.0.0.0/8", dst_len = 0 })
      refuses("local: the length of '10.0.0.1/8' contradicts another", "addr", {
        ["local"] = "10.0.0.1/8",
        address = "10.0.0.2/9",
      })
      refuses("dst: a length of at most 32 expected", "route", { dst = "10.0.0.0/33" })
      refuses("dst: a length of at most 32 expected", "route", { dst = "10.0.0.0", dst_len = 64 })
      refuses("dst: a length of at most 128 expected", "route", { dst = "fd00::/129" })
      for _, text in ipairs { "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/0008" } do
        refuses(("dst: no length after the '/' of '%s'"):format(text), "route", { dst = text })
      end
    end)
  end)

  describe("fills in", function()
    it("the address of a new local one, and the reverse", function()
      local t = again("addr", "new", { ["local"] = "10.0.0.1/24" })
      assert.same({ "10.0.0.1", "10.0.0.1", "global" }, { t["local"], t.address, t.scope })
      t = again("addr", "new", { address = "fd00::1/64" })
      assert.same({ "fd00::1", "fd00::1" }, { t["local"], t.address })
      assert.equal("host", again("addr", "new", { ["local"] = "127.0.0.2/8" }).scope)
    end)

    it("no address for a delete which does not know the length", function()
      assert.is_nil(again("addr", "del", { ["local"] = "10.0.0.1" }).address)
      assert.equal("10.0.0.1", again("addr", "del", { ["local"] = "10.0.0.1", prefixlen = 24 }).address)
    end)

    it("lifetimes without end", function()
      local cache = again("addr", "new", { ["local"] = "10.0.0.1", cacheinfo = { prefered = 5 } }).cacheinfo
      assert.same({ prefered = 5, valid = 4294967295, cstamp = 0, tstamp = 0 }, cache)
    end)

    it("what a route is, as ip does", function()
      local function route(op, t)
        t = again("route", op, t)
        return { t.type, t.protocol, t.table, t.scope }
      end
      assert.same({ "unicast", "boot", "main", "link" }, route("new", { dst = "10.0.0.0/8", oif = 3 }))
      assert.same({ "unicast", "boot", "main", "global" }, route("new", { dst = "default", gateway = "10.0.0.1" }))
      assert.same({ "unicast", "boot", "main", "global" }, route("new", { dst = "10.0.0.0/8", nh_id = 5 }))
      assert.same({ "unicast", "boot", "main", "global" }, route("new", { dst = "fd00::/8", oif = 3 }))
      assert.same({ "local", "boot", "local", "host" }, route("new", { dst = "10.0.0.1", type = "local" }))
      assert.same({ "broadcast", "boot", "local", "link" }, route("new", { dst = "10.0.0.1", type = "broadcast" }))
      assert.same({ "blackhole", "boot", "main", "global" }, route("new", { dst = "10.0.0.1", type = "blackhole" }))
      assert.same(
        { "unicast", "static", "default", "site" },
        route("new", { dst = "10.0.0.1", protocol = "static", table = "default", scope = "site" })
      )
      assert.same({ "unspec", "unspec", "main", "nowhere" }, route("del", { dst = "10.0.0.0/8" }))
      assert.same({ "unspec", "unspec", "unspec", "global" }, route("get", { dst = "10.0.0.1" }))
    end)

    it("the state of neighbours and forwarding entries", function()
      local function state(t)
        local word, flags = string.unpack("<I2B", encode("neigh", "new", t), 16 + 8 + 1)
        return { word, flags }
      end
      assert.same({ 0x80, 0 }, state { dst = "10.0.0.1" })
      assert.same({ 0x02, 0 }, state { dst = "10.0.0.1", state = "reachable" })
      assert.same({ 0, 0 }, state { dst = "10.0.0.1", flags_ext = { managed = true } })
      assert.same({ 0xc0, 2 }, state { family = "bridge", lladdr = "02:00:00:00:00:01" })
      assert.same(
        { 0x42, 4 },
        state { family = "bridge", lladdr = "02:00:00:00:00:01", flags = { master = true }, state = "noarp" }
      )
    end)

    it("the table and the action of rules", function()
      local function rule(t)
        t = again("rule", "new", t)
        return { t.action, t.table }
      end
      assert.same({ "to_tbl", "main" }, rule {})
      assert.same({ "to_tbl", 5 }, rule { table = 5 })
      assert.same({ "goto", "unspec" }, rule { ["goto"] = 5 })
      assert.same({ "to_tbl", "unspec" }, rule { l3mdev = true })
      assert.same({ "prohibit", "unspec" }, rule { action = "prohibit" })
      assert.equal("unspec", again("rule", "del", { priority = 5 }).action)
    end)

    it("nothing in what only asks", function()
      assert.equal(hex(("\0"):rep(12)), sent("route", "get", {}))
      assert.equal(hex(("\0"):rep(8)), sent("addr", "get", {}))
      assert.equal(hex(("\0"):rep(12)), sent("rule", "get", {}))
    end)
  end)

  describe("puts in the header or in an attribute", function()
    it("tables up to 255 and above", function()
      assert.equal(hex "\2\0\0\0\255\0\0\0\0\0\0\0", sent("route", "get", { family = "inet", table = 255 }))
      assert.equal(
        hex("\2\0\0\0\0\0\0\0\0\0\0\0" .. attribute(15, "\0\1\0\0")),
        sent("route", "get", { family = "inet", table = 256 })
      )
      assert.equal(4294967295, again("rule", "new", { table = 4294967295 }).table)
    end)

    it("flags of addresses", function()
      assert.is_nil(sent("addr", "new", { flags = { nodad = true } }):find "08000800")
      local t = { flags = { noprefixroute = true, nodad = true } }
      assert.matches("0800080002020000", sent("addr", "new", t))
      assert.same(t.flags, again("addr", "new", t).flags)
    end)
  end)

  describe("refuses", function()
    it("keys it does not know, by their path", function()
      refuses("mtuu: unknown key", "link", { mtuu = 5 })
      refuses("linkinfo.data.forward_dela: unknown key", "link", {
        linkinfo = { kind = "bridge", data = { forward_dela = 5 } },
      })
      refuses("linkinfo.data.peer.mtuu: unknown key", "link", {
        linkinfo = { kind = "veth", data = { peer = { mtuu = 1 } } },
      })
      refuses("multipath[1].oif: unknown key", "route", { multipath = { { oif = 1 } } })
      refuses("metrics.mtuu: unknown key", "route", { metrics = { mtuu = 1 } })
      refuses("names expected as keys, got a number", "link", { "x" })
      refuses("linkinfo: names expected as keys, got a boolean", "link", { linkinfo = { [true] = 1 } })
    end)

    it("values of other types", function()
      for _, case in ipairs {
        { "mtu: integer expected, got string", { mtu = "1500" } },
        { "mtu: integer expected, got boolean", { mtu = true } },
        { "mtu: integer expected, got table", { mtu = {} } },
        { "ifname: string expected, got number", { ifname = 5 } },
        { "address: string expected, got number", { address = 5 } },
        { "linkinfo: table expected, got string", { linkinfo = "veth" } },
        { "flags: table of flags expected, got number", { flags = 1 } },
        { "flags: table of flags expected, got string", { flags = "up" } },
        { "flags: unknown flag 'upp'", { flags = { upp = true } } },
        { "flags: flag 'up': boolean expected, got number", { flags = { up = 1 } } },
        { "flags: names of flags expected as keys, got a number", { flags = { "up" } } },
        { "operstate: unknown name 'UP'", { operstate = "UP" } },
        { "operstate: integer expected, got boolean", { operstate = true } },
        { "carrier: integer expected, got string", { carrier = "on" } },
        { "carrier: integer from 0 to 1 expected", { carrier = 2 } },
        { "linkinfo.data.fdb_flush: boolean expected, got number", {
          linkinfo = { kind = "bridge", data = { fdb_flush = 1 } },
        } },
        { "prop_list.alt_ifname: table expected, got string", { prop_list = { alt_ifname = "x" } } },
        { "prop_list.alt_ifname: list expected", { prop_list = { alt_ifname = { x = "x" } } } },
        { "prop_list.alt_ifname[2]: string expected, got number", { prop_list = { alt_ifname = { "x", 5 } } } },
        { "linkinfo.data.arp_ip_target[2]: IPv4 address expected, got 'fd00::1'", {
          linkinfo = { kind = "bond", data = { arp_ip_target = { "10.0.0.1", "fd00::1" } } },
        } },
      } do
        refuses(case[1], "link", case[2])
      end
    end)

    it("numbers out of range", function()
      for _, case in ipairs {
        { "mtu: integer from 0 to 4294967295 expected", { -1, 1 << 32, 1.5, 0 / 0, 1 / 0, 2 ^ 63 } },
        { "headroom: integer from 0 to 65535 expected", { -1, 65536 } },
        { "linkmode: integer from 0 to 255 expected", { -1, 256 } },
        { "link_netnsid: integer from -2147483648 to 2147483647 expected", { -2147483649, 2147483648 } },
        { "link: integer from 0 to 2147483647 expected", { -1, 2147483648 } },
        { "max_pacing_offload_horizon: integer from -9223372036854775808 to 9223372036854775807 expected",
          { 1.5, 2 ^ 63 } },
      } do
        for _, value in ipairs(case[2]) do
          refuses(case[1], "link", { [case[1]:match "^[^:]*"] = value })
        end
      end
    end)

    it("names of links which the kernel does not take", function()
      local characters = "ifname: no '/', ':', '%', white space or NUL in the name of a link"
      for name, fault in pairs {
        [""] = "ifname: a name of a link is not empty",
        ["sixteen-bytes-xx"] = "ifname: at most 15 bytes",
        ["."] = "ifname: '.' and '..' are no names of links",
        [".."] = "ifname: '.' and '..' are no names of links",
        ["all"] = "ifname: no link can be named 'all' or 'default'",
        ["a/b"] = characters,
        ["a:b"] = characters,
        ["a b"] = characters,
        ["a\tb"] = characters,
        ["a\nb"] = characters,
        ["a\0b"] = characters,
        ["a%d"] = characters,
      } do
        refuses(fault, "link", { ifname = name })
      end
      refuses("linkinfo.data.peer.ifname: at most 15 bytes", "link", {
        linkinfo = { kind = "veth", data = { peer = { ifname = "sixteen-bytes-xx" } } },
      })
      refuses("iifname: at most 15 bytes", "rule", { iifname = "sixteen-bytes-xx" })
    end)

    it("strings that are too long or have a NUL", function()
      refuses("ifalias: at most 255 bytes", "link", { ifalias = ("x"):rep(256) })
      refuses("ifalias: no NUL in this string", "link", { ifalias = "a\0b" })
      refuses("label: at most 15 bytes", "addr", { label = ("x"):rep(16) })
      refuses("linkinfo.kind: at most 55 bytes", "link", { linkinfo = { kind = ("x"):rep(56) } })
    end)

    it("addresses that are none", function()
      for _, text in ipairs {
        "", "x", "2", "02:", ":02", "02:0", "2:0:0:0:0:1", "02-00-00-00-00-01", "02:00:00:00:00:0g", "02:00 ",
        ("00:"):rep(32) .. "00", "02:00:00:00:00:01\0",
      } do
        local ok, err = pcall(codec.encode, "link", "newlink", { address = text })
        assert.is_false(ok, text)
        assert.matches("address: link%-layer address expected", err)
      end
      refuses("linkinfo.data.group_addr: link-layer address expected, got '01:80:c2:00:00'", "link", {
        linkinfo = { kind = "bridge", data = { group_addr = "01:80:c2:00:00" } },
      })
      for _, text in ipairs {
        "", "10.0.0", "10.0.0.256", "10.0.0.1 ", " 10.0.0.1", "010.0.0.1x", "0x0a.0.0.1", "fe80::1%v1", "fe80::g",
        "::1::", ("1"):rep(100), "10.0.0.1\0",
      } do
        local ok, err = pcall(codec.encode, "neigh", "newneigh", { dst = text })
        assert.is_false(ok, text)
        assert.matches("dst: IP address expected", err)
      end
      refuses("linkinfo.data.group: IPv4 address expected, got 'fd00::1'", "link", {
        linkinfo = { kind = "vxlan", data = { group = "fd00::1" } },
      })
      refuses("linkinfo.data.group6: IPv6 address expected, got '10.0.0.1'", "link", {
        linkinfo = { kind = "vxlan", data = { group6 = "10.0.0.1" } },
      })
    end)

    it("data of a kind which is not named or not known", function()
      refuses("linkinfo.data: needs 'kind' beside it", "link", { linkinfo = { data = {} } })
      refuses("linkinfo.slave_data: needs 'slave_kind' beside it", "link", { linkinfo = { slave_data = {} } })
      refuses("linkinfo.data: nothing is known of what 'dummy' has here, and 'unknown' alone is taken", "link", {
        linkinfo = { kind = "dummy", data = { mode = 1 } },
      })
      refuses("encap: nothing is known of what 'mpls' has here, and 'unknown' alone is taken", "route", {
        encap_type = "mpls", encap = { dst = "100" },
      })
    end)

    it("more than a request holds", function()
      local peers = {}
      for i = 1, 2000 do
        peers[i] = { gateway = "10.0.0.1" }
      end
      refuses("multipath[1023]: request too long", "route", { multipath = peers })
      local function sized(n) -- 16 bytes and the header's 16, then the attribute with its own 4
        return codec.encode("link", "newlink", { unknown = { [999] = ("00"):rep(n) } })
      end
      assert.equal(16384, #sized(16384 - 36))
      assert.error_matches(function()
        sized(16384 - 36 + 1)
      end, "request too long", 1, true)
    end)

    it("tables which contain themselves", function()
      local peer = { ifname = "x" }
      peer.linkinfo = { kind = "veth", data = { peer = peer } }
      local ok, err = pcall(codec.encode, "link", "newlink", peer)
      assert.is_false(ok)
      assert.matches("nested too deeply", err)
    end)
  end)

  describe("asks for the index of a link by name", function()
    it("wherever a link is meant", function()
      assert.equal(3, again("link", "new", { master = "v1" }).master)
      assert.equal(3, again("addr", "new", { index = "v1" }).index)
      assert.equal(3, again("route", "new", { oif = "v1" }).oif)
      assert.equal(3, again("neigh", "new", { ifindex = "v1" }).ifindex)
      local t = again("link", "new", { linkinfo = { kind = "vxlan", data = { link = "v1" } } })
      assert.equal(3, t.linkinfo.data.link)
    end)

    it("and tells which one is missing", function()
      assert.same({ nil, "nope" }, { codec.encode("route", "newroute", { dst = "10.0.0.1", oif = "nope" }, links) })
      local hops = { { ifindex = "v1" }, { ifindex = "nope" } }
      assert.same({ nil, "nope" }, { codec.encode("route", "newroute", { multipath = hops }, links) })
    end)

    it("but not where none can be asked for", function()
      local ok, err = pcall(codec.encode, "link", "newlink", { master = "v1" })
      assert.is_false(ok)
      assert.matches("master: the index of a link expected, names are not looked up here", err)
      refuses("master: the index or the name of a link expected", "link", { master = "" })
      refuses("master: the index or the name of a link expected", "link", { master = ("x"):rep(128) })
    end)
  end)

  describe("reads", function()
    local function link(attributes)
      return codec.decode("link", header(("\0"):rep(16) .. attributes))
    end

    it("an attribute in preference to the header's field of the same key", function()
      local route = "\2\0\0\0\252\0\0\0\0\0\0\0"
      assert.equal(1000, codec.decode("route", header(route .. attribute(15, string.pack("<I4", 1000)))).table)
    end)

    it("values without a name as numbers, flags without one under unknown", function()
      assert.equal(77, link(attribute(16, "\77")).operstate)
      local flags = codec.decode("link", header(string.pack("<BBI2i4I4I4", 0, 0, 0, 0, 0x80000001, 0))).flags
      assert.same({ up = true, unknown = 0x80000000 }, flags)
      assert.equal(hex(string.pack("<BBI2i4I4I4", 0, 0, 0, 0, 0x80000001, 0x80000001)), sent("link", "set", {
        flags = flags,
      }))
    end)

    it("no number that is cut short", function()
      for n = 0, 3 do
        assert.is_nil(link(attribute(4, ("\1"):rep(n))).mtu)
      end
      assert.equal(0x01010101, link(attribute(4, "\1\1\1\1")).mtu)
    end)

    it("no next hop that is longer than what holds it", function()
      local function hops(length)
        local hop = string.pack("<I2BBi4", length, 0, 0, 7)
        return codec.decode("route", header("\2\0\0\0\254\0\0\1\0\0\0\0" .. attribute(9, hop))).multipath
      end
      assert.equal(7, hops(8)[1].ifindex)
      for _, length in ipairs { 0, 7, 9, 12, 200, 65535 } do
        assert.same({}, hops(length))
      end
    end)

    it("attributes which it does not know as bytes, and writes them back", function()
      local bytes = header(("\0"):rep(16) .. attribute(4, "\5\0\0\0") .. attribute(999, "x")
        .. attribute(1001 + 0x8000, "") .. attribute(1002, "a") .. attribute(1002, "bc")
        .. attribute(1002, ("d"):rep(100)))
      local t = codec.decode("link", bytes)
      assert.equal(5, t.mtu)
      local unknown = { [999] = "78", [1001 + 0x8000] = "", [1002] = { "61", "6263", ("64"):rep(100) } }
      assert.same(unknown, t.unknown)
      assert.same({ unknown = unknown }, codec.decode("link", bytes, { "unknown" }))
      assert.same({ mtu = 5 }, codec.decode("link", bytes, { "mtu" }))
      assert.same(unknown, codec.decode("link", encode("link", "new", { mtu = 5, unknown = unknown })).unknown)
    end)

    it("nests of which it knows nothing, in their place, and writes them back", function()
      local data = attribute(1, "\1") .. attribute(5 + 0x8000, attribute(2, "xy"))
      local bytes = header(("\0"):rep(16) .. attribute(18, attribute(1, "new\0") .. attribute(2, data)))
      local linkinfo = codec.decode("link", bytes).linkinfo
      assert.same({ kind = "new", data = { unknown = { [1] = "01", [5 + 0x8000] = "0600020078790000" } } }, linkinfo)
      assert.same(linkinfo, codec.decode("link", encode("link", "new", { linkinfo = linkinfo })).linkinfo)
      local route = "\2\0\0\0\254\0\0\0\0\0\0\0"
      for type, text in pairs { [99] = 99, [5] = "seg6" } do
        bytes = header(route .. attribute(21, string.pack("<I2", type)) .. attribute(22, attribute(1, "abc")))
        local t = codec.decode("route", bytes)
        assert.same({ text, { unknown = { [1] = "616263" } } }, { t.encap_type, t.encap })
        assert.same(t.encap, codec.decode("route", encode("route", "new", t)).encap)
      end
      bytes = header(route .. attribute(21, "\99\0") .. attribute(22, "no nest"))
      assert.same({ [22] = "6e6f206e657374" }, codec.decode("route", bytes).unknown)
    end)

    it("values which it cannot make out as bytes", function()
      local t = link(attribute(4, "\1") .. attribute(1, ("\1"):rep(65)))
      assert.same({ [4] = "01", [1] = ("01"):rep(65) }, t.unknown)
      assert.is_nil(link(attribute(1, "")).unknown) -- no address
      local mpls = codec.decode("route", header("\28\20\0\0\254\0\0\1\0\0\0\0" .. attribute(1, "\0\1\0\1")))
      assert.same({ [1] = "00010001" }, mpls.unknown)
    end)

    it("no unknown attribute that is none", function()
      for case, t in pairs {
        ["unknown: table expected, got string"] = { unknown = "00" },
        ["unknown: types of attributes expected as keys: integers from 0 to 65535"] = { unknown = { x = "00" } },
        ["unknown[5]: hexadecimal bytes expected"] = { unknown = { [5] = "0" } },
        ["unknown[6]: hexadecimal bytes expected"] = { unknown = { [6] = "zz" } },
        ["unknown[7]: string expected, got number"] = { unknown = { [7] = { 1 } } },
        ["stats64.unknown: unknown key"] = { stats64 = { unknown = {} } },
        ["linkinfo.data: nothing is known of what 'new' has here, and 'unknown' alone is taken"] = {
          linkinfo = { kind = "new", data = { mode = 1 } },
        },
      } do
        refuses(case, "link", t)
      end
    end)

    it("only the keys that are wanted", function()
      local bytes = encode("link", "new", { ifname = "x", mtu = 5, index = 9, linkinfo = { kind = "dummy" } })
      assert.same({ ifname = "x", index = 9 }, codec.decode("link", bytes, { "ifname", "index" }))
      assert.same({ linkinfo = { kind = "dummy" } }, codec.decode("link", bytes, { "linkinfo" }))
      assert.same({}, codec.decode("link", bytes, {}))
      assert.error_matches(function()
        codec.decode("link", bytes, { "ifnam" })
      end, "unknown key 'ifnam'")
      bytes = encode("route", "new", { dst = "10.0.0.0/8", table = 1000 })
      assert.same({ table = 1000 }, codec.decode("route", bytes, { "table" }))
    end)

    it("the same keys from a message that is trimmed to them", function()
      local function same(object, bytes, keys)
        local trimmed = codec.trim(object, bytes, keys)
        assert.is_true(#trimmed <= #bytes)
        assert.same(codec.decode(object, bytes, keys), codec.decode(object, trimmed, keys))
        return #trimmed
      end
      for _, r in ipairs(recorded) do
        local bytes = header(unhex(r.bytes))
        local all = {}
        for key in pairs(codec.decode(r.object, bytes)) do
          all[#all + 1] = key
          same(r.object, bytes, { key })
          same(r.object, bytes, { key, all[1], "unknown" })
        end
        same(r.object, bytes, all)
      end
      local route = encode("route", "new", {
        dst = "10.0.0.0/8", oif = 2, encap_type = "ip", encap = { id = 7, dst = "192.0.2.1" },
      })
      assert.equal(7, codec.decode("route", codec.trim("route", route, { "encap" }), { "encap" }).encap.id)
      assert.equal(28, same("route", route, {}))
      assert.equal(28 + 8, same("route", route, { "oif" }))
    end)

    it("data of a kind which follows it, of a kind it does not know as bytes", function()
      local data = attribute(2, attribute(1, string.pack("<I4", 9)))
      local function info(kind)
        return link(attribute(18, data .. kind)).linkinfo
      end
      assert.same({ kind = "bridge", data = { forward_delay = 9 } }, info(attribute(1, "bridge\0")))
      local bytes = { unknown = { [1] = "09000000" } }
      assert.same({ kind = "bridgf", data = bytes }, info(attribute(1, "bridgf\0")))
      assert.same({ data = bytes }, info "")
    end)

    it("structures which are shorter or longer than it knows", function()
      assert.same({ rx_packets = 1 }, link(attribute(23, string.pack("<I8I4", 1, 2))).stats64)
      local long = link(attribute(23, string.pack("<I8", 7):rep(50))).stats64
      assert.equal(7, long.rx_otherhost_dropped)
    end)

    it("numbers which the kernel shortened", function()
      assert.equal(9, link(attribute(66, string.pack("<I4", 9))).max_pacing_offload_horizon)
      assert.equal(1 << 40, link(attribute(66, string.pack("<I8", 1 << 40))).max_pacing_offload_horizon)
    end)

    it("no address where there is none", function()
      local mpls = "\28\20\0\0\254\4\0\1\0\0\0\0"
      assert.is_nil(codec.decode("route", header(mpls .. attribute(1, "\0\6\65\0"))).dst)
      assert.is_nil(link(attribute(1, "")).address)
    end)

    it("the same state of forwarding entries which bridge(8) writes", function()
      local function state(word)
        return codec.decode("neigh", header(string.pack("<BBI2i4I2BB", 7, 0, 0, 3, word, 2, 0))).state
      end
      assert.same({ "permanent", "noarp", "permanent", "noarp", 0x81 }, {
        state(0x80), state(0x40), state(0xc0), state(0x42), state(0x81),
      })
    end)

    it("anything, however malformed, within its bounds", function()
      -- the build with sanitizers says if it reads past the end
      local random = 12345
      local function rand(n)
        random = (random * 1103515245 + 12345) % 2147483648
        return random // 65536 % n
      end
      for _, r in ipairs(recorded) do
        local bytes = header(unhex(r.bytes))
        for n = 16, #bytes do
          assert.is_table(codec.decode(r.object, bytes:sub(1, n)))
        end
        for _ = 1, 60 do
          local at = 17 + rand(#bytes - 16)
          local broken = bytes:sub(1, at - 1) .. string.char(rand(256)) .. bytes:sub(at + 1)
          assert.is_table(codec.decode(r.object, broken, nil, true))
          local keys = { next(codec.decode(r.object, bytes)) }
          keys[2] = nil
          local trimmed = codec.trim(r.object, broken, keys)
          assert.same(codec.decode(r.object, broken, keys), codec.decode(r.object, trimmed, keys))
          assert.is_string(codec.path(r.object, broken, 16 + rand(#bytes)))
          assert.is_string(codec.path(r.object, broken, 16 + rand(#bytes), rand(80)))
        end
      end
    end)
  end)

  describe("names the path of", function()
    local bytes = encode("link", "new", {
      ifname = "va",
      linkinfo = { kind = "veth", data = { peer = { ifname = "vb", mtu = 5 } } },
    })

    local function at(part)
      return assert(bytes:find(part, 1, true)) - 1
    end

    it("the attribute at an offset", function()
      assert.equal("ifname", codec.path("link", bytes, at(attribute(3, "va\0"))))
      assert.equal("linkinfo.data.peer.ifname", codec.path("link", bytes, at(attribute(3, "vb\0"))))
      assert.equal("linkinfo.data.peer.mtu", codec.path("link", bytes, at(attribute(4, "\5\0\0\0"))))
      assert.equal("linkinfo.data.peer.mtu", codec.path("link", bytes, at(attribute(4, "\5\0\0\0")) + 4))
      assert.equal("linkinfo", codec.path("link", bytes, at "\18\x80"  - 2))
      assert.equal("linkinfo.kind", codec.path("link", bytes, at(attribute(1, "veth"))))
    end)

    it("an element of a list, which counts from 1", function()
      local bond = encode("link", "new", {
        linkinfo = { kind = "bond", data = { arp_ip_target = { "10.0.0.1", "10.0.0.2" } } },
      })
      local second = assert(bond:find("\10\0\0\2", 1, true)) - 1
      assert.equal("linkinfo.data.arp_ip_target[2]", codec.path("link", bond, second))
    end)

    it("nothing, outside of attributes", function()
      assert.equal("", codec.path("link", bytes, 0))
      assert.equal("", codec.path("link", bytes, 16))
      assert.equal("", codec.path("link", bytes, #bytes))
      assert.equal("", codec.path("link", bytes, 0xffffffff))
    end)

    it("an attribute without a row by its number", function()
      local odd = header(("\0"):rep(16) .. attribute(999, "x"))
      assert.equal("#999", codec.path("link", odd, 32))
    end)

    it("an attribute which is missing", function()
      assert.equal("mtu", codec.path("link", bytes, nil, 4))
      assert.equal("linkinfo.data.peer.address", codec.path("link", bytes, at(attribute(3, "vb\0")) - 20, 1))
      assert.equal("linkinfo.data", codec.path("link", bytes, at "\18\x80" - 2, 2))
      assert.equal("#99", codec.path("link", bytes, nil, 99))
    end)
  end)
end)
