-- SPDX-License-Identifier: MIT
local json = require "dkjson"
local network = require "zlnet.cni.network"
local result = require "zlnet.cni.result"

local function read(config, args)
  return network.read(json.decode(json.encode(config)), args or {})
end

local function leased(t)
  return assert(result.read(json.decode(json.encode(t)), "ipam"))
end

-- The options of attach and the routes left for what an IPAM plugin answered.
local function decide(config, answer)
  local r = leased(answer)
  local opts, rest = network.attach_options(assert(read(config)), r)
  return opts, rest, r
end

describe("zlnet.cni.network", function()
  it("has defaults for all", function()
    local n = read { name = "net" }
    assert.are.same({ mode = "routed", masquerade = false, is_gateway = false, is_default_gateway = false,
      routes = {}, dns = {} }, n)
    assert.are.equal("cni0", read({ mode = "bridge" }).bridge)
    assert.is_nil(read({ mtu = 0 }).mtu)
  end)

  for what, config in pairs {
    ["an unknown mode"] = { mode = "direct" },
    ["an MTU that is a text"] = { mtu = "1500" },
    ["a negative MTU"] = { mtu = -1 },
    ["an MTU with a fraction"] = { mtu = 1.5 },
    ["a text for ipMasq"] = { ipMasq = "true" },
    ["a number for bridge"] = { mode = "bridge", bridge = 1 },
    ["a text for dns"] = { dns = "1.1.1.1" },
    ["a wrong MAC"] = { runtimeConfig = { mac = "01:00:00:00:00:01" } },
    ["a MAC of another type"] = { runtimeConfig = { mac = 1 } },
    ["a wrong route"] = { routes = { { dst = "x" } } },
  } do
    it("refuses " .. what, function()
      local n, failed = read(config)
      assert.is_nil(n)
      assert.are.equal(7, failed.code)
    end)
  end

  it("names the key and the value of what it does not support", function()
    local _, failed = read { ipMasqBackend = "iptables" }
    assert.are.equal(2, failed.code)
    assert.is_truthy(failed.msg:find "ipMasqBackend.*iptables")
    assert.is_truthy(read { ipMasqBackend = "nftables" })
  end)

  it("takes the MAC from the runtime before args, and those before CNI_ARGS, whatever the case of the keys", function()
    local args = { MAC = "02:00:00:00:00:01" }
    assert.are.equal("02:00:00:00:00:01", read({}, args).mac)
    assert.are.equal("02:00:00:00:00:02", read({ args = { cni = { mac = "02:00:00:00:00:02" } } }, args).mac)
    assert.are.equal("02:00:00:00:00:0a", read({
      args = { cni = { mac = "02:00:00:00:00:02" } },
      runtimeConfig = { Mac = "02:00:00:00:00:0A" },
    }, args).mac)
    assert.is_nil(read({ runtimeConfig = { mac = "" } }).mac)
  end)

  it("takes the addresses a runtime asks for where there is no IPAM plugin", function()
    local r = network.without_ipam(read { runtimeConfig = { IPs = { "10.0.0.5/24", "fd00::5" } } })
    assert.are.equal(24, r.ips[1].ip.prefix)
    assert.are.equal(128, r.ips[2].ip.prefix)
    r = network.without_ipam(read({}, { IP = "10.0.0.6" }))
    assert.are.equal("10.0.0.6", r.ips[1].ip.address)
    local none, failed = network.without_ipam(read {})
    assert.is_nil(none)
    assert.are.equal(7, failed.code)
    assert.are.equal(7, select(2, network.without_ipam(read({}, { IP = "x" }))).code)
  end)

  it("gives the plain default routes to attach, and keeps the others", function()
    local opts, rest = decide({}, {
      ips = { { address = "10.1.2.3/24", gateway = "10.1.2.1" }, { address = "fd00::3/64", gateway = "fd00::1" } },
      routes = { { dst = "0.0.0.0/0" }, { dst = "::/0", gw = "fd00::1" }, { dst = "10.9.0.0/16" } },
    })
    assert.is_true(opts.default_route)
    assert.are.same({ "10.1.2.3/24", "fd00::3/64" }, opts.ip)
    assert.are.same({ "10.1.2.1", "fd00::1" }, opts.gateway)
    assert.are.equal(1, #rest)
    assert.are.equal("10.9.0.0", rest[1].dst.address)
  end)

  it("makes a default route itself where a family has none, or one with more to it", function()
    local ips = { { address = "10.1.2.3/24", gateway = "10.1.2.1" }, { address = "fd00::3/64", gateway = "fd00::1" } }
    local opts, rest = decide({}, { ips = ips, routes = { { dst = "0.0.0.0/0" } } })
    assert.is_false(opts.default_route)
    assert.are.equal(1, #rest)
    for _, route in ipairs { { dst = "0.0.0.0/0", gw = "10.1.2.254" }, { dst = "0.0.0.0/0", priority = 5 } } do
      opts, rest = decide({}, { ips = { ips[1] }, routes = { route } })
      assert.is_false(opts.default_route)
      assert.are.equal(1, #rest)
    end
  end)

  it("has no default route that nobody asked for", function()
    local opts, rest = decide({}, { ips = { { address = "10.1.2.3/24" } } })
    assert.is_false(opts.default_route)
    assert.are.same({}, rest)
  end)

  it("reports the gateway in use where the IPAM plugin names none", function()
    local opts, _, r = decide({}, { ips = { { address = "10.1.2.3/24" }, { address = "fd00::3/64" } } })
    assert.is_nil(opts.gateway)
    assert.are.equal("169.254.1.1", r.ips[1].gateway)
    assert.are.equal("fe80::1", r.ips[2].gateway)
  end)

  it("has one gateway of a family, and reports the others as they are", function()
    local opts, _, r = decide({}, { ips = {
      { address = "10.1.2.3/24", gateway = "10.1.2.1" }, { address = "10.3.0.3/16", gateway = "10.3.0.1" } } })
    assert.are.same({ "10.1.2.1" }, opts.gateway)
    assert.are.equal("10.3.0.1", r.ips[2].gateway)
  end)

  it("makes the node the gateway of a bridge, and the default one, as the bridge plugin does", function()
    local answer = { ips = { { address = "10.1.2.3/24" }, { address = "fd00::3/64" } } }
    local none = decide({ mode = "bridge" }, answer)
    assert.is_false(none.default_route)
    assert.is_nil(none.gateway)
    local gateway, _, result_of = decide({ mode = "bridge", isGateway = true }, answer)
    assert.are.equal("10.1.2.1", result_of.ips[1].gateway)
    assert.are.equal("fd00::1", result_of.ips[2].gateway)
    assert.is_false(gateway.default_route)
    local opts, rest, r = decide({ mode = "bridge", isDefaultGateway = true }, answer)
    assert.is_true(opts.default_route)
    assert.are.same({ "10.1.2.1", "fd00::1" }, opts.gateway)
    assert.are.same({}, rest)
    assert.are.equal(2, #r.routes)
  end)
end)
