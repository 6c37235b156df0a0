-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local locate = require "zlnet.check.container"
local node = require "spec.support.node"
local zlnet = require "zlnet"

describe("locate", function()
  helper.insulate()

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  local function attached()
    local c = helper.container()
    return c, assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" })
  end

  local function found(a)
    local host <close> = assert(core.open(nil))
    local ns <close>, err = locate.container(a, host)
    assert.is_nil(err)
    return ns and ns:id().ino
  end

  it("finds a container by its owner, by another process, by a name", function()
    local c, a = attached()
    assert.equal(a.netns, found(a))
    local unpin, path = node.pin(c)
    local leave = node.guest(path)
    c:kill()
    assert.equal(a.netns, found(a))
    leave()
    assert.is_nil(found(a))
    helper.sh "mkdir -p /run/netns"
    assert(helper.sh(("touch /run/netns/x && mount --bind %s /run/netns/x"):format(path)))
    assert.equal(a.netns, found(a))
    helper.sh "umount /run/netns/x; rm -r /run/netns"
    unpin()
  end)

  it("goes by the inode, not by a pid alone", function()
    local _, a = attached()
    local other = helper.container()
    local _, start = helper.sh(("cut -d ' ' -f 22 /proc/%d/stat"):format(other.pid))
    a.pid, a.start = other.pid, math.tointeger(tonumber(start))
    assert.equal(a.netns, found(a)) -- by a process that lives there
    a.netns = 1
    assert.is_nil(found(a))
  end)

  it("opens the caller's target, or says why not", function()
    local c, a = attached()
    local host <close> = assert(core.open(nil))
    local ns <close> = assert(locate.container(a, host, c.pid))
    assert.equal(a.netns, ns:id().ino)
    local none, err = locate.container(a, host, "nosuch")
    assert.is_nil(none)
    assert.equal("ENOENT", err.code)
  end)

  it("knows the namespace of the other end from one that merely has the same index", function()
    local c, a = attached()
    local other = helper.container()
    other:ip("link", "add", "index", a.index, "name", "eth0", "type", "bridge")
    local host <close> = assert(core.open(nil))
    local link = assert(host:getlink { index = a.host_index })
    local theirs <close> = assert(core.netns.open(c.pid))
    local others <close> = assert(core.netns.open(other.pid))
    local here <close> = assert(core.netns.open(nil))
    assert.is_true(locate.is_other_end(host, link, theirs))
    assert.is_false(locate.is_other_end(host, link, others))
    assert.is_false(locate.is_other_end(host, link, here))
    helper.ip("link", "add", "p", "type", "veth", "peer", "name", "q")
    assert.is_false(locate.is_other_end(host, assert(host:getlink { ifname = "p" }), here)) -- both ends are here
  end)
end)
