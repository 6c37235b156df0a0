-- SPDX-License-Identifier: MIT
-- The plan is carried out by attach (attach_spec.lua); here is what a plan alone decides: order, steps, undoing.
local apply = require "zlnet.apply"
local core = require "zlnet.core"
local helper = require "spec.helper"
local undo = require "zlnet.undo"
local zlnet = require "zlnet"

describe("apply", function()
  helper.insulate()
  local handles

  before_each(function()
    local ns = assert(zlnet.netns.open(helper.container().pid))
    handles = { host = assert(zlnet.open()), container = assert(zlnet.open(ns)), ns = ns }
  end)

  after_each(function()
    for _, handle in pairs(handles) do
      handle:close()
    end
  end)

  local function pair()
    return {
      ns = "host", op = "newlink", step = "make it",
      args = {
        ifname = "a0", flags = { up = true }, linkinfo = { kind = "veth", data = { peer = { ifname = "b0" } } },
      },
    }
  end

  local function run(ops)
    local stack <close> = undo.new()
    local p = { host_ifname = "a0", host_mac = "02:00:00:00:00:01", ops = ops }
    local index, err = apply.run(p, handles, core.clock() + 5, stack)
    if not index then
      return stack:fail(err)
    end
    stack:commit()
    return index
  end

  local function links()
    local list = {}
    for _, link in ipairs(helper.ip_json "link") do
      list[#list + 1] = link.ifname
    end
    return list
  end

  it("puts indexes and the namespace where the plan could not know them, and leaves the plan as it is", function()
    local up = { ns = "container", op = "setlink", step = "up", link = "container", ref = "index",
      args = { flags = { up = true } } }
    local address = { ns = "host", op = "newaddr", step = "address", link = "host", ref = "index",
      args = { ["local"] = "10.1.1.1", prefixlen = 32 } }
    local index = assert(run { pair(), up, address })
    local link = helper.ip_json("addr", "show", "dev", "a0")[1]
    assert.equal(index.host, link.ifindex)
    assert.equal(index.container, link.link_index)
    assert.equal("UP", link.operstate)
    assert.equal("10.1.1.1", link.addr_info[1]["local"])
    assert.is_nil(up.args.index)
    assert.is_nil(address.args.index)
    helper.ip("link", "del", "a0")
  end)

  it("says which operation failed, also in the middle of a datagram, and undoes what was made", function()
    local good = { ns = "host", op = "newaddr", step = "good", link = "host", ref = "index",
      args = { ["local"] = "10.1.1.1", prefixlen = 32 } }
    local bad = { ns = "host", op = "newroute", step = "bad", link = "host", ref = "oif",
      args = { dst = "10.2.0.0/16", gateway = "203.0.113.1" } }
    local index, err = run { pair(), good, bad, good }
    assert.is_nil(index)
    assert.equal("bad", err.step)
    assert.equal("newroute", err.op)
    assert.is_nil(err.rollback)
    assert.same({ "lo" }, links())
  end)

  it("leaves alone what was there before under the name that it wanted", function()
    helper.ip("link", "add", "a0", "type", "bridge")
    local index, err = run { pair() }
    assert.is_nil(index)
    assert.equal("EEXIST", err.code)
    assert.equal("bridge", helper.ip_json("link", "show", "dev", "a0")[1].linkinfo.info_kind)
    helper.ip("link", "del", "a0")
  end)

  it("restores a sysctl that it changed when something fails later", function()
    local sysctl = { ns = "host", op = "sysctl", step = "forward",
      args = { key = "net/ipv4/ip_forward", value = "1", old = "0" } }
    local bad = { ns = "host", op = "setlink", step = "bad", args = { index = 4711, flags = { up = true } } }
    local _, err = run { sysctl, bad }
    assert.equal("bad", err.step)
    local file <close> = assert(io.open "/proc/sys/net/ipv4/ip_forward")
    assert.equal("0", file:read "l")
  end)

  it("stops at its deadline, before the next operation", function()
    local stack <close> = undo.new()
    local p = { host_ifname = "a0", host_mac = "02:00:00:00:00:01", ops = { pair() } }
    local index, err = apply.run(p, handles, core.clock() - 1, stack)
    assert.is_nil(index)
    assert.equal("ETIMEDOUT", err.code)
    assert.equal("make it", err.step)
    assert.same({ "lo" }, links())
  end)
end)
