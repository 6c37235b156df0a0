-- SPDX-License-Identifier: MIT
-- The pinned target of an attach: while it is held, the pid cannot come to mean another process unnoticed, and the
-- namespace cannot vanish.

local core = require "zlnet.core"
local machine = require "zlnet.record.machine"

local target = {}

---@class zlnet.target
---@field ns table handle of the container's namespace
---@field here table handle of our own, which also holds the lock
---@field process table? the owner process
---@field who table the owner as plan.build and the record take it
local Target = {}
Target.__index = Target

local LEFT = {
  ended = { "ESRCH", "the process has ended meanwhile" },
  moved = { "EAGAIN", "the process has entered another network namespace meanwhile" },
}

---Whether what was attached is the process's: it may have ended by now, or have entered another namespace.
---@return true? ok
---@return zlnet.error? err
function Target:check()
  local left = self.process and self.process:left(self.ns)
  if not left then
    return true
  end
  return nil, core.error { kind = "io", code = LEFT[left][1], op = "attach", step = "check the target",
    message = LEFT[left][2] }
end

local PARTS = { "ns", "here", "process" }

function Target:close()
  for i = 1, #PARTS do
    local name = PARTS[i]
    if self[name] then
      self[name]:close()
      self[name] = nil
    end
  end
end
Target.__close = Target.close

local function step(err, text)
  err.step = text
  return nil, err
end

-- /proc/<pid> of another pid namespace is another process: its network namespace would be a stranger's. Asked each
-- time, for it may be mounted later.
local function check_proc()
  if not core.proc_is_ours() then
    return nil, core.error { kind = "io", code = "ESRCH", op = "open",
      message = "/proc is not that of our pid namespace, so no pid can be looked up in it" }
  end
  return true
end

-- The namespace and, for a pid, the identity of the process.
local function open(self, o)
  local ok, err
  if not o.pid then
    self.ns, err = core.netns.open(o.netns)
    return self.ns, err
  end
  ok, err = check_proc()
  if not ok then
    return nil, err
  end
  self.process, err = core.process(o.pid)
  if not self.process then
    return nil, err
  end
  self.ns, err = self.process:netns()
  if not self.ns then
    return nil, err
  end
  self.who.process = self.process:number()
  self.who.start, err = self.process:starttime()
  return self.who.start, err
end

-- What goes into the owner's record. An `==` of handles would take one that cannot be looked at for a different one.
local function identify(self, o)
  local who = self.who
  local ours, err = self.here:id()
  if not ours then
    return nil, err
  end
  local theirs, unseen = self.ns:id()
  if not theirs then
    return nil, unseen
  elseif ours.ino == theirs.ino and ours.dev == theirs.dev then
    return nil, core.error { kind = "io", code = "EINVAL", op = "attach",
      message = "the target is the caller's own network namespace" }
  end
  who.boot, err = machine.boot()
  if not who.boot then
    return nil, err
  end
  if o.pid then
    who.pidns, err = core.pidns()
    if not who.pidns then
      return nil, err
    end
  end
  who.netns, who.netns_id, who.time = theirs.ino, self.ns:number(), os.time()
  who.node = not o.pid and machine.node() or nil
  return true
end

local function fill(self, o, seconds, host)
  local ok, err = open(self, o)
  if not ok then
    return step(err, "open the target's network namespace")
  end
  self.here = host:netns() -- quicker than by its path, which takes no privilege
  if not self.here then
    self.here, err = core.netns.open(nil)
  end
  if not self.here then
    return step(err, "open our own network namespace")
  end
  ok, err = identify(self, o)
  if not ok then
    return step(err, "check the target")
  end
  -- last: should memory run out before, no lock is held until the collector runs
  ok, err = self.here:lock("shared", seconds)
  if not ok then
    return step(err, "wait for the node's lock")
  end
  return true
end

---Pins the target of validated options and takes the shared lock of our own namespace.
---@param o table
---@param seconds number how long to wait for the lock
---@param host table handle of our own namespace
---@return zlnet.target? target to be closed
---@return table? err
function target.pin(o, seconds, host)
  local self = setmetatable({
    ns = nil, here = nil, process = nil, -- room for them: a table that grows costs several times as much
    who = { pid = o.pid, id = o.id, start = nil, boot = nil, pidns = nil, netns = nil, time = nil, node = nil },
  }, Target)
  local ok, err = fill(self, o, seconds, host)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

return target
