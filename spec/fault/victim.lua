-- SPDX-License-Identifier: MIT
-- A second container, whose end is part of what is put under faults. Its namespace is bound to a file, so that the
-- kernel does not take the pairs away by itself. Its pid is in a file, for the process under faults is another one.
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local victim = {}

local PID, INHABITANT, NETNS = "/run/victim.pid", "/run/victim.inhabitant", "/run/victim.netns"

local function read(path)
  local file <close> = io.open(path)
  return file and file:read "n"
end

local function write(path, value)
  local file <close> = assert(io.open(path, "w"))
  file:write(value)
end

local function sh(command)
  local ok, output = helper.sh(command)
  assert(ok, output)
  return output
end

---@return integer?
function victim.pid()
  return read(PID)
end

-- Whether a process has ended, or is about to be reaped.
local function is_gone(pid)
  local file <close> = io.open(("/proc/%d/stat"):format(pid))
  local line = file and file:read "a" or ""
  return line == "" or line:find "%) [ZX] " ~= nil
end

local function kill(pid)
  if pid and not is_gone(pid) then
    os.execute(("kill -9 %d 2>/dev/null"):format(pid))
    helper.eventually(function()
      return is_gone(pid)
    end)
  end
end

---Ends it, and waits for that.
function victim.kill()
  kill(victim.pid())
end

---@return boolean
function victim.is_dead()
  return is_gone(victim.pid())
end

---How many pairs it has.
---@return integer
function victim.pairs()
  local n, prefix = 0, ("veth-%d-"):format(victim.pid())
  for line in io.lines "/proc/thread-self/net/dev" do
    n = n + (line:find(prefix, 1, true) and 1 or 0)
  end
  return n
end

---@return boolean
function victim.is_lost()
  return victim.pairs() == 0
end

---Who lives on in its namespace leaves, and so does it.
function victim.leave()
  victim.kill()
  kill(read(INHABITANT))
end

---Every process can be seen again.
function victim.show()
  os.execute "mount -o remount,hidepid=0 /proc"
end

---Takes back all that victim.make did.
function victim.clear()
  victim.show()
  if victim.pid() then
    victim.leave()
    os.execute(("umount %s; rm -f /run/victim.*"):format(NETNS))
  end
end

---A `before` that makes one.
---@param tags string of its pairs
---@param how { inhabited: boolean?, dead: boolean?, hidden: boolean?, beside: fun(scene: table)? } inhabited: another
---process lives in its namespace; dead: it has ended already; hidden: /proc may not show every process; beside: what
---else is there
function victim.make(tags, how)
  return function(scene)
    victim.clear()
    if how.beside then
      how.beside(scene)
    end
    local c = helper.container()
    write(PID, c.pid)
    sh(("touch %s; mount --bind /proc/%d/ns/net %s"):format(NETNS, c.pid, NETNS))
    for i = 1, #tags do
      assert(zlnet.attach { pid = c.pid, ip = "10.9.5." .. i, tag = tags:sub(i, i), ifname = "eth" .. i,
        default_route = i == 1 })
    end
    if how.inhabited then
      write(INHABITANT, (sh(("nsenter --net=%s sleep 1000 >/dev/null 2>&1 </dev/null & echo $!"):format(NETNS))))
      helper.eventually(function()
        return helper.sh(("test $(stat -Lc %%i /proc/%d/ns/net) = $(stat -Lc %%i %s)"):format(read(INHABITANT), NETNS))
      end)
    end
    if how.dead then
      c:kill()
    end
    if how.hidden then
      sh "mount -o remount,hidepid=2 /proc"
    end
  end
end

return victim
