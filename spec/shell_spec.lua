-- SPDX-License-Identifier: MIT
-- How single operations are written. That a whole script does what attach does is plan_spec's.
local shell = require "zlnet.shell"

local PLAN = { host_ifname = "veth-42-s", ifname = "eth0" }

local function command(op, target)
  return shell.command(op, PLAN, target or "42")
end

local INSIDE = "nsenter --net=/proc/42/ns/net "

describe("shell.command", function()
  it("writes each operation", function()
    for expected, op in pairs {
      ["ip link set dev veth-42-s alias 'a b'"] = {
        ns = "host", op = "setlink", link = "host", args = { ifalias = "a b" } },
      [INSIDE .. "ip link set dev eth0 up"] = {
        ns = "container", op = "setlink", link = "container", args = { flags = { up = true } } },
      [INSIDE .. "ip link set dev lo up"] = { ns = "container", op = "setlink",
        args = { index = 1, flags = { up = true } } },
      [INSIDE .. "ip link set dev eth0 addrgenmode none"] = {
        ns = "container", op = "setlink", link = "container",
        args = { af_spec = { inet6 = { addr_gen_mode = "none" } } } },
      ["sysctl -qw net/ipv4/conf/veth-42-s/proxy_arp=1"] = {
        ns = "host", op = "setlink", link = "host", args = { af_spec = { inet = { conf = { proxy_arp = 1 } } } } },
      ["ip addr add 169.254.1.1/32 dev veth-42-s scope link"] = {
        ns = "host", op = "newaddr", link = "host",
        args = { ["local"] = "169.254.1.1", prefixlen = 32, scope = "link" } },
      [INSIDE .. "ip addr add fd00::5/64 dev eth0 nodad noprefixroute"] = {
        ns = "container", op = "newaddr", link = "container",
        args = { ["local"] = "fd00::5", prefixlen = 64, flags = { noprefixroute = true, nodad = true } } },
      ["ip route add 10.0.0.5/32 dev veth-42-s scope link src 10.0.0.1"] = {
        ns = "host", op = "newroute", link = "host",
        args = { dst = "10.0.0.5/32", scope = "link", prefsrc = "10.0.0.1" } },
      [INSIDE .. "ip -6 route append fd00::/64 via fe80::1 dev eth0 onlink"] = {
        ns = "container", op = "newroute", mode = "append", link = "container",
        args = { dst = "fd00::/64", gateway = "fe80::1", flags = { onlink = true } } },
      [INSIDE .. "ip -6 route add default dev eth0"] = {
        ns = "container", op = "newroute", link = "container", args = { family = "inet6" } },
      ["sysctl -qw net/ipv4/ip_forward=1"] = {
        ns = "host", op = "sysctl", args = { key = "net/ipv4/ip_forward", value = "1", old = "0" } },
      ["sysctl -qw net/ipv6/conf/veth-42-s/disable_ipv6=1 2>/dev/null || true"] = {
        ns = "host", op = "sysctl", optional = true,
        args = { key = "net/ipv6/conf/veth-42-s/disable_ipv6", value = "1" } },
    } do
      assert.equal(expected, command(op))
    end
  end)

  it("writes the pair with all that it is created with", function()
    local op = {
      ns = "host", op = "newlink", args = {
        ifname = "veth-42-s", flags = { up = true }, mtu = 1400, address = "02:00:00:00:00:01", master = "br0",
        num_tx_queues = 1, num_rx_queues = 2, linkinfo = { kind = "veth", data = { peer = {
          ifname = "eth0", mtu = 1400, address = "02:00:00:00:00:02", num_tx_queues = 1, num_rx_queues = 2,
        } } },
      },
    }
    assert.equal("ip link add name veth-42-s mtu 1400 address 02:00:00:00:00:01 numtxqueues 1 numrxqueues 2 "
      .. "master br0 up type veth peer name eth0 mtu 1400 address 02:00:00:00:00:02 numtxqueues 1 numrxqueues 2 "
      .. "netns 42", command(op))
  end)

  it("names every kind of target", function()
    local op = { ns = "container", op = "setlink", args = { index = 1, flags = { up = true } } }
    assert.equal("nsenter --net=/run/netns/blue ip link set dev lo up", command(op, "blue"))
    assert.equal("nsenter --net=/some/where ip link set dev lo up", command(op, "/some/where"))
    assert.equal("nsenter --net='/some where' ip link set dev lo up", command(op, "/some where"))
    assert.equal('nsenter --net="$NETNS" ip link set dev lo up', shell.command(op, PLAN, nil))
  end)

  it("quotes for the shell", function()
    local helper = require "spec.support.helper"
    for _, text in ipairs { "it's", "$(false)", "a;b", "`x`", 'a"b', "*" } do
      local line = command { ns = "host", op = "setlink", link = "host", args = { ifalias = text } }
      local _, said = helper.sh(line:gsub("^ip link set dev veth%-42%-s alias", "printf %%s"))
      assert.equal(text, said)
    end
  end)
end)

describe("shell.quote", function()
  it("makes one word of any text", function()
    local words = { "", "plain-1.0_@%+=:,/", "a b", "it's", "''", "$HOME `x` \\ \"", "*", "~", "-n", "a\nb", "#", ";" }
    for _, word in ipairs(words) do
      local pipe = assert(io.popen("printf %s. " .. shell.quote(word)))
      assert.equal(word .. ".", pipe:read "a")
      pipe:close()
    end
    assert.equal("5", shell.quote(5))
  end)
end)

describe("shell.script", function()
  it("has each step once, and stops at the first failure", function()
    local helper = require "spec.support.helper"
    local script = shell.script { ops = {
      { step = "one", command = "echo 1" }, { step = "one", command = "echo 2" }, { step = "two", command = "false" },
      { step = "three", command = "echo 3" },
    } }
    assert.equal("#!/bin/sh\nset -e\n# one\necho 1\necho 2\n# two\nfalse\n# three\necho 3\n", script)
    local ok, said = helper.sh("sh -c " .. helper.quote(script))
    assert.is_false(ok)
    assert.equal("1\n2\n", said)
  end)
end)
