-- SPDX-License-Identifier: MIT
-- What a dump costs, and what it leaves out.
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local function kilobytes()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end

local function resident()
  for line in io.lines "/proc/self/status" do
    local size = line:match "^VmRSS:%s+(%d+)"
    if size then
      return tonumber(size)
    end
  end
end

describe("a dump", function()
  helper.insulate()

  it("of 10,000 routes costs its result, and nothing when that is collected", function()
    local ns <close> = assert(zlnet.netns.new())
    local handle <close> = assert(zlnet.open(ns))
    assert(handle:setlink { ifname = "lo", flags = { up = true } })
    local batch = handle:batch()
    for i = 0, 9999 do
      assert(batch:newroute { dst = ("10.%d.%d.0/24"):format(i // 256, i % 256), oif = "lo" })
    end
    local _, failed = batch:send()
    assert.is_nil(failed)

    local filter = { family = "inet", table = "main" }
    assert.equal(10000, #assert(handle:getroutes(filter)))
    local before, kept = kilobytes(), nil
    for round = 1, 5 do
      local routes = assert(handle:getroutes(filter))
      local grown = kilobytes() - before
      kept = kept or grown
      assert.equal(10000, #routes)
      assert.is_true(grown > 1000 and grown < 20000, grown) -- 0.1 to 2 KB a route
      assert.is_true(math.abs(grown - kept) < 64, ("round %d: %.0f KB, at first %.0f"):format(round, grown, kept))
      routes = nil -- luacheck: ignore 311
      assert.is_true(math.abs(kilobytes() - before) < 16, "the result was not all that was held")
    end
    if os.getenv "ASAN_OPTIONS" then
      return -- AddressSanitizer keeps what was freed for a while, to find uses of it
    end
    local at_first = resident()
    for _ = 1, 10 do
      assert(handle:getroutes(filter))
    end
    kilobytes()
    assert.is_true(resident() - at_first < kept + 4096, "the C core holds on to memory")
  end)

  it("of links has their settings and counters when its keys say so, as one link always has", function()
    local handle <close> = assert(zlnet.open())
    local plain = assert(handle:getlinks())[1]
    assert.is_nil(plain.af_spec)
    assert.is_nil(plain.stats64)
    local link = assert(handle:getlinks(nil, { "ifname", "af_spec", "stats64" }))[1]
    assert.equal("lo", link.ifname)
    assert.is_number(link.af_spec.inet.conf.forwarding)
    assert.is_number(link.stats64.rx_packets)
    assert.is_nil(link.mtu)
    local one = assert(handle:getlink { ifname = "lo" })
    assert.is_number(one.af_spec.inet6.conf.accept_dad)
    assert.is_number(one.stats64.tx_packets)
  end)

  it("of links has every one that is there all the time, and none twice, while others come and go", function()
    local host <close> = assert(zlnet.open())
    local batch, stay = host:batch(), 100
    for i = 1, stay do
      batch:newlink { ifname = "s" .. i, group = 9, linkinfo = { kind = "bridge" } }
    end
    assert(batch:send { objects = false })
    local churn = assert(io.popen(helper.lua .. " -e " .. helper.quote [[
      local host = assert(require "zlnet".open())
      print "begun"
      io.stdout:flush()
      repeat
        local batch = host:batch()
        batch:dellink { index = assert(host:newlink { ifname = "c", linkinfo = { kind = "bridge" } }).index }
        assert(batch:send { wait = "gone" })
        local enough = io.open "/run/enough"
      until enough]]))
    assert.equal("begun", churn:read "l")
    for _ = 1, 40 do
      local rows, seen, found = assert(host:getlinks(nil, { "index", "ifname" })), {}, 0
      for _, row in ipairs(rows) do
        assert.is_nil(seen[row.index])
        seen[row.index] = true
        found = found + (row.ifname:find "^s" and 1 or 0)
      end
      assert.equal(stay, found)
    end
    assert(io.open("/run/enough", "w")):close()
    churn:close()
    os.remove "/run/enough"
    assert(host:dellink { group = 9 })
  end)

  it("leaves out what says the same again", function()
    local handle <close> = assert(zlnet.open())
    assert.is_nil(assert(handle:getlinks(nil, { "ifname", "unknown" }))[1].unknown) -- IFLA_MAP, IFLA_STATS
    assert.is_nil(assert(handle:getlinks())[1].unknown)
    assert.is_nil(assert(handle:getlink { ifname = "lo" }).unknown)
  end)

  it("is whole though finalizers use its handle while it is read, or close it", function()
    local handle <close> = assert(zlnet.open())
    assert(handle:setlink { ifname = "lo", flags = { up = true } })
    local batch = handle:batch()
    for i = 1, 500 do
      assert(batch:newroute { dst = ("10.1.%d.%d/32"):format(i // 256, i % 256), oif = "lo" })
    end
    assert(select(2, batch:send()) == nil)
    local ran = 0
    local function leave(other)
      setmetatable({}, {
        __gc = function()
          ran = ran + 1
          if other then
            other:close()
          else
            assert(handle:getlink { ifname = "lo" })
          end
        end,
      })
    end
    for round = 1, 60 do
      local other <close> = assert(zlnet.open())
      local args = { table = "main" } -- of IPv4 has just these
      collectgarbage "stop" -- until it is asked
      for _ = 1, 5 do
        leave(round % 2 == 0 and other) -- nearly all that is made here is routes, so then it is that they are collected
      end
      local asked = round % 2 == 0 and other or handle
      collectgarbage "restart"
      local routes = assert(asked:getroutes(args))
      local seen = {}
      for _, route in ipairs(routes) do
        seen[route.dst or ""] = true
      end
      for i = 1, 500 do
        assert.is_true(seen[("10.1.%d.%d"):format(i // 256, i % 256)])
      end
    end
    assert.is_true(ran > 100)
  end)

  it("leaves the collector running, or stopped, as it was, and able to keep up", function()
    local ns <close> = assert(zlnet.netns.new())
    local handle <close> = assert(zlnet.open(ns))
    local batch = handle:batch()
    for i = 1, 300 do
      assert(batch:newlink { ifname = "br" .. i, linkinfo = { kind = "bridge" } })
    end
    assert(select(2, batch:send { objects = false }) == nil)
    assert.equal(301, #assert(handle:getlinks()))
    assert.is_true(collectgarbage "isrunning")
    local one = kilobytes()
    local links = assert(handle:getlinks())
    assert.equal(301, #links)
    one = kilobytes() - one
    links = nil -- luacheck: ignore 311
    local before, most = kilobytes(), 0
    for _ = 1, 50 do
      assert(handle:getlinks())
      most = math.max(most, collectgarbage "count")
    end
    assert.is_true(most < 3 * before + 8 * one, ("%.0f KB after %.0f, a dump is %.0f"):format(most, before, one))
    collectgarbage "stop"
    assert(handle:getlinks())
    assert.is_false(collectgarbage "isrunning")
    collectgarbage "restart"
  end)
end)
