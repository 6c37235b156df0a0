-- SPDX-License-Identifier: MIT
-- watch: a sweep that never ends and never polls. It waits for the end of every owner (pidfd) and for the kernel's
-- announcements of links behind one descriptor. When an owner ends, its pair is judged as sweep judges, and deleted if
-- it is an orphan. What sweep would leave is left.

local argument = require "zlnet.argument"
local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local judge = require "zlnet.cleanup.watch.judge"
local liveness = require "zlnet.record.liveness"
local monitor = require "zlnet.monitor"
local options = require "zlnet.options"
local tracks = require "zlnet.cleanup.watch.tracks"

local watch = {}

local BUFFER = 1 << 21 -- bytes of announcements that may wait, as far as the system allows it
local AT_ONCE = 1000 -- announcements taken in one step, so that the caller's loop is not held up

---The options of zlnet.watch.
watch.options = options.spec {
  { "dry_run", argument.boolean, false },
  { "grace", function(value)
    return value == 0 and value or argument.seconds(value)
  end, 0 },
  { "keep_held", argument.boolean, false },
  { "by_name", argument.boolean, false },
}

---@class zlnet.watcher
---@field private here table? handle of the namespace whose links are watched; nil when closed
---@field private host table handle for requests in it
---@field private monitor zlnet.monitor
---@field private set table pollset: the monitor's descriptor and the processes'
---@field private o table options
---@field private tracks zlnet.tracks
---@field private tell fun(event: string, t: zlnet.track)
---@field private fail fun(err: zlnet.error, t: zlnet.track?)
---@field private queue table[] events to be handed out
---@field private first integer position of the first one
local Watcher = {}
Watcher.__index = Watcher

