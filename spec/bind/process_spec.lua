-- SPDX-License-Identifier: MIT
-- What the core reads of processes and keeps; what they are for is in world_spec.lua and others.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local process = require "spec.support.process"

describe("a process", function()
  helper.insulate()

  it("says its pid namespace, which its forked children in another one do not take for theirs", function()
    local _, output = process [[
      local core = require "zlnet.core"
      local before = core.pidns()
      assert(before == core.pidns())
      if process.fork() > 0 then
        process.wait()
        print(before, core.pidns())
        os.exit(0, false)
      end
      print(core.pidns())
      os.execute "readlink /proc/self/ns/pid"
      os.exit(0, false)]]
    local child, link, parent, again = output:match "^(%d+)\npid:%[(%d+)%]\n(%d+)\t(%d+)\n$"
    assert.is_truthy(child, output)
    assert.equal(link, child)
    assert.equal(parent, again)
    assert.not_equal(parent, child)
    assert.equal(core.pidns(), math.tointeger(tonumber(parent)))
  end)
end)
