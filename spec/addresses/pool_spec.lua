-- SPDX-License-Identifier: MIT
local pool = require "zlnet.addresses.pool"

local function all(value, key)
  local sets = assert(pool.rule(value))
  local list = {}
  for address in pool.sequence(sets[1], key or "web") do
    list[#list + 1] = address
  end
  return list, sets
end

local function sorted(list)
  table.sort(list)
  return list
end

describe("a pool", function()
  it("has the hosts of a subnet, not the network's and the broadcast address", function()
    assert.same({ "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6" }, sorted(all "10.0.0.0/29"))
    assert.same({ "fd00::1", "fd00::2", "fd00::3" }, sorted(all "fd00::/126"))
  end)

  it("has both addresses of a pair, and one of one", function()
    assert.same({ "10.0.0.2", "10.0.0.3" }, sorted(all "10.0.0.2/31"))
    assert.same({ "10.0.0.2" }, all "10.0.0.2/32")
    assert.same({ "fd00::2", "fd00::3" }, sorted(all "fd00::2/127"))
  end)

  it("keeps to its range, and leaves out the gateway and what is excluded", function()
    local list, sets = all { subnet = "10.0.0.0/24", rangeStart = "10.0.0.8", rangeEnd = "10.0.0.14",
      gateway = "10.0.0.9", exclude = { "10.0.0.12/31", "10.0.0.8" } }
    assert.same({ "10.0.0.10", "10.0.0.11", "10.0.0.14" }, sorted(list))
    assert.equal("10.0.0.9", sets[1].gateway)
  end)

  it("never reaches beyond the hosts of its subnet", function()
    assert.same({ "10.0.0.1", "10.0.0.2" },
      sorted(all { subnet = "10.0.0.0/30", rangeStart = "10.0.0.0", rangeEnd = "10.0.0.3" }))
  end)

  it("is several ranges, and of a list each element gives one address", function()
    assert.same({ "10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2" }, sorted(all { { "10.0.0.0/30", "10.0.1.0/30" } }))
    local sets = assert(pool.rule { "10.0.0.0/30", "fd00::/64" })
    assert.same({ "inet", "inet6" }, { sets[1].family, sets[2].family })
    assert.equal("10.0.0.0/30", sets[1].name)
  end)

  it("is tried in an order of the owner's, which is the same each time and has each address once", function()
    local first = all("10.0.0.0/22", "web")
    assert.same(first, (all("10.0.0.0/22", "web")))
    assert.not_same(first, (all("10.0.0.0/22", "db")))
    assert.equal(1022, #first)
    local seen = {}
    for _, address in ipairs(first) do
      assert.is_nil(seen[address])
      seen[address] = true
    end
  end)

  it("begins with different addresses for different owners", function()
    local seen, n = {}, 0
    for i = 1, 100 do
      local address = pool.sequence(assert(pool.rule "10.0.0.0/16")[1], "owner-" .. i)()
      n = n + (seen[address] and 0 or 1)
      seen[address] = true
    end
    assert.is_true(n >= 98, n)
  end)

  it("may be as large as IPv6 is", function()
    local set = assert(pool.rule "fd00:1::/48")[1]
    local next_address = pool.sequence(set, "web")
    for _ = 1, 100 do
      local address = next_address()
      assert.truthy(pool.range_of(set, address), address)
    end
    assert.is_nil(pool.range_of(set, "fd00:2::1"))
  end)

  it("says what is wrong with it", function()
    for value, why in pairs {
      ["10.0.0.0"] = "subnet: a prefix length expected: '10.0.0.0'",
      ["10.0.0.5/24"] = "subnet: '10.0.0.5/24' has host bits set, the network is '10.0.0.0'",
      ["nonsense"] = "subnet: not an IP address",
      [5] = "a subnet or a range expected, got number",
    } do
      local sets, reason = pool.rule(value)
      assert.is_nil(sets)
      assert.equal(why, reason)
    end
    for _, case in ipairs {
      { { subnet = "10.0.0.0/24", rangeStart = "10.0.1.1" }, "rangeStart: '10.0.1.1' is not in 10.0.0.0/24" },
      { { subnet = "10.0.0.0/24", rangeStart = "10.0.0.9", rangeEnd = "10.0.0.8" },
        "rangeEnd: it comes before rangeStart" },
      { { subnet = "10.0.0.0/24", range = 1 }, "a range has no 'range'" },
      { { subnet = "10.0.0.0/24", gateway = "fd00::1" }, "gateway: an address of the subnet's family expected" },
      { { subnet = "10.0.0.0/24", exclude = "x" }, "exclude: not an IP address" },
      { { { "10.0.0.0/24", "fd00::/64" } }, "the ranges of one pool are of one family" },
    } do
      local sets, reason = pool.rule(case[1])
      assert.is_nil(sets)
      assert.equal(case[2], reason)
    end
  end)
end)
