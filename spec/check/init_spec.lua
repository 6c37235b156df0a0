-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local json = require "dkjson"
local node = require "spec.support.node"
local zlnet = require "zlnet"

describe("zlnet.check", function()
  helper.insulate()

  local made = {}

  before_each(function()
    helper.ip("link", "set", "lo", "up")
  end)

  after_each(function()
    for i = #made, 1, -1 do
      made[i]()
      made[i] = nil
    end
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  local function routed(changes)
    local c = helper.container()
    local options = { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" }, mtu = 1400 }
    for key, value in pairs(changes or {}) do
      options[key] = value
    end
    return c, assert(zlnet.attach(options))
  end

  local function bridged()
    assert(zlnet.bridge { name = "br0", ip = { "10.7.0.1/24", "fd00:7::1/64" } })
    return routed { ip = { "10.7.0.5/24", "fd00:7::5/64" }, mode = "bridge", bridge = "br0",
      gateway = { "10.7.0.1", "fd00:7::1" } }
  end

  -- The differences as text: "container address 10.200.0.5/32 -> nil".
  local function found(a, target)
    local texts = {}
    for i, d in ipairs(assert(zlnet.check(a, target))) do
      texts[i] = ("%s %s %s -> %s"):format(d.ns, d.key, d.expected, d.found)
    end
    table.sort(texts)
    return texts
  end

  it("finds nothing where nothing changed, in every mode, from every form of the attachment", function()
    local function all_well(c, a)
      helper.ping(c, "10.7.0.1")
      helper.ping(nil, a.ip[1].address)
      assert.same({}, found(a))
      assert.same({}, found((json.decode(json.encode(a)))))
      for _, listed in ipairs(assert(zlnet.attachments())) do
        assert.same({}, found(listed))
      end
      assert(zlnet.detach(a))
    end
    all_well(routed())
    all_well(routed { mac = "02:00:00:00:00:05", host_mac = "02:00:00:00:00:06", queues = 3 })
    all_well(routed { ip = { "10.200.0.5/24", "10.200.0.6/24", "fd00:200::5/64" }, default_route = false })
    all_well(routed { ip = "10.200.0.5", mode = "direct", proxy_arp = true })
    all_well(routed { ip = "fd00:200::5", mode = "direct" })
    all_well(routed { gateway = { "169.254.7.7", "fd00:200::1" }, tag = "g", ifname = "net1" })
    all_well(bridged())
  end)

  local MTU, IP = 1400, "10.200.0.5"

  -- what is done, by whom; which differences that makes
  local cases = {
    { "an address that is gone", "container", "ip addr add 10.9.9.9/32 dev eth0; ip addr del 10.200.0.5/32 dev eth0",
      "container address 10.200.0.5/32 -> nil" },
    { "an IPv6 address that is gone", "container", "ip addr del fd00:200::5/128 dev eth0",
      "container address fd00:200::5/128 -> nil" },
    { "an address with another length", "container",
      "ip addr add 10.200.0.5/24 dev eth0 noprefixroute; ip addr del 10.200.0.5/32 dev eth0",
      "container address 10.200.0.5/32 -> nil" },
    { "a gateway address that is gone", "host", "ip addr add 10.9.9.9/32 dev HOST; ip addr del 169.254.1.1/32 dev HOST",
      "host gateway 169.254.1.1/32 -> nil" },
    { "an IPv6 gateway address that is gone", "host", "ip addr del fe80::1/64 dev HOST",
      "host gateway fe80::1/64 -> nil" },
    { "a default route that is gone", "container", "ip route del default",
      "container route default via 169.254.1.1 dev eth0 -> nil" },
    { "a default route that was replaced", "container", "ip route replace default via 169.254.9.9 dev eth0 onlink",
      "container route default via 169.254.1.1 dev eth0 -> default via 169.254.9.9 dev eth0" },
    { "a default route that a better one overrides", "container",
      "ip -6 route add default via fe80::9 dev eth0 metric 5",
      "container route default via fe80::1 dev eth0 -> default via fe80::9 dev eth0" },
    { "a node's route that is gone", "host", "ip -6 route del fd00:200::5",
      "host route fd00:200::5/128 dev HOST -> nil" },
    { "a node's route that leads elsewhere", "host",
      "ip link add other type bridge; ip link set other up; ip route replace 10.200.0.5/32 dev other",
      "host route 10.200.0.5/32 dev HOST -> 10.200.0.5/32 dev OTHER" },
    { "another MTU on the node", "host", "ip link set HOST mtu 1300", "host mtu 1400 -> 1300" },
    { "another MTU in the container", "container", "ip link set eth0 mtu 1500", "container mtu 1400 -> 1500" },
    { "another MAC on the node", "host", "ip link set HOST address 02:00:00:00:00:99",
      "host mac HOSTMAC -> 02:00:00:00:00:99" },
    { "a master", "host", "ip link add other type bridge; ip link set HOST master other", "host master nil -> other" },
    { "a host end with another name", "host", "ip link set HOST down; ip link set HOST name renamed; "
      .. "ip link set renamed up; ip addr add fe80::1/64 dev renamed nodad; ip route add 10.200.0.5 dev renamed; "
      .. "ip route add fd00:200::5 dev renamed", "host ifname HOST -> renamed" },
    { "a loopback that is down", "container", "ip link set lo down", "container loopback true -> false" },
    { "a neighbour with another MAC", "host", "ip neigh replace 10.200.0.5 lladdr 02:00:00:00:00:99 dev HOST",
      "host neighbour 10.200.0.5 MAC -> 10.200.0.5 02:00:00:00:00:99" },
    { "a gateway with another MAC", "container", "ip neigh replace 169.254.1.1 lladdr 02:00:00:00:00:99 dev eth0",
      "container neighbour 169.254.1.1 HOSTMAC -> 169.254.1.1 02:00:00:00:00:99" },
    { "a record of another", "host", "ip link set HOST alias mine", "host record pid=PID -> pid=nil" },
    { "forwarding that was switched off", "host", "echo 0 >/proc/sys/net/ipv4/ip_forward",
      "host sysctl net/ipv4/ip_forward=1 -> net/ipv4/ip_forward=0" },
    { "a host end that is gone", "host", "ip link del HOST", "host link HOST -> nil" },
  }
  for _, case in ipairs(cases) do
    it("finds " .. case[1], function()
      helper.sh "echo 0 >/proc/sys/net/ipv4/ip_forward"
      local c, a = routed { mtu = MTU }
      assert.equal(IP, a.ip[1].address)
      local command = case[3]:gsub("HOST", a.host_ifname)
      local ok, output
      if case[2] == "container" then
        ok, output = c:exec(command)
      else
        ok, output = helper.sh(command)
      end
      assert.is_true(ok, output)
      local other = node.link "other"
      local expected = case[4]:gsub("HOSTMAC", a.host_mac):gsub("MAC", a.mac):gsub("HOST", a.host_ifname)
        :gsub("PID", c.pid):gsub("OTHER", other and tostring(other.ifindex) or "")
      local list = found(a)
      for i = #list, 1, -1 do -- an interface that went down and came up loses more; that is another case
        if case[1]:find "another name" and not list[i]:find "ifname" then
          table.remove(list, i)
        end
      end
      assert.same({ expected }, list)
    end)
  end

  it("finds all that goes with a link that is down", function()
    local c, a = routed()
    c:ip("link", "set", "eth0", "down")
    local list = table.concat(found(a), "\n")
    for _, pattern in ipairs {
      "container up true %-> false", "container address fd00:200::5/128 %-> nil",
      "container route default via 169.254.1.1 dev eth0 %-> nil",
      "container route default via fe80::1 dev eth0 %-> nil",
    } do
      assert.match(pattern, list)
    end
    helper.ip("link", "set", a.host_ifname, "down")
    assert.match("host up true %-> false", table.concat(found(a), "\n"))
  end)

  it("finds a bridge that the host end is no port of any more, or of another", function()
    local c, a = bridged()
    helper.ip("link", "set", a.host_ifname, "nomaster")
    assert.same({ "host master br0 -> nil" }, found(a))
    helper.ip("link", "add", "other", "type", "bridge")
    helper.ip("link", "set", a.host_ifname, "master", "other")
    assert.same({ "host master br0 -> other" }, found(a))
    assert.is_true(c:alive())
  end)

  it("finds a container end that was moved elsewhere, or renamed", function()
    local c, a = routed()
    c:ip("link", "set", "eth0", "down")
    c:ip("link", "set", "eth0", "name", "eth7")
    assert.match("container ifname eth0 %-> eth7", table.concat(found(a), "\n"))
    local d = helper.container()
    c:ip("link", "set", "eth7", "netns", d.pid)
    local list = found(a)
    assert.same({ "container netns " .. a.netns .. " -> nil" }, list)
    d:ip("link", "set", "eth7", "netns", 1) -- back to the node itself
    assert.match("container netns %d+ %-> nil", table.concat(found(a), "\n"))
  end)

  it("finds the container by its namespace when its process is gone", function()
    local c, a = routed()
    local unpin, path = node.pin(c)
    made[#made + 1] = unpin
    local leave = node.guest(path)
    c:kill()
    assert.same({}, found(a)) -- by another process
    leave()
    assert.same({ "container netns " .. a.netns .. " -> nil" }, found(a))
    assert.same({}, found(a, path)) -- told where it is
    local other = helper.container()
    assert.same({ "container netns " .. a.netns .. " -> nil" }, found(a, other.pid))
    local name = "found"
    helper.sh "mkdir -p /run/netns"
    assert(helper.sh(("touch /run/netns/%s && mount --bind %s /run/netns/%s"):format(name, path, name)))
    assert.same({}, found(a)) -- by its name
    helper.sh(("umount /run/netns/%s; rm /run/netns/%s; rmdir /run/netns"):format(name, name))
  end)

  it("takes no later process with the same pid for the container", function()
    local _, a = routed()
    local other = helper.container()
    a.pid = other.pid -- as if the number had been given anew
    local list = found(a)
    assert.equal(1, #list) -- the record; the container itself is found by its namespace
    assert.match("^host record pid=", list[1])
  end)

  it("returns an error for a target that is none, and raises for what is no attachment", function()
    local _, a = routed()
    local list, err = zlnet.check(a, "/run/netns/nosuch")
    assert.is_nil(list)
    assert.equal("ENOENT", err.code)
    for _, bad in ipairs { 5, "x", {}, { pid = 5 }, { host_index = 2, host_ifname = "x" } } do
      local ok, message = pcall(function()
        local result = zlnet.check(bad)
        return result
      end)
      assert.is_false(ok)
      assert.match("^spec/check/init_spec.lua:%d+: bad argument #1 to 'check'", message)
    end
  end)

  it("changes nothing", function()
    local c, a = routed()
    local before, inside = node.state(), node.state_of(c)
    found(a)
    assert.equal(before, node.state())
    assert.equal(inside, node.state_of(c))
  end)
end)
