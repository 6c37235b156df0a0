-- SPDX-License-Identifier: MIT
-- The text of single commands; plan_spec.lua runs whole scripts with the real ip.
local shell = require "zlnet.shell"

describe("shell.command", function()
  local p = { host_ifname = "veth-7-s", ifname = "eth0" }

  local function command(op, target)
    return shell.command(op, p, target)
  end

  it("is an ip command on the node, and one inside the namespace for the container", function()
    local args = { ["local"] = "10.0.0.5", prefixlen = 32 }
    assert.equal("ip addr add 10.0.0.5/32 dev veth-7-s",
      command({ ns = "host", op = "newaddr", args = args, link = "host" }, "7"))
    assert.equal("nsenter --net=/proc/7/ns/net ip addr add 10.0.0.5/32 dev eth0",
      command({ ns = "container", op = "newaddr", args = args, link = "container" }, "7"))
  end)

  it("names the namespace by pid, name or path, else by a variable", function()
    local op = { ns = "container", op = "setlink", args = { flags = { up = true } } }
    assert.equal("nsenter --net=/run/netns/blue ip link set dev lo up", command(op, "blue"))
    assert.equal("nsenter --net=/tmp/x ip link set dev lo up", command(op, "/tmp/x"))
    assert.equal('nsenter --net="$NETNS" ip link set dev lo up', command(op))
  end)

  it("quotes what a shell would take apart", function()
    local op = { ns = "host", op = "setlink", args = { ifalias = "it's; rm" }, link = "host" }
    assert.equal([[ip link set dev veth-7-s alias 'it'\''s; rm']], command(op, "7"))
    assert.equal("nsenter --net='/run/a b' ip link show dev eth0 >/dev/null",
      command({ ns = "container", op = "getlink", args = {}, link = "container" }, "/run/a b"))
  end)

  it("writes a sysctl, and a route with its gateway", function()
    assert.equal("sysctl -qw net/ipv4/ip_forward=1",
      command({ ns = "host", op = "sysctl", args = { key = "net/ipv4/ip_forward", value = "1" } }, "7"))
    assert.equal("nsenter --net=/proc/7/ns/net ip -6 route add default via fe80::1 dev eth0 onlink", command({
      ns = "container", op = "newroute", link = "container",
      args = { family = "inet6", gateway = "fe80::1", flags = { onlink = true } },
    }, "7"))
  end)

  it("makes a script that stops at the first failure and says each step once", function()
    local script = shell.script { ops = {
      { step = "one", command = "true" }, { step = "one", command = ":" }, { step = "two", command = "false" },
    } }
    assert.equal("#!/bin/sh\nset -e\n# one\ntrue\n:\n# two\nfalse\n", script)
  end)
end)
