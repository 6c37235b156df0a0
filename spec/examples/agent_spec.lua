-- SPDX-License-Identifier: MIT
-- The examples which stay and watch, run as their users run them: agent.lua, and the same in the loops of others.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local lfs = require "lfs"
local loops = require "spec.support.loops"
local node = require "spec.support.node"

-- Starts an example with its output in a file. Returns its pid, and a function that tells what it has printed.
local made = 0
local function start(name, ...)
  made = made + 1
  local file = ("/run/agent%d"):format(made)
  local words = { "env", "LUA_PATH=" .. package.path, helper.lua, lfs.currentdir() .. "/spec/examples/" .. name, ... }
  for i, word in ipairs(words) do
    words[i] = helper.quote(word)
  end
  local _, pid = helper.sh(("%s >%s 2>&1 & echo $!"):format(table.concat(words, " "), file))
  return assert(math.tointeger(tonumber(pid)), pid), function()
    local f <close> = assert(io.open(file))
    return f:read "a"
  end
end

local function ended(pid)
  local f = io.open(("/proc/%d/stat"):format(pid))
  local state = f and f:read("a"):match "%) (%S)"
  if f then
    f:close()
  end
  return not state or state == "Z"
end

local function kill(pid)
  helper.sh("kill -9 " .. pid)
  helper.eventually(function()
    return ended(pid)
  end)
end

local function host_end(c)
  return ("veth-%d-s"):format(c.pid)
end

describe("spec/examples/agent.lua", function()
  helper.insulate()

  local running

  after_each(function()
    if running then
      kill(running)
      running = nil
    end
    helper.ip("link", "set", "lo", "down")
  end)

  local function agent(...)
    local output
    running, output = start("agent.lua", ...)
    return function(pattern)
      return helper.eventually(function()
        return output():match(pattern) or error(output(), 0)
      end)
    end
  end

  it("has some 20 lines", function()
    local n = 0
    for line in io.lines "spec/examples/agent.lua" do
      n = n + (line:find "%S" and not line:find "^%-%-" and not line:find "^#" and 1 or 0)
    end
    assert.is_true(n <= 20, n)
  end)

  it("attaches, takes away what a container leaves, and goes on", function()
    helper.ip("link", "set", "lo", "up")
    local a, b = helper.container(), helper.container()
    local held <close> = assert(core.netns.open(a.pid)) -- the kernel alone would not take the pair away
    local told = agent(a.pid .. "=10.200.0.5,fd00:200::5", b.pid .. "=10.200.0.6")
    told("attached\t" .. host_end(b):gsub("%-", "%%-"))
    assert.is_true((helper.ping(nil, "10.200.0.5")))
    assert.is_true((helper.ping(nil, "fd00:200::5")))
    assert.is_true((helper.ping(a, "10.200.0.6")))
    a:kill()
    assert.equal(host_end(a), told "deleted\t(%S+)\t%S")
    assert.same({ host_end(b) }, node.links())
    assert.is_true((helper.ping(nil, "10.200.0.6")))
    assert.is_false(ended(running))
    held:close()
  end)

  it("finds what is there when it is started again, and takes away what ended meanwhile", function()
    local a, b = helper.container(), helper.container()
    local _ <close> = assert(core.netns.open(a.pid))
    local told = agent(a.pid .. "=10.200.0.5", b.pid .. "=10.200.0.6")
    told("attached\t" .. host_end(b):gsub("%-", "%%-"))
    local index = node.link(host_end(b)).ifindex
    kill(running)
    a:kill()
    assert.equal(2, #node.links()) -- nobody is there to take it away
    told = agent(b.pid .. "=10.200.0.6")
    assert.equal(host_end(a), told "deleted\t(%S+)")
    told(host_end(b):gsub("%-", "%%-") .. "\n.*attached\t")
    assert.same({ host_end(b) }, node.links())
    assert.equal(index, node.link(host_end(b)).ifindex)
  end)

  it("says what could not be attached, and watches the others", function()
    local a, gone = helper.container(), helper.container()
    gone:kill()
    local told = agent(gone.pid .. "=10.200.0.5", a.pid .. "=10.200.0.6")
    told "agent: io error: .*ESRCH"
    told("attached\t" .. host_end(a):gsub("%-", "%%-"))
  end)
end)

for _, library in ipairs { "cqueues", "luv", "copas" } do
  describe(("spec/examples/%s_agent.lua"):format(library), function()
    helper.insulate()

    local missing = loops.missing(library)
    if missing then
      it("runs", function()
        pending(missing)
      end)
      return
    end

    it("attaches, hears, deletes on a thread while it ticks, takes away what containers leave, ends", function()
      local a, b = helper.container(), helper.container()
      local _ <close> = assert(core.netns.open(a.pid))
      local bridges, words = {}, { a.pid .. "=10.200.0.5", b.pid .. "=10.200.0.6" }
      for i = 1, 10 do
        bridges[i] = "old" .. i
        words[#words + 1] = bridges[i]
        helper.ip("link", "add", bridges[i], "type", "bridge")
      end
      local pid, output = start(library .. "_agent.lua", table.unpack(words))
      helper.eventually(function()
        return #node.links() == 2
      end)
      assert.is_true((helper.ping(nil, "10.200.0.5")))
      a:kill()
      helper.eventually(function()
        return #node.links() == 1
      end)
      assert.is_false(ended(pid))
      b:kill()
      helper.eventually(function()
        return ended(pid)
      end)
      assert.same({}, node.links())
      local function told(pattern) -- all of it is there: the agent has ended
        return output():match(pattern) or error(output(), 2)
      end
      local ticks = told "10 links deleted, (%d+) ticks meanwhile"
      assert.is_true(tonumber(ticks) > 0, output())
      for _, bridge in ipairs(bridges) do
        told("gone\t" .. bridge .. "\n")
      end
      told("attached\t" .. host_end(a):gsub("%-", "%%-"))
      told("deleted\t" .. host_end(a):gsub("%-", "%%-"))
      told("d%l+ed\t" .. host_end(b):gsub("%-", "%%-")) -- by the agent or by the kernel, who is faster
    end)
  end)
end
