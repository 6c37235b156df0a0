-- SPDX-License-Identifier: MIT
-- What becomes of a pool's slots when the process that keeps it dies.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

describe("a slot", function()
  helper.insulate()

  local function keeper(script)
    local pipe = assert(io.popen(helper.lua .. " -e " .. helper.quote([[
      local zlnet = require "zlnet"
      local pool = assert(zlnet.pool { size = 3 })
      assert(pool:refill())
      ]] .. script .. [[
      local file = io.open "/proc/self/stat"
      print(file:read "n")
      io.stdout:flush()
      io.read "a"]]) .. " </run/never"))
    return pipe, math.tointeger(pipe:read "n")
  end

  before_each(function()
    helper.sh "mkfifo /run/never"
  end)

  after_each(function()
    helper.sh "rm -f /run/never; umount /run/netns; rmdir /run/netns"
  end)

  local function words()
    local list = {}
    for _, v in ipairs(assert(zlnet.sweep { dry_run = true }).verdicts) do
      list[#list + 1] = v.verdict
    end
    table.sort(list)
    return list
  end

  it("is left alone while its keeper lives, and swept with its namespace when that is dead", function()
    local _ <close> = assert(io.open("/run/never", "r+")) -- while it is open the keeper waits
    local pipe, pid = keeper ""
    assert.same({ "alive", "alive", "alive" }, words())
    assert.equal(3, #assert(core.netns.list()))
    helper.sh("kill -9 " .. pid)
    pipe:close()
    helper.eventually(function()
      return words()[1] == "orphan"
    end)
    local report = assert(zlnet.sweep())
    assert.equal(3, #report.deleted)
    assert.same({}, node.links())
    assert.same({}, assert(core.netns.list()))
  end)

  it("that was taken is its owner's: the keeper's death does not concern it", function()
    local _ <close> = assert(io.open("/run/never", "r+")) -- while it is open the keeper waits
    local pipe, pid = keeper [[assert(pool:take { id = "web", ip = "10.206.0.5" })
      ]]
    helper.sh("kill -9 " .. pid)
    pipe:close()
    helper.eventually(function()
      return table.concat(words(), " ") == "orphan orphan unknown"
    end)
    assert.equal(2, #assert(zlnet.sweep()).deleted)
    assert.is_true((helper.ping(nil, "10.206.0.5")))
    assert.equal(1, #assert(core.netns.list()))
    assert(zlnet.detach { id = "web" })
    assert.same({}, assert(core.netns.list()))
  end)
end)
