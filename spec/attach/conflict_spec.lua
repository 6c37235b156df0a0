-- SPDX-License-Identifier: MIT
-- on_exists: what attach does where a link of that name is there already.
local alias = require "zlnet.record.line"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local owner = require "zlnet.record.names"
local zlnet = require "zlnet"

describe("zlnet.attach where there is a link already", function()
  helper.insulate()

  local made = {}

  after_each(function()
    for i = #made, 1, -1 do
      made[i]()
      made[i] = nil
    end
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  local function options_of(c, changes)
    local options = { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" }, mtu = 1400 }
    for key, value in pairs(changes or {}) do
      options[key] = value
    end
    return options
  end

  local function attach(...)
    return assert(zlnet.attach(options_of(...)))
  end

  local function refused(c, changes, pattern)
    local before, inside = node.state(), node.state_of(c)
    local a, err = zlnet.attach(options_of(c, changes))
    assert.is_nil(a)
    assert.equal("EEXIST", err.code, tostring(err))
    assert.match(pattern, err.message)
    assert.equal(("veth-%d-s"):format(c.pid), err.link)
    assert.is_nil(err.replaced)
    assert.equal(before, node.state())
    assert.equal(inside, node.state_of(c))
  end

  local MODES = { "replace", "keep", "error" }

  it("takes an address over from an orphan, and from nobody else", function()
    local dead, living, c = helper.container(), helper.container(), helper.container()
    local unpin, path = node.pin(dead)
    made[1] = unpin
    local old = attach(dead)
    local function refused_by(ifname, changes)
      local before = node.state()
      local a, err = zlnet.attach(options_of(c, changes))
      assert.is_nil(a)
      assert.same({ "EEXIST", ifname }, { err.code, err.link })
      assert.equal(before, node.state())
    end
    refused_by(old.host_ifname) -- its owner lives
    local leave = node.guest(path)
    dead:kill()
    refused_by(old.host_ifname) -- it is in use
    leave()
    for _, on_exists in ipairs { "keep", "error" } do
      refused_by(old.host_ifname, { on_exists = on_exists })
    end
    local a = attach(c)
    assert.same({ a.host_ifname }, node.links())
    assert.same({}, assert(zlnet.check(a)))
    assert.is_true((helper.ping(nil, "10.200.0.5")))
    local b, err = zlnet.attach(options_of(living))
    assert.is_nil(b)
    assert.same({ "EEXIST", a.host_ifname }, { err.code, err.link })
  end)

  it("replaces its owner's, with whatever is asked for now", function()
    local c = helper.container()
    local first = attach(c)
    local second = attach(c, { ip = "10.200.0.9", ifname = "net1", mtu = 1300 })
    assert.same({ second.host_ifname }, node.links())
    assert.are_not.equal(first.host_index, second.host_index)
    assert.equal(1300, c:ip_json("link", "show", "dev", "net1")[1].mtu)
    assert.is_true((helper.ping(nil, "10.200.0.9")))
    assert.is_false((helper.ping(nil, "10.200.0.5", { timeout = 1 })))
    local third = attach(c, { on_exists = "replace" })
    assert.same({}, assert(zlnet.check(third)))
  end)

  it("keeps an identical one: nothing changes", function()
    local c = helper.container()
    local first = attach(c)
    local before, inside = node.state(), node.state_of(c)
    local kept = attach(c, { on_exists = "keep" })
    assert.equal(before, node.state())
    assert.equal(inside, node.state_of(c))
    first.changed, kept.changed = nil, nil
    assert.same(first, kept)
  end)

  it("does not keep one that differs in any option, or is not whole any more", function()
    local c = helper.container()
    attach(c)
    for _, change in ipairs {
      { ip = "10.200.0.5" }, { ip = { "10.200.0.5/24", "fd00:200::5" } }, { ip = { "fd00:200::5", "10.200.0.5" } },
      { mtu = 1300 }, { ifname = "eth1" }, { default_route = false }, { gateway = "169.254.7.7" }, { id = "web" },
      { mode = "direct" }, { mac = "02:00:00:00:00:05" }, { host_mac = "02:00:00:00:00:06" }, { queues = 2 },
    } do
      change.on_exists = "keep"
      refused(c, change, "exists already, and is not the same$")
    end
    c:ip("addr", "del", "10.200.0.5/32", "dev", "eth0")
    refused(c, { on_exists = "keep" }, "exists already, and is not the same$")
    attach(c)
    helper.ip("route", "del", "10.200.0.5/32")
    refused(c, { on_exists = "keep" }, "exists already, and is not the same$")
  end)

  it("refuses its owner's where told to", function()
    local c = helper.container()
    attach(c)
    refused(c, { on_exists = "error" }, "exists already$")
  end)

  it("makes one where there is none, whatever on_exists says", function()
    local c = helper.container()
    for _, mode in ipairs(MODES) do
      local a = attach(c, { on_exists = mode })
      assert.same({}, assert(zlnet.check(a)))
      assert(zlnet.detach(a))
    end
  end)

  it("never touches what is not ours, whatever its name is", function()
    local c = helper.container()
    local name = ("veth-%d-s"):format(c.pid)
    local function each(pattern)
      for _, mode in ipairs(MODES) do
        refused(c, { on_exists = mode }, pattern)
      end
    end
    helper.ip("link", "add", name, "type", "bridge")
    each "no link of ours$"
    helper.ip("link", "del", name)
    helper.ip("link", "add", name, "type", "veth", "peer", "name", "theirs")
    each "another owner's$" -- a name, and a MAC that is not ours
    helper.ip("link", "set", name, "alias", "owned by another manager")
    each "another owner's$"
    local a = attach(c, { tag = "g", ifname = "eth1" })
    local line = node.link(a.host_ifname).ifalias:gsub("tag=g", "tag=s")
    assert(zlnet.detach(a))
    for _, change in ipairs { { "boot=%x+", "boot=0123456789abcdef" }, { "pidns=%d+", "pidns=4026530000" } } do
      local other = line:gsub(change[1], change[2])
      assert.is_table(alias.parse(other))
      helper.ip("link", "set", name, "alias", other)
      each "another owner's$"
    end
  end)

  it("takes the place of an earlier process with its pid only when that left an orphan", function()
    local c, earlier = helper.container(), helper.container()
    local unpin, path = node.pin(earlier)
    made[#made + 1] = unpin
    attach(c)
    local line = node.link(("veth-%d-s"):format(c.pid)).ifalias:gsub("start=%d+", "start=1")
    assert(zlnet.detach { pid = c.pid })
    helper.ip("link", "add", ("veth-%d-s"):format(c.pid), "type", "veth", "peer", "name", "eth0", "netns", earlier.pid)
    helper.ip("link", "set", ("veth-%d-s"):format(c.pid), "alias", line)
    for _, mode in ipairs(MODES) do
      refused(c, { on_exists = mode }, "another owner's$") -- a process still lives there
    end
    earlier:kill()
    refused(c, { on_exists = "keep" }, "another owner's$")
    refused(c, { on_exists = "error" }, "another owner's$")
    local a = attach(c, { on_exists = "replace" })
    assert.same({}, assert(zlnet.check(a)))
    assert.not_match("eth0", select(2, helper.sh("nsenter --net=" .. path .. " ip link")))
  end)

  it("replaces what a crash of the same owner's attach left", function()
    local c = helper.container()
    local whole = attach(c)
    assert(zlnet.detach(whole))
    local function remnant(mac)
      helper.ip("link", "add", whole.host_ifname, "address", mac, "type", "veth",
        "peer", "name", "eth0", "netns", c.pid)
    end
    remnant(whole.host_mac)
    refused(c, { on_exists = "keep" }, "not the same$")
    refused(c, { on_exists = "error" }, "exists already$")
    assert.same({}, assert(zlnet.check(attach(c))))
    assert(zlnet.detach { pid = c.pid })
    remnant "02:00:00:00:00:06" -- of an attach that was given the MAC
    assert.same({}, assert(zlnet.check(attach(c, { host_mac = "02:00:00:00:00:06" }))))
    assert(zlnet.detach { pid = c.pid })
    remnant(owner.mac("pid=1 start=1 boot=x", "s", "host"))
    refused(c, {}, "another owner's$")
  end)

  it("replaces an id's, wherever that was before, unless a container lives there still", function()
    local c, d = helper.container(), helper.container()
    local unpin, path = node.pin(c)
    local unpin2, path2 = node.pin(d)
    made[#made + 1], made[#made + 2] = unpin, unpin2
    local function options(netns, id, mode)
      return { netns = netns, id = id, ip = "10.200.0.5", on_exists = mode }
    end
    local first = assert(zlnet.attach(options(path, "web")))
    local refusal, why = zlnet.attach(options(path2, "web"))
    assert.is_nil(refusal)
    assert.equal("EEXIST", why.code)
    assert.match("another container of that id may be using it$", why.message)
    assert.equal(first.host_index, node.link(first.host_ifname).ifindex)
    c:kill()
    local second = assert(zlnet.attach(options(path2, "web")))
    assert.equal(first.host_ifname, second.host_ifname)
    assert.equal(second.host_index, assert(zlnet.attach(options(path2, "web", "keep"))).host_index)
    -- another id whose hash gives the same name
    local line = node.link(second.host_ifname).ifalias:gsub("id=web", "id=x")
    helper.ip("link", "set", second.host_ifname, "alias", line)
    for _, mode in ipairs(MODES) do
      local a, err = zlnet.attach(options(path2, "web", mode))
      assert.is_nil(a)
      assert.match("another owner's$", err.message)
    end
  end)

  it("says which name is taken in the container", function()
    local c = helper.container()
    attach(c)
    local before, inside = node.state(), node.state_of(c)
    for _, mode in ipairs(MODES) do
      local a, err = zlnet.attach { pid = c.pid, ip = "10.200.1.5", tag = "g", on_exists = mode }
      assert.is_nil(a)
      assert.equal("EEXIST", err.code)
      assert.equal("eth0", err.link)
      assert.equal("'eth0' exists already in the container", err.message)
      assert.equal("create the veth pair", err.step)
      assert.equal(before, node.state())
      assert.equal(inside, node.state_of(c))
    end
  end)

  it("is honest when the former attachment is gone and the new one cannot be made", function()
    local c = helper.container()
    local former = attach(c)
    local a, err = zlnet.attach(options_of(c, { src = "10.0.0.77" })) -- no address of ours
    assert.is_nil(a)
    assert.equal("EINVAL", err.code)
    assert.equal(former.host_ifname, err.replaced)
    assert.match("after the former attachment was deleted$", err.step)
    assert.is_nil(err.rollback)
    assert.same({}, node.links())
  end)
end)
