-- SPDX-License-Identifier: MIT
-- The thread that opens sockets in other namespaces (csrc/kernel/visitor.c): it is kept a moment, unseen by callers.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local lfs = require "lfs"
local process = require "spec.support.process"

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

local here

local function visit(ns)
  local h <close> = assert(core.open(ns, here))
  return #assert(h:getlinks())
end

describe("a visit to another namespace, on the way to others", function()
  helper.insulate()

  before_each(function()
    here = assert(core.netns.open(nil))
  end)

  after_each(function()
    here:close()
  end)

  it("sees that namespace, whichever was visited before", function()
    local namespaces = {}
    for i = 1, 10 do
      namespaces[i] = assert(core.netns.new())
      local h <close> = assert(core.open(namespaces[i], here))
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
    local first = threads()
    helper.eventually(function() -- on a busy machine it may be too late for the next at times
      local visited, again = {}, nil
      for k = 1, 2 do
        visit(ns)
        for tid in pairs(threads()) do
          if not first[tid] then
            again = again or visited[tid] == 1 and k == 2
            visited[tid] = k
          end
        end
      end
      return again
    end)
    for _ = 1, 100 do
      visit(ns)
    end
    helper.eventually(function() -- those that ended may still be listed
      return count() <= AT_FIRST + 1
    end)
    alone()
    assert.equal(1, visit(ns)) -- and there is another one when it is wanted again
  end)

  it("is over when it returns: no thread is in that namespace, and no descriptor more is open", function()
    local own = lfs.symlinkattributes("/proc/self/ns/net", "target")
    local namespaces <close> = setmetatable({}, { __close = function(list)
      for i = 1, #list do
        list[i]:close()
      end
    end })
    for i = 1, 50 do
      namespaces[i] = assert(core.netns.new())
    end
    alone() -- a thread that has ended may be listed for a moment
    local before = helper.snapshot().descriptor
    for i = 1, 50 do
      core.open(namespaces[i], here):close()
      for _, at in pairs(threads()) do
        assert.equal(own, at)
      end
    end
    assert.same(before, helper.snapshot().descriptor)
  end)

  it("ends its thread at once where nothing was said about a next one", function()
    local ns <close> = assert(core.netns.new())
    alone()
    for _ = 1, 5 do
      core.open(ns):close()
      alone()
    end
    assert.error_matches(function()
      core.open(ns, ns:fd())
    end, "bad argument #2", 1, true)
    local closed = assert(core.netns.open(nil))
    closed:close()
    assert.error_matches(function()
      core.open(ns, closed)
    end, "closed namespace handle", 1, true)
  end)

  local it_strays = helper.it_where(helper.user_namespaces(), "no user namespaces here")
  it_strays("ends its thread at once where it may not go home", function()
    -- the namespace that such a process begins in belongs to others
    local ok, output = process([[
      local core = require "zlnet.core"
      local ns, here = assert(core.netns.new()), assert(core.netns.open(nil))
      local function threads()
        for line in io.lines "/proc/self/status" do
          if line:find "^Threads:" then
            return tonumber(line:match "%d+")
          end
        end
      end
      local before = threads()
      for _ = 1, 3 do
        local h = assert(core.open(ns, here))
        for _ = 1, 10000 do -- a thread that has ended may be counted for a moment
          if threads() == before then break end
          core.poll({}, 0.005)
        end
        print(threads() - before, #assert(h:getlinks()))
      end]], "unshare --user --map-root-user")
    assert.is_true(ok, output)
    assert.equal("0\t1\n0\t1\n0\t1\n", output)
  end)

  it("works on a thread which is in another namespace itself, and comes home to the process's", function()
    local outer <close> = assert(core.netns.new())
    local inner <close> = assert(core.netns.new())
    local links = assert(outer:run(function()
      local h <close> = assert(core.open(nil))
      assert(h:newlink { ifname = "outer", linkinfo = { kind = "bridge" } })
      local outside = here
      here = assert(core.netns.open(nil))
      local seen = visit(inner) .. " " .. visit(nil)
      here:close()
      here = outside
      return seen
    end))
    assert.equal("1 2", links)
  end)

  it("says when it was refused, and the next one is not", function()
    local ns <close> = assert(core.netns.new())
    visit(ns)
    local file <close> = assert(io.open "/proc/self/ns/uts")
    local h, err = core.open(file, here)
    assert.is_nil(h)
    assert.equal("EINVAL", err.code)
    visit(ns)
  end)

  local it_forks = helper.it_where(AT_FIRST == 1, "ThreadSanitizer knows no threads of a forked child's")
  it_forks("works in a child made by fork, also in a pid namespace of its own", function()
    local ok, output = process [[
      local core = require "zlnet.core"
      local ns, here = assert(core.netns.new()), assert(core.netns.open(nil))
      local function visit()
        local h <close> = assert(core.open(ns, here))
        return #assert(h:getlinks())
      end
      visit()
      if process.fork() > 0 then
        process.wait() -- no threads for it any more: its children are to be in another pid namespace
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
      local ns, here = assert(core.netns.new()), assert(core.netns.open(nil))
      assert(core.open(ns, here)):close()
      process.powerless()
      local h, err = core.open(ns, here)
      print(h, err.code, err.op)]]
    assert.is_true(ok, output)
    assert.equal("nil\tEPERM\tsetns\n", output)
  end)

  it("harms no process that ends, or closes its Lua state, right after it", function()
    for _, ending in ipairs { "", "os.exit(0, false)", "os.exit(0, true)" } do
      local ok, output = process([[
        local core = require "zlnet.core"
        local ns, here = assert(core.netns.new()), assert(core.netns.open(nil))
        local h = assert(core.open(ns, here))
        print(#assert(h:getlinks()))
      ]] .. ending)
      assert.is_true(ok, output)
      assert.equal("1\n", output)
    end
  end)
end)
