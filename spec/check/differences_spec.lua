-- SPDX-License-Identifier: MIT
-- How what is there is compared; check_spec does it with a real kernel.
local differences = require "zlnet.check.differences"

local LINK = { index = 7, ifname = "eth0" }

-- What one operation in the container finds among these facts.
local function found_by(op, side, policy)
  op.ns, op.key, side.link, side.names = "container", op.key or "it", LINK, { [7] = "eth0" }
  local list = differences.new()
  differences.of_ops(list, { op }, {}, { container = side }, policy)
  return list[1] and tostring(list[1].found) or "as expected", list
end

describe("differences", function()
  describe("of routes", function()
    local function route(row)
      row.family, row.table = row.family or "inet", row.table or "main"
      return row
    end

    local function found(args, rows, policy)
      return (found_by({ op = "newroute", args = args }, { routes = rows }, policy))
    end

    local DEFAULT = { family = "inet", gateway = "10.0.0.1" }

    it("go by destination, gateway and link", function()
      assert.equal("as expected", found(DEFAULT, { route { gateway = "10.0.0.1", oif = 7 } }))
      assert.equal("default via 10.0.0.2 dev eth0", found(DEFAULT, { route { gateway = "10.0.0.2", oif = 7 } }))
      assert.equal("default via 10.0.0.1 dev 8", found(DEFAULT, { route { gateway = "10.0.0.1", oif = 8 } }))
      assert.equal("default dev eth0", found(DEFAULT, { route { oif = 7 } }))
      assert.equal("nil", found(DEFAULT, {}))
      assert.equal("nil", found(DEFAULT, { route { dst = "10.0.0.0", dst_len = 24, gateway = "10.0.0.1", oif = 7 } }))
      assert.equal("nil", found(DEFAULT, { route { gateway = "10.0.0.1", oif = 7, table = "local" } }))
      assert.equal("nil", found(DEFAULT, { route { gateway = "10.0.0.1", oif = 7, family = "inet6" } }))
    end)

    it("take the best of several, the expected one among equals", function()
      local mine, other = route { gateway = "10.0.0.1", oif = 7 }, route { gateway = "10.0.0.2", oif = 7 }
      assert.equal("as expected", found(DEFAULT, { other, mine }))
      other.priority = 5
      assert.equal("as expected", found(DEFAULT, { other, mine }))
      mine.priority = 6
      assert.equal("default via 10.0.0.2 dev eth0", found(DEFAULT, { mine, other }))
      assert.equal("default via 10.0.0.2 dev eth0", found(DEFAULT, { other, mine }))
    end)

    it("look at every next hop", function()
      local hops = { { gateway = "fe80::9", ifindex = 8 }, { gateway = "fe80::1", ifindex = 7 } }
      assert.equal("as expected", found({ family = "inet6", gateway = "fe80::1" },
        { route { family = "inet6", multipath = hops } }))
      assert.equal("default via fe80::9 dev 8", found({ family = "inet6", gateway = "fe80::2" },
        { route { family = "inet6", multipath = hops } }))
    end)

    it("compare the source where one was asked for", function()
      local args = { dst = "10.0.0.5/32", prefsrc = "10.1.0.1" }
      local function row(source)
        return { route { dst = "10.0.0.5", dst_len = 32, oif = 7, prefsrc = source } }
      end
      assert.equal("as expected", found(args, row "10.1.0.1"))
      assert.equal("10.0.0.5/32 dev eth0 src 10.1.0.2", found(args, row "10.1.0.2"))
      assert.equal("10.0.0.5/32 dev eth0", found(args, row(nil)))
      assert.equal("as expected", found({ dst = "10.0.0.5/32" }, row "10.1.0.2"))
    end)

    it("that a later plugin moved count where it put them, as long as they are there", function()
      local moved = route { dst = "10.7.0.0", dst_len = 16, gateway = "10.0.0.1", oif = 9, table = 100 }
      local args = { dst = "10.7.0.0/16", gateway = "10.0.0.1" }
      assert.equal("nil", found(args, { moved }))
      assert.equal("as expected", found(args, { moved }, { chained = true }))
      assert.equal("nil", found(args, {}, { chained = true }))
      assert.equal("nil", found({ dst = "10.7.0.0/16", gateway = "10.0.0.2" }, { moved }, { chained = true }))
    end)
  end)

  it("of addresses go by address and length", function()
    local function found(there)
      return (found_by({ op = "newaddr", args = { ["local"] = "10.0.0.5", prefixlen = 24 } }, { addresses = there }))
    end
    assert.equal("as expected", found { ["10.0.0.5/24"] = true })
    assert.equal("nil", found { ["10.0.0.5/32"] = true })
    assert.equal("nil", found {})
  end)

  it("have the operation that mends them beside them, and none of what is not looked at", function()
    local op = { op = "newaddr", args = { ["local"] = "10.0.0.5", prefixlen = 24 } }
    local _, list = found_by(op, { addresses = {} })
    assert.equal(op, list.ops[list[1]])
    local names = { "10.0.0.5@br0", "fd00::5@br0" }
    _, list = found_by({ op = "newlinkprop", args = { prop_list = { alt_ifname = names } } },
      { claims = { ["10.0.0.5@br0"] = true } })
    assert.equal(1, #list)
    assert.same({ "fd00::5@br0" }, list.ops[list[1]].args.prop_list.alt_ifname)
    local none = differences.new()
    differences.of_ops(none, { { op = "setlink", ns = "container", args = {} } }, {}, { container = { link = LINK } })
    assert.equal(0, #none)
  end)
end)
