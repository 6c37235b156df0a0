-- SPDX-License-Identifier: MIT
-- What specs share: containers that are real processes, ip(8) and ping, waiting, and the check that an example leaves
-- nothing behind. Specs run inside the sandbox of spec/tools/run; nothing here may be used outside of it.
--
--   local helper = require "spec.support.helper"
--   describe("zlnet.attach", function()
--     helper.insulate()
--     it("…", function()
--       local c = helper.container()
--       …
--       assert.is_true((helper.ping(nil, "10.0.0.2")))
--       assert.are.equal("eth0", c:ip_json("link", "show", "dev", "eth0")[1].ifname)
local json = require "dkjson"
local lfs = require "lfs"
local system = require "system"

local helper = {}

---Seconds that a spec waits for what must come, however busy the machine is. Only a failure takes them.
helper.PATIENCE = tonumber(os.getenv "SPEC_PATIENCE") or 60

---Where the build is, absolute: core.so is build/zlnet/core.so, the one for other platforms build/stub/zlnet/core.so.
helper.build = os.getenv "BUILD" or lfs.currentdir() .. "/build"

---The interpreter that runs the specs: what a spec which starts a script puts before it.
helper.lua = os.getenv "LUA" or "lua5.4"

---Monotonic seconds.
helper.clock = system.monotime

helper.sleep = system.sleep

-- --- commands ---

---A word for the shell.
helper.quote = require("zlnet.shell").quote

local function words(...)
  local list = table.pack(...)
  for i = 1, list.n do
    list[i] = helper.quote(list[i])
  end
  return table.concat(list, " ")
end

---Run a shell command. Returns true or false, what it wrote to stdout and stderr together, its exit status.
function helper.sh(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1 </dev/null"))
  local output = pipe:read "a"
  local ok, _, status = pipe:close()
  return ok or false, output, status
end

local function must(command)
  local ok, output, status = helper.sh(command)
  if not ok then
    error(("%s: status %s: %s"):format(command, status, output), 3)
  end
  return output
end

local function parse(text)
  local list = {}
  for _, row in ipairs(text:find "%S" and assert(json.decode(text)) or {}) do
    if next(row) then -- ip prints {} for what its filter left out
      list[#list + 1] = row
    end
  end
  return list
end

---`ip` with these words in the node's namespace; returns what it printed, raises when it fails.
function helper.ip(...)
  return must("ip " .. words(...))
end

---`ip -j -d` with these words in the node's namespace: an array of tables.
function helper.ip_json(...)
  return parse(must("ip -j -d " .. words(...)))
end

---Ping addr from a container, or from the node for nil. options: count = 1; timeout = 20 seconds in all (fewer where no
---reply is expected); once = true: what counts is the first packet, no other is sent.
---Returns true and the milliseconds of the first reply, or false and what ping said.
function helper.ping(from, addr, options)
  options = options or {}
  local timeout = options.timeout or 20
  local ping = ("ping -n -c %d -i 0.2 -W %d %s %s"):format(options.count or 1, timeout,
    options.once and "" or "-w " .. timeout, helper.quote(addr))
  local ok, output
  if from then
    ok, output = from:exec(ping)
  else
    ok, output = helper.sh(ping)
  end
  return ok, ok and tonumber(output:match "time=([%d.]+)") or output
end

---Call f every few milliseconds until it returns something true, and return that. Raises after `seconds` (PATIENCE),
---with the last error f raised, if it did.
function helper.eventually(f, seconds)
  seconds = seconds or helper.PATIENCE
  local deadline = helper.clock() + seconds
  while true do
    local ok, value = pcall(f)
    if ok and value then
      return value
    elseif helper.clock() > deadline then
      error(("still not so after %g s%s"):format(seconds, ok and "" or ": " .. tostring(value)), 2)
    end
    helper.sleep(0.005)
  end
end

-- --- processes ---

---The `it` of examples that need more than is everywhere: where `there` is false each of them is skipped with the
---reason. Their before_each has to ask for itself.
function helper.it_where(there, reason)
  local busted = require "busted"
  if there then
    return busted.it
  end
  return function(name)
    busted.pending(("%s: %s"):format(name, reason))
  end
end

---Whether this is the machine's first pid namespace, with all of its /proc: only a sandbox of root's has that.
function helper.first_pidns()
  local core = require "zlnet.core"
  return core.pidns() == 4026531836 and core.proc_view() == "all"
end

---Whether containers can have user namespaces here: not where they are switched off, nor in a chroot.
function helper.user_namespaces()
  return (helper.sh "unshare --user true")
end

---What goes before a command that is to have no privilege over the sandbox.
function helper.unprivileged()
  return helper.user_namespaces() and "unshare --user" or "setpriv --bounding-set=-all --inh-caps=-all --"
end

local function target(path)
  return lfs.symlinkattributes(path, "target")
end

-- The name, state and parent of a process; nil when there is none.
local function stat(pid)
  local file = io.open(("/proc/%s/stat"):format(pid))
  local line = file and file:read "a"
  if file then
    file:close()
  end
  local name, state, parent = (line or ""):match "^%d+ %((.*)%) (%S) (%d+)"
  return name, state, tonumber(parent)
end

local function child_of(parent)
  for entry in lfs.dir "/proc" do
    local pid = math.tointeger(tonumber(entry))
    if pid and select(3, stat(pid)) == parent then
      return pid
    end
  end
end

local container = {}
container.__index = container

local containers = {} -- those that live, in the order they were made

---A container: a process which sleeps in a network namespace of its own.
---options: user = true, a user namespace of its own too; pid = true, a pid and a mount namespace of its own too.
---Ended after the example (helper.insulate), at the latest with the sandbox.
function helper.container(options)
  options = options or {}
  local flags = "--net"
  if options.user then
    flags = flags .. " --user --map-root-user"
  end
  if options.pid then
    flags = flags .. " --pid --fork --kill-child --mount-proc"
  end
  local started = must(("unshare %s sleep 1000 >/dev/null 2>&1 </dev/null & echo $!"):format(flags))
  local first = math.tointeger(tonumber(started))
  local pid
  helper.eventually(function()
    pid = options.pid and child_of(first) or not options.pid and first or nil
    return pid and stat(pid) == "sleep" and target(("/proc/%d/ns/net"):format(pid)) ~= target "/proc/self/ns/net"
  end)
  local made = setmetatable({ pid = pid }, container)
  containers[#containers + 1] = made
  return made
end

---Run a shell command in the container's network namespace; returns what helper.sh does.
function container:exec(command)
  return helper.sh(("nsenter -t %d -n sh -c %s"):format(self.pid, helper.quote(command)))
end

---`ip` in the container; as helper.ip.
function container:ip(...)
  return must(("nsenter -t %d -n ip %s"):format(self.pid, words(...)))
end

---`ip -j -d` in the container; as helper.ip_json.
function container:ip_json(...)
  return parse(must(("nsenter -t %d -n ip -j -d %s"):format(self.pid, words(...))))
end

function container:alive()
  local _, state = stat(self.pid)
  return state ~= nil and state ~= "Z" and state ~= "X"
end

---Kill the container, and wait until its process is gone (where the machine's init reaps it lazily: until it is a
---zombie). Once more does nothing.
function container:kill()
  for i, other in ipairs(containers) do
    if other == self then
      table.remove(containers, i)
      os.execute(("kill -9 %d 2>/dev/null"):format(self.pid))
      local patience = helper.clock() + 0.1
      helper.eventually(function()
        local _, state = stat(self.pid)
        return not state or state == "Z" and helper.clock() > patience
      end)
      return
    end
  end
end

-- --- leaks ---

local function entries(path, each)
  local found = {}
  if lfs.attributes(path, "mode") == "directory" then
    for name in lfs.dir(path) do
      if name ~= "." and name ~= ".." then
        found[name] = each and each(path .. "/" .. name) or name
      end
    end
  end
  return found
end

local function descriptor(path)
  local to = target(path) or "?"
  return (to:gsub(" %(deleted%)$", ""))
end

local function descriptors()
  local found = entries("/proc/self/fd", descriptor)
  for number, to in pairs(found) do
    if to:find "^/proc/%d+/fd$" then -- the one this list was read through
      found[number] = nil
    end
  end
  return found
end

local function links()
  local found = {}
  for line in io.lines "/proc/self/net/dev" do
    local name = line:match "^%s*(%S+):"
    if name then
      found[name] = name
    end
  end
  return found
end

---What there is now: descriptors, threads, links of the node's namespace, named namespaces, the namespace we are in.
function helper.snapshot()
  collectgarbage()
  collectgarbage()
  return {
    descriptor = descriptors(),
    thread = entries "/proc/self/task",
    link = links(),
    ["named namespace"] = entries "/run/netns",
    ["namespace of the calling thread"] = { net = target "/proc/thread-self/ns/net" },
  }
end

local function differences(before, after)
  local texts = {}
  for kind, old in pairs(before) do
    local new = after[kind]
    for name, value in pairs(new) do
      local detail = value == name and "" or (" (%s)"):format(value)
      if old[name] == nil then
        texts[#texts + 1] = ("%s %s%s is left"):format(kind, name, detail)
      elseif old[name] ~= value then
        texts[#texts + 1] = ("%s %s (%s) has become another%s"):format(kind, name, old[name], detail)
      end
    end
    for name in pairs(old) do
      if new[name] == nil and kind ~= "thread" then -- one of an attach before may have been waiting for the next
        texts[#texts + 1] = ("%s %s is gone"):format(kind, name)
      end
    end
  end
  table.sort(texts)
  return texts
end

---What differs from an earlier snapshot, an array of texts, empty when nothing does. What goes by itself has some
---seconds (PATIENCE) to do so: threads that end, and the links which the kernel removes with a container's namespace.
function helper.leaks(before, seconds)
  local deadline = helper.clock() + (seconds or helper.PATIENCE)
  while true do
    local texts = differences(before, helper.snapshot())
    if #texts == 0 or helper.clock() > deadline then
      return texts
    end
    helper.sleep(0.01)
  end
end

---Call this in a describe (or on top of a file): after each of its examples the containers it made are ended, and the
---example fails if anything else is left, or is gone. What goes by itself may take some seconds (PATIENCE).
function helper.insulate(seconds)
  local busted = require "busted"
  local before, kept

  busted.before_each(function()
    kept = #containers
    before = helper.snapshot()
  end)

  local function check()
    while #containers > kept do
      containers[#containers]:kill()
    end
    local texts = helper.leaks(before, seconds)
    if #texts > 0 then
      error("the example leaks: " .. table.concat(texts, "; "), 0)
    end
  end
  busted.after_each(check)

  -- busted runs after_each hooks in the order of their definition; this one has to come after those which clean up
  busted.subscribe({ "test", "start" }, function(_, parent)
    local at = parent
    while at do
      for i, hook in ipairs(at.after_each or {}) do
        if hook.run == check then
          table.insert(at.after_each, table.remove(at.after_each, i))
          break
        end
      end
      at = busted.parent(at)
    end
    return nil, true
  end)
end

return helper
