-- SPDX-License-Identifier: MIT
-- The examples which set a node up, run as their users run them.
local helper = require "spec.support.helper"
local lfs = require "lfs"

local function example(name, ...)
  local words = { helper.lua, lfs.currentdir() .. "/spec/examples/" .. name, ... }
  for i, word in ipairs(words) do
    words[i] = helper.quote(word)
  end
  local ok, out = helper.sh(table.concat(words, " "))
  assert.is_true(ok, out)
  return out
end

describe("spec/examples", function()
  helper.insulate()

  before_each(function()
    helper.sh "ip link set lo up"
  end)

  it("bridge_node.lua joins containers to a bridge, and does no more the second time", function()
    local a, b = helper.container(), helper.container()
    local words = { "br0", "10.210.0.1/24", a.pid .. "=10.210.0.5/24", b.pid .. "=10.210.0.6/24" }
    local first = example("bridge_node.lua", table.unpack(words))
    assert.is_true((helper.ping(a, "10.210.0.6")))
    assert.is_true((helper.ping(b, "10.210.0.1")))
    assert.is_true((helper.ping(nil, "10.210.0.5")))
    assert.are.equal("10.210.0.1", a:ip_json("route", "show", "default")[1].gateway)
    local before = helper.ip_json "link"
    assert.are.equal(first, example("bridge_node.lua", table.unpack(words)))
    local after = helper.ip_json "link"
    assert.are.equal(#before, #after)
    for i in ipairs(before) do
      assert.are.equal(before[i].ifindex, after[i].ifindex)
    end
    helper.ip("link", "del", "br0")
  end)

  -- What is there, less what has to differ: indexes and MACs.
  local function state(c)
    local function rows(list, keys)
      local texts = {}
      for i, row in ipairs(list) do
        local text = {}
        for _, key in ipairs(keys) do
          text[#text + 1] = key .. "=" .. tostring(row[key])
        end
        for _, address in ipairs(row.addr_info or {}) do
          if address.family == "inet" then
            text[#text + 1] = ("%s/%d %s"):format(address["local"], address.prefixlen, address.scope)
          end
        end
        texts[i] = table.concat(text, " ")
      end
      return texts
    end
    local addresses, routes = { "ifname", "mtu", "operstate" }, { "dst", "gateway", "dev", "scope" }
    return {
      rows(helper.ip_json("addr"), addresses), rows(helper.ip_json("route"), routes),
      rows(c:ip_json "addr", addresses), rows(c:ip_json "route", routes),
    }
  end

  it("migration.lua: the steps and the one call come to the same", function()
    local c = helper.container()
    assert.are.equal("10.200.0.5/32\n", example("migration.lua", c.pid, "steps"))
    assert.is_true((helper.ping(c, "169.254.1.1")))
    local steps = state(c)
    helper.ip("link", "del", ("veth-%d-s"):format(c.pid))
    c:ip("link", "set", "lo", "down")
    assert.are.equal("10.200.0.5/32\n", example("migration.lua", c.pid, "attach"))
    assert.is_true((helper.ping(c, "169.254.1.1")))
    assert.are.same(steps, state(c))
  end)
end)
