-- SPDX-License-Identifier: MIT
local conntrack = require "zlnet.firewall.conntrack"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local options = require "zlnet.firewall.options"
local socket = require "socket"

describe("tracked connections", function()
  helper.insulate()

  local nft

  before_each(function()
    helper.ip("link", "set", "lo", "up")
    helper.ip("addr", "add", "10.0.0.5/32", "dev", "lo")
    helper.ip("addr", "add", "fd00::5/128", "dev", "lo", "nodad")
    helper.sh [[nft 'add table inet t; add chain inet t c { type filter hook output priority 0; };
      add rule inet t c ct state new accept']]
    nft = assert(core.nft(nil))
    helper.eventually(function() -- the kernel starts to use the address some milliseconds after it was added
      return select(2, helper.sh "ip -6 route get fd00::5"):find "^local"
    end)
    for _, to in ipairs {
      { "127.0.0.1", 53 }, { "10.0.0.5", 53 }, { "10.0.0.5", 54 }, { "::1", 53 }, { "fd00::5", 60 },
    } do
      local s = assert(to[1]:find ":" and socket.udp6() or socket.udp4())
      assert(s:sendto("x", to[1], to[2]))
      s:close()
    end
  end)

  after_each(function()
    nft:delconntrack { family = "inet" }
    nft:delconntrack { family = "inet6" }
    nft:close()
    helper.sh "nft flush ruleset; ip addr flush dev lo; ip link set lo down"
  end)

  -- UDP alone: what cannot be delivered is told by ICMP, and that belongs to a connection that is there.
  local function list()
    local found = {}
    for _, family in ipairs { "inet", "inet6" } do
      for _, c in ipairs(assert(nft:getconntracks { family = family })) do
        local t = c.tuple_orig
        found[#found + 1] = ("%s %d"):format(t.tuple_ip.v4_dst or t.tuple_ip.v6_dst, t.tuple_proto.dst_port)
      end
    end
    table.sort(found)
    return found
  end

  it("of an address are forgotten, and no others", function()
    assert.same({ "10.0.0.5 53", "10.0.0.5 54", "127.0.0.1 53", "::1 53", "fd00::5 60" }, list())
    assert(conntrack.forget(nft, { { family = "inet", address = "10.0.0.5" } }))
    assert.same({ "127.0.0.1 53", "::1 53", "fd00::5 60" }, list())
    assert(conntrack.forget(nft, { { family = "inet6", address = "fd00::5" } }))
    assert.same({ "127.0.0.1 53", "::1 53" }, list())
  end)

  it("to published ports of UDP are forgotten, of ranges and of families that are meant", function()
    local function publish(ports, ...)
      local ips = {}
      for i, family in ipairs { ... } do
        ips[i] = { family = family, address = family == "inet" and "10.0.0.9" or "fd00::9" }
      end
      assert(conntrack.forget_ports(nft, { ip = ips, publish = options.publish(ports) }))
    end
    publish("53:53", "inet", "inet6") -- TCP
    assert.equal(5, #list())
    publish("53:53/udp", "inet6")
    assert.same({ "10.0.0.5 53", "10.0.0.5 54", "127.0.0.1 53", "fd00::5 60" }, list())
    publish("50-53:50-53/udp", "inet", "inet6")
    assert.same({ "10.0.0.5 54", "fd00::5 60" }, list())
  end)
end)
