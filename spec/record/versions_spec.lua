-- SPDX-License-Identifier: MIT
-- This version and the first one on one node, as during an upgrade or after going back; what a newer one may leave.
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

-- What the first version prints, in a process of its own.
local function first(code, ...)
  local ok, text = helper.sh(("%s -e %s"):format(helper.lua, helper.quote(
    "require 'spec.support.first_version' local zlnet = require 'zlnet' " .. code:format(...))))
  assert.is_true(ok, text)
  return (text:gsub("\n$", ""))
end

local function second(code, ...)
  local env = { zlnet = zlnet, assert = assert, ipairs = ipairs, tostring = tostring }
  local said = {}
  function env.print(...)
    local words = table.pack(...)
    for i = 1, words.n do
      words[i] = tostring(words[i])
    end
    said[#said + 1] = table.concat(words, "\t")
  end
  assert(load(code:format(...), "=spec", "t", env))()
  return table.concat(said, "\n")
end

local ATTACH = [[local a = assert(zlnet.attach { pid = %d, ip = { '10.200.0.5', 'fd00:200::5' }, mtu = 1400 })
  print(a.host_ifname)]]
local LIST = [[for _, a in ipairs(assert(zlnet.attachments())) do
  print(a.host_ifname, a.pid, a.start, a.tag, a.ip[1].address, a.ip[2].address, a.mtu, #assert(zlnet.check(a))) end]]
local SWEEP = "for _, v in ipairs(assert(zlnet.sweep()).verdicts) do print(v.ifname, v.verdict) end"
local DETACH = "print(zlnet.detach { pid = %d })"
local KEEP = [[local a, err = zlnet.attach {
    pid = %d, ip = { '10.200.0.5', 'fd00:200::5' }, mtu = 1400, on_exists = 'keep' }
  print(a and a.host_index or err)]]
local WATCH = "local w <close> = assert(zlnet.watch()) for _ = 1, 2 do print(assert(w:next(20)).event) end"

describe("two versions on one node:", function()
  helper.insulate()

  local unpin = {}

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
    for i = #unpin, 1, -1 do
      unpin[i]()
      unpin[i] = nil
    end
  end)

  local function pinned()
    local c = helper.container()
    unpin[#unpin + 1] = node.pin(c)
    return c
  end

  for _, way in ipairs { { "this one", second, "the first", first }, { "the first", first, "this one", second } } do
    local maker, make, other, by_other = way[1], way[2], way[3], way[4]

    it(("what %s attached, %s lists, finds whole and alive, keeps, and detaches"):format(maker, other), function()
      local c = helper.container()
      local name = make(ATTACH, c.pid)
      assert.equal(make(LIST), by_other(LIST))
      assert.match("\t0$", by_other(LIST))
      assert.equal(name .. "\talive", by_other(SWEEP))
      assert.equal(tostring(node.link(name).ifindex), by_other(KEEP, c.pid))
      assert.equal("true", by_other(DETACH, c.pid))
      assert.same({}, node.links())
    end)

    it(("what %s attached, %s replaces"):format(maker, other), function()
      local c = helper.container()
      local name = make(ATTACH, c.pid)
      local index = node.link(name).ifindex
      assert.equal(name, by_other(ATTACH, c.pid))
      assert.not_equal(index, node.link(name).ifindex)
      assert.match("\t0$", make(LIST))
    end)

    it(("what %s attached, %s sweeps when its owner is dead, and its watcher deletes"):format(maker, other), function()
      local c, d = pinned(), pinned()
      local name = make(ATTACH, c.pid)
      c:kill()
      assert.equal(name .. "\torphan", by_other(SWEEP))
      assert.is_nil(node.link(name))
      name = make(ATTACH, d.pid)
      d:kill()
      assert.equal("attached\ndeleted", by_other(WATCH))
      assert.is_nil(node.link(name))
    end)

    it(("what %s attached by an id, %s detaches and attaches anew"):format(maker, other), function()
      helper.ip("netns", "add", "blue")
      local by_id = "print(assert(zlnet.attach { netns = 'blue', id = 'web-1', ip = '10.200.0.5' }).host_ifname)"
      local name = make(by_id)
      assert.equal(name, by_other(by_id))
      assert.equal(name, make(by_id))
      assert.equal(name .. "\tunknown", by_other(SWEEP))
      assert.equal("true", by_other "print(zlnet.detach { id = 'web-1' })")
      assert.same({}, node.links())
      helper.ip("netns", "del", "blue")
    end)
  end

  it("a remnant without a record that the first version left of an id, this one detaches", function()
    local c = helper.container()
    local names = require "zlnet.record.names"
    local name = names.host_name({ id = "web-1" }, "s")
    local mac = names.mac(names.key { id = "web-1" }, "s", "host")
    helper.ip("link", "add", name, "address", mac, "type", "veth", "peer", "name", "eth0", "netns", c.pid)
    assert.is_true(zlnet.detach { id = "web-1" })
    assert.same({}, node.links())
  end)

  -- A later version's record of this one's major number.
  it("a record with a key that is not known is ours, and the first version leaves it alone", function()
    local c = pinned()
    local name = second(ATTACH, c.pid)
    helper.ip("link", "set", name, "alias", node.link(name).ifalias .. " later=1")
    assert.match("\t0$", second(LIST))
    assert.equal(name .. "\talive", second(SWEEP))
    assert.equal("", first(LIST))
    assert.equal(name .. "\tforeign", first(SWEEP))
    assert.equal("true", first(DETACH, c.pid))
    assert.is_table(node.link(name))
    c:kill()
    assert.equal(name .. "\tforeign", first(SWEEP))
    assert.equal(name .. "\torphan", second(SWEEP))
    assert.same({}, node.links())
  end)
end)

describe("a record of a newer major version", function()
  helper.insulate()

  local c, name, unpin

  before_each(function()
    c = helper.container()
    unpin = node.pin(c)
    name = second(ATTACH, c.pid)
  end)

  after_each(function()
    helper.sh("ip link del " .. name)
    unpin()
  end)

  local function rewrite(change)
    local line = node.link(name).ifalias:gsub("^zlnet/1", "zlnet/2")
    helper.ip("link", "set", name, "alias", change and change(line) or line)
  end

  local function verdict(options)
    local v = assert(zlnet.sweep(options)).verdicts[1]
    assert.is_table(node.link(name))
    return { v.ifname, v.verdict, v.reason, v.pid }
  end

  it("is unknown to a sweep, whatever it is told and whoever is dead, and listed", function()
    rewrite()
    local expected = { name, "unknown", "made by a newer zlnet", c.pid }
    assert.same(expected, verdict())
    c:kill()
    for _, options in ipairs { {}, { by_name = true }, { valid = {} }, { valid = {}, by_name = true, grace = 0 } } do
      assert.same(expected, verdict(options))
    end
  end)

  it("is left by a watcher, which says so", function()
    rewrite()
    local w <close> = assert(zlnet.watch { by_name = true })
    local events = {}
    for i = 1, 1 do
      local event = assert(w:next(helper.PATIENCE))
      events[i] = { event.event, event.ifname, event.verdict }
    end
    assert.same({ { "kept", name, "unknown" } }, events)
    c:kill()
    assert.is_nil((w:next(0)))
    assert.is_table(node.link(name))
  end)

  it("is in the way of an attach, which says whose it is, and touches nothing", function()
    rewrite()
    for _, on_exists in ipairs { "replace", "keep", "error" } do
      local a, err = zlnet.attach { pid = c.pid, ip = "10.200.0.5", on_exists = on_exists }
      assert.is_nil(a)
      assert.equal("EEXIST", err.code)
      assert.match("exists already, and is ours, but made by a newer zlnet", tostring(err), 1, true)
    end
    assert.is_table(node.link(name))
  end)

  it("goes when its owner asks: by pid, by id, by name", function()
    rewrite()
    assert.is_true(zlnet.detach { pid = c.pid })
    assert.is_nil(node.link(name))
    second(ATTACH, c.pid)
    rewrite(function(line)
      return line .. " id=web-1 what=ever"
    end)
    assert.is_true(zlnet.detach { id = "web-2" })
    assert.is_table(node.link(name))
    assert.is_true(zlnet.detach { id = "web-1" })
    assert.is_nil(node.link(name))
    second(ATTACH, c.pid)
    rewrite(function()
      return "zlnet/2 {not=even a list"
    end)
    assert.is_true(zlnet.detach { host_ifname = name })
    assert.is_nil(node.link(name))
  end)

  it("is not taken for another process's of the same pid", function()
    rewrite(function(line)
      return (line:gsub("boot=%x+", "boot=0123456789abcdef"))
    end)
    zlnet.detach { pid = c.pid }
    assert.is_table(node.link(name))
  end)
end)
