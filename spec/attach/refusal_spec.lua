-- SPDX-License-Identifier: MIT
-- What attach makes of refusals. Those of links and routes that are there are conflict_spec's.
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

describe("zlnet.attach", function()
  helper.insulate()

  local c

  before_each(function()
    helper.ip("link", "set", "lo", "up")
    c = helper.container()
  end)

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  it("switches IPv6 on for its own link where the container has it off", function()
    c:exec "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"
    local options = { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" } }
    for _ = 1, 2 do -- once more in the place of the one before
      local a = assert(zlnet.attach(options))
      assert.same({}, zlnet.check(a))
      assert.is_true((helper.ping(nil, "fd00:200::5")))
    end
    assert.equal("1\n", select(2, c:exec "cat /proc/sys/net/ipv6/conf/default/disable_ipv6"))
  end)

  it("names the sysctl where it cannot be written, and leaves nothing", function()
    helper.sh "cd /proc/sys/net; echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding"
    c:exec "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"
    local before, inside = node.state(), node.state_of(c)
    assert(helper.sh "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
    local a, err = zlnet.attach { pid = c.pid, ip = "fd00:200::5" }
    helper.sh "umount /proc/sys"
    assert.is_nil(a)
    assert.same({ "EACCES", "newaddr", "add the container's address" }, { err.code, err.op, err.step })
    assert.match("net.ipv6.conf.eth0.disable_ipv6", err.message, 1, true)
    assert.is_nil(err.rollback)
    assert.equal(before, node.state())
    assert.equal(inside, node.state_of(c))
  end)
end)
