-- SPDX-License-Identifier: MIT
-- The candidates that a watcher keeps an eye on: of each the process whose end it waits for, or when it is to be looked
-- at again. Decides nothing about their fate.

local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local owner = require "zlnet.record.names"

local tracks = {}

local LATER, LATEST = 1, 60 -- seconds until something is looked at again; the longest

---@class zlnet.track
---@field c zlnet.candidate
---@field index integer
---@field ifname string
---@field ifalias string?
---@field address string
---@field process table? whose end is waited for
---@field verdict string? the latest
---@field pause number? seconds to wait before the next look
---@field told boolean? `attached` was told

---@class zlnet.tracks
---@field due table<zlnet.track, true> to be judged
---@field private later table<zlnet.track, number> to be judged then
---@field private by_index table<integer, zlnet.track>
---@field private by_fd table<integer, zlnet.track>
---@field private gone table<integer, true> links known to be gone, which the kernel has not announced yet
local Tracks = {}
Tracks.__index = Tracks

---@param set table pollset that the processes' descriptors are added to
---@param facts zlnet.liveness
---@param tell fun(event: string, t: zlnet.track)
---@param fail fun(err: zlnet.error, t: zlnet.track)
---@param by_name boolean? whether a name alone says that a link is ours
---@return zlnet.tracks
function tracks.new(set, facts, tell, fail, by_name)
  return setmetatable({
    set = set, facts = facts, by_name = by_name, tell = tell, fail = fail,
    due = {}, later = {}, by_index = {}, by_fd = {}, gone = {},
  }, Tracks)
end

---The track of a link.
---@param index integer
---@return zlnet.track?
function Tracks:of(index)
  return self.by_index[index]
end

-- When to look again ------------------------------------------------------------------------------------------------

---@param t zlnet.track
---@param seconds number
function Tracks:look_in(t, seconds)
  self.later[t] = core.clock() + seconds
end

---Looks again after a while, longer each time: for what may well stay as it is.
---@param t zlnet.track
function Tracks:look_again(t)
  t.pause = math.min(2 * (t.pause or LATER / 2), LATEST)
  self:look_in(t, t.pause)
end

---Makes due whose time has come.
---@return number? seconds until the next one's; 0 when some are due
function Tracks:ripen()
  local now, least = core.clock(), next(self.due) and 0 or nil
  for t, at in pairs(self.later) do
    if at <= now then
      self.later[t], self.due[t], least = nil, true, 0
    else
      least = math.min(least or math.huge, at - now)
    end
  end
  return least
end

---Takes all that are due.
---@return zlnet.track[]
function Tracks:take_due()
  local list = {}
  for t in pairs(self.due) do
    list[#list + 1] = t
  end
  self.due = {}
  return list
end

-- Whose end to wait for ---------------------------------------------------------------------------------------------

local function stop_waiting(self, t)
  self.due[t], self.later[t] = nil, nil
  if t.process then
    local fd = t.process:pollfd()
    self.set:remove(fd) -- before it is closed
    self.by_fd[fd] = nil
    t.process:close()
    t.process = nil
  end
end

---Waits for the end of a process. Only a start time that is known to be another's says that it has ended already; one
---that cannot be read does not.
---@param t zlnet.track
---@param pid integer
---@param start integer?
---@return true? ok
---@return zlnet.error? err ESRCH when it has ended
function Tracks:wait_for(t, pid, start)
  stop_waiting(self, t)
  local process, err = core.process(pid)
  if not process then
    return nil, err
  end
  local now = start and process:starttime()
  local ok = not now or owner.is_same_start(now, start)
  if ok then
    ok, err = self.set:add(process:pollfd())
  end
  if not ok then
    process:close()
    return nil, err or core.error { kind = "io", code = "ESRCH", op = "watch", message = "the process has ended" }
  end
  t.process, self.by_fd[process:pollfd()] = process, t
  return true
end

---The process behind a descriptor has ended.
---@param fd integer
function Tracks:ended(fd)
  local t = self.by_fd[fd]
  if t then
    stop_waiting(self, t)
    self.due[t] = true
  end
end

---Whether the pid of a track's owner is one of our pid namespace, in this boot.
---@param t zlnet.track
---@return boolean
function Tracks:is_ours(t)
  local record = t.c.record
  if record then
    return record.pid ~= nil and record.pidns == self.facts.pidns and record.boot == self.facts.boot
  end
  return t.c.whose.pid ~= nil and self.facts.initial and not t.c.foreign and not t.c.unreadable
    and (t.c.marked or self.by_name)
end

---Waits for what can change the verdict.
---@param t zlnet.track
function Tracks:follow(t)
  local record = t.c.record
  if self:is_ours(t) then
    local ok, err = self:wait_for(t, t.c.whose.pid, record and record.start)
    if not ok and err.code == "ESRCH" then
      self.due[t] = true
    elseif not ok then
      self.fail(err, t)
      self:look_again(t)
    end
  elseif record and not record.pid then
    t.verdict = "unknown" -- only its owner knows when it ends
  elseif not record and not t.c.foreign and t.c.marked then
    self:look_in(t, LATER) -- its record is on its way, or a crash left it without
  else
    self.due[t] = true
  end
end

-- Links -------------------------------------------------------------------------------------------------------------

---Forgets a track.
---@param t zlnet.track
function Tracks:forget(t)
  stop_waiting(self, t)
  self.by_index[t.index] = nil
end

---A link is there, as it is given.
---@param link table with attachments.keys
function Tracks:see(link)
  local t = self.by_index[link.index]
  if self.gone[link.index] -- an announcement from before
    or t and t.ifname == link.ifname and t.ifalias == link.ifalias and t.address == link.address then
    return
  end
  local told = t and t.told
  if t then
    self:forget(t)
  end
  local c = attachments.identify(link)
  if not c then
    return
  end
  t = { c = c, index = link.index, ifname = link.ifname, ifalias = link.ifalias, address = link.address, told = told }
  self.by_index[t.index] = t
  self:follow(t)
  if not told and (c.record or not c.marked) then -- else the record says whose it is
    t.told = true
    self.tell("attached", t)
  end
end

---A link was read anew, for its track to be judged.
---@param t zlnet.track
---@param link table with attachments.keys
---@return boolean same whether it is still what the track says
function Tracks:refresh(t, link)
  self:see(link)
  local same = self.by_index[t.index] == t
  if same then
    t.c.link = link
  end
  return same
end

---A track was judged.
---@param t zlnet.track
---@param verdict zlnet.verdict.word
---@param reason string
function Tracks:judged(t, verdict, reason)
  t.verdict, t.reason = verdict, reason
end

---The kernel announced the end of a link.
---@param index integer
function Tracks:unsee(index)
  local t = self.by_index[index]
  if self.gone[index] then
    self.gone[index] = nil
  elseif t then
    self:forget(t)
    self.tell("detached", t)
  end
end

---A link is gone, and the kernel is still to announce it.
---@param t zlnet.track
---@param event string how to tell
function Tracks:lose(t, event)
  self.gone[t.index] = true
  self:forget(t)
  self.tell(event, t)
end

---Closes every process.
function Tracks:close()
  for _, t in pairs(self.by_index) do
    if t.process then
      t.process:close()
    end
  end
end

return tracks
