-- SPDX-License-Identifier: MIT
-- How what is there is compared; check_spec does it with a real kernel.
local findings = require "zlnet.check.differences"

local LINK = { index = 7, ifname = "eth0" }

local function answering(method, rows, err)
  return {
    [method] = function()
      return rows, err
    end,
  }
end

local function plan_of(op, args, ns)
  return { ops = { { ns = ns or "container", op = op, args = args } } }
end

describe("findings", function()
  describe("of routes", function()
    local function route(row)
      row.family, row.table = row.family or "inet", row.table or "main"
      return row
    end

    local function found(args, rows)
      local f = findings.new()
      f:routes("container", answering("getroutes", rows), plan_of("newroute", args), LINK)
      return f.list[1] and tostring(f.list[1].found) or "as expected"
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
  end)

  it("of addresses go by address, length and link", function()
    local function found(rows)
      local f = findings.new()
      f:addresses("host", answering("getaddrs", rows), plan_of("newaddr",
        { ["local"] = "10.0.0.5", prefixlen = 24 }, "host"), LINK)
      return f.list[1] and f.list[1].key or "as expected"
    end
    assert.equal("as expected", found { { index = 7, ["local"] = "10.0.0.5", prefixlen = 24 } })
    assert.equal("as expected", found { { index = 7, address = "10.0.0.5", prefixlen = 24 } })
    assert.equal("gateway", found { { index = 7, ["local"] = "10.0.0.5", prefixlen = 32 } })
    assert.equal("gateway", found { { index = 8, ["local"] = "10.0.0.5", prefixlen = 24 } })
    assert.equal("gateway", found {})
  end)

  it("of neighbours are those with another MAC, not those unknown or failed", function()
    local function found(entry, err)
      local f = findings.new()
      f:neighbour("host", answering("getneigh", entry, err), 7, "10.0.0.5", "02:00:00:00:00:01")
      assert.is_nil(f.err)
      return #f.list
    end
    assert.equal(0, found(nil, { code = "ENOENT" }))
    assert.equal(0, found { state = "incomplete" })
    assert.equal(0, found { lladdr = "02:00:00:00:00:01", state = "stale" })
    assert.equal(0, found { lladdr = "02:00:00:00:00:02", state = "failed" })
    assert.equal(1, found { lladdr = "02:00:00:00:00:02", state = "permanent" })
  end)

  it("are void when something could not be looked at, for the first reason", function()
    local f = findings.new()
    local first, second = { code = "EPERM" }, { code = "EINTR" }
    f:routes("container", answering("getroutes", nil, first), plan_of("newroute", { family = "inet" }), LINK)
    f:addresses("container", answering("getaddrs", nil, second), plan_of("newaddr", {}, "host"), LINK)
    assert.equal(first, f.err)
    assert.equal("EACCES", (function()
      local g = findings.new()
      g:see(nil, { code = "ENODEV" })
      assert.is_nil(g.err)
      g:see(nil, { code = "EACCES" })
      return g.err.code
    end)())
  end)
end)
