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

-- The options of attach and the gateways for what an IPAM plugin answered.
local function decide(config, answer)
  local r = leased(answer)
  local opts, gateways = network.address_options(assert(read(config)), r)
  return opts, gateways, r
end

describe("zlnet.cni.network", function()
  it("has defaults for all", function()
    local n = read { name = "net" }
    assert.are.same({ mode = "routed", firewall = {}, is_gateway = false, is_default_gateway = false,
      force_address = false, promisc = false, dad = false, unknown = {}, subnets = {}, routes = {}, dns = {} }, n)
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

  it("knows the subnets that addresses may come from", function()
    local n = read { ipam = { type = "host-local", subnet = "10.1.0.0/16", ranges = { { { subnet = "10.2.0.0/24" },
      { subnet = "x" } }, { { subnet = "fd00::/64", rangeStart = "fd00::5" } } } } }
    local list = {}
    for _, subnet in ipairs(n.subnets) do
      list[#list + 1] = subnet.address .. "/" .. subnet.prefix
    end
    table.sort(list)
    assert.are.same({ "10.1.0.0/16", "10.2.0.0/24", "fd00::/64" }, list)
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

  it("asks attach for the addresses and for no route", function()
    local opts, gateways = decide({ mtu = 1400 }, {
      ips = { { address = "10.1.2.3/24", gateway = "10.1.2.1" }, { address = "fd00::3/64" } },
      routes = { { dst = "0.0.0.0/0" } },
    })
    table.sort(opts.gateway)
    assert.are.same({ ip = { "10.1.2.3/24", "fd00::3/64" }, default_route = false,
      gateway = { "10.1.2.1", "fe80::1" }, forwarding = true, nodad = true }, opts)
    assert.are.same({ inet = "10.1.2.1", inet6 = "fe80::1" }, gateways)
  end)

  it("asks for the pair with what is known before", function()
    local n = assert(read({ mtu = 1400 }, { MAC = "02:00:00:00:00:01" }))
    assert.are.same({ mode = "routed", mtu = 1400, mac = "02:00:00:00:00:01" }, network.pair_options(n))
    assert.are.same({ mode = "bridge", bridge = "cni0" }, network.pair_options(assert(read { mode = "bridge" })))
  end)

  it("reports the gateway in use where the IPAM plugin names none", function()
    local _, _, r = decide({}, { ips = { { address = "10.1.2.3/24" }, { address = "fd00::3/64" } } })
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
    local opts, gateways, r = decide({ mode = "bridge" }, answer)
    assert.is_nil(opts.gateway)
    assert.are.same({}, gateways)
    assert.are.same({}, r.routes)
    opts, gateways, r = decide({ mode = "bridge", isGateway = true }, answer)
    assert.is_nil(opts.gateway)
    assert.are.equal("10.1.2.1", r.ips[1].gateway)
    assert.are.equal("fd00::1", r.ips[2].gateway)
    assert.are.same({ inet = "10.1.2.1", inet6 = "fd00::1" }, gateways)
    assert.are.same({}, r.routes)
    r = select(3, decide({ mode = "bridge", isDefaultGateway = true }, answer))
    assert.are.equal("10.1.2.1", r.routes[1].gw)
    assert.are.equal("fd00::1", r.routes[2].gw)
    answer.routes = { { dst = "0.0.0.0/0", gw = "10.1.2.9" } }
    r = select(3, decide({ mode = "bridge", isDefaultGateway = true }, answer))
    assert.are.equal(2, #r.routes)
    assert.are.equal("10.1.2.9", r.routes[1].gw)
  end)
end)
