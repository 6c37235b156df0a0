-- SPDX-License-Identifier: MIT
-- Containers that end at a random microsecond of their attach. Whatever attach says, its pair goes with the container's
-- namespace, in the kernel's time, and the next container gets its address and its pid's name. Some containers here,
-- many in `make stress`; with recycled pids, too.
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

local CONTAINERS = tonumber(os.getenv "ENDINGS") or os.getenv "STRESS" and 2000 or 60
local LONGEST = 3000 -- microseconds: an attach takes less than that

describe("a container that ends in the middle of its attach", function()
  helper.insulate(60)

  local exe = os.tmpname()

  setup(function()
    local cc = os.getenv "CC" or "cc"
    assert(helper.sh(("%s -D_GNU_SOURCE -O2 -o %s spec/support/mortal.c"):format(cc, exe)))
  end)

  teardown(function()
    os.remove(exe)
  end)

  -- Starts one that ends so many microseconds after `go` is called; go waits until it has ended.
  local function mortal(microseconds)
    local pidfile = os.tmpname()
    local pipe = assert(io.popen(("exec %s %d >%s"):format(exe, microseconds, pidfile), "w"))
    local pid = helper.eventually(function()
      local file <close> = assert(io.open(pidfile))
      return file:read "n"
    end, 20)
    os.remove(pidfile)
    pipe:setvbuf "no"
    return math.tointeger(pid), function()
      pipe:write "."
    end, function()
      pipe:close()
    end
  end

  local function recycle(pid)
    local file = io.open("/proc/sys/kernel/ns_last_pid", "w")
    return file and file:write(pid - 1) and file:close()
  end

  -- Attaches many in a row, of one address; returns what came of it.
  local function attach_many(recycled)
    local seen, slowest, pid = {}, 0, nil
    for _ = 1, CONTAINERS do
      if recycled and pid then
        recycle(pid)
      end
      local go, wait
      pid, go, wait = mortal(math.random(0, LONGEST))
      go()
      local a, err = zlnet.attach { pid = pid, ip = { "10.200.0.5", "fd00:200::5" }, forwarding = false }
      wait()
      local came = a and "attached" or err.code .. " " .. (err.step or "")
      seen[came] = (seen[came] or 0) + 1
      assert.is_nil(err and err.rollback)
      local began = helper.clock()
      helper.eventually(function()
        return #node.links() == 0
      end, 60) -- the kernel ends namespaces one at a time
      slowest = math.max(slowest, helper.clock() - began)
    end
    return seen, slowest
  end

  for _, how in ipairs { "", ", also where its pid comes again" } do
    it("leaves nothing that does not go with its namespace, and is in nobody's way" .. how, function()
      math.randomseed(os.time())
      local seen, slowest = attach_many(how ~= "")
      for came in pairs(seen) do
        assert.is_nil(came:find("EEXIST", 1, true), came)
      end
      local list = {}
      for came, n in pairs(seen) do
        list[#list + 1] = ("%d %s"):format(n, came)
      end
      table.sort(list)
      node.figure(("%d containers that ended in their attach%s: %s; the slowest pair was gone after %.2f s"):format(
        CONTAINERS, how, table.concat(list, ", "), slowest))
    end)
  end
end)
