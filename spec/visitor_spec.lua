-- SPDX-License-Identifier: MIT
-- The thread that opens sockets in other namespaces (csrc/visitor.c): it is kept for a moment, and nobody may notice.
local core = require "zlnet.core"
local helper = require "spec.helper"
local lfs = require "lfs"
local process = require "spec.process"

-- The namespaces of this process's threads, by thread id; and how many threads there are.
local function threads()
  local found, n = {}, 0
  for tid in lfs.dir "/proc/self/task" do
    local ns = tid:find "%d" and lfs.symlinkattributes(("/proc/self/task/%s/ns/net"):format(tid), "target")
    if ns then
      found[tid], n = ns, n + 1
    end
  end
  return found, n
end

local AT_FIRST = select(2, threads()) -- more than one under ThreadSanitizer

local function count()
  return select(2, threads())
end

-- When none of an earlier visit is left.
local function alone()
  helper.eventually(function()
    return count() == AT_FIRST
  end)
end

local function visit(ns)
  local h <close> = assert(core.open(ns))
  return #assert(h:getlinks())
end

describe("a visit to another namespace", function()
  helper.insulate()

  it("sees that namespace, whichever was visited before", function()
    local namespaces = {}
    for i = 1, 10 do
      namespaces[i] = assert(core.netns.new())
      local h <close> = assert(core.open(namespaces[i]))
      for k = 1, i do
        assert(h:newlink { ifname = "b" .. k, linkinfo = { kind = "bridge" } })
      end
    end
    for i = 10, 1, -1 do
      assert.equal(1 + i, visit(namespaces[i]))
      namespaces[i]:close()
    end
  end)

  it("leaves one thread for the next, which ends when none comes", function()
    local ns <close> = assert(core.netns.new())
    alone()
    local first, seen, n = threads(), {}, 0
    for _ = 1, 100 do
      visit(ns)
      local now, there = threads()
      assert.is_true(there <= AT_FIRST + 2) -- one that has ended may still be listed
      for tid in pairs(now) do
        n = n + ((first[tid] or seen[tid]) and 0 or 1)
        seen[tid] = true
      end
    end
    assert.is_true(n >= 1 and n < 25, n) -- on a slow machine it may be too late for the next at times
    alone()
    assert.equal(1, visit(ns)) -- and there is another one when it is wanted again
  end)

  it("keeps no thread in that namespace, and in the end no descriptor", function()
    local own = lfs.symlinkattributes("/proc/self/ns/net", "target")
    alone()
    local before = helper.snapshot().descriptor
    for _ = 1, 20 do
      local ns <close> = assert(core.netns.new())
      visit(ns)
    end
    helper.eventually(function()
      for _, ns in pairs(threads()) do
        if ns ~= own then
          return false
        end
      end
      return true
    end)
    alone()
    assert.same(before, helper.snapshot().descriptor)
  end)

  it("works on a thread which is in another namespace itself, and comes home to the process's", function()
    local outer <close> = assert(core.netns.new())
    local inner <close> = assert(core.netns.new())
    local links = assert(outer:run(function()
      local h <close> = assert(core.open(nil))
      assert(h:newlink { ifname = "outer", linkinfo = { kind = "bridge" } })
      return visit(inner) .. " " .. visit(nil)
    end))
    assert.equal("1 2", links)
  end)

  it("says when it was refused, and the next one is not", function()
    local ns <close> = assert(core.netns.new())
    visit(ns)
    local file <close> = assert(io.open "/proc/self/ns/uts")
    local h, err = core.open(file)
    assert.is_nil(h)
    assert.equal("EINVAL", err.code)
    visit(ns)
  end)

  it("works in a child made by fork, also in a pid namespace of its own", function()
    local ok, output = process [[
      local core = require "zlnet.core"
      local ns = assert(core.netns.new())
      local function visit()
        local h <close> = assert(core.open(ns))
        return #assert(h:getlinks())
      end
      visit()
      if process.fork() > 0 then
        core.poll({}, 0.3) -- no threads for it any more: its children are to be in another pid namespace
        os.exit(0, false)
      end
      print("child", visit(), visit())
      os.exit(0, false)]]
    assert.is_true(ok, output)
    assert.equal("child\t1\t1\n", output)
  end)

  it("can do no more than its caller, who gave up what it could", function()
    local ok, output = process [[
      local core = require "zlnet.core"
      local ns = assert(core.netns.new())
      assert(core.open(ns)):close()
      process.powerless()
      local h, err = core.open(ns)
      print(h, err.code, err.op)]]
    assert.is_true(ok, output)
    assert.equal("nil\tEPERM\tsetns\n", output)
  end)

  it("does not hold up a process that ends, or closes its Lua state, right after it", function()
    for _, ending in ipairs { "", "os.exit(0, false)", "os.exit(0, true)" } do
      local began = helper.clock()
      local ok, output = process([[
        local core = require "zlnet.core"
        local ns = assert(core.netns.new())
        local h = assert(core.open(ns))
        print(#assert(h:getlinks()))
      ]] .. ending)
      assert.is_true(ok, output)
      assert.equal("1\n", output)
      assert.is_true(helper.clock() - began < 5)
    end
  end)
end)
