-- SPDX-License-Identifier: MIT
-- The handle itself and the jobs it submits; its operations are in codec_spec.lua and others.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local loop = require "zlnet.loop"

local function bridges(batch, n, prefix)
  for i = 1, n do
    batch:newlink { ifname = (prefix or "br") .. i, linkinfo = { kind = "bridge" } }
  end
  return batch
end

local SLOW = 60

-- A batch of many deletes, which take the kernel 10 to 40 ms each.
local function slow(h)
  assert(h:submit(bridges(h:batch(), SLOW))):result()
  local batch = h:batch()
  for i = 1, SLOW do
    batch:dellink { ifname = "br" .. i }
  end
  return batch
end

local function threads()
  local n = 0
  for _ in require("lfs").dir "/proc/self/task" do
    n = n + 1
  end
  return n - 2
end

local AT_FIRST = threads() -- more than one under ThreadSanitizer

-- A handle in a namespace that goes with it, and what else is there.
local function elsewhere()
  local ns <close> = assert(core.netns.new())
  return assert(core.open(ns))
end

describe("a handle", function()
  helper.insulate()

  it("is closed once and for all, and says so", function()
    local h = assert(core.open(nil))
    local fd = h:fd()
    assert.match("^netlink handle %(" .. fd .. "%)$", tostring(h))
    h:close()
    h:close()
    assert.equal("netlink handle (closed)", tostring(h))
    for _, name in ipairs { "fd", "getlinks", "newlink", "batch", "submit", "settimeout", "setrcvbuf" } do
      assert.error_matches(function()
        h[name](h, {})
      end, "closed handle", 1, true)
    end
  end)

  it("keeps its namespace alive, and works in it whatever becomes of the process", function()
    local c = helper.container()
    c:ip("link", "add", "x0", "type", "bridge")
    local h <close> = assert(core.open(c.pid))
    c:kill()
    assert.equal("x0", h:getlink { ifname = "x0" }.ifname)
    assert(h:newlink { ifname = "x1", linkinfo = { kind = "bridge" } })
    assert.equal(3, #h:getlinks())
  end)

  it("takes a size for its receive buffer", function()
    local h <close> = assert(core.open(nil))
    assert.is_true(h:setrcvbuf(16384))
    assert.is_true(h:setrcvbuf((1 << 30) - 1)) -- as far as the system lets it
    for _, bytes in ipairs { 16383, 0, -1, 1 << 30, 1.5, "x" } do
      assert.is_false(pcall(h.setrcvbuf, h, bytes))
    end
  end)
end)

describe("handle:submit", function()
  helper.insulate()

  it("does a batch while the caller goes on", function()
    local h <close> = elsewhere()
    local batch = bridges(h:batch(), 50)
    batch:dellink { index = 999 }
    batch:getlink { ifname = "lo" }
    local job <close> = assert(h:submit(batch))
    assert.equal(0, #batch)
    assert.equal("lo", h:getlink({ ifname = "lo" }).ifname) -- the handle is free meanwhile
    local results, failed = job:result()
    assert.same({ 51, 52 }, { failed, #results })
    assert.same({ "br1", "br50" }, { results[1].ifname, results[50].ifname })
    assert.equal("ENODEV", results[51].code)
    assert.equal("lo", results[52].ifname)
    assert.is_true(job:done())
    assert.equal(results, (job:result()))
    assert.equal(51, #h:getlinks())
  end)

  it("takes the options of send", function()
    local h <close> = elsewhere()
    local batch = bridges(bridges(h:batch(), 1), 3)
    local job <close> = assert(h:submit(batch, { stop_on_error = true, objects = false }))
    local results, failed = job:result()
    assert.same({ 2, 2, true, "EEXIST" }, { failed, #results, results[1], results[2].code })
    assert.equal(2, #h:getlinks())
  end)

  it("acts in the handle's namespace, its own or another, from whatever namespace", function()
    local c = helper.container()
    local here <close> = assert(core.open(nil))
    local there <close> = assert(core.open(c.pid))
    local ns <close> = assert(core.netns.open(c.pid))
    local function make(h, name)
      local job <close> = assert(h:submit(bridges(h:batch(), 1, name)))
      return assert(job:result())
    end
    make(here, "here")
    make(there, "there")
    ns:run(make, here, "back")
    ns:run(make, there, "stay")
    assert.truthy(helper.ip_json("link", "show", "dev", "here1")[1])
    assert.truthy(helper.ip_json("link", "show", "dev", "back1")[1])
    assert.truthy(c:ip_json("link", "show", "dev", "there1")[1])
    assert.truthy(c:ip_json("link", "show", "dev", "stay1")[1])
    here:dellink { ifname = "here1" }
    here:dellink { ifname = "back1" }
  end)

  it("is a pollable that gets ready", function()
    local h <close> = elsewhere()
    local batch = slow(h)
    local before = helper.eventually(function() -- an earlier job's may be about to end
      return threads() == AT_FIRST and AT_FIRST
    end)
    local job <close> = assert(h:submit(batch))
    assert.is_false(job:done())
    assert.equal(before + 1, threads())
    assert.same({ "r", nil }, { job:events(), job:timeout() })
    assert.equal(job:pollfd(), job:fd())
    assert.equal(job:pollfd(), job:getfd())
    local results, err = job:result(0)
    assert.is_nil(results)
    assert.same({ "io", "ETIMEDOUT" }, { err.kind, err.code })
    local ticks = 0
    loop.run(function()
      repeat
        local ready = coroutine.yield(job, 0.001)
        ticks = ticks + 1
      until ready == job
    end)
    assert.is_true(ticks > 1) -- the loop went on meanwhile
    assert.is_true(job:done())
    assert.equal(SLOW, #job:result(0))
    helper.eventually(function() -- one that has ended may still be listed
      return threads() == before
    end)
  end)

  it("does no more of it when it is closed, and waits for one operation only", function()
    local job
    helper.eventually(function() -- on a busy machine all of it may be done before we look
      local h <close> = elsewhere()
      job = assert(h:submit(slow(h)))
      helper.eventually(function()
        return #h:getlinks() < SLOW
      end)
      job:close()
      job:close()
      local left = #h:getlinks() - 1
      helper.sleep(0.1)
      assert.equal(left, #h:getlinks() - 1)
      return left > 0 and left < SLOW
    end)
    for _, name in ipairs { "result", "done", "pollfd", "fd", "getfd", "events", "timeout" } do
      assert.error_matches(function()
        job[name](job)
      end, "closed job", 1, true)
    end
  end)

  it("leaves nothing when it is collected while it runs, or its handle is closed", function()
    local h = elsewhere()
    for i = 1, 20 do
      assert(h:submit(bridges(h:batch(), 20, "x" .. i .. "-")))
    end
    collectgarbage()
    collectgarbage()
    local job <close> = assert(h:submit(bridges(h:batch(), 5)))
    h:close()
    assert.equal(5, #job:result())
  end)

  it("leaves nothing when Lua ends while it runs", function()
    local code = [[
      local core = require "zlnet.core"
      local ns = core.netns.new()
      local h = core.open(ns)
      for j = 1, 5 do
        local batch = h:batch()
        for i = 1, 50 do
          batch:newlink { ifname = j .. "br" .. i, linkinfo = { kind = "bridge" } }
        end
        job = h:submit(batch)
      end
      print "end"]]
    for _ = 1, 2 do
      local ok, output = helper.sh(helper.lua .. " -e " .. helper.quote(code))
      assert.same({ true, "end\n" }, { ok, output })
    end
  end)

  it("says what privilege refuses", function()
    local code = [[
      local core = require "zlnet.core"
      local h = core.open(nil)
      local batch = h:batch()
      batch:newlink { ifname = "no", linkinfo = { kind = "bridge" } }
      local results = h:submit(batch):result()
      print(results[1].code)]]
    local _, output = helper.sh(helper.unprivileged() .. " " .. helper.lua .. " -e " .. helper.quote(code))
    assert.equal("EPERM\n", output)
  end)

  it("raises for what is no batch of this handle, and leaves it as it was", function()
    local h <close> = assert(core.open(nil))
    local other <close> = assert(core.open(nil))
    local batch = h:batch()
    batch:getlink { ifname = "lo" }
    for _, args in ipairs { {}, { {} }, { other:batch() }, { batch, 5 } } do
      assert.is_false(pcall(h.submit, h, args[1], args[2]))
    end
    assert.equal("lo", batch:send()[1].ifname)
  end)
end)
