-- SPDX-License-Identifier: MIT
-- What a sweep asks of the world: is an owner alive, is a namespace in use. Each answer may be "unknown".

local core = require "zlnet.core"
local owner = require "zlnet.record.names"
local target = require "zlnet.attach.pin"

local world = {}

---@class zlnet.world
---@field boot string
---@field pidns integer inode of our pid namespace
---@field initial boolean whether that is the machine's first, from which every process is seen
---@field private view string
---@field private host table
---@field private occupied table<integer, integer>? a pid living there, by netnsid
---@field private blind boolean? some process's namespace could not be seen
local World = {}
World.__index = World

local ENOENT = 2

---@param host table handle of our namespace
---@return zlnet.world? world
---@return zlnet.error? err
function world.new(host)
  local boot, err = target.boot()
  if not boot then
    return nil, err
  end
  local pidns, unknown = core.pidns()
  if not pidns then
    return nil, unknown
  end
  return setmetatable({
    boot = boot, pidns = pidns, initial = pidns == target.initial_pidns, view = core.proc_view(), host = host,
  }, World)
end

-- Without a start time the number is all we have, and whoever wrote it may have meant a thread.
-- Only a file that is not there says that nothing has the number.
local function is_thread(pid)
  local file <close>, _, errno = io.open(("/proc/%d/stat"):format(pid))
  return file ~= nil or errno ~= ENOENT
end

---Whether a process is alive. With its start time, whether it is still the same.
---@param pid integer
---@param start integer? clock ticks since boot
---@return "alive"|"dead"|"unknown" state
---@return string reason
function World:liveness(pid, start)
  local process <close>, err = core.process(pid)
  if not process then
    if err.code ~= "ESRCH" then
      return "unknown", tostring(err)
    elseif not start and (self.view ~= "all" or is_thread(pid)) then
      return "unknown", "a thread may have its number"
    end
    return "dead", "no process has its pid"
  elseif not process:alive() then
    return "dead", "the process has ended"
  elseif not start then
    return "alive", "a process has its pid"
  elseif self.view == "foreign" then
    return "unknown", "/proc shows another pid namespace"
  end
  local now, why = process:starttime()
  if not now then
    if why.code == "ESRCH" and not process:alive() then
      return "dead", "the process has ended"
    end
    return "unknown", tostring(why)
  elseif not owner.is_same_start(now, start) then
    return "dead", "its pid belongs to a later process"
  end
  return "alive", "the process is there"
end

-- Whether a process whose namespace we may not see matters. The machine's init may have privileges that we lack, but it
-- lives in no container.
function World:matters(pid)
  return not (self.initial and pid == 1)
end

-- Which netnsids have a process in them.
function World:look()
  local occupied, unseen = core.occupants(self.host)
  self.occupied, self.blind = occupied or {}, not occupied or self.view ~= "all"
  for _, pid in ipairs(occupied and unseen or {}) do
    self.blind = self.blind or self:matters(pid)
  end
end

---Whether a process lives in the namespace of a link's other end.
---@param link table
---@return "yes"|"no"|"unknown" answer
---@return string reason
function World:in_use(link)
  local nsid = link.link_netnsid
  if not nsid then
    return "no", "both ends are here"
  elseif nsid < 0 then -- the kernel could not give it a number
    return "unknown", "the kernel does not say which namespace the container end is in"
  end
  if not self.occupied then
    self:look()
  end
  local pid = self.occupied[nsid]
  if pid then
    return "yes", ("process %d lives in the container end's namespace"):format(pid)
  elseif self.blind then
    return "unknown", "not every process can be seen"
  end
  return "no", "no process lives in the container end's namespace"
end

return world
