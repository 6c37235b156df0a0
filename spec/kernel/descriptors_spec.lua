-- SPDX-License-Identifier: MIT
-- What a process that uses zlnet may pass on without knowing: descriptors to its children, signals to threads.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local lfs = require "lfs"
local zlnet = require "zlnet"

-- The descriptors of this process by number, and whether each is close-on-exec.
local function descriptors()
  local names, found = {}, {}
  for name in lfs.dir "/proc/self/fd" do
    names[#names + 1] = name
  end
  for _, name in ipairs(names) do
    if lfs.symlinkattributes("/proc/self/fd/" .. name, "target") then -- the one they were listed through is closed
      local file <close> = assert(io.open("/proc/self/fdinfo/" .. name))
      found[name] = tonumber(file:read("a"):match "flags:%s*(%d+)", 8) & 0x80000 ~= 0 -- O_CLOEXEC
    end
  end
  return found
end

local OPENED = {
  ["a handle"] = function()
    return core.open(nil)
  end,
  ["a handle of a container"] = function(c)
    return core.open(c.pid)
  end,
  ["a namespace by its process"] = function(c)
    return core.netns.open(c.pid)
  end,
  ["a namespace by its path"] = function(c)
    return core.netns.open(("/proc/%d/ns/net"):format(c.pid))
  end,
  ["a namespace by a descriptor"] = function(c)
    local file <close> = assert(io.open(("/proc/%d/ns/net"):format(c.pid)))
    return core.netns.open(file)
  end,
  ["a new namespace"] = function()
    return core.netns.new()
  end,
  ["our own namespace"] = function()
    return core.netns.open(nil)
  end,
  ["a locked namespace"] = function()
    local ns, err = core.netns.open(nil)
    if ns then
      assert(ns:lock "shared")
    end
    return ns, err
  end,
  ["a process"] = function(c)
    return core.process(c.pid)
  end,
  ["a monitor"] = function()
    return zlnet.monitor(nil, { "link", "route" })
  end,
  ["a watcher"] = function()
    return zlnet.watch()
  end,
  ["a set of pollables"] = function()
    return core.pollset()
  end,
  ["a child with pipes"] = function()
    return core.spawn { "/bin/cat", pipes = true }
  end,
  ["a child with files"] = function()
    return core.spawn { "/bin/cat", stdin = "text" }
  end,
  ["a job"] = function()
    local h <close> = assert(core.open(nil))
    local batch = h:batch()
    batch:getlink { ifname = "lo" }
    return h:submit(batch)
  end,
}

describe("a descriptor", function()
  helper.insulate()

  for what, open in pairs(OPENED) do
    it("is not inherited by programs: of " .. what, function()
      local c = helper.container()
      collectgarbage()
      collectgarbage()
      local before = descriptors()
      local object <close> = assert(open(c))
      local n = 0
      for number, closes in pairs(descriptors()) do
        if before[number] == nil then
          n = n + 1
          assert.is_true(closes, number)
        end
      end
      assert.is_true(n > 0)
      assert.is_truthy(object)
    end)
  end
end)

describe("a signal", function()
  helper.insulate()

  -- The mask of blocked signals of each thread but the first.
  local function masks()
    local list = {}
    local own = lfs.symlinkattributes("/proc/self", "target")
    for tid in lfs.dir "/proc/self/task" do
      local file = tid:find "%d" and tid ~= own and io.open(("/proc/self/task/%s/status"):format(tid))
      if file then
        list[#list + 1] = tonumber(file:read("a"):match "SigBlk:%s*(%x+)", 16)
        file:close()
      end
    end
    return list
  end

  it("is for the caller's threads, not for those of zlnet: only what a crash raises is open there", function()
    local ns <close> = assert(core.netns.new())
    local here <close> = assert(core.netns.open(nil))
    local seen = helper.eventually(function()
      core.open(ns, here):close() -- its thread waits for the next one
      return masks()[1]
    end)
    for _, signal in ipairs { 1, 2, 10, 12, 14, 15, 17 } do -- HUP, INT, USR1, USR2, ALRM, TERM, CHLD
      assert.is_true(seen >> signal - 1 & 1 == 1, signal)
    end
    for _, signal in ipairs { 4, 6, 7, 8, 11 } do -- ILL, ABRT, BUS, FPE, SEGV
      assert.is_true(seen >> signal - 1 & 1 == 0, signal)
    end
  end)
end)
