-- SPDX-License-Identifier: MIT
-- The numbers of namespaces, which links tell their other ends by: newnsid, getnsid, getnsids beside `ip netns`.
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local netns = zlnet.netns

local function sorted(list)
  table.sort(list)
  return list
end

local function is_error(kind, code, ok, err)
  assert.is_nil(ok)
  assert.same({ kind, code }, { err.kind, err.code })
end

describe("a namespace's number", function()
  helper.insulate()

  -- ip(8)'s: name by number, and number by name
  local function list_id()
    local numbers = {}
    for _, row in ipairs(helper.ip_json("netns", "list-id")) do
      numbers[row.nsid] = row.name or true
    end
    return numbers
  end

  local function ours(h)
    local numbers = {}
    for _, row in ipairs(assert(h:getnsids())) do
      numbers[#numbers + 1] = row.nsid
    end
    return sorted(numbers)
  end

  after_each(function()
    for _, name in ipairs(assert(netns.list())) do
      netns.delete(name)
    end
  end)

  before_each(function() -- they go some time after the namespace
    helper.eventually(function()
      return not next(list_id())
    end)
  end)

  it("that we give, ip(8) has; that ip gives, we have", function()
    local h <close> = assert(zlnet.open())
    local blue <close> = assert(netns.create "blue")
    local green <close> = assert(netns.create "green")
    assert.equal(-1, assert(h:getnsid { fd = blue:fd() }).nsid)
    assert.is_true(h:newnsid { fd = blue:fd(), nsid = 7 })
    helper.ip("netns", "set", "green", "3")
    assert.same({ [7] = "blue", [3] = "green" }, list_id())
    assert.same({ 3, 7 }, ours(h))
    assert.equal(3, assert(h:getnsid { fd = green:fd() }).nsid)
    local c = helper.container()
    assert.is_true(h:newnsid { pid = c.pid, nsid = 9 })
    assert.equal(9, assert(h:getnsid { pid = c.pid }).nsid)
    assert.equal(true, list_id()[9])
  end)

  it("is given once", function()
    local h <close> = assert(zlnet.open())
    local blue <close> = assert(netns.create "blue")
    local green <close> = assert(netns.create "green")
    assert(h:newnsid { fd = blue:fd(), nsid = 7 })
    is_error("netlink", "EEXIST", h:newnsid { fd = blue:fd(), nsid = 8 })
    local _, err = h:newnsid { fd = green:fd(), nsid = 7 }
    assert.same({ "EEXIST", "newnsid", "nsid" }, { err.code, err.op, err.attr })
    assert.same({ [7] = "blue" }, list_id())
  end)

  it("is one of the handle's namespace", function()
    local c = helper.container()
    local there <close> = assert(zlnet.open(c.pid))
    local ns <close> = assert(netns.create "blue")
    assert(there:newnsid { fd = ns:fd(), nsid = 5 })
    assert.same({}, list_id())
    local rows = c:ip_json("netns", "list-id")
    assert.same({ 1, 5 }, { #rows, rows[1].nsid })
  end)

  it("is what a link tells of its other end", function()
    local h <close> = assert(zlnet.open())
    local ns <close> = assert(netns.create "blue")
    assert(h:newnsid { fd = ns:fd(), nsid = 11 })
    local link = assert(h:newlink { ifname = "a0", linkinfo = { kind = "veth", data = {
      peer = { ifname = "a1", net_ns_fd = ns:fd() } } } })
    assert.equal(11, link.link_netnsid)
    assert.equal(11, helper.ip_json("link", "show", "dev", "a0")[1].link_netnsid)
    assert(h:dellink { ifname = "a0" })
  end)

  it("goes with it", function()
    local h <close> = assert(zlnet.open())
    local ns = assert(netns.new())
    assert(h:newnsid { fd = ns:fd(), nsid = 7 })
    assert.same({ 7 }, ours(h))
    ns:close()
    helper.eventually(function()
      return #ours(h) == 0 and not next(list_id())
    end)
  end)
end)
