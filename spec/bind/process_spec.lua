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

  it("says its start time, whatever its name is", function()
    local directory = os.tmpname()
    os.remove(directory)
    local path = directory .. "/) S 1 (2) 3"
    assert(helper.sh(("mkdir %s && cp /bin/sleep '%s'"):format(directory, path)))
    local pid = select(2, helper.sh(("'%s' 1000 >/dev/null 2>&1 & echo $!"):format(path))):match "%d+"
    helper.eventually(function() -- from now on it has that name
      return select(2, helper.sh(("cat /proc/%s/comm"):format(pid))) == ") S 1 (2) 3\n"
    end)
    local stat = select(2, helper.sh(("cat /proc/%s/stat"):format(pid)))
    local after = stat:match "^%d+ %(%) S 1 %(2%) 3%) (.*)$" -- begins with field 3
    local started = after:match("^" .. ("%S+ "):rep(19) .. "(%d+) ")
    local p <close> = assert(core.process(math.tointeger(tonumber(pid))))
    assert.equal(tonumber(started), p:starttime())
    helper.sh(("kill -9 %s; rm -r %s"):format(pid, directory))
  end)
end)
