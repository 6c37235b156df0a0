-- SPDX-License-Identifier: MIT
-- Two nodes joined by vxlan, each with a container: spec/examples/two_nodes.lua on both.
local helper = require "spec.support.helper"

local MTU = 1450 -- 1500 of the underlay less 50

describe("two nodes", function()
  helper.insulate()

  -- A namespace of packets' own is a node: its processes, and so the containers' pids, are the sandbox's.
  local nodes, containers

  before_each(function()
    nodes, containers = {}, {}
    for i = 1, 2 do
      nodes[i], containers[i] = helper.container(), helper.container()
      nodes[i]:ip("link", "set", "lo", "up")
    end
    helper.ip("link", "add", "eth0", "netns", nodes[1].pid, "type", "veth",
      "peer", "name", "eth0", "netns", nodes[2].pid)
    for i, node in ipairs(nodes) do
      node:ip("addr", "add", ("192.0.2.%d/24"):format(i), "dev", "eth0")
      node:ip("link", "set", "eth0", "up")
      node:exec "ip link show dev eth0" -- the carrier settles
    end
  end)

  local function own(i)
    return ("10.201.%d.1/24,fd00:201:%d::1/64"):format(i, i)
  end

  local function run(i)
    local peer = 3 - i
    local ok, output = nodes[i]:exec(("%s spec/examples/two_nodes.lua eth0 192.0.2.%d %s 192.0.2.%d=%s %d=%s"):format(
      helper.lua, i, own(i), peer, own(peer), containers[i].pid, ("10.201.%d.5,fd00:201:%d::5"):format(i, i)))
    assert.is_true(ok, output)
    return output
  end

  -- A packet of this size in all, not to be cut; returns whether it is answered.
  local function ping(from, to, size, timeout)
    local headers = to:find ":" and 48 or 28
    return (from:exec(("ping -n -c 1 -W %d -M do -s %d %s"):format(timeout or 20, size - headers, to)))
  end

  -- What was cut in pieces, or put together, anywhere.
  local function fragments()
    local n = 0
    for _, where in ipairs { nodes[1], nodes[2], containers[1], containers[2] } do
      local _, text = where:exec "cat /proc/net/snmp6; nstat -asz 'Ip*Frag*' 'Ip*Reasm*' 2>/dev/null | sed 1d"
      for name, count in text:gmatch "(Ip6?%a*)%s+(%d+)" do
        n = n + ((name:find "Frag" or name:find "Reasm") and tonumber(count) or 0)
      end
    end
    return n
  end

  it("carry packets between their containers at full size, over IPv4 and IPv6, none cut in pieces", function()
    for i = 1, 2 do
      assert.match("MTU " .. MTU, run(i))
    end
    for _, way in ipairs { { 1, 2 }, { 2, 1 } } do
      local from, i = containers[way[1]], way[2]
      for _, to in ipairs { ("10.201.%d.5"):format(i), ("fd00:201:%d::5"):format(i) } do
        assert.is_true(ping(from, to, 100), to)
        assert.is_true(ping(from, to, MTU), to)
        assert.is_false(ping(from, to, MTU + 1, 1), to)
      end
      -- the peer's own addresses, and from node to container
      assert.is_true(ping(from, ("10.201.%d.1"):format(i), MTU))
      assert.is_true(ping(from, ("fd00:201:%d::1"):format(i), MTU))
      assert.is_true(ping(nodes[way[1]], ("10.201.%d.5"):format(i), MTU))
      assert.is_true(ping(nodes[way[1]], ("fd00:201:%d::5"):format(i), MTU))
    end
    assert.equal(0, fragments())
    for i, c in ipairs(containers) do
      assert.equal(MTU, c:ip_json("link", "show", "dev", "eth0")[1].mtu)
      local fdb = select(2, nodes[i]:exec "bridge fdb show dev overlay")
      assert.match(("0a:58:c0:00:02:%02x dst 192.0.2.%d self permanent"):format(3 - i, 3 - i), fdb)
    end
    assert.is_true((nodes[1]:exec "ping -n -c 1 -W 20 -s 3000 192.0.2.2")) -- what is too large is cut: it is counted
    assert.is_true(fragments() > 0)
  end)

  it("stay as they are when it is run again", function()
    for i = 1, 2 do
      run(i)
    end
    local function state(i)
      return select(2, nodes[i]:exec "ip -o link; ip route; ip -6 route; ip neigh show nud permanent; bridge fdb")
    end
    helper.eventually(function() -- then the link watch and the addresses have settled
      return not (select(2, nodes[1]:exec "ip addr") .. select(2, nodes[2]:exec "ip addr")):find "tentative"
    end)
    local before = { state(1), state(2) }
    for i = 1, 2 do
      run(i)
    end
    helper.eventually(function() -- what the kernel does by itself comes to the same end
      assert.same(before, { state(1), state(2) })
      return true
    end)
    assert.is_true(ping(containers[1], "10.201.2.5", MTU))
  end)
end)
