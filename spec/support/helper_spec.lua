-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- Run a spec of this text as spec/tools/run does, but in this sandbox; returns its report.
local function report_of(text)
  local path = os.tmpname()
  local spec = path .. "_spec.lua"
  local file = assert(io.open(spec, "w"))
  file:write('local helper = require "spec.support.helper"\n', text)
  file:close()
  helper.sh(("SPEC_REPORT=%s %s %s/busted.lua --output=spec/tools/report.lua %s"):format(
    path, helper.lua, os.getenv "RESULTS", spec))
  local report = read(path)
  os.remove(path)
  os.remove(spec)
  return report
end

describe("helper.container", function()
  helper.insulate()

  it("is a process with a network namespace of its own", function()
    local c = helper.container()
    local ours = select(2, helper.sh "readlink /proc/self/ns/net")
    local theirs = select(2, helper.sh(("readlink /proc/%d/ns/net"):format(c.pid)))
    assert.are_not.equal(ours, theirs)
    assert.is_true(c:alive())
    assert.are.equal(theirs, select(2, c:exec "readlink /proc/self/ns/net"))
  end)

  it("has nothing but a lo which is down", function()
    local list = helper.container():ip_json "link"
    assert.are.equal(1, #list)
    assert.are.equal("lo", list[1].ifname)
    assert.are.equal("DOWN", list[1].operstate)
  end)

  it("can have a pid namespace of its own", function()
    local c = helper.container { pid = true }
    local ours = select(2, helper.sh "readlink /proc/self/ns/pid")
    assert.are_not.equal(ours, select(2, helper.sh(("readlink /proc/%d/ns/pid"):format(c.pid))))
    c:kill()
    assert.is_nil(io.open(("/proc/%d/stat"):format(c.pid)))
  end)

  it("can have a user namespace of its own", function()
    if not helper.user_namespaces() then
      pending "user namespaces are not permitted here"
    end
    for _, options in ipairs { { user = true }, { user = true, pid = true } } do
      local c = helper.container(options)
      for _, kind in ipairs { "net", "user", "pid" } do
        local ours = select(2, helper.sh("readlink /proc/self/ns/" .. kind))
        local theirs = select(2, helper.sh(("readlink /proc/%d/ns/%s"):format(c.pid, kind)))
        assert.are.equal(kind == "net" or options[kind] or false, ours ~= theirs, kind)
      end
      c:ip("link", "set", "lo", "up")
      assert.are.equal("UNKNOWN", c:ip_json("link")[1].operstate)
      c:kill()
      assert.is_nil(io.open(("/proc/%d/stat"):format(c.pid)))
    end
  end)

  it("is gone when kill returns, and kill may be called again", function()
    local c = helper.container()
    c:kill()
    assert.is_false(c:alive())
    assert.is_nil(io.open(("/proc/%d/stat"):format(c.pid)))
    c:kill()
  end)
end)

describe("helper.ping", function()
  helper.insulate()

  it("answers with the milliseconds, from the node and from a container", function()
    local c = helper.container()
    c:ip("link", "set", "lo", "up")
    local ok, ms = helper.ping(c, "127.0.0.1")
    assert.is_true(ok)
    assert.is_number(ms)
    assert.is_true((helper.ping(c, "::1", { count = 2 })))
    assert.is_false((helper.ping(nil, "127.0.0.1", { timeout = 1 })))
  end)
end)

describe("helper.ip", function()
  helper.insulate()

  it("raises with what ip said", function()
    assert.has_error(function()
      helper.ip("link", "show", "dev", "no such'link")
    end)
    local ok, message = pcall(helper.ip, "link", "show", "dev", "absent")
    assert.is_false(ok)
    assert.matches("absent", message)
  end)
end)

describe("helper.eventually", function()
  it("returns what the function came to return", function()
    local n = 0
    assert.are.equal("x", helper.eventually(function()
      n = n + 1
      assert(n > 1, "not yet")
      return n > 2 and "x"
    end))
  end)

  it("raises in the end, with the last error", function()
    local ok, message = pcall(helper.eventually, function()
      error "never so"
    end, 0.02)
    assert.is_false(ok)
    assert.matches("0.02 s: .*never so", message)
  end)
end)

describe("helper.leaks", function()
  local before

  before_each(function()
    before = helper.snapshot()
  end)

  after_each(function()
    assert.are.same({}, helper.leaks(before))
  end)

  local function leaks(seconds)
    return table.concat(helper.leaks(before, seconds or 0), "\n")
  end

  it("finds nothing where nothing happened", function()
    helper.container():kill()
    assert.are.equal("", leaks())
  end)

  it("names a descriptor that stays open, and one that was not ours to close", function()
    local file <close> = assert(io.open "/proc/self/status")
    assert.matches("^descriptor %d+ %(/proc/%d+/status%) is left$", leaks())
    before = helper.snapshot()
    file:close()
    assert.matches("^descriptor %d+ is gone$", leaks())
    before = helper.snapshot()
  end)

  it("does not mistake what is merely not collected for a leak", function()
    io.open "/proc/self/status":read(0)
    assert.are.equal("", leaks())
  end)

  it("names a link", function()
    helper.ip("link", "add", "left", "type", "bridge")
    assert.are.equal("link left is left", leaks())
    helper.ip("link", "del", "left")
  end)

  it("names a named namespace", function()
    helper.ip("netns", "add", "left")
    assert.are.equal("named namespace left is left", leaks())
    helper.ip("netns", "del", "left")
  end)

  it("names a thread, and a change of namespace", function()
    local thread, main = next(before.thread)
    before.thread[thread] = nil
    before["namespace of the calling thread"].net = "net:[1]"
    assert.matches("^namespace of the calling thread net %(net:%[1%]%) has become another %(net:%[%d+%]%)\n"
      .. "thread %d+ is left$", leaks())
    before.thread[thread] = main
    before = helper.snapshot()
  end)

  it("gives a link that dies with its container's namespace the time to do so", function()
    local c = helper.container()
    helper.ip("link", "add", "host", "type", "veth", "peer", "name", "eth0", "netns", tostring(c.pid))
    c:kill()
    assert.are.equal("", leaks(helper.PATIENCE))
  end)
end)

describe("helper.insulate", function()
  it("fails an example that leaks, and only that", function()
    local report = report_of [[
      describe("x", function()
        helper.insulate(1)
        it("keeps a descriptor", function() kept = io.open "/proc/self/status" end)
        it("behaves", function() helper.container() end)
        it("keeps a link", function() helper.ip("link", "add", "x", "type", "bridge") end)
      end)]]
    helper.ip("link", "del", "x")
    assert.matches("^1 2 0\n", report)
    assert.matches("FAILED [^\n]+: x keeps a descriptor %(after_each%)\n[^\n]+descriptor %d+ .- is left", report)
    assert.matches("FAILED [^\n]+: x keeps a link %(after_each%)\n[^\n]+link x is left", report)
  end)

  it("looks when the hooks of the same describe have cleaned up", function()
    local report = report_of [[
      describe("x", function()
        helper.insulate()
        local file
        before_each(function() file = io.open "/proc/self/status" end)
        after_each(function() file:close() end)
        it("behaves", function() end)
        describe("y", function() it("behaves", function() end) end)
      end)]]
    assert.are.equal("2 0 0\n", report)
  end)

  it("ends the containers which the example made, and not those that were there before", function()
    local report = report_of [[
      describe("x", function()
        local old, new
        setup(function() old = helper.container() end)
        teardown(function() old:kill() end)
        describe("y", function()
          helper.insulate()
          it("makes one", function() new = helper.container() end)
          it("finds it gone", function()
            assert.is_false(new:alive())
            assert.is_true(old:alive())
          end)
        end)
      end)]]
    assert.are.equal("2 0 0\n", report)
  end)
end)
