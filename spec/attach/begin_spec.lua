-- SPDX-License-Identifier: MIT
-- attach.begin: the pair first, the addresses when they are known.
local alias = require "zlnet.record.line"
local attach = require "zlnet.attach"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

describe("attach.begin", function()
  helper.insulate()

  local c, container

  before_each(function()
    helper.ip("link", "set", "lo", "up")
    c = helper.container()
    container = assert(zlnet.open(c.pid))
  end)

  after_each(function()
    container:close()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  -- Begins, asks for the other options, and finishes.
  local function ahead(learn, more)
    local opts = { pid = c.pid }
    for name, value in pairs(more or {}) do
      opts[name] = value
    end
    local begun <close>, err = attach.begin(opts, container)
    if not begun then
      return nil, err
    end
    local rest, why = learn()
    if not rest then
      begun:abandon(why)
      return nil, why
    end
    return begun:finish(rest)
  end

  -- Nothing is left of it, on either side.
  local function left_nothing(f)
    local before, inside = node.state(), node.state_of(c)
    f()
    assert.equal(before, node.state())
    assert.equal(inside, node.state_of(c))
  end

  it("fails where the container has ended, or is in another namespace by then, and leaves nothing", function()
    local before = node.state()
    local killed, err = ahead(function()
      c:kill()
      return { ip = "10.200.0.5", forwarding = false }
    end)
    assert.is_nil(killed)
    assert.equal("ESRCH", err.code)
    assert.is_nil(err.rollback)
    assert.equal(before, node.state())
    local d = helper.container()
    local unpin, path = node.pin(d)
    local stop, pid = node.chain(path, "mover")
    container:close()
    container = assert(zlnet.open(path))
    local moved
    moved, err = ahead(function()
      helper.sh("kill -USR1 " .. pid)
      helper.eventually(function()
        return not helper.sh(("[ /proc/%d/ns/net -ef %s ]"):format(pid, path))
      end)
      return { ip = "10.200.0.6", forwarding = false }
    end, { pid = pid })
    stop()
    unpin()
    assert.is_nil(moved)
    assert.equal("EAGAIN", err.code)
    assert.is_nil(err.rollback)
    assert.equal(before, node.state())
  end)

  it("ends as attach does", function()
    local options = { ip = { "10.200.0.5", "fd00:200::5" }, gateway = "10.200.0.1" }
    local a = assert(ahead(function()
      return options
    end, { mtu = 1400 }))
    options.pid, options.mtu, options.on_exists = c.pid, 1400, "keep"
    local kept = assert(zlnet.attach(options))
    a.changed, kept.changed, kept.time = {}, {}, a.time
    assert.same(a, kept)
    assert.same({}, zlnet.check(a))
    assert.is_true((helper.ping(nil, "10.200.0.5")))
    assert.is_true((helper.ping(nil, "fd00:200::5")))
  end)

  it("has made the pair, and said whose it is, when it asks for the addresses; the lock is free", function()
    local seen
    local a = assert(ahead(function()
      local link = node.link(("veth-%d-s"):format(c.pid))
      seen = { link = link, record = assert(alias.parse(link.ifalias)), inside = c:ip_json("addr", "show", "eth0") }
      seen.report = assert(zlnet.sweep { timeout = 0.1 })
      seen.listed = assert(zlnet.attachments())
      return { ip = "10.200.0.5" }
    end, { mac = "02:00:00:00:00:05" }))
    assert.equal(a.host_mac, seen.link.address)
    assert.equal(c.pid, seen.record.pid)
    assert.same({}, seen.record.ip)
    assert.equal("02:00:00:00:00:05", seen.inside[1].address)
    assert.same({}, seen.inside[1].addr_info)
    assert.equal("alive", seen.report.verdicts[1].verdict)
    assert.equal(a.host_ifname, seen.listed[1].host_ifname)
    assert.same({}, seen.listed[1].ip)
    assert.equal("10.200.0.5", zlnet.attachments()[1].ip[1].address)
  end)

  it("leaves nothing, and says why, where there are no addresses", function()
    left_nothing(function()
      local a, err = ahead(function()
        return nil, { msg = "none left" }
      end)
      assert.is_nil(a)
      assert.same({ msg = "none left" }, err)
    end)
  end)

  it("leaves nothing where asking raises, or is answered with a wrong option", function()
    left_nothing(function()
      assert.error_matches(function()
        ahead(function()
          error "oh"
        end)
      end, "oh")
      assert.error_matches(function()
        ahead(function()
          return { ip = "10.200.0.300" }
        end)
      end, "bad option 'ip' to 'attach'")
      assert.error_matches(function()
        ahead(function()
          return { ip = "fd00:200::5" }
        end, { mtu = 1000 })
      end, "bad option 'mtu' to 'attach'")
    end)
  end)

  it("opens a socket of its own where it is given none, and is done once", function()
    local begun <close> = assert(attach.begin { pid = c.pid })
    local a = assert(begun:finish { ip = "10.200.0.5" })
    begun:abandon()
    assert.same({}, zlnet.check(a))
    left_nothing(function()
      local other <close> = assert(attach.begin { pid = c.pid, tag = "g", ifname = "eth1" })
      assert.equal("eth1", c:ip_json("link", "show", "eth1")[1].ifname)
      other:abandon()
      other:abandon()
    end)
  end)

  it("switches IPv6 on for its own link where the container has it off", function()
    c:exec "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"
    local a = assert(ahead(function()
      return { ip = "fd00:200::5" }
    end))
    assert.is_true((helper.ping(nil, "fd00:200::5")))
    assert.same({}, zlnet.check(a))
  end)

  it("leaves nothing where the rest can't be done", function()
    helper.ip("link", "add", "other", "up", "type", "bridge")
    helper.ip("route", "add", "10.200.0.5/32", "dev", "other")
    left_nothing(function()
      local a, err = ahead(function()
        return { ip = "10.200.0.5" }
      end)
      assert.is_nil(a)
      assert.equal("EEXIST", err.code)
      assert.equal("there is a route to 10.200.0.5/32 already, through 'other'", err.message)
      assert.is_nil(err.rollback)
    end)
  end)

  it("leaves nothing where the pair is gone meanwhile, or another's sweep holds the lock for too long", function()
    left_nothing(function()
      local a, err = ahead(function()
        helper.ip("link", "del", ("veth-%d-s"):format(c.pid))
        return { ip = "10.200.0.5" }
      end)
      assert.is_nil(a)
      assert.equal("ENODEV", err.code)
      local here <close> = assert(zlnet.netns.open())
      a, err = ahead(function()
        assert(here:lock "exclusive")
        return { ip = "10.200.0.5" }
      end, { timeout = 0.1 })
      assert.is_nil(a)
      assert.equal("wait for the node's lock", err.step)
    end)
  end)

  it("does not ask for addresses where a name is taken", function()
    c:ip("link", "add", "eth0", "type", "bridge")
    helper.ip("link", "add", ("veth-%d-g"):format(c.pid), "type", "bridge")
    left_nothing(function()
      local function never()
        error "asked"
      end
      local a, err = ahead(never)
      assert.is_nil(a)
      assert.equal("'eth0' exists already in the container", err.message)
      a, err = ahead(never, { tag = "g", ifname = "eth1" })
      assert.is_nil(a)
      assert.match("exists already, and is no link of ours", err.message)
    end)
  end)

  it("raises for a wrong option before anything is done", function()
    left_nothing(function()
      local function never()
        error "asked"
      end
      for name, value in pairs { ifname = "a/b", mtu = 1, mode = "x", ip = "10.200.0.5", tag = "", bridge = "br0" } do
        assert.error_matches(function()
          ahead(never, { [name] = value })
        end, "bad option '" .. name .. "' to 'attach'")
      end
    end)
  end)
end)
