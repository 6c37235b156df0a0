-- SPDX-License-Identifier: MIT
-- sandbox: no-pid
-- What only the machine's first pid namespace lets a sweep see, and all that world.lua answers.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local world = require "zlnet.record.liveness"
local zlnet = require "zlnet"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function starttime(pid)
  return math.tointeger(tonumber((read(("/proc/%d/stat"):format(pid)):match "%) (.*)$"
    :gsub("^" .. ("%S+ "):rep(19) .. "(%d+).*$", "%1"))))
end

-- A process with a second thread: its pid, the thread's number, and a function that ends it.
local function threaded()
  local script = [[
import os, threading, time
t = threading.Thread(target=time.sleep, args=(1000,), daemon=True)
t.start()
print(os.getpid(), t.native_id, flush=True)
time.sleep(1000)]]
  local pipe = assert(io.popen("exec python3 -c " .. helper.quote(script)))
  local pid, tid = pipe:read("n", "n")
  return math.tointeger(pid), math.tointeger(tid), function()
    helper.sh(("kill -9 %d"):format(pid))
    pipe:close()
  end
end

-- A process with one thread in the namespace at path; returns a function that ends it.
local function visitor(path)
  if not helper.sh "command -v python3" then
    pending "no python3 to make a thread with"
  end
  local script = [[
import ctypes, os, threading, time
def enter():
    assert ctypes.CDLL(None).setns(os.open("%s", os.O_RDONLY), 0x40000000) == 0
    print(os.getpid(), flush=True)
    time.sleep(1000)
threading.Thread(target=enter, daemon=True).start()
time.sleep(1000)]]
  local pipe = assert(io.popen("exec python3 -c " .. helper.quote(script:format(path))))
  local pid = pipe:read "n"
  return function()
    helper.sh(("kill -9 %d"):format(pid))
    pipe:close()
  end
end

