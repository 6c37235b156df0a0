-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local target = require "zlnet.attach.pin"
local zlnet = require "zlnet"

local function output(command)
  return (select(2, helper.sh(command)):gsub("%s+$", ""))
end

local function pin(options, seconds)
  local host <close> = assert(core.open(nil))
  return target.pin(options, seconds, host)
end

describe("target.pin", function()
  helper.insulate()

  it("says who the owner is, as /proc has it", function()
    local c = helper.container()
    local before = os.time()
    local t <close> = assert(pin({ pid = c.pid, id = "web" }, 1))
    local after = os.time()
    assert.same({
      pid = c.pid, id = "web",
      start = math.tointeger(tonumber(output(("cut -d ' ' -f 22 /proc/%d/stat"):format(c.pid)))),
      boot = output("tr -d '-' </proc/sys/kernel/random/boot_id"):sub(1, 16),
      pidns = math.tointeger(tonumber(output "stat -Lc %i /proc/self/ns/pid")),
      netns = math.tointeger(tonumber(output(("stat -Lc %%i /proc/%d/ns/net"):format(c.pid)))),
      time = t.who.time,
      -- what Linux before 6.9 and 6.18 does not give; nothing but the kernel knows them
      process = t.process:number(), netns_id = t.ns:number(),
    }, t.who)
    assert.is_true(before <= t.who.time and t.who.time <= after)
  end)

  it("has no process where the target is a namespace", function()
    local c = helper.container()
    local unpin, path = node.pin(c)
    do
      local t <close> = assert(pin({ netns = path, id = "web" }, 1))
      assert.is_nil(t.process)
      assert.is_nil(t.who.pid)
      assert.is_nil(t.who.start)
      assert.is_nil(t.who.pidns)
      assert.equal(math.tointeger(tonumber(output("stat -Lc %i " .. path))), t.who.netns)
    end
    unpin()
  end)

  it("holds the namespace while it is held, whatever happens to the process", function()
    local c = helper.container()
    local t <close> = assert(pin({ pid = c.pid }, 1))
    c:kill()
    assert.is_false(t.process:alive())
    local handle <close> = assert(core.open(t.ns))
    assert.equal("lo", handle:getlink({ index = 1 }).ifname)
  end)

  it("holds the node's lock with others, and lets go of it", function()
    local c = helper.container()
    local here <close> = assert(core.netns.open(nil))
    do
      local one <close> = assert(pin({ pid = c.pid }, 1))
      local two <close> = assert(pin({ pid = c.pid }, 1))
      assert.is_table(one.who and two.who)
      local ok, err = here:lock("exclusive", 0.05)
      assert.is_nil(ok)
      assert.equal("EAGAIN", err.code)
    end
    assert.is_true(here:lock("exclusive", 0.05))
    local t, err = pin({ pid = c.pid }, 0.05)
    assert.is_nil(t)
    assert.equal("EAGAIN", err.code)
    assert.equal("wait for the node's lock", err.step)
  end)

  it("refuses where /proc is another pid namespace's: its numbers are other processes'", function()
    local c = helper.container()
    local script = "local host = require 'zlnet.core'.open(nil) "
      .. "local t, err = require 'zlnet.attach.pin'.pin({ pid = %d }, 1, host) print(t, err.code, err.step)"
    -- in a pid namespace of its own, but with our /proc: the process 1 there is not the process 1 that /proc shows
    local said = output(("unshare --pid --fork %s -e %s"):format(helper.lua, helper.quote(script:format(1))))
    assert.equal("nil\tESRCH\topen the target's network namespace", said)
    assert.is_true(c:alive())
  end)

  it("has a handle of our own namespace, with and without the privilege to ask the socket for it", function()
    local c = helper.container()
    local script = [[
      local core = require "zlnet.core"
      local host = core.open(nil)
      local asked, err = host:netns()
      local t = require("zlnet.attach.pin").pin({ netns = "/proc/%d/ns/net", id = "x" }, 1, host)
      print(asked and asked:id().ino or err.code, t.here:id().ino)]]
    local run = ("%s -e %s"):format(helper.lua, helper.quote(script:format(c.pid)))
    local ino = output "stat -Lc %i /proc/self/ns/net"
    assert.equal(ino .. "\t" .. ino, output(run))
    assert.equal("EPERM\t" .. ino, output("setpriv --bounding-set -net_admin --inh-caps -net_admin " .. run))
  end)

  it("looks at /proc each time: it may be mounted later", function()
    local script = [[
      local core = require "zlnet.core"
      local pin = require "zlnet.attach.pin".pin
      local pipe = io.popen "unshare --net sh -c 'echo $$; exec sleep 1000 >/dev/null'"
      local pid = math.tointeger(pipe:read "n")
      local host = core.open(nil)
      print(select(2, pin({ pid = pid }, 1, host)).code)
      os.execute "mount -t proc proc /proc"
      local t <close> = assert(pin({ pid = pid }, 1, host))
      print(t.who.pid == pid)
      os.exit(true, false)]] -- the container ends with the pid namespace
    assert.equal("ESRCH\ntrue", output(("unshare --pid --fork --kill-child --mount %s -e %s"):format(helper.lua,
      helper.quote(script))))
  end)

  it("takes a process whose first thread has ended for the others' namespace", function()
    local c = helper.container()
    local unpin, path = node.pin(c)
    local stop, pid = node.chain(path, "leaderless")
    helper.eventually(function()
      return output(("cat /proc/%d/stat"):format(pid)):match "%) Z"
    end)
    do
      local t <close> = assert(pin({ pid = pid }, 1))
      assert.equal(math.tointeger(tonumber(output("stat -Lc %i " .. path))), t.who.netns)
      assert.is_true(t:check())
    end
    local a = assert(zlnet.attach { pid = pid, ip = "10.200.0.5" })
    c:kill()
    assert.equal("alive", assert(zlnet.sweep()).verdicts[1].verdict)
    assert.same({}, assert(zlnet.check(a)))
    stop()
    helper.eventually(function()
      return assert(zlnet.sweep()).verdicts[1].verdict == "orphan"
    end)
    assert.is_true(zlnet.detach(a))
    unpin()
  end)

  it("finds out that the process has entered another namespace, or has ended", function()
    local c = helper.container()
    local unpin, path = node.pin(c)
    local stop, pid = node.chain(path, "mover")
    do
      local t <close> = assert(pin({ pid = pid }, 1))
      assert.is_true(t:check())
      helper.sh("kill -USR1 " .. pid)
      local err = helper.eventually(function()
        return select(2, t:check())
      end)
      assert.same({ "io", "EAGAIN", "check the target" }, { err.kind, err.code, err.step })
    end
    do
      local t <close> = assert(pin({ pid = pid }, 1))
      assert.is_true(t:check())
      stop()
      local _, err = t:check()
      assert.same({ "io", "ESRCH", "check the target" }, { err.kind, err.code, err.step })
    end
    unpin()
  end)

  it("leaves nothing open when it fails", function() -- helper.insulate compares the descriptors
    local bad = { { pid = 1 }, { netns = "/proc/self/ns/net", id = "x" }, { netns = "nosuch", id = "x" } }
    for _, options in ipairs(bad) do
      local t, err = pin(options, 1)
      assert.is_nil(t)
      assert.is_string(err.step)
    end
  end)
end)
