-- SPDX-License-Identifier: MIT
-- What each end gets, decided without a kernel; attach_spec.lua and plan_spec.lua hold it against one.
local ends = require "zlnet.ends"

describe("ends", function()
  local function ip(address, prefix)
    return { address = address, prefix = prefix, family = address:find ":" and "inet6" or "inet" }
  end

  -- Options as options.attach leaves them, and the plan as plan.build begins it.
  local function begin(changes)
    local o = { mode = "routed", ip = { ip("10.0.0.5", 32) }, default_route = true, nodad = true, queues = 1 }
    for key, value in pairs(changes or {}) do
      o[key] = value
    end
    local p = { ops = {}, host_ifname = "veth-7-s", ifname = "eth0", host_mac = "7a:6c:00:00:00:01",
      mac = "7a:6c:00:00:00:02", alias = "record", families = {}, gateways = {} }
    local known = { inet = "169.254.1.1", inet6 = "fe80::1" }
    for _, one in ipairs(o.ip) do
      p.families[#p.families + 1], p.families[one.family] = one.family, true
      p.gateways[one.family] = o.mode == "routed" and known[one.family] or nil
    end
    local function add(ns, op, step, args, link, ref, await)
      p.ops[#p.ops + 1] = { ns = ns, op = op, step = step, args = args, link = link, ref = ref, await = await }
    end
    return o, p, add
  end

  local function ops(name, changes)
    local o, p, add = begin(changes)
    ends[name](o, p, add)
    return p.ops
  end

  it("are created by one request, with queues, MACs and MTU of both, the container's under its final name", function()
    local o, p = begin { mtu = 1400, bridge = "br0" }
    local op = ends.create(o, p)
    local peer = op.args.linkinfo.data.peer
    assert.same({ "veth-7-s", "eth0" }, { op.args.ifname, peer.ifname })
    assert.same({ 1400, 1400, 1, 1 }, { op.args.mtu, peer.mtu, op.args.num_tx_queues, peer.num_rx_queues })
    assert.same({ "7a:6c:00:00:00:01", "7a:6c:00:00:00:02" }, { op.args.address, peer.address })
    assert.equal("br0", op.args.master)
    assert.is_true(op.args.flags.up)
  end)

  it("leave the number of queues to the kernel when told so", function()
    local o, p = begin { queues = "kernel" }
    assert.is_nil(ends.create(o, p).args.num_tx_queues)
  end)

  it("of the host bear the record first, then the gateway, then the way to the container", function()
    local list = ops("host", { src = { inet = "10.0.0.1" } })
    assert.same({ "setlink", "newaddr", "newroute" }, { list[1].op, list[2].op, list[3].op })
    assert.equal("record", list[1].args.ifalias)
    assert.same({ ["local"] = "169.254.1.1", prefixlen = 32, scope = "link" }, list[2].args)
    assert.same({ dst = "10.0.0.5/32", scope = "link", prefsrc = "10.0.0.1" }, list[3].args)
    assert.equal("oif", list[3].ref)
  end)

  it("of the host on a bridge bear the record only", function()
    local list = ops("host", { mode = "bridge" })
    assert.equal(1, #list)
    assert.equal("record", list[1].args.ifalias)
  end)

  it("of the container reach the subnet through the gateway when there is no default route", function()
    local list = ops("routes", { ip = { ip("10.0.0.5", 16) }, default_route = false })
    assert.equal(1, #list)
    assert.same({ dst = "10.0.0.0/16", gateway = "169.254.1.1", flags = { onlink = true } }, list[1].args)
    assert.same({ noprefixroute = true }, ops("addresses", { ip = { ip("10.0.0.5", 16) } })[1].args.flags)
  end)

  it("of the container have a default route of each family, by device in mode direct", function()
    local both = { ip("10.0.0.5", 32), ip("fd00::5", 128) }
    local list = ops("routes", { ip = both })
    assert.same({ "169.254.1.1", "fe80::1" }, { list[1].args.gateway, list[2].args.gateway })
    local direct = ops("routes", { mode = "direct" })
    assert.same({ family = "inet", scope = "link" }, direct[1].args)
  end)

  it("of the container have a link-local address made of the MAC, without looking for duplicates", function()
    local list = ops("addresses", { ip = { ip("fd00::5", 128) } })
    assert.same({ ["local"] = "fe80::786c:ff:fe00:2", prefixlen = 64, flags = { nodad = true } }, list[2].args)
    assert.equal(1, #ops("addresses", { ip = { ip("fd00::5", 128) }, nodad = false }))
  end)

  it("are waited for: the host end's carrier, and each IPv6 address", function()
    assert.same({ operstate = "up" }, ops("await")[1].await)
    assert.equal(1, #ops "await")
    assert.equal(4, #ops("await", { ip = { ip("fd00::5", 128) } }))
  end)
end)
