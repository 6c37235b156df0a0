-- SPDX-License-Identifier: MIT
-- The pieces of a plan, for each end. That the kernel makes of them what they say is attach_spec's and plan_spec's.
local modes = require "zlnet.attach.modes"
local operations = require "zlnet.attach.operations"
local options = require "zlnet.options"
local rows = require "zlnet.attach.options"
local plan = require "zlnet.attach.plan"

-- The operations that one piece adds, for these options.
local function ops(piece, opts)
  opts.pid = 42
  local o = options.check("attach", rows.attach, opts)
  local whole = plan.build(o, { pid = 42, start = 1, boot = "0f1e2d3c4b5a6978", pidns = 1, netns = 2, time = 3 })
  local list = {}
  local p = setmetatable({ ops = list }, { __index = whole })
  local mode = modes[o.mode]
  local function add(op)
    list[#list + 1] = op
  end
  if mode[piece] then
    mode[piece](o, p, add)
  else
    operations[piece](o, p, mode, add)
  end
  return list
end

local function addresses(opts)
  local list = {}
  for _, op in ipairs(ops("addresses", opts)) do
    local flags = {}
    for name in pairs(op.args.flags or {}) do
      flags[#flags + 1] = name
    end
    table.sort(flags)
    list[#list + 1] = ("%s/%d %s"):format(op.args["local"], op.args.prefixlen, table.concat(flags, ","))
  end
  return list
end

describe("operations", function()
  local MAC = "02:00:00:00:00:05"
  local LINK_LOCAL = "fe80::ff:fe00:5/64 nodad"

  it("gives the container its addresses, and a link-local one of its MAC that is usable at once", function()
    assert.same({ "10.0.0.5/32 ", "fd00::5/128 nodad", LINK_LOCAL },
      addresses { ip = { "10.0.0.5", "fd00::5" }, mac = MAC })
    assert.same({ "10.0.0.5/32 ", "fd00::5/128 " }, addresses { ip = { "10.0.0.5", "fd00::5" }, nodad = false })
    assert.same({ "10.0.0.5/24 " }, addresses { ip = "10.0.0.5", mode = "direct" })
  end)

  it("makes no route of the kernel's to a subnet that only the gateway leads to", function()
    assert.same({ "10.0.0.5/24 noprefixroute", "fd00::5/64 noprefixroute", "fd00::5/64 nodad,noprefixroute" }, {
      addresses({ ip = "10.0.0.5/24" })[1], addresses({ ip = "fd00::5/64", nodad = false })[1],
      addresses({ ip = "fd00::5/64" })[1],
    })
    assert.same({ "10.0.0.5/24 " }, addresses { ip = "10.0.0.5/24", mode = "direct" })
    assert.same({ "10.0.0.5/24 " },
      addresses { ip = "10.0.0.5/24", mode = "bridge", bridge = "br0", gateway = "10.0.0.1" })
  end)

  it("lets the host end answer for the gateways, IPv4 for the link alone", function()
    local function gateways(opts)
      local list = {}
      for _, op in ipairs(ops("host", opts)) do
        if op.op == "newaddr" then
          list[#list + 1] = ("%s/%d %s"):format(op.args["local"], op.args.prefixlen, op.args.scope or "")
        end
      end
      return list
    end
    assert.same({ "169.254.1.1/32 link", "fe80::1/64 " }, gateways { ip = { "10.0.0.5", "fd00::5" } })
    assert.same({ "fd00::1/128 ", "fe80::1/64 " }, gateways { ip = "fd00::5", gateway = "fd00::1" })
    assert.same({ "fe80::9/64 " }, gateways { ip = "fd00::5", gateway = "fe80::9" })
    assert.same({}, gateways { ip = "10.0.0.5", mode = "direct" })
    assert.same({}, gateways { ip = "10.0.0.5/24", mode = "bridge", bridge = "br0", gateway = "10.0.0.1" })
  end)

  it("answers ARP for others without the kernel's delay where asked to", function()
    local list = ops("host", { ip = "10.0.0.5", mode = "direct", proxy_arp = true })
    assert.same({ inet = { conf = { forwarding = 1 } } }, list[1].args.af_spec)
    assert.same({ inet = { conf = { proxy_arp = 1 } } }, list[2].args.af_spec)
    assert.same({ key = "net/ipv4/neigh/veth-42-s/proxy_delay", value = "0" }, list[3].args)
    assert.is_true(list[3].optional)
  end)

  it("sets a bridge's port before it can have a carrier, in its own VLAN alone", function()
    local function port(changes, node)
      local opts = { pid = 42, ip = "10.0.0.5/24", mode = "bridge", bridge = "br0", default_route = false }
      for key, value in pairs(changes) do
        opts[key] = value
      end
      local list = {}
      modes.bridge.before(options.check("attach", rows.attach, opts), nil, function(op)
        list[#list + 1] = op
      end, node)
      return list
    end
    assert.same({}, port {})
    assert.same({ slave_kind = "bridge", slave_data = { mode = true, isolated = false } },
      port({ hairpin = true })[1].args.linkinfo)
    local list = port({ vlan = 5 }, { default_pvid = 1 })
    assert.same({ { vid = 5, flags = { pvid = true, untagged = true } } }, list[1].args.af_spec.vlan_info)
    assert.same({ "dellink", "bridge", 1 }, { list[2].op, list[2].args.family, list[2].args.af_spec.vlan_info[1].vid })
    assert.equal(1, #port({ vlan = 5 }, { default_pvid = 0 }))
    assert.equal(1, #port({ vlan = 1 }, { default_pvid = 1 }))
  end)

  it("routes by gateway, on the link where that is not in a subnet, or by device", function()
    local function default(opts)
      local list = ops("routes", opts)
      assert.equal(1, #list)
      return list[1].args
    end
    assert.same({ family = "inet", gateway = "169.254.1.1", flags = { onlink = true } }, default { ip = "10.0.0.5" })
    assert.same({ family = "inet", scope = "link" }, default { ip = "10.0.0.5", mode = "direct" })
    assert.same({ family = "inet6" }, default { ip = "fd00::5", mode = "direct" })
    assert.same({ family = "inet", gateway = "10.0.0.1" },
      default { ip = "10.0.0.5/24", mode = "bridge", bridge = "br0", gateway = "10.0.0.1" })
    assert.same({}, ops("routes", { ip = "10.0.0.5", default_route = false }))
  end)

  it("announces on a bridge by setting the MAC again, when the kernel was told to announce", function()
    local function steps(ip)
      local list = {}
      local opts = { ip = ip, mode = "bridge", bridge = "br0", default_route = false, mac = MAC }
      for _, op in ipairs(ops("finish", opts)) do
        list[#list + 1] = op.op .. " " .. op.ns
      end
      return list
    end
    assert.same({ "setlink container", "setlink container" }, steps "10.0.0.5/24")
    assert.same({ "setlink container", "sysctl container", "setlink container" }, steps "fd00::5/64")
  end)

  -- The steps of a whole plan, and which of them wait for something.
  local function steps(opts)
    opts.pid = 42
    local o = options.check("attach", rows.attach, opts)
    local p = plan.build(o, { pid = 42, start = 1, boot = "0f1e2d3c4b5a6978", pidns = 1, netns = 2, time = 3 })
    local at, waits = {}, {}
    for i, op in ipairs(p.ops) do
      at[op.step] = at[op.step] or i
      waits[#waits + 1] = op.await and i or nil
    end
    return at, waits, p.ops
  end

  local MODES = {
    { mode = "routed" }, { mode = "direct" },
    { mode = "bridge", bridge = "br0", gateway = { "10.0.0.1", "fd00::1" } },
  }

  it("has the record before anything that waits, for then the node's lock is given back", function()
    for _, opts in ipairs(MODES) do
      opts.ip = opts.mode == "bridge" and { "10.0.0.5/24", "fd00::5/64" } or { "10.0.0.5", "fd00::5" }
      local at, waits = steps(opts)
      assert.equal(1, at["create the veth pair"])
      assert.is_true(at["write the owner's record"] < waits[1], opts.mode)
    end
  end)

  it("waits for the host end to transmit, and for every IPv6 address of the container", function()
    for _, opts in ipairs(MODES) do
      opts.ip = opts.mode == "bridge" and { "10.0.0.5/24", "fd00::5/64" } or { "10.0.0.5", "fd00::5", "fd00::6" }
      opts.mac = MAC
      local awaited = {}
      local _, waits, all = steps(opts)
      for _, i in ipairs(waits) do
        for key, value in pairs(all[i].await) do
          awaited[("%s %s %s"):format(all[i].ns, all[i].op, key)] = value
        end
      end
      assert.equal("up", awaited["host getlink operstate"])
      local expected = opts.mode == "bridge" and { "fd00::5" } or { "fd00::5", "fd00::6" }
      expected[#expected + 1] = "fe80::ff:fe00:5"
      assert.same(expected, awaited["container getroutes dst"])
    end
  end)
end)
