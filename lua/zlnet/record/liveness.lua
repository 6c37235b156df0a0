-- SPDX-License-Identifier: MIT
-- The facts that a verdict takes: is an owner alive, is a namespace in use. Each answer may be "unknown".

local core = require "zlnet.core"
local machine = require "zlnet.record.machine"
local names = require "zlnet.record.names"

local liveness = {}

---@class zlnet.liveness
---@field boot string
---@field pidns integer inode of our pid namespace
---@field initial boolean whether that is the machine's first, from which every process is seen
---@field private keep_held boolean a descriptor or a mount that holds a namespace counts as a use of it
---@field private view string
---@field private host table
---@field private users table? what core.occupants found
---@field private blind boolean? some process could not be seen, or may have been missed
---@field private named table<integer, string>? a mount point, by netnsid
local Liveness = {}
Liveness.__index = Liveness

local ENOENT = 2

---@param host table handle of our namespace
---@param keep_held boolean? whether a descriptor or a mount that holds a namespace counts as a use of it
---@return zlnet.liveness? facts
---@return zlnet.error? err
function liveness.new(host, keep_held)
  local boot, err = machine.boot()
  if not boot then
    return nil, err
  end
  local pidns, unknown = core.pidns()
  if not pidns then
    return nil, unknown
  end
  return setmetatable({
    boot = boot, pidns = pidns, initial = pidns == machine.initial_pidns, view = core.proc_view(), host = host,
    keep_held = keep_held or false,
  }, Liveness)
end

-- Without a start time the number is all we have, and it may have meant a thread.
-- Only a file that is not there says that nothing has the number.
local function is_thread(pid)
  local file <close>, _, errno = io.open(("/proc/%d/stat"):format(pid))
  return file ~= nil or errno ~= ENOENT
end

-- Whether the process that has the pid now is the one that had it: by the number for good where both are known, else by
-- its start time.
local function is_same(process, start, number)
  local now = number and process:number()
  if now then
    return now == number
  end
  local started, err = process:starttime()
  if not started then
    return nil, err
  end
  return names.is_same_start(started, start)
end

---Whether a process is alive. With its start time, whether it is still the same.
---@param pid integer
---@param start integer? clock ticks since boot
---@param number integer? the number that it has for good
---@return "alive"|"dead"|"unknown" state
---@return string reason
function Liveness:liveness(pid, start, number)
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
  elseif self.view == "foreign" and not (number and process:number()) then
    return "unknown", "/proc shows another pid namespace"
  end
  local same, why = is_same(process, start, number)
  if same == nil then
    if why.code == "ESRCH" and not process:alive() then
      return "dead", "the process has ended"
    end
    return "unknown", tostring(why)
  elseif not same then
    return "dead", "its pid belongs to a later process"
  end
  return "alive", "the process is there"
end

-- Whether a process whose namespace we may not see matters. The machine's init may have privileges that we lack, but it
-- lives in no container.
function Liveness:matters(pid)
  return not (self.initial and pid == 1)
end

-- Asks who uses which namespace.
local function look(self)
  local users = core.occupants(self.host, self.keep_held and "descriptors" or nil)
  self.users, self.blind = users or { lives = {}, opens = {} }, not users or not users.all or self.view ~= "all"
  for _, pid in ipairs(users and users.unseen or {}) do
    self.blind = self.blind or self:matters(pid)
  end
end

---Forgets who used which namespace: the next question asks anew. The last thing before a deletion.
function Liveness:look_again()
  self.users, self.named = nil, nil
end

-- The octal escapes of proc_pid_mountinfo(5).
local function unescape(path)
  return (path:gsub("\\(%d%d%d)", function(digits)
    return string.char(tonumber(digits, 8))
  end))
end

-- Which netnsids have a name: a mount of the namespace's file, as under /run/netns.
local function look_for_names(self)
  self.named = {}
  for line in io.lines "/proc/self/mountinfo" do
    local path = line:match "^%d+ %d+ %S+ net:%[%d+%] (%S+) "
    local ns <close> = path and core.netns.open(unescape(path)) or nil
    local answer = ns and self.host:getnsid { fd = ns:fd() }
    if answer then
      self.named[answer.nsid] = path
    end
  end
end

---A process that uses the namespace of a link's other end, as the latest look has it.
---@param link table
---@return integer? pid
---@return "lives"|"opens"|nil how
function Liveness:user(link)
  local users, nsid = self.users, link.link_netnsid
  local pid = users and users.lives[nsid]
  if pid then
    return pid, "lives"
  end
  pid = users and users.opens[nsid]
  return pid, pid and "opens"
end

local HOW = {
  lives = "process %d lives in the container end's namespace",
  opens = "process %d has the container end's namespace open",
}

---Whether a process uses the namespace of a link's other end.
---@param link table
---@return "yes"|"no"|"unknown" answer
---@return string reason
function Liveness:in_use(link)
  local nsid = link.link_netnsid
  if not nsid then
    return "no", "both ends are here"
  elseif nsid < 0 then -- the kernel could not give it a number
    return "unknown", "the kernel does not say which namespace the container end is in"
  end
  if not self.users then
    look(self)
  end
  local pid, how = self:user(link)
  if pid then
    return "yes", HOW[how]:format(pid)
  elseif self.blind then
    return "unknown", "not every process can be seen"
  end
  if self.keep_held and not self.named then
    look_for_names(self)
  end
  if self.keep_held and self.named[nsid] then
    return "yes", "its namespace has a name: " .. self.named[nsid]
  end
  return "no", "no process lives in the container end's namespace"
end

return liveness
