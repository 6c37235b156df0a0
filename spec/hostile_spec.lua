-- SPDX-License-Identifier: MIT
-- What a container can do to the node and to its neighbours: README's table of attacks, each cell tried with real
-- packets out of a container that is attached in that mode and owns its network namespace.
local helper = require "spec.support.helper"
local packets = require "spec.support.packets"
local socket = require "socket"
local zlnet = require "zlnet"

local MODES = { "routed", "direct", "bridge" }

-- The table: attack -> mode -> what README says.
local function stated()
  local file <close> = assert(io.open "README.md")
  local text = file:read "a"
  local rows, heading = {}, assert(text:find("\n| a container that", 1, true), "README has no table of attacks")
  for line in text:sub(heading + 1, (text:find("\n\n", heading + 1, true))):gmatch "([^\n]+)\n" do
    local cells = {}
    for cell in line:gmatch "|([^|]*)" do
      cells[#cells + 1] = cell:match "^%s*(.-)%s*$"
    end
    rows[cells[1]] = { routed = cells[2], direct = cells[3], bridge = cells[4], guard = cells[5] }
  end
  return rows
end

local NODE = { inet = "10.200.0.1", inet6 = "fd00:200::1" }

-- Two containers in a mode: the attacker and its neighbour, and what they need to know of the node.
local function scene(mode, guard)
  local s = { attacker = helper.container(), neighbour = helper.container(), mode = mode }
  helper.ip("link", "set", "lo", "up")
  local options = { mode = mode, guard = guard }
  s.ip = { { "10.200.0.5", "fd00:200::5" }, { "10.200.0.6", "fd00:200::6" } }
  if mode == "bridge" then
    assert(zlnet.bridge { name = "br0", ip = { NODE.inet .. "/24", NODE.inet6 .. "/64" } })
    options.bridge, options.gateway = "br0", { NODE.inet, NODE.inet6 }
  else
    helper.ip("addr", "add", NODE.inet .. "/32", "dev", "lo")
    helper.ip("addr", "add", NODE.inet6 .. "/128", "dev", "lo", "nodad")
  end
  for i, c in ipairs { s.attacker, s.neighbour } do
    options.pid, options.ip = c.pid, s.ip[i]
    s[i] = assert(zlnet.attach(options))
  end
  local link = helper.ip_json("link", "show", "dev", mode == "bridge" and "br0" or s[1].host_ifname)[1]
  s.dev, s.node_mac, s.mac = link.ifname, link.address, s[1].mac
  return s
end

local sender

-- A frame of the attacker's to the node.
local function frame(s, kind, f)
  f.from_mac, f.to_mac = f.from_mac or s.mac, f.to_mac or s.node_mac
  return packets[kind](f)
end

-- Whether the node receives a datagram that says it is from there, sent to this address of the node's. An honest one
-- goes after it: when that has come, the other has not.
local function received(s, source, target)
  local v6 = target:find ":" ~= nil
  local receiver = assert((v6 and socket.udp6 or socket.udp)())
  assert(receiver:setsockname(v6 and "::" or "0.0.0.0", 0))
  local _, port = receiver:getsockname()
  receiver:settimeout(helper.PATIENCE)
  packets.send(sender, s.attacker, "eth0", {
    frame(s, "udp", { source = source, target = target, port = tonumber(port), text = "hostile" }),
    frame(s, "udp", { source = s.ip[1][v6 and 2 or 1], target = v6 and NODE.inet6 or NODE.inet, port = tonumber(port),
      text = "honest" }),
  })
  local text = assert(receiver:receivefrom())
  receiver:close()
  return text == "hostile"
end

-- All that was sent before has been looked at.
local function settle(s)
  assert.is_false(received(s, "192.0.2.77", "127.0.0.1"))
  assert.is_true(received(s, s.ip[1][2], NODE.inet6))
end

-- Where the node believes its neighbour to be.
local function believed(address)
  for _, row in ipairs(helper.ip_json("neigh", "show", "to", address)) do
    if row.lladdr then
      return row.lladdr
    end
  end
end

local function stolen(s, index, kind, f)
  helper.eventually(function()
    helper.ping(nil, s.ip[2][index]) -- in mode direct the answer may not find back
    return believed(s.ip[2][index]) == s[2].mac
  end)
  packets.send(sender, s.attacker, "eth0", { frame(s, kind, f) })
  settle(s)
  return believed(s.ip[2][index]) == s.mac
end

local attacks = {
  ["sends IPv4 under another source address"] = function(s)
    return received(s, "198.51.100.7", NODE.inet)
  end,
  ["sends IPv6 under another source address"] = function(s)
    return received(s, "2001:db8::7", NODE.inet6)
  end,
  ["announces its neighbour's IPv4 address by ARP"] = function(s)
    return stolen(s, 1, "arp", { source = s.ip[2][1], target = s.ip[2][1], to_mac = "ff:ff:ff:ff:ff:ff" })
  end,
  ["announces its neighbour's IPv6 address by ND"] = function(s)
    return stolen(s, 2, "advertisement", { source = "fe80::1234", target = "ff02::1", claimed = s.ip[2][2],
      to_mac = "33:33:00:00:00:01" })
  end,
  ["sends under its neighbour's MAC, to get what is for it"] = function(s)
    for _ = 1, 10 do -- the neighbour may send something of its own meanwhile
      packets.send(sender, s.attacker, "eth0", { frame(s, "arp", { from_mac = s[2].mac, source = s.ip[1][1],
        target = NODE.inet }) })
      settle(s)
      if s.mode ~= "bridge" then
        return false -- there is no table of MACs; the neighbour still answers at its own link
      end
      local _, text = helper.sh("bridge fdb show br br0")
      if text:find(s[2].mac .. " dev " .. s[1].host_ifname, 1, true) then
        return true
      end
    end
    return false
  end,
  ["advertises itself as a router"] = function(s)
    packets.send(sender, s.attacker, "eth0", { frame(s, "router", { source = "fe80::1234", target = "ff02::1",
      to_mac = "33:33:00:00:00:01" }) })
    settle(s)
    return #helper.ip_json("-6", "route", "show", "default") > 0
  end,
  ["sends to 127.0.0.1 of the node"] = function(s)
    return received(s, s.ip[1][1], "127.0.0.1")
  end,
  ["fills the node's table of neighbours"] = function(s)
    local frames = {}
    local gateway = s.mode == "routed" and "169.254.1.1" or NODE.inet
    for i = 1, 100 do
      frames[i] = frame(s, "arp", { source = "10.200.0." .. 100 + i, target = gateway })
    end
    packets.send(sender, s.attacker, "eth0", frames)
    settle(s)
    return #helper.ip_json("neigh", "show", "nud", "all", "dev", s.dev) >= 100
  end,
  ["reaches its neighbour"] = function(s)
    return (helper.ping(s.attacker, s.ip[2][1], { timeout = s.mode == "direct" and 1 or 20 }))
  end,
}

describe("README's table of attacks", function()
  helper.insulate()

  local why
  setup(function()
    sender, why = packets.sender()
  end)
  teardown(function()
    os.remove(sender or "")
  end)
  after_each(function()
    helper.sh "ip link del br0; ip addr flush dev lo; ip link set lo down"
    for _, link in ipairs(helper.ip_json("link", "show", "type", "veth")) do
      helper.sh("ip link del " .. link.ifname)
    end
    helper.sh "sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0"
  end)

  local table_of_attacks = stated()

  it("has every attack that is tried", function()
    for attack in pairs(attacks) do
      assert.is_not_nil(table_of_attacks[attack], attack)
    end
  end)

  for _, mode in ipairs(MODES) do
    it("is right: with guard, in mode " .. mode, function()
      if not sender then
        pending("no compiler: " .. why)
        return
      end
      local s = scene(mode, true)
      for attack, try in pairs(attacks) do
        local row = table_of_attacks[attack]
        local expected = row.guard == "as without" and row[mode] or row.guard
        assert.are.equal(expected, try(s) and "yes" or "no", attack)
      end
    end)
  end

  for attack, try in pairs(attacks) do
    for _, mode in ipairs(MODES) do
      it(("is right: a container that %s, in mode %s"):format(attack, mode), function()
        if not sender then
          pending("no compiler: " .. why)
          return
        end
        assert.are.equal(table_of_attacks[attack][mode], try(scene(mode)) and "yes" or "no")
      end)
    end
  end
end)
