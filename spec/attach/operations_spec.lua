-- SPDX-License-Identifier: MIT
-- The pieces of a plan, for each end. That the kernel makes of them what they say is attach_spec's and plan_spec's.
local options = require "zlnet.options"
local rows = require "zlnet.attach.options"
local plan = require "zlnet.attach.plan"
local support = require "spec.support.plan"

local ops = support.ops

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
      table.sort(awaited["container getroutes dst"])
      assert.same(expected, awaited["container getroutes dst"])
    end
  end)
end)