local function emit(self, event)
  self.queue[#self.queue + 1] = event
end

local JUDGED = { deleted = true, orphan = true, kept = true }

local function tell(self, name, t)
  local whose, judged = t.c.whose, JUDGED[name]
  emit(self, {
    event = name, ifname = t.ifname, index = t.index, pid = whose.pid, id = whose.id, tag = whose.tag,
    verdict = judged and t.verdict or nil, reason = judged and t.reason or nil,
  })
end

local function fail(self, err, t)
  emit(self, { event = "failed", error = err, ifname = t and t.ifname, index = t and t.index })
end

-- One step ----------------------------------------------------------------------------------------------------------

local function hear(self)
  for _ = 1, AT_ONCE do
    local event, err = self.monitor:next(0)
    if err then
      self.fail(err)
    end
    if not event then
      return
    elseif event.event == "newlink" then
      self.tracks:see(event)
    elseif event.event == "dellink" then
      self.tracks:unsee(event.index)
    else
      emit(self, event) -- an overrun; what was lost comes next
    end
  end
end

-- A raise (another namespace, no memory) is the caller's, who may go on: what was not judged is looked at again.
local function judge_due(self, due)
  local ok, raised = pcall(judge.judge, self, due)
  if ok then
    return
  end
  for _, t in ipairs(due) do
    if self.tracks:of(t.index) == t then
      self.tracks:look_again(t)
    end
  end
  error(raised, 0)
end

local function step(self, seconds)
  local ready, err = self.set:wait(seconds)
  if not ready then
    return nil, err
  end
  for i = 1, #ready do
    self.tracks:ended(ready[i])
  end
  hear(self)
  self.tracks:ripen()
  local due = self.tracks:take_due()
  if #due > 0 then
    judge_due(self, due)
  end
  local least, waits = self.tracks:ripen(), self.monitor:timeout()
  self.set:alarm(waits and math.min(waits, least or waits) or least)
  return true
end

-- The object --------------------------------------------------------------------------------------------------------

local function check_open(self, name)
  if not self.here then
    error(("bad argument #1 to '%s' (closed watcher)"):format(name), 3)
  end
end

---The next event, after doing what there is to do. A table with `event`:
---`attached` (an attachment is there, also for those that were before), `detached` (it is gone, not by us), `deleted`
---(an orphan), `kept` (its owner has ended, but the verdict is another), `orphan` (instead of `deleted` with dry_run),
---`failed` (with `error`; it is tried again), `overrun` (announcements were lost, and are made up for).
---The first five have `ifname`, `index`, `pid`, `id`, `tag`; the three that follow a verdict have it, and the `reason`.
---
---In a loop of one's own: when `pollfd` is readable, call `next(0)` until it returns nil. It waits for nothing but the
---kernel's deleting (some 20 ms, whether one pair or hundreds).
---@param seconds number? how long to wait for an event; 0: not at all; nil: for ever
---@return table? event nil when the time is over
---@return zlnet.error? err
function Watcher:next(seconds)
  check_open(self, "next")
  if seconds ~= nil and (type(seconds) ~= "number" or seconds ~= seconds) then
    error("bad argument #1 to 'next' (seconds: a number expected)", 2)
  end
  local deadline, left = seconds and core.clock() + seconds, 0
  while true do
    local event = self.queue[self.first]
    if event then
      self.first = self.first + 1
      return event
    elseif left and left < 0 then
      return nil
    end
    self.queue, self.first = {}, 1
    local ok, err = step(self, left)
    if not ok then
      return nil, err
    end
    left = deadline and deadline - core.clock()
  end
end

---A loop of its own: calls f with every event, until it returns something true.
---@param f fun(event: table): any
---@return any ... what f returned; or nil and an error
function Watcher:run(f)
  while true do
    local event, err = self:next()
    if not event then
      return nil, err
    end
    local done = f(event)
    if done then
      return done
    end
  end
end

---The one descriptor behind which everything is; also `fd` and `getfd`, as luv and luasocket have it.
---@return integer fd
function Watcher:pollfd()
  check_open(self, "pollfd")
  return self.set:pollfd()
end
Watcher.fd, Watcher.getfd = Watcher.pollfd, Watcher.pollfd

---@return "r" events
function Watcher:events()
  check_open(self, "events")
  return "r"
end

---@return number? seconds 0 while events wait to be taken
function Watcher:timeout()
  check_open(self, "timeout")
  return self.queue[self.first] and 0 or nil
end

---Idempotent; also by `<close>` and the collector.
function Watcher:close()
  for _, name in ipairs { "tracks", "monitor", "set", "host", "here" } do
    if self[name] then
      self[name]:close()
      self[name] = nil
    end
  end
end
Watcher.__close = Watcher.close

-- The sources first, then what is there: nothing can come in between.
local function start(self)
  local err, facts, links, ok
  self.here, err = core.netns.open(nil)
  if self.here then
    self.host, err = core.open(nil)
  end
  if self.host then
    self.set, err = core.pollset()
  end
  if self.set then
    self.monitor, err = monitor.monitor(nil, "link", { rcvbuf = BUFFER, keys = { link = attachments.keys } })
  end
  if self.monitor then
    ok, err = self.set:add(self.monitor:pollfd())
  end
  if ok then
    facts, err = liveness.new(self.host)
  end
  if facts then
    links, err = self.host:getlinks(nil, attachments.keys)
  end
  if not links then
    return nil, err
  end
  self.tracks = tracks.new(self.set, facts, self.tell, self.fail, self.o.by_name)
  for i = 1, #links do
    self.tracks:see(links[i])
  end
  self.set:alarm(0)
  return true
end

---Watches the calling thread's namespace: deletes an attachment's pair as soon as its owner has ended and no process
---can use it any more, also those of owners that have ended already. See zlnet.sweep for the verdicts.
---@param opts { dry_run: boolean?, grace: number?, keep_held: boolean?, by_name: boolean? }? dry_run: tell, delete
---nothing; grace: seconds, not negative: attachments that are younger are left until then; the others as sweep's
---@return zlnet.watcher? watcher to be closed
---@return zlnet.error? err
function watch.watch(opts)
  local o = options.check("watch", watch.options, opts or {})
  local self = setmetatable({ o = o, queue = {}, first = 1 }, Watcher)
  function self.tell(...)
    tell(self, ...)
  end
  function self.fail(...)
    fail(self, ...)
  end
  local ok, err = start(self)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

return watch
