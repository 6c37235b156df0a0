-- SPDX-License-Identifier: MIT
local addr = require "zlnet.addr"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local routes = require "zlnet.cni.routes"
local zlnet = require "zlnet"

local function result(list)
  local own = { interfaces = {}, ips = {}, routes = {}, dns = {} }
  for i, route in ipairs(list) do
    route.dst = addr.parse(route.dst)
    own.routes[i] = route
  end
  return own
end

describe("zlnet.cni.routes", function()
  helper.insulate()

  local c, attached, container

  before_each(function()
    c = helper.container()
    attached = assert(zlnet.attach { pid = c.pid, ip = { "10.1.2.3/24", "fd00::3/64" }, default_route = false })
    container = assert(core.open(c.pid))
  end)

  after_each(function()
    container:close()
    zlnet.detach(attached)
  end)

  local function add(list)
    return routes.add(container, attached, result(list), { inet = "169.254.1.1", inet6 = "fe80::1" })
  end

  it("adds routes through their own next hop, or the gateway", function()
    assert.is_true(add { { dst = "0.0.0.0/0" }, { dst = "::/0" }, { dst = "10.9.0.0/16", gw = "10.1.2.9" } })
    assert.are.equal("169.254.1.1", c:ip_json("route", "show", "default")[1].gateway)
    assert.are.equal("fe80::1", c:ip_json("-6", "route", "show", "default")[1].gateway)
    assert.are.equal("10.1.2.9", c:ip_json("route", "show", "10.9.0.0/16")[1].gateway)
  end)

  it("does not mind what is there already, and leaves the first route in use", function()
    c:ip("link", "add", "other", "type", "bridge")
    c:ip("addr", "add", "10.7.0.1/24", "dev", "other")
    c:ip("link", "set", "other", "up")
    c:ip("route", "add", "default", "via", "10.7.0.2")
    for _ = 1, 2 do
      assert.is_true(add { { dst = "0.0.0.0/0" } })
    end
    local rows = c:ip_json("route", "show", "default")
    assert.are.equal(2, #rows)
    assert.are.equal("10.7.0.2", rows[1].gateway)
    assert.are.equal("169.254.1.1", rows[2].gateway)
  end)

  -- Which link takes the flows to many places.
  local function links_to(family, place)
    local links = {}
    for i = 1, 40 do
      links[c:ip_json(family, "route", "get", place .. i)[1].dev] = true
    end
    return links
  end

  it("uses one of several default routes, of either family; the next takes over when its link goes", function()
    local second = assert(zlnet.attach { pid = c.pid, ip = { "10.2.2.3/24", "fd02::3/64" }, default_route = false,
      tag = "g", ifname = "eth1" })
    local both = { { dst = "0.0.0.0/0" }, { dst = "::/0" }, { dst = "2001:db8::/32" } }
    for _, a in ipairs { attached, second, second } do
      local own = result { table.unpack(both) }
      assert.is_true(routes.add(container, a, own, { inet = "169.254.1.1", inet6 = "fe80::1" }))
      for _, route in ipairs(both) do
        route.dst = route.dst.address .. "/" .. route.dst.prefix
      end
    end
    assert.are.equal(2, #c:ip_json("-6", "route", "show", "default"))
    for family, place in pairs { ["-4"] = "198.51.100.", ["-6"] = "2001:db8::" } do
      assert.are.same({ eth0 = true }, links_to(family, place))
    end
    assert.is_true(zlnet.detach(attached))
    for family, place in pairs { ["-4"] = "198.51.100.", ["-6"] = "2001:db8::" } do
      assert.are.same({ eth1 = true }, links_to(family, place))
    end
    assert.is_true(zlnet.detach(second))
  end)

  it("keeps the routes of two attachments to one subnet apart", function()
    local again = assert(zlnet.attach { pid = c.pid, ip = { "10.1.2.4/24", "fd00::4/64" }, default_route = false,
      tag = "g", ifname = "eth1" })
    local own = result {}
    own.ips = { { ip = addr.parse "fd00::4/64", gateway = "fe80::1" } }
    assert.is_true(routes.add(container, again, own, { inet6 = "fe80::1" }))
    assert.are.same({ eth0 = true }, links_to("-6", "fd00::a:"))
    assert.is_true(zlnet.detach(attached))
    assert.are.same({ eth1 = true }, links_to("-6", "fd00::a:"))
    assert.is_true(zlnet.detach(again))
  end)

  it("keeps the metric of a route where it is free", function()
    local one, other = { dst = "2001:db8::/32", priority = 7 }, { dst = "2001:db8::/32", priority = 7, gw = "fe80::2" }
    assert.is_true(add { one, other })
    local metrics = {}
    for _, row in ipairs(c:ip_json("-6", "route", "show", "2001:db8::/32")) do
      metrics[row.gateway] = row.metric
    end
    assert.are.same({ ["fe80::1"] = 7, ["fe80::2"] = 8 }, metrics)
  end)

  it("says which step the kernel refused", function()
    local ok, failed = add { { dst = "10.9.0.0/16", gw = "127.0.0.1" } }
    assert.is_nil(ok)
    assert.are.equal(999, failed.code)
    assert.is_truthy(failed.msg:find "add the container's routes")
  end)
end)
