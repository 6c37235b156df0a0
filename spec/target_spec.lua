-- SPDX-License-Identifier: MIT
local helper = require "spec.helper"
local target = require "zlnet.target"
local zlnet = require "zlnet"

describe("target", function()
  helper.insulate()

  it("knows this boot as records have it", function()
    local file <close> = assert(io.open "/proc/sys/kernel/random/boot_id")
    assert.equal(file:read("l"):gsub("%-", ""):sub(1, 16), target.boot())
  end)

  it("pins a process and says who it is", function()
    local c = helper.container()
    local t <close> = assert(target.pin({ pid = c.pid }, 1))
    local file <close> = assert(io.open(("/proc/%d/stat"):format(c.pid)))
    local fields = {}
    for field in file:read("a"):match("%) (.*)"):gmatch "%S+" do
      fields[#fields + 1] = field
    end
    local _, inode = helper.sh(("stat -Lc %%i /proc/%d/ns/net"):format(c.pid))
    local _, pidns = helper.sh "stat -Lc %i /proc/self/ns/pid"
    assert.equal(c.pid, t.who.pid)
    assert.equal(fields[20], tostring(t.who.start)) -- field 22 of the file
    assert.equal(tonumber(inode), t.who.netns)
    assert.equal(tonumber(pidns), t.who.pidns)
    assert.is_true(math.abs(os.time() - t.who.time) <= 2)
  end)

  it("pins a namespace by its name, whose owner is an id", function()
    helper.ip("netns", "add", "blue")
    local t = assert(target.pin({ netns = "blue", id = "web" }, 1))
    assert.equal("web", t.who.id)
    assert.is_nil(t.who.pid)
    local _, inode = helper.sh "stat -Lc %i /run/netns/blue"
    assert.equal(tonumber(inode), t.who.netns)
    t:close()
    helper.ip("netns", "del", "blue")
  end)

  it("refuses our own namespace, by whatever name", function()
    for _, o in ipairs { { pid = 1 }, { netns = "/proc/self/ns/net", id = "x" } } do
      local t, err = target.pin(o, 1)
      assert.is_nil(t)
      assert.equal("EINVAL", err.code)
      assert.equal("check the target", err.step)
      assert.equal("io", err.kind)
    end
  end)

  it("says which step failed for a pid that is dead and for a path that is no namespace", function()
    local c = helper.container()
    c:kill()
    local _, dead = target.pin({ pid = c.pid }, 1)
    assert.equal("ESRCH", dead.code)
    local _, file = target.pin({ netns = "/proc/self/ns/pid", id = "x" }, 1)
    assert.equal("EINVAL", file.code)
    assert.equal("open the target's network namespace", dead.step)
    assert.equal("open the target's network namespace", file.step)
  end)

  it("waits for the node's lock no longer than it may", function()
    local c = helper.container()
    local here <close> = assert(zlnet.netns.open())
    assert(here:lock "exclusive")
    local t, err = target.pin({ pid = c.pid }, 0.05)
    assert.is_nil(t)
    assert.equal("EAGAIN", err.code)
    assert.equal("wait for the node's lock", err.step)
  end)
end)
