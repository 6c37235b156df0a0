-- SPDX-License-Identifier: MIT
-- What carrying out does besides the operations themselves, which are attach_spec's: time, order, undoing.
local apply = require "zlnet.attach.execute"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local options = require "zlnet.options"
local rows = require "zlnet.attach.options"
local plan = require "zlnet.attach.plan"
local undo = require "zlnet.undo"
local zlnet = require "zlnet"

describe("apply.run", function()
  helper.insulate()

  local handles, c

  before_each(function()
    c = helper.container()
    handles = { host = assert(core.open(nil)), ns = assert(core.netns.open(c.pid)),
      here = assert(core.netns.open(nil)) }
    assert(handles.here:lock("shared", 1))
    handles.container = assert(core.open(handles.ns))
  end)

  after_each(function()
    for _, name in ipairs { "host", "container", "ns", "here" } do
      handles[name]:close()
    end
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  local function plan_of(changes)
    local o = options.check("attach", rows.attach, { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" } })
    local who = { pid = c.pid, start = 1, boot = "0f1e2d3c4b5a6978", pidns = 1, netns = 2, time = 3 }
    local p = assert(plan.build(o, who))
    for _, change in ipairs(changes or {}) do
      table.insert(p.ops, change[1] or #p.ops + 1, change[2])
    end
    return p
  end

  -- Runs it; what fails is undone.
  local function run(p, seconds)
    local stack <close> = undo.new()
    local index, err = apply.run(p, handles, core.clock() + (seconds or helper.PATIENCE), stack)
    if not index then
      return stack:fail(err)
    end
    stack:commit()
    return index
  end

  it("returns the indexes of both ends, also when the plan is carried out once more", function()
    local p = plan_of()
    local first = assert(run(p))
    helper.ip("link", "del", "dev", p.host_ifname)
    helper.ip("link", "add", "dummy-by-name", "type", "bridge") -- takes an index
    local index = assert(run(p))
    assert.is_true(index.host > first.host)
    assert.equal(node.link(p.host_ifname).ifindex, index.host)
    assert.equal(c:ip_json("link", "show", "dev", "eth0")[1].ifindex, index.container)
    assert.equal("UNKNOWN", c:ip_json("link", "show", "dev", "lo")[1].operstate) -- what a loopback is when it is up
  end)

  it("names the step of the operation that failed, wherever it stands in its datagram", function()
    local before = node.state()
    for _, at in ipairs { 2, 4, 6, false } do
      local astray = { ns = "container", op = "newroute", step = "go astray", link = "container", ref = "oif",
        args = { dst = "10.9.9.0/24", gateway = "10.1.1.1" } }
      local index, err = run(plan_of { { at, astray } })
      assert.is_nil(index)
      assert.equal("go astray", err.step)
      assert.equal("newroute", err.op)
      assert.is_nil(err.rollback)
      assert.equal(before, node.state())
    end
  end)

  it("writes sysctls where the operation says, and takes back what it knows the former value of", function()
    helper.sh "echo 0 >/proc/sys/net/ipv4/ip_forward"
    local forward = { ns = "host", op = "sysctl", step = "switch forwarding on",
      args = { key = "net/ipv4/ip_forward", value = "1", old = "0" } }
    local notify = { ns = "container", op = "sysctl", step = "notify",
      args = { key = "net/ipv6/conf/eth0/ndisc_notify", value = "1" } }
    assert(run(plan_of { { false, forward }, { false, notify } }))
    assert.equal("1\n", select(2, helper.sh "cat /proc/sys/net/ipv4/ip_forward"))
    assert.equal("1\n", select(2, c:exec "cat /proc/sys/net/ipv6/conf/eth0/ndisc_notify"))
    helper.sh(("ip link del veth-%d-s"):format(c.pid))
    helper.sh "echo 0 >/proc/sys/net/ipv4/ip_forward"
    local wrong = { ns = "container", op = "sysctl", step = "fail",
      args = { key = "net/ipv6/conf/nosuch/x", value = "1" } }
    local index, err = run(plan_of { { false, forward }, { false, wrong } })
    assert.is_nil(index)
    assert.equal("ENOENT", err.code)
    assert.equal("fail", err.step)
    assert.equal("0\n", select(2, helper.sh "cat /proc/sys/net/ipv4/ip_forward"))

    -- another attachment may rely on it by now, also one that is only being made
    assert(handles.here:lock("shared", 1))
    local other <close> = assert(core.netns.open(nil))
    assert(other:lock("shared", 1))
    assert.is_nil((run(plan_of { { false, forward }, { false, wrong } })))
    assert.equal("1\n", select(2, helper.sh "cat /proc/sys/net/ipv4/ip_forward"))
    other:close()
    local d = helper.container()
    assert(zlnet.attach { pid = d.pid, ip = "10.200.0.9" })
    helper.sh "echo 0 >/proc/sys/net/ipv4/ip_forward"
    assert(handles.here:lock("shared", 1))
    assert.is_nil((run(plan_of { { false, forward }, { false, wrong } })))
    assert.equal("1\n", select(2, helper.sh "cat /proc/sys/net/ipv4/ip_forward"))
  end)

  it("gives up when its time is over, and undoes in a time of its own", function()
    local before = node.state()
    local never = { ns = "container", op = "getroute", step = "wait for ever", link = "container", ref = "oif",
      args = { dst = "fd00:200::77/128" }, await = { type = "local" } }
    local began = helper.clock()
    local index, err = run(plan_of { { false, never } }, 0.3)
    local took = helper.clock() - began
    assert.is_nil(index)
    assert.equal("ETIMEDOUT", err.code)
    assert.equal("wait for ever", err.step)
    assert.is_nil(err.rollback)
    assert.is_true(took >= 0.3, took)
    assert.equal(before, node.state())
    index, err = run(plan_of(), -1)
    assert.is_nil(index)
    assert.equal("ETIMEDOUT", err.code)
    assert.equal("create the veth pair", err.step)
    assert.equal(before, node.state())
  end)

  it("gives the node's lock back before it waits for the container", function()
    local other <close> = assert(core.netns.open(nil))
    local never = { ns = "container", op = "getlink", step = "wait for ever", link = "container", ref = "index",
      args = {}, await = { operstate = "testing" } }
    assert.is_nil((other:lock "exclusive"))
    assert.is_nil((run(plan_of { { false, never } }, 0.3)))
    assert.is_true((other:lock "exclusive"))
  end)

  it("deletes no link of another's when the answer to its request is lost", function()
    helper.ip("link", "add", ("veth-%d-s"):format(c.pid), "address", "02:00:00:00:00:99", "type", "bridge")
    local p = plan_of()
    local lost = setmetatable({
      newlink = function()
        return nil, core.error { kind = "io", code = "ETIMEDOUT", op = "newlink", message = "no answer" }
      end,
      settimeout = function() end,
      getlink = function(_, ...)
        return handles.host:getlink(...)
      end,
      batch = function()
        return handles.host:batch()
      end,
    }, {})
    local stack <close> = undo.new()
    local index, err = apply.run(p, { host = lost, container = handles.container, ns = handles.ns },
      core.clock() + helper.PATIENCE, stack)
    assert.is_nil(index)
    stack:fail(err)
    assert.is_nil(err.rollback)
    assert.is_table(node.link(p.host_ifname))
    helper.ip("link", "del", p.host_ifname)
    helper.ip("link", "add", p.host_ifname, "address", p.host_mac, "type", "veth", "peer", "name", "eth0",
      "netns", c.pid)
    local again <close> = undo.new()
    index, err = apply.run(p, { host = lost, container = handles.container, ns = handles.ns },
      core.clock() + helper.PATIENCE, again)
    assert.is_nil(index)
    again:fail(err)
    assert.is_nil(node.link(p.host_ifname)) -- it bears the MAC that was asked for, so it was made by that request
  end)
end)