-- What f returns first while only so many descriptors are to be had.
local function starved(free, f, ...)
  local self, limit = read("/proc/self/stat"):match "^%d+", read("/proc/self/limits"):match "open files%s+(%d+)"
  assert(helper.sh(("prlimit --pid %s --nofile=128:"):format(self)))
  local files = {}
  repeat
    local file = io.open "/dev/null"
    files[#files + 1] = file
  until not file
  for _ = 1, free do
    table.remove(files):close()
  end
  local answer = f(...)
  for _, file in ipairs(files) do
    file:close()
  end
  assert(helper.sh(("prlimit --pid %s --nofile=%s:"):format(self, limit)))
  return answer
end

describe("world", function()
  helper.insulate()

  local host, w
  local made = {}

  local there = helper.first_pidns()
  local it = helper.it_where(there, "needs root, and the machine's first pid namespace")

  before_each(function()
    if not there then
      return
    end
    host = assert(core.open(nil))
    w = assert(world.new(host))
  end)

  after_each(function()
    if host then
      host:close()
    end
    for i = #made, 1, -1 do
      made[i]()
      made[i] = nil
    end
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  local function finally(f)
    made[#made + 1] = f
  end

  local function pinned()
    local c = helper.container()
    local unpin, path = node.pin(c)
    finally(unpin)
    return c, path
  end

  local function liveness(...)
    local state, reason = w:liveness(...)
    assert.is_string(reason)
    return state
  end

  describe("liveness", function()
    it("is alive for a process, and with its start time for the same process only", function()
      local c = helper.container()
      local start = starttime(c.pid)
      assert.equal("alive", liveness(c.pid))
      assert.equal("alive", liveness(c.pid, start))
      assert.equal("dead", liveness(c.pid, start - 2))
      c:kill()
      assert.equal("dead", liveness(c.pid))
      assert.equal("dead", liveness(c.pid, start))
    end)

    it("is dead for a zombie", function()
      local pipe = assert(io.popen "sh -c 'sleep 0 & echo $!; exec sleep 1000'")
      local zombie = pipe:read "n"
      finally(function()
        helper.sh("kill -9 " .. read(("/proc/%d/stat"):format(zombie)):match "%) %S (%d+)")
        pipe:close()
      end)
      helper.eventually(function()
        return read(("/proc/%d/stat"):format(zombie)):match "%) Z"
      end)
      assert.equal("dead", liveness(zombie))
    end)

    it("is unknown for a thread's number by itself, dead where a process is meant", function()
      if not helper.sh "command -v python3" then
        pending "no python3 to make a thread with"
      end
      local pid, tid, stop = threaded()
      finally(stop)
      assert.equal("alive", liveness(pid))
      assert.equal("unknown", liveness(tid))
      assert.equal("dead", liveness(tid, 1))
      assert.equal("unknown", starved(0, liveness, tid))
    end)
  end)

  -- A start time is counted from a boot that a time namespace may move: a later boot is no later process.
  it("knows an owner again from another time namespace, and one that was made there from here", function()
    local elsewhere = "unshare --time --boottime 123456 --fork "
    if not helper.sh(elsewhere .. "true") then
      pending "time namespaces are not permitted here"
    end
    local function lua(code)
      return select(2, helper.sh(elsewhere .. helper.lua .. " -e " .. helper.quote(code)))
    end
    local c, d = helper.container(), helper.container()
    assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" })
    assert.equal("alive\n", lua "print(require 'zlnet'.sweep().verdicts[1].verdict)")
    assert(zlnet.detach { pid = c.pid })
    assert.equal("", lua(("assert(require 'zlnet'.attach { pid = %d, ip = '10.200.0.6' })"):format(d.pid)))
    assert.equal("alive", assert(zlnet.sweep()).verdicts[1].verdict)
    assert(zlnet.detach { pid = d.pid })
  end)

  it("knows by its number for good whether a process is the same, also where /proc is elsewhere's", function()
    if not (core.process(tonumber(read("/proc/self/stat"):match "^%d+")):number()) then
      pending "the kernel gives processes no such number"
    end
    local script = [[
      local core = require "zlnet.core"
      local facts = assert(require "zlnet.record.liveness".new(assert(core.open(nil))))
      local number = core.process(1):number()
      print(facts:liveness(1, 5), facts:liveness(1, 5, number), facts:liveness(1, 5, number + 1))]]
    local _, said = helper.sh(("unshare --pid --fork %s -e %s"):format(helper.lua, helper.quote(script)))
    assert.equal("unknown\talive\tdead\tits pid belongs to a later process\n", said)
  end)

  describe("in_use", function()
    local function link_into(c)
      helper.ip("link", "add", "here", "type", "veth", "peer", "name", "there", "netns", c.pid)
      return assert(host:getlink { ifname = "here" })
    end

    -- A process that ends at this moment, one of others too, cannot be looked into.
    local function becomes_free(link)
      helper.eventually(function()
        return assert(world.new(host)):in_use(link) == "no"
      end)
    end

    it("is yes while a process lives where the other end is", function()
      local c, path = pinned()
      local link = link_into(c)
      assert.equal("yes", (w:in_use(link)))
      local leave = node.guest(path)
      c:kill()
      assert.equal("yes", (assert(world.new(host)):in_use(link)))
      leave()
      becomes_free(link)
    end)

    it("is yes while just one thread of a process is there", function()
      local c, path = pinned()
      local link = link_into(c)
      c:kill()
      becomes_free(link)
      local leave = visitor(path)
      assert.equal("yes", (assert(world.new(host)):in_use(link)))
      leave()
      becomes_free(link)
    end)

    it("is never no for want of descriptors to see that thread with", function()
      local c, path = pinned()
      local link = link_into(c)
      local leave = visitor(path)
      c:kill()
      local answers = {}
      for free = 0, 3 do
        local v = assert(world.new(host))
        answers[free + 1] = starved(free, v.in_use, v, link)
      end
      leave()
      assert.same({ "unknown", "unknown", "yes", "yes" }, answers)
    end)

    it("is unknown where the kernel has no number for the namespace", function()
      assert.equal("unknown", (w:in_use { link_netnsid = -1 }))
    end)

    it("is no where both ends are here", function()
      helper.ip("link", "add", "here", "type", "veth", "peer", "name", "there")
      assert.equal("no", (w:in_use(assert(host:getlink { ifname = "here" }))))
    end)
  end)

  -- What an older release, or the origin, left: names without records.
  describe("lets a sweep judge names", function()
    local function named(name, c)
      helper.ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", c.pid)
      return name
    end

    local function verdict(name, by_name)
      for _, v in ipairs(assert(zlnet.sweep { by_name = by_name ~= false }).verdicts) do
        if v.ifname == name then
          assert.equal(v.verdict ~= "orphan", node.link(name) ~= nil)
          return v.verdict
        end
      end
    end

    it("of the origin's forms: alive, in use, orphan", function()
      for _, form in ipairs { "veth-%d", "veth-%d-s", "vc-%d", "vc-%d-g" } do
        local c, path = pinned()
        local name = named(form:format(c.pid), c)
        assert.equal("alive", verdict(name))
        local leave = node.guest(path)
        c:kill()
        assert.equal("in_use", verdict(name))
        leave()
        helper.eventually(function() -- unknown while processes of others end
          return verdict(name) == "orphan"
        end)
      end
    end)

    it("unknown where its caller does not say that a name is enough", function()
      local c = pinned()
      local name = named(("veth-%d-s"):format(c.pid), c)
      assert.equal("unknown", verdict(name, false))
      c:kill()
      assert.equal("unknown", verdict(name, false))
      helper.ip("link", "set", name, "address", "7a:6c:00:00:00:01")
      assert.equal("orphan", verdict(name, false)) -- a crash left it: it bears our MAC
    end)

    it("which a detach takes by their pid, where that is enough; else it says that they are left", function()
      local c = helper.container()
      local name = named(("veth-%d-x"):format(c.pid), c)
      for _, what in ipairs { { pid = c.pid }, { host_ifname = name } } do
        local ok, err = zlnet.detach(what)
        assert.is_nil(ok)
        assert.same({ "EEXIST", name }, { err.code, err.link })
        assert.match("is left: only its name says that it is ours", tostring(err), 1, true)
        assert.is_table(node.link(name))
      end
      assert.is_true(zlnet.detach { pid = c.pid, tag = "y" })
      assert.is_true(zlnet.detach { pid = c.pid, by_name = true })
      assert.is_nil(node.link(name))
      named(name, c)
      assert.is_true(zlnet.detach { host_ifname = name, by_name = true })
      assert.is_nil(node.link(name))
    end)

    it("which a detach leaves under another's alias, and says so", function()
      local c = helper.container()
      local name = named(("veth-%d-x"):format(c.pid), c)
      helper.ip("link", "set", name, "alias", "theirs")
      local ok, err = zlnet.detach { pid = c.pid, by_name = true }
      assert.is_nil(ok)
      assert.match("is left: it bears another's alias", tostring(err), 1, true)
      assert.is_table(node.link(name))
    end)

    it("of pairs whose ends are both here", function()
      local c = helper.container()
      helper.ip("link", "add", ("veth-%d"):format(c.pid), "type", "veth", "peer", "name", ("vc-%d"):format(c.pid))
      assert.equal("alive", verdict(("vc-%d"):format(c.pid)))
      c:kill()
      assert.equal("orphan", verdict(("veth-%d"):format(c.pid)))
      assert.same({}, node.links())
    end)

    it("of a thread: left alone", function()
      if not helper.sh "command -v python3" then
        pending "no python3 to make a thread with"
      end
      local _, tid, stop = threaded()
      finally(stop)
      local c = pinned()
      local name = named(("veth-%d-s"):format(tid), c)
      c:kill()
      assert.equal("unknown", verdict(name))
    end)
  end)
end)
