-- SPDX-License-Identifier: MIT
local options = require "zlnet.options"
local rows = require "zlnet.attach.options"

local function with(base, changes)
  local t = {}
  for k, v in pairs(base) do
    t[k] = v
  end
  for k, v in pairs(changes or {}) do
    t[k] = v
  end
  return t
end

describe("attach's options", function()
  local base = { pid = 4242, ip = "10.200.0.5" }

  local function attach(changes)
    return options.check("attach", rows.attach, with(base, changes))
  end

  local function refused(option, changes, why)
    local ok, message = pcall(attach, changes)
    assert.is_false(ok)
    local named, reason = message:match "bad option '([^']*)' to 'attach': (.*)$"
    assert.equal(option, named)
    if why then
      assert.match(why, reason, 1, true)
    end
  end

  it("has the design's defaults", function()
    assert.same({
      pid = 4242, ip = { { family = "inet", address = "10.200.0.5", prefix = 32 } }, tag = "s", ifname = "eth0",
      mode = "routed", default_route = true, queues = 1, forwarding = true, on_exists = "replace", nodad = true,
      proxy_arp = false, hairpin = false, isolated = false, masquerade = false, guard = false,
    }, attach())
  end)

  it("fills in prefix lengths by mode", function()
    local function prefixes(changes)
      local ips = attach(with({ ip = { "10.200.0.5", "fd00::5" } }, changes)).ip
      return { ips[1].prefix, ips[2].prefix }
    end
    assert.same({ 32, 128 }, prefixes())
    assert.same({ 24, 64 }, prefixes { mode = "direct" })
    assert.same({ 24, 64 }, prefixes { mode = "bridge", bridge = "br0", gateway = { "10.200.0.1", "fe80::1" } })
    assert.same({ 16, 128 }, prefixes { ip = { "10.200.0.5/16", "fd00::5" } })
  end)

  it("takes all that the design lists", function()
    local o = attach {
      pid = false or nil, ip = { "10.200.0.5/24", "fd00::5/64" }, tag = "g", ifname = "eth1",
      gateway = { "10.200.0.1" },
      src = { "10.200.0.2", "fd00::2" }, mtu = 1450, mac = "02:00:00:00:00:0A", host_mac = "02:00:00:00:00:0b",
      queues = "kernel", forwarding = false, on_exists = "keep", nodad = false, timeout = 2.5,
    }
    assert.same({ inet = "10.200.0.1" }, o.gateway)
    assert.same({ inet = "10.200.0.2", inet6 = "fd00::2" }, o.src)
    assert.equal("02:00:00:00:00:0a", o.mac)
    assert.equal("inherit", attach({ mtu = "inherit" }).mtu)
  end)

  it("wants exactly one target, and an id with a namespace", function()
    local ip = "10.0.0.5"
    local function only(given)
      return options.check("attach", rows.attach, given)
    end
    assert.equal("blue", only({ netns = "blue", id = "web-1", ip = ip }).netns)
    assert.equal("web-1", only({ pid = 1, id = "web-1", ip = ip }).id)
    for given, message in pairs {
      [{ ip = ip }] = "bad option 'pid' to 'attach': required (or netns)",
      [{ ip = ip, pid = 1, netns = "blue", id = "a" }] = "bad option 'netns' to 'attach': not together with pid",
      [{ ip = ip, netns = "blue" }] = "bad option 'id' to 'attach': required with netns",
      [{ pid = 1 }] = "bad option 'ip' to 'attach': required",
    } do
      assert.error_matches(function()
        only(given)
      end, message, 1, true)
    end
  end)

  it("refuses wrong values of each option", function()
    for option, values in pairs {
      pid = { 0, -1, 4194305, "1", 1.5 },
      netns = { 5, true, "", "a\0b", {}, { fd = -1 }, { fd = "5" } },
      id = { "", "a\0b", 5 },
      ip = { "", "x", 5, {}, { "10.0.0.5", "10.0.0.5" }, "10.0.0.5/33", "ff02::1", "0.0.0.0" },
      tag = { "", "abc", "-", 1 },
      ifname = { "", "0123456789abcdef", "a/b", "a b", "a%d", "a\0", ".", ".." },
      mode = { "", "Routed", "vxlan", 1 },
      default_route = { 0, "true" },
      gateway = { "", "10.0.0.1/24", { "10.0.0.1", "10.0.0.2" }, 5 },
      src = { "", "10.0.0.1/24", { "10.0.0.1", "10.0.0.2" }, 5 },
      mtu = { 67, 65536, 1500.5, "1500", "Inherit" },
      mac = { "", "01:00:5e:00:00:01", "00:00:00:00:00:00", 5 },
      host_mac = { "", "ff:ff:ff:ff:ff:ff", 5 },
      queues = { 0, 4097, "all", true },
      forwarding = { 0, "no" },
      on_exists = { "", "delete", true },
      nodad = { 0, "yes" },
      timeout = { 0, -1, 1 / 0, 0 / 0, "1" },
      bridge = { "", "0123456789abcdef", 5 },
      proxy_arp = { 0, 1, "on" },
      hairpin = { 0, "on" },
      isolated = { 1, "on" },
      vlan = { 0, 4095, "5", 1.5 },
    } do
      for _, value in ipairs(values) do
        refused(option, { [option] = value })
      end
    end
  end)

  it("refuses options that do not fit each other", function()
    refused("gateway", { gateway = "fd00::1" }, "has another family than every ip")
    refused("gateway", { gateway = "10.200.0.5" }, "is the container's own address")
    refused("gateway", { mode = "direct", gateway = "10.200.0.1" }, "has no use in mode 'direct'")
    refused("src", { src = "fd00::1" }, "has another family than every ip")
    refused("src", { src = "10.200.0.5" }, "is the container's own address")
    refused("ip", { ip = "169.254.1.1" }, "is the gateway's address")
    refused("ip", { ip = "fe80:0::1" }, "is the gateway's address")
    refused("mtu", { ip = "fd00::5", mtu = 1279 }, "IPv6 needs at least 1280, got 1279")
    refused("host_mac", { mac = "02:00:00:00:00:0a", host_mac = "02:00:00:00:00:0A" }, "must differ from mac")
    refused("proxy_arp", { proxy_arp = true }, "has no use in mode 'routed'")
    refused("bridge", { bridge = "br0" }, "has no use in mode 'routed'")
    refused("bridge", { mode = "bridge", gateway = "10.200.0.1" }, "required in mode 'bridge'")
    local bridge = { mode = "bridge", bridge = "br0" }
    refused("gateway", bridge, "an inet address is required in mode 'bridge'")
    refused("gateway", with(bridge, { gateway = "10.201.0.1" }), "is not in the subnet of an ip")
    refused("gateway", with(bridge, { default_route = false, gateway = "10.200.0.1" }), "has no use")
    refused("src", with(bridge, { gateway = "10.200.0.1", src = "10.200.0.1" }), "has no use in mode 'bridge'")
    for _, name in ipairs { "hairpin", "isolated", "vlan" } do
      local value = name == "vlan" and 5 or true
      refused(name, { [name] = value }, "has no use in mode 'routed'")
      assert.equal(value, attach(with(bridge, { gateway = "10.200.0.1", [name] = value }))[name])
    end
    refused("ip", { ip = "10.200.0.255/24" }, "'10.200.0.255' is the broadcast address of 10.200.0.0/24")
    refused("ip", { ip = "10.200.0.0", mode = "direct" }, "'10.200.0.0' is the network address of 10.200.0.0/24")
    assert.is_table(attach { ip = { "10.200.0.0/31", "10.201.0.0", "fd00::/64" } })
    assert.is_table(attach(with(bridge, { gateway = "10.200.0.1" })))
    assert.is_table(attach(with(bridge, { default_route = false })))
    assert.is_table(attach { mode = "direct", proxy_arp = true })
    assert.is_table(attach { ip = "169.254.1.1", gateway = "169.254.1.2" })
  end)

  it("refuses what would not fit into the owner's record", function()
    assert.is_table(attach { id = ("0123456789abcdef"):rep(4), ip = { "10.244.100.105", "fd00:10:244::1f" } })
    refused("id", { id = ("x"):rep(200) }, "use a shorter id")
    local many = {}
    for i = 1, 30 do
      many[i] = "10.200.0." .. i
    end
    refused("ip", { ip = many })
  end)
end)
