-- SPDX-License-Identifier: MIT
-- What the core reads of processes and keeps; what they are for is in world_spec.lua and others.
local core = require "zlnet.core"
local helper = require "spec.helper"

describe("a process", function()
  helper.insulate()

  it("says its pid namespace, which its forked children in another one do not take for theirs", function()
    local cc = os.getenv "CC" or "cc"
    local dir = os.tmpname()
    os.remove(dir)
    assert(helper.sh("mkdir " .. dir))
    finally(function()
      helper.sh("rm -r " .. dir)
    end)
    local flags = "-D_GNU_SOURCE -shared -fPIC $(pkg-config --cflags lua5.4 || pkg-config --cflags lua)"
    local built, why = helper.sh(("%s %s -o %s/fork.so spec/fork.c"):format(cc, flags, dir))
    assert.is_true(built, why)
    local script = ([[
      package.cpath = "%s/?.so;" .. package.cpath
      local fork, core = require "fork", require "zlnet.core"
      local before = core.pidns()
      assert(before == core.pidns())
      if fork() > 0 then
        core.poll({}, 0.5)
        print(before, core.pidns())
        os.exit(0, false)
      end
      print(core.pidns())
      os.execute "readlink /proc/self/ns/pid; sleep 0.3"
      os.exit(0, false)]]):format(dir)
    local _, output = helper.sh("ASAN_OPTIONS=detect_leaks=0 " .. helper.lua .. " -e " .. helper.quote(script))
    local child, link, parent, again = output:match "^(%d+)\npid:%[(%d+)%]\n(%d+)\t(%d+)\n$"
    assert.is_truthy(child, output)
    assert.equal(link, child)
    assert.equal(parent, again)
    assert.not_equal(parent, child)
    assert.equal(core.pidns(), math.tointeger(tonumber(parent)))
  end)
end)
