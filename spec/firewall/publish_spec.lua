-- SPDX-License-Identifier: MIT
-- Who reaches a published port, and what sees whom.
local attach = require("zlnet.attach").attach
local detach = require("zlnet.cleanup.detach").detach
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local traffic = require "spec.support.traffic"

describe("publish", function()
  helper.insulate()

  local remote

  before_each(function()
    helper.ip("link", "set", "lo", "up")
    remote = node.remote()
  end)

  after_each(function()
    traffic.stop()
    helper.sh "ip link del wan; ip link del br0; nft flush ruleset; ip link set lo down"
  end)

  local function bridge()
    helper.ip("link", "add", "br0", "up", "type", "bridge")
    helper.ip("addr", "add", "10.9.0.1/24", "dev", "br0")
    helper.ip("addr", "add", "fd00:9::1/64", "dev", "br0", "nodad")
    helper.sh "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
  end

  local function options(mode, pid, n, more)
    local o = { pid = pid, ip = { ("10.200.0.%d"):format(n), ("fd00:200::%d"):format(n) }, mode = mode }
    if mode == "bridge" then
      o.ip = { ("10.9.0.%d/24"):format(n), ("fd00:9::%d/64"):format(n) }
      o.bridge, o.gateway = "br0", { "10.9.0.1", "fd00:9::1" }
    elseif mode == "direct" then
      o.ip = { ("10.200.0.%d"):format(n), ("fd00:200::%d"):format(n) }
      o.proxy_arp = true
    end
    for key, value in pairs(more) do
      o[key] = value
    end
    return o
  end

  local NODE = { "192.0.2.1", "2001:db8::1" }

  for _, mode in ipairs { "routed", "bridge" } do
    for _, kind in ipairs { "tcp", "udp" } do
      it(("reaches a container from outside, the node, others and itself: %s, %s"):format(mode, kind), function()
        if mode == "bridge" then
          bridge()
        end
        local c, other = helper.container(), helper.container()
        assert(attach(options(mode, c.pid, 5, { publish = "8080:80/" .. kind })))
        assert(attach(options(mode, other.pid, 6, {})))
        traffic.serve(c, kind, 80)
        for i, address in ipairs(NODE) do
          assert.truthy(traffic.ask(nil, kind, address, 8080), "node " .. address)
          assert.truthy(traffic.ask(other, kind, address, 8080), "other " .. address)
          assert.truthy(traffic.ask(c, kind, address, 8080), "itself " .. address)
          assert.equal(i == 1 and "192.0.2.2" or "2001:db8::2", traffic.ask(remote, kind, address, 8080))
        end
        -- with br_netfilter ::1 does not lead to a bridge
        helper.sh "sysctl -qw net.bridge.bridge-nf-call-ip6tables=0"
        for _, address in ipairs { "127.0.0.1", "127.1.2.3", "::1" } do
          assert.truthy(traffic.ask(nil, kind, address, 8080), address)
        end
      end)
    end
  end

  it("refuses ::1 for a container on a bridge where br_netfilter would lose the answers", function()
    bridge()
    if not helper.sh "sysctl -qw net.bridge.bridge-nf-call-ip6tables=1" then
      return pending "br_netfilter is not loaded"
    end
    local c = helper.container()
    local a, err = attach(options("bridge", c.pid, 5, { publish = "[::1]:8080:80" }))
    assert.same({ nil, "EOPNOTSUPP" }, { a, err.code })
  end)

  it("reaches it by one address alone, where one is named", function()
    local c = helper.container()
    assert(attach(options("routed", c.pid, 5, { publish = { "127.0.0.1:8080:80", "[::1]:8081:80",
      "192.0.2.1:8082:80", "[2001:db8::1]:8083:80" } })))
    traffic.serve(c, "tcp", 80)
    assert.truthy(traffic.ask(nil, "tcp", "127.0.0.1", 8080))
    assert.truthy(traffic.ask(nil, "tcp", "::1", 8081))
    assert.equal("192.0.2.2", traffic.ask(remote, "tcp", "192.0.2.1", 8082))
    assert.equal("2001:db8::2", traffic.ask(remote, "tcp", "2001:db8::1", 8083))
    for _, wrong in ipairs { { "192.0.2.1", 8080 }, { "::1", 8080 }, { "127.0.0.1", 8081 }, { "127.0.0.1", 8082 },
      { "2001:db8::1", 8081 } } do
      assert.is_true(traffic.is_refused(nil, "tcp", wrong[1], wrong[2]), table.concat(wrong, " "))
    end
  end)

  it("publishes a range, each port to its own", function()
    local c = helper.container()
    assert(attach(options("routed", c.pid, 5, { publish = "8000-8002:9000-9002/udp" })))
    for i = 0, 2 do
      local heard = traffic.serve(c, "udp", 9000 + i)
      assert.equal("192.0.2.2", traffic.ask(remote, "udp", "192.0.2.1", 8000 + i))
      assert.equal(1, #heard())
    end
    assert.is_true(traffic.is_refused(remote, "udp", "192.0.2.1", 8003))
  end)

  it("does so for a container that has IPv6 alone", function()
    local c = helper.container()
    assert(attach { pid = c.pid, ip = "fd00:200::5", publish = "8080:80" })
    traffic.serve(c, "tcp", 80)
    assert.equal("2001:db8::2", traffic.ask(remote, "tcp", "2001:db8::1", 8080))
    assert.truthy(traffic.ask(nil, "tcp", "::1", 8080))
    assert.is_true(traffic.is_refused(remote, "tcp", "192.0.2.1", 8080))
  end)

  it("lets nobody else reach the node's loopback addresses", function()
    local c, other = helper.container(), helper.container()
    assert(attach(options("routed", c.pid, 5, { publish = "127.0.0.1:8080:80" })))
    assert(attach(options("routed", other.pid, 6, {})))
    local heard = traffic.serve(nil, "udp", 7000)
    assert.truthy(traffic.ask(nil, "udp", "127.0.0.1", 7000, { text = "mine" }))
    for _, from in ipairs { c, other, remote } do
      local dev = from == remote and "wan" or "eth0"
      from:exec "ip addr flush dev lo; sysctl -qw net.ipv4.conf.all.route_localnet=1"
      from:exec("ip route add 127.0.0.0/8 via " .. (from == remote and "192.0.2.1" or "169.254.1.1") .. " dev " .. dev
        .. (from == remote and "" or " onlink"))
      traffic.ask(from, "udp", "127.0.0.1", 7000, { seconds = 0.5, text = "theirs" })
    end
    assert.truthy(traffic.ask(nil, "udp", "127.0.0.1", 7000, { text = "last" }))
    assert.same({ "127.0.0.1 mine", "127.0.0.1 last" }, heard())
  end)

  it("refuses a port that is taken, naming the owner, on every address and on one", function()
    local c, other = helper.container(), helper.container()
    assert(attach(options("routed", c.pid, 5, { publish = { "8080:80", "127.0.0.1:8081:80", "5353:53/udp" } })))
    for _, port in ipairs { "8080:1", "127.0.0.1:8080:1", "8081:1", "127.0.0.1:8081:1", "8079-8082:1-4" } do
      local before = helper.ip_json("link")
      local a, err = attach(options("routed", other.pid, 6, { publish = { "9000:1", port } }))
      assert.is_nil(a)
      assert.equal("EADDRINUSE", err.code, port)
      assert.truthy(err.message:find("published already, by pid " .. c.pid .. " ", 1, true), err.message)
      assert.equal(#before, #helper.ip_json("link"))
      assert.is_nil(err.rollback)
    end
    assert(attach(options("routed", other.pid, 6, { publish = { "127.0.0.2:8081:80", "8080:80/udp", "5353:53" } })))
  end)

  it("takes a port over from a container that is gone without having been detached", function()
    local c, other = helper.container(), helper.container()
    assert(attach(options("routed", c.pid, 5, { publish = "8080:80" })))
    c:kill()
    helper.eventually(function()
      return #helper.ip_json("link") == 2
    end)
    assert(attach(options("routed", other.pid, 6, { publish = "8080:80" })))
    traffic.serve(other, "tcp", 80)
    assert.equal("192.0.2.2", traffic.ask(remote, "tcp", "192.0.2.1", 8080))
  end)

  it("leads a sender of UDP that goes on to the container that has the port now", function()
    local c, other = helper.container(), helper.container()
    local source = { from = { "0.0.0.0", 5000 } }
    -- before anything is published the node itself is asked: that is tracked, too
    traffic.is_refused(remote, "udp", "192.0.2.1", 53)
    local first = assert(attach(options("routed", c.pid, 5, { publish = "53:53/udp" })))
    local heard = traffic.serve(c, "udp", 53)
    assert.equal("192.0.2.2", traffic.ask(remote, "udp", "192.0.2.1", 53, source))
    assert(detach(first))
    assert(attach(options("routed", other.pid, 6, { publish = "53:53/udp" })))
    local now = traffic.serve(other, "udp", 53)
    assert.equal("192.0.2.2", traffic.ask(remote, "udp", "192.0.2.1", 53, source))
    assert.same({ 1, 1 }, { #heard(), #now() })
  end)

  it("forgets the connections of an address that moves to another container", function()
    local c, other = helper.container(), helper.container()
    local first = assert(attach(options("routed", c.pid, 5, { masquerade = true })))
    traffic.serve(remote, "udp", 7000)
    assert.equal("192.0.2.1", traffic.ask(c, "udp", "192.0.2.2", 7000, { from = { "0.0.0.0", 5000 } }))
    assert(detach(first))
    assert(attach(options("routed", other.pid, 5, {})))
    assert.equal("10.200.0.5", traffic.ask(other, "udp", "192.0.2.2", 7000, { from = { "0.0.0.0", 5000 } }))
  end)
end)
