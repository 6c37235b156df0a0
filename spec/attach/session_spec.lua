-- SPDX-License-Identifier: MIT
-- When attach is done, and what a container may do about it.
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

  it("is done however the container's policy routing answers", function()
    c:ip("-6", "rule", "add", "pref", "0", "from", "all", "lookup", "100")
    c:ip("-6", "route", "add", "unreachable", "fd00:200::/64", "dev", "lo", "table", "100")
    c:ip("-6", "route", "add", "unreachable", "fe80::/10", "dev", "lo", "table", "100")
    local a = assert(zlnet.attach { pid = c.pid, ip = "fd00:200::5" })
    assert.same({}, zlnet.check(a))
    c:ip("-6", "rule", "del", "pref", "0", "lookup", "100")
    c:ip("-6", "rule", "add", "pref", "0", "from", "all", "lookup", "local")
    assert.is_true((helper.ping(nil, "fd00:200::5")))
  end)

  it("goes on where /proc/sys may not be written and nothing in it has to be", function()
    helper.sh "cd /proc/sys/net; echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding"
    assert(helper.sh "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
    assert(zlnet.bridge { name = "br0", ip = { "10.7.0.1/24", "fd00:7::1/64" } })
    local a = zlnet.attach { pid = c.pid, ip = { "10.7.0.5", "fd00:7::5" }, mode = "bridge", bridge = "br0",
      gateway = { "10.7.0.1", "fd00:7::1" } }
    local b = zlnet.attach { pid = c.pid, ip = "10.200.0.5", mode = "direct", proxy_arp = true, tag = "g",
      ifname = "eth1", default_route = false }
    helper.sh "umount /proc/sys"
    assert.is_table(a)
    assert.is_table(b)
    assert.is_true((helper.ping(nil, "fd00:7::5")))
  end)
end)
