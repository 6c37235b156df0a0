-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

describe("zlnet.pool", function()
  helper.insulate()

  local function names()
    return assert(core.netns.list())
  end

  after_each(function()
    assert(zlnet.detach(assert(zlnet.attachments())))
    assert.same({}, node.links())
    assert.same({}, names())
    helper.sh "umount /run/netns; rmdir /run/netns"
  end)

  it("gives namespaces that answer at once, are what attach makes, and go with detach", function()
    local pool <close> = assert(zlnet.pool { size = 3, mtu = 1400 })
    assert.equal(0, #pool)
    assert.equal(3, pool:refill())
    assert.equal(3, #pool)
    local a = assert(pool:take { id = "web", ip = "10.206.0.5" })
    assert.equal(2, #pool)
    assert.is_true((helper.ping(nil, "10.206.0.5")))
    assert.same({}, assert(zlnet.check(a)))
    assert.same({ "web", "10.206.0.5", "eth0", 1400 }, { a.id, a.ip[1].address, a.ifname, a.mtu })
    assert.equal(a.host_ifname, helper.ip_json("route", "show", "10.206.0.5")[1].dev)
    -- a runtime joins it by its path
    local path = assert(core.netns.open(a.netns_path))
    assert.is_true(path == a.netns_handle)
    path:close()
    local _, output = helper.sh("nsenter --net=" .. a.netns_path .. " ip -j addr show eth0")
    assert.truthy(output:find("10.206.0.5", 1, true))
    a.netns_handle:close()
    assert(zlnet.detach { id = "web" })
    assert.equal(2, #names())
  end)

  it("has IPv6 where it was made for it, and addresses of a pool", function()
    local pool <close> = assert(zlnet.pool { size = 2, families = { "inet", "inet6" } })
    assert(pool:refill())
    local a = assert(pool:take { id = "web", pool = { "10.206.0.0/24", "fd00:206::/64" } })
    local b = assert(pool:take { id = "db", pool = { "10.206.0.0/24", "fd00:206::/64" } })
    for _, x in ipairs { a, b } do
      assert.is_true((helper.ping(nil, x.ip[1].address)))
      assert.is_true((helper.ping(nil, x.ip[2].address)))
      assert.same({}, assert(zlnet.check(x)))
    end
    a.netns_handle:close()
    b.netns_handle:close()
  end)

  it("works on a bridge", function()
    assert(zlnet.bridge { name = "br0", ip = "10.207.0.1/24" })
    local pool <close> = assert(zlnet.pool { size = 2, mode = "bridge", bridge = "br0", gateway = "10.207.0.1" })
    assert(pool:refill())
    for i = 1, 2 do
      local a = assert(pool:take { id = "c" .. i, ip = "10.207.0." .. i + 10 .. "/24" })
      assert.is_true((helper.ping(nil, a.ip[1].address)))
      assert.same({}, assert(zlnet.check(a)))
      a.netns_handle:close()
    end
    assert(zlnet.detach(assert(zlnet.attachments())))
    helper.ip("link", "del", "br0")
  end)

  it("makes one where none is ready, and none twice", function()
    local pool <close> = assert(zlnet.pool { size = 1 })
    local a = assert(pool:take { id = "a", ip = "10.206.0.5" })
    local b = assert(pool:take { id = "b", ip = "10.206.0.6" })
    assert.not_equal(a.netns_path, b.netns_path)
    assert.not_equal(a.host_mac, b.host_mac)
    a.netns_handle:close()
    b.netns_handle:close()
  end)

  it("is refilled by an event loop, without waiting for a namespace", function()
    local pool <close> = assert(zlnet.pool { size = 4 })
    local ready = 0
    while pool:timeout() or pool:pollfd() do
      local fd = pool:pollfd()
      core.poll(fd and { { fd = fd } } or {}, pool:timeout() or -1)
      local event, err = pool:next()
      assert.is_nil(err)
      ready = ready + (event and 1 or 0)
      assert.is_true(not event or event.event == "ready" and event.free == ready)
    end
    assert.equal(4, ready)
    assert.is_nil(pool:timeout())
    assert(pool:take { id = "web", ip = "10.206.0.5" }).netns_handle:close()
    assert.equal(0, pool:timeout())
  end)

  it("leaves nothing when it is closed, also with a namespace under way", function()
    local before = node.state()
    local pool = assert(zlnet.pool { size = 3 })
    assert(pool:refill(2))
    assert(not select(2, pool:next()))
    pool:close()
    pool:close()
    assert.equal(before, node.state())
    assert.same({}, names())
    assert.has_error(function() pool:take { id = "web", ip = "10.206.0.5" } end, "a closed pool")
  end)

  it("undoes a take that fails, and keeps the other slots", function()
    local pool <close> = assert(zlnet.pool { size = 3 })
    assert(pool:refill())
    local a = assert(pool:take { id = "web", ip = "10.206.0.5" })
    local before = node.state()
    local none, err = pool:take { id = "db", ip = "10.206.0.5" }
    assert.is_nil(none)
    assert.equal("EEXIST", err.code)
    assert.equal(1, #pool)
    none, err = pool:take { id = "web", ip = "10.206.0.6" }
    assert.is_nil(none)
    assert.same({ "EEXIST", "name the host end" }, { err.code, err.step })
    assert.equal(0, #pool)
    assert.truthy(before:find(a.host_ifname, 1, true))
    assert.same({ a.host_ifname }, node.links())
    a.netns_handle:close()
  end)

  it("raises for what is the pool's to say, and for addresses that it was not made for", function()
    local pool <close> = assert(zlnet.pool { size = 1 })
    assert.has_error(function() pool:take { id = "web", ip = "10.206.0.5", mtu = 1400 } end,
      "bad option 'mtu' to 'take': is the pool's to say")
    assert.has_error(function() pool:take { ip = "10.206.0.5" } end, "bad option 'id' to 'take': required")
    assert.has_error(function() pool:take { id = "web", ip = "fd00::5" } end,
      "bad option 'ip' to 'take': the pool's namespaces are not made for inet6")
    assert.has_error(function() zlnet.pool { pid = 5 } end, "bad option 'pid' to 'pool': unknown")
    assert.has_error(function() zlnet.pool { mode = "bridge" } end,
      "bad option 'bridge' to 'pool': required in mode 'bridge'")
    assert.has_error(function() zlnet.pool { families = "ipv4" } end)
    assert.equal(0, #pool)
  end)
end)
