-- SPDX-License-Identifier: MIT
-- What a request asks for is what is done, and what comes back: no filter is passed over, no delete takes what it does
-- not name, no answer belongs to an earlier request, none to another process.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local lfs = require "lfs"
local process = require "spec.support.process"

local function elsewhere()
  local ns <close> = assert(core.netns.new())
  return assert(core.open(ns))
end

local function bridge(h, name)
  return assert(h:newlink { ifname = name, flags = { up = true }, linkinfo = { kind = "bridge" } })
end

describe("after a dump that was given up", function()
  helper.insulate()

  local function given_up(h)
    assert(h:setlink { ifname = "lo", flags = { up = true } })
    local batch = h:batch()
    for i = 0, 9999 do
      assert(batch:newroute({ dst = ("10.%d.%d.0/24"):format(i // 256, i % 256), oif = "lo" }, "replace"))
    end
    assert.is_nil(select(2, batch:send()))
    h:settimeout(0)
    local _, err
    repeat
      _, err = h:getroutes { table = "main" }
    until err
    assert.equal("ETIMEDOUT", err.code)
    h:settimeout(30)
  end

  it("a change is reported as it went, and so is a refusal", function()
    local h <close> = elsewhere()
    given_up(h)
    assert.is_true(h:newaddr { index = "lo", ["local"] = "10.1.1.1/24" })
    given_up(h)
    local _, err = h:dellink { index = 999 }
    assert.equal("ENODEV", err.code)
  end)

  it("a dump is whole, and a batch has its results", function()
    local h <close> = elsewhere()
    given_up(h)
    assert.equal(10000, #assert(h:getroutes { family = "inet", table = "main" }))
    given_up(h)
    local batch = h:batch()
    batch:getlink { ifname = "lo" }
    batch:newaddr { index = "lo", ["local"] = "10.1.1.1/24" }
    local results, failed = batch:send()
    assert.same({ nil, "lo", true }, { failed, results[1].ifname, results[2] })
  end)

  it("the time of the next request counts for what is left of it, too", function()
    local h <close> = elsewhere()
    given_up(h)
    h:settimeout(0)
    local calls = 0
    repeat -- each takes some of it
      local ok, err = h:getaddrs()
      calls = calls + 1
      assert.is_true(ok ~= nil or err.code == "ETIMEDOUT")
    until ok
    assert.is_true(calls >= 1)
  end)
end)

describe("a socket", function()
  helper.insulate()

  it("takes nothing that another process sends, whatever its length", function()
    if not helper.sh "command -v python3" then
      pending "no python3"
    end
    local h <close> = assert(core.open())
    assert(h:getlink { ifname = "lo" })
    local _, output = helper.sh(([[exec python3 -c '
import socket
port = int([l for l in open("/proc/net/netlink").read().splitlines()[1:] if l.split()[9] == "%d"][0].split()[2])
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
for n in (16, 9000, 100000):
    for i in range(50):
        try: s.sendto(bytes(n), socket.MSG_DONTWAIT, (port, 0)); print("taken")
        except ConnectionRefusedError: print("refused")
']]):format(lfs.symlinkattributes("/proc/self/fd/" .. h:fd(), "target"):match "%d+"))
    assert.equal(150, select(2, output:gsub("refused\n", "")), output)
    assert.equal("lo", assert(h:getlink { ifname = "lo" }).ifname)
    assert.is_true(#assert(h:getlinks()) >= 1)
  end)
end)

describe("in a child made by fork", function()
  helper.insulate()

  it("a handle, batch, monitor and job of the parent's are refused by name and can be closed", function()
    local _, output = process [[
      local core = require "zlnet.core"
      local h = assert(core.open())
      local b = h:batch()
      b:getlink { ifname = "lo" }
      local m = assert(core.monitor(nil, { "link" }))
      local work = h:batch()
      work:getlink { ifname = "lo" }
      local j = assert(h:submit(work))
      if process.fork() > 0 then
        process.wait()
        assert(h:getlink { ifname = "lo" })
        assert(j:result())
        print "the parent's work"
        os.exit(0, false)
      end
      for _, try in ipairs {
        function() return h:getlinks() end, function() return b:send() end,
        function() return b:getlink { index = 1 } end,
        function() return m:receive() end, function() return j:result() end, function() return h:fd() end,
      } do
        print(select(2, pcall(try)))
      end
      local own <close> = assert(core.open())
      assert(own:getlinks())
      j:close() m:close() h:close()
      print "closed"
      os.exit(0, false)]]
    local said = {}
    for what in output:gmatch "%((%l+) of the process that made this one by fork%)" do
      said[#said + 1] = what
    end
    assert.same({ "handle", "batch", "batch", "monitor", "job", "handle" }, said, output)
    assert.match("closed\n", output)
    assert.match("the parent's work\n", output)
  end)
end)

describe("a filter of a dump", function()
  helper.insulate()

  local h

  before_each(function()
    h = elsewhere()
    bridge(h, "br0")
    local peer = { ifname = "a1" }
    assert(h:newlink { ifname = "a0", master = "br0", linkinfo = { kind = "veth", data = { peer = peer } } })
  end)
  after_each(function()
    h:close()
  end)

  local function names(filter, keys)
    local list = {}
    for i, link in ipairs(assert(h:getlinks(filter, keys))) do
      list[i] = link.ifname
    end
    table.sort(list)
    return list
  end

  it("that the kernel passes over is applied: kinds it does not know, ports, families, no master", function()
    assert.same({}, names { linkinfo = { kind = "no-such-kind" } })
    assert.same({ "br0" }, names { linkinfo = { kind = "bridge" } })
    assert.same({ "a0" }, names { linkinfo = { slave_kind = "bridge" } })
    assert.same({}, names { linkinfo = { slave_kind = "no-such-kind" } })
    assert.same({}, names { master = "br0", linkinfo = { kind = "no-such-kind" } })
    assert.same({ "a0" }, names { master = "br0", linkinfo = { kind = "veth" } })
    assert.same({ "a1", "br0", "lo" }, names { master = 0 })
    assert.same({ "a0" }, names({ linkinfo = { slave_kind = "bridge" } }, { "ifname", "linkinfo" }))
    assert.same({ "br0" }, names { linkinfo = { kind = "bridge", data = { priority = 32768 } } })
    assert.same({}, names { linkinfo = { kind = "bridge", data = { priority = 1 } } })
    assert.same({}, names { family = "mpls" })
    assert.same({}, assert(h:getaddrs { family = "bridge" }))
  end)

  it("that the kernel does not take is its refusal", function()
    for _, filter in ipairs { { mtu = 1500 }, { ifname = "br0" } } do
      local list, err = h:getlinks(filter)
      assert.is_nil(list)
      assert.equal("EINVAL", err.code)
    end
  end)
end)

describe("one object", function()
  helper.insulate()

  it("of those that the kernel only lists is found by what it is said to be", function()
    local h <close> = elsewhere()
    local br = bridge(h, "br0")
    assert(h:newaddr { index = "br0", ["local"] = "fd01::1/64", flags = { nodad = true } })
    assert(h:newaddr { index = "br0", ["local"] = "10.1.0.1/24" })
    assert(h:newaddr { index = "br0", ["local"] = "10.1.0.2/16" })
    assert.equal(64, assert(h:getaddr { address = "fd01::1", index = "br0" }).prefixlen)
    assert.equal("fd01::1", assert(h:getaddr { ["local"] = "fd01::1/64" }).address)
    assert.equal(16, assert(h:getaddr { ["local"] = "10.1.0.2" }).prefixlen)
    assert.same({ prefixlen = 24 }, h:getaddr({ ["local"] = "10.1.0.1" }, { "prefixlen" }))
    for _, row in ipairs(assert(h:getaddrs())) do
      assert.equal(row.address, assert(h:getaddr(row)).address)
    end
    for _, t in ipairs { { address = "fd01::2" }, { address = "fd01::1/48" }, { address = "fd01::1", index = "lo" } } do
      local row, err = h:getaddr(t)
      assert.is_nil(row)
      assert.equal("EADDRNOTAVAIL", err.code)
    end
    assert.equal("main", assert(h:getrule { priority = 32766, family = "inet" }).table)
    local none, err = h:getrule { priority = 77 }
    assert.same({ nil, "ENOENT" }, { none, err.code })
    assert.error_matches(function()
      h:getaddr {}
    end, "nothing is named", 1, true)
    assert.is_truthy(br)
  end)

  it("has its counters where they are wanted", function()
    local h <close> = elsewhere()
    assert.is_number(assert(h:getlink { ifname = "lo" }).stats64.rx_packets)
    assert.is_number(assert(h:getlink({ ifname = "lo" }, { "stats64" })).stats64.rx_packets)
    assert.is_number(assert(h:getlinks(nil, { "stats64" }))[1].stats64.rx_packets)
  end)
end)

describe("a delete that names nothing", function()
  helper.insulate()

  it("raises before anything is done, in a batch too", function()
    local h <close> = elsewhere()
    local ns <close> = assert(h:netns())
    bridge(h, "br0")
    assert(h:newaddr { index = "br0", ["local"] = "10.1.0.1/24" })
    assert(h:newroute { gateway = "10.1.0.2" })
    local batch = h:batch()
    local function ip(words)
      local _, output = helper.sh(("nsenter --net=/proc/%s/fd/%d ip %s"):format(
        lfs.symlinkattributes("/proc/self", "target"), ns:fd(), words))
      return output
    end
    local nothing = {
      delrule = {
        {}, { family = "inet" }, { action = "to_tbl" }, { tos = 0 }, { src = "default" }, { table = "unspec" },
        { family = "inet6", flags = {} },
      },
      delroute = {
        {}, { table = "main" }, { oif = "br0" }, { family = "inet6" }, { priority = 0 }, { gateway = "10.1.0.2" },
      },
      deladdr = { {}, { index = "br0" }, { index = "br0", prefixlen = 24 } },
      delneigh = { {}, { ifindex = "br0" }, { ifindex = "br0", family = "bridge" } },
      dellink = { {}, { mtu = 5 }, { linkinfo = { kind = "bridge" } } },
    }
    for method, list in pairs(nothing) do
      for _, t in ipairs(list) do
        for _, on in ipairs { h, batch } do
          assert.error_matches(function()
            on[method](on, t)
          end, "is named", 1, true)
        end
      end
    end
    assert.equal(0, #batch)
    assert.match("lookup local", ip "rule")
    assert.match("default via 10.1.0.2", ip "route")
    assert.match("10.1.0.1/24", ip "addr show br0")
  end)

  it("is not one of the default route, by its name or as read", function()
    local h <close> = elsewhere()
    bridge(h, "br0")
    assert(h:newaddr { index = "br0", ["local"] = "10.1.0.1/24" })
    assert(h:newroute { gateway = "10.1.0.2" })
    assert(h:delroute { dst = "default" })
    assert(h:newroute { gateway = "10.1.0.2" })
    for _, route in ipairs(assert(h:getroutes { family = "inet", table = "main" })) do
      if route.gateway then
        assert(h:delroute(route))
      end
    end
    assert.equal(1, #assert(h:getroutes { family = "inet", table = "main" }))
  end)
end)

describe("rules", function()
  helper.insulate()

  it("of priority 0 are read with it, and with ids above 2^63 are deleted as read", function()
    local h <close> = elsewhere()
    assert(h:newrule { priority = 301, tun_id = -1, table = 7 })
    local found = 0
    for _, rule in ipairs(assert(h:getrules { family = "inet" })) do
      if rule.table == "local" then
        found = found + 1
        assert.equal(0, rule.priority)
      elseif rule.tun_id then
        found = found + 1
        assert.equal(-1, rule.tun_id)
        assert(h:delrule(rule))
      end
    end
    assert.equal(2, found)
    assert.equal(3, #assert(h:getrules { family = "inet" }))
    local rule = assert(h:getrule { priority = 0, family = "inet" })
    assert(h:delrule(rule))
    assert(h:newrule(rule))
    assert.same(rule, h:getrule { priority = 0, family = "inet" })
    assert.is_nil(h:getrules(nil, { "table" })[1].priority)
  end)
end)

describe("what a request of the kernel's passes over", function()
  helper.insulate()

  local h

  before_each(function()
    h = elsewhere()
    bridge(h, "br0")
  end)
  after_each(function()
    h:close()
  end)

  local function refuses(text, method, t, on)
    on = on or h
    assert.error_matches(function()
      on[method](on, t)
    end, text, 1, true)
  end

  it("is sent behind a newlink, and read back", function()
    local link = assert(h:newlink {
      ifname = "d0", ifalias = "an alias", prop_list = { alt_ifname = { "one-name", "another-name-that-is-long" } },
      linkinfo = { kind = "bridge" }, af_spec = { inet6 = { addr_gen_mode = "none" } },
    })
    assert.equal("an alias", link.ifalias)
    assert.same({ "one-name", "another-name-that-is-long" }, link.prop_list.alt_ifname)
    assert.equal("none", link.af_spec.inet6.addr_gen_mode)
    assert.same({ ifalias = "x" },
      h:newlink({ ifname = "d1", ifalias = "x", linkinfo = { kind = "bridge" } }, "create", { "ifalias" }))
  end)

  it("leaves no link when the kernel refuses it", function()
    assert(h:newlink { ifname = "d0", prop_list = { alt_ifname = { "taken" } }, linkinfo = { kind = "bridge" } })
    local link, err = h:newlink { ifname = "d1", ifalias = "x", prop_list = { alt_ifname = { "taken" } },
      linkinfo = { kind = "bridge" } }
    assert.same({ nil, "EEXIST", "newlink" }, { link, err.code, err.op })
    link, err = h:newlink { ifname = "d1", proto_down = true, linkinfo = { kind = "bridge" } }
    assert.same({ nil, "EOPNOTSUPP" }, { link, err.code })
    assert.equal("ENODEV", select(2, h:getlink { ifname = "d1" }).code)
  end)

  it("is refused where it cannot be sent: in a batch, of another end, in another namespace", function()
    local batch = h:batch()
    refuses("ifalias: newlink does not set it, and a batch sends only that: add setlink to it", "newlink",
      { ifname = "d0", ifalias = "x", linkinfo = { kind = "bridge" } }, batch)
    refuses("prop_list: newlink does not set it, and a batch sends only that: add newlinkprop to it", "newlink",
      { ifname = "d0", prop_list = { alt_ifname = { "x" } }, linkinfo = { kind = "bridge" } }, batch)
    assert.equal(0, #batch)
    for key, value in pairs { ifalias = "x", master = "br0", carrier = true, prop_list = { alt_ifname = { "x" } } } do
      refuses(("linkinfo.data.peer.%s: not of the other end"):format(key), "newlink", {
        ifname = "a0", linkinfo = { kind = "veth", data = { peer = { [key] = value } } },
      })
    end
    local ns <close> = assert(core.netns.new())
    refuses("ifalias: cannot be set where the link is made in another namespace", "newlink",
      { ifname = "d0", net_ns_fd = ns:fd(), ifalias = "x", linkinfo = { kind = "bridge" } })
  end)

  it("is refused of a link that is there, and so is what the kernel alone sets", function()
    for key, t in pairs {
      ["prop_list: newlinkprop gives a link further names"] = { prop_list = { alt_ifname = { "x" } } },
      ["num_tx_queues: setlink does not set it"] = { num_tx_queues = 2 },
      ["link: setlink does not set it"] = { link = 1 },
      ["carrier_changes: the kernel alone sets it"] = { carrier_changes = 0 },
      ["linkinfo.data.root_port: the kernel alone sets it"] = {
        linkinfo = { kind = "bridge", data = { root_port = 1 } },
      },
      ["af_spec.inet6.conf: the kernel alone sets it"] = { af_spec = { inet6 = { conf = { accept_ra = 0 } } } },
      ["mtu: of the family bridge setlink sets af_spec and protinfo"] = { family = "bridge", mtu = 1400 },
      ["flags: only up"] = { flags = { running = true } },
      ["type: it is of the kind"] = { type = "ether" },
    } do
      t.ifname = "br0"
      refuses(key, "setlink", t)
    end
    assert(h:setlink { ifname = "br0", flags = h:getlink({ ifname = "br0" }, { "flags" }).flags }) -- as read
  end)

  it("is refused of other families' addresses, routes and neighbours", function()
    local at = { index = "br0" }
    at["local"], at.label = "fd00::5/64", "br0:x"
    refuses("label: no IPv6 address has it", "newaddr", at)
    refuses("expires: no IPv4 route has it", "newroute", { dst = "10.0.0.0/8", oif = "br0", expires = 60 })
    refuses("mark: no IPv4 route has it", "newroute", { dst = "10.0.0.0/8", oif = "br0", mark = 60 })
    refuses("flow: no IPv6 route has it", "newroute", { dst = "fd09::/64", oif = "br0", flow = 60 })
    refuses("vni: forwarding entries have it", "newneigh", { ifindex = "br0", dst = "10.0.0.1", vni = 5,
      lladdr = "02:00:00:00:00:01" })
  end)

  it("is no loss to objects that were read: they are deleted, made again, and are the same", function()
    assert(h:newaddr { index = "br0", ["local"] = "fd00::1/64", flags = { nodad = true } })
    assert(h:newroute { dst = "fd09::/64", oif = "br0", expires = 3000 })
    local route
    for _, r in ipairs(assert(h:getroutes { family = "inet6", table = "main" })) do
      route = r.dst == "fd09::" and r or route
    end
    assert.is_true(route.expires <= 3000 and route.expires > 2000)
    assert(h:delroute(route))
    assert(h:newroute(route))
    for _, r in ipairs(assert(h:getroutes { family = "inet6", table = "main" })) do
      if r.dst == "fd09::" then
        assert.is_true(r.expires <= route.expires and r.expires > route.expires - 1000)
      end
    end
    assert(h:newlink { ifname = "v0", flags = { up = true }, master = "br0",
      linkinfo = { kind = "veth", data = { peer = { ifname = "v1" } } } })
    assert(h:newneigh { family = "bridge", ifindex = "v0", lladdr = "02:00:00:00:00:77", flags = { master = true } })
    local function entry()
      for _, row in ipairs(assert(h:getneighs { family = "bridge" })) do
        if row.lladdr == "02:00:00:00:00:77" and row.master then
          row.cacheinfo = nil
          return row
        end
      end
    end
    local before = assert(entry())
    assert(h:delneigh(before))
    assert.is_nil(entry())
    assert(h:newneigh(before))
    assert.same(before, entry())
  end)
end)

describe("netconf", function()
  helper.insulate()

  it("is what ip shows, of all links, the default and one by its name", function()
    local h <close> = elsewhere()
    local ns <close> = assert(h:netns())
    assert(h:setlink { ifname = "lo", flags = { up = true }, af_spec = { inet = { conf = { rp_filter = 2 } } } })
    local json = require "dkjson"
    for _, family in ipairs { "inet", "inet6" } do
      local _, shown = helper.sh(("nsenter --net=/proc/%s/fd/%d ip -j -f %s netconf"):format(
        lfs.symlinkattributes("/proc/self", "target"), ns:fd(), family))
      shown = json.decode(shown)
      local list = assert(h:getnetconfs { family = family })
      assert.equal(#shown, #list)
      for i, row in ipairs(shown) do
        local place = type(list[i].ifindex) == "string" and list[i].ifindex or "lo"
        assert.same({ row.interface, row.forwarding, row.mc_forwarding, row.proxy_neigh },
          { place, list[i].forwarding == 1, list[i].mc_forwarding == 1, list[i].proxy_neigh == 1 })
        assert.same(list[i], assert(h:getnetconf { family = family, ifindex = place }))
      end
    end
    assert.equal(2, h:getnetconf({ family = "inet", ifindex = "lo" }, { "rp_filter" }).rp_filter)
  end)
end)
