-- SPDX-License-Identifier: MIT
-- monitor: what the kernel announces about links, addresses, routes …, as events. When it had to drop some (the reader
-- was too slow for the socket's buffer), the differences to what was known before are made up for.
--
-- For that a picture is kept of each group: of every object its identity and a digest of its state, two short strings
-- (100–250 bytes an object with the table around them, whatever the object's size). Objects that vanish without an
-- announcement (the kernel has none for IPv4 routes whose link goes down) stay in the picture until it has doubled;
-- then it is compared with the kernel's, too.

local core = require "zlnet.core"

local monitor = {}

local RETRY_SECONDS = 0.05
local DIGEST = 8 -- bytes at the beginning of a state, which is the same where the state is
-- Bytes at the end of a key that tell an object from those which it may be replaced by: of routes to one destination
-- with one tos, priority and table.
local APART = { route = 8 }
local AF_INET6 = 10
local GROWTH = 1024 -- objects by which a picture may at least grow before it is compared

---@class zlnet.monitor
---@field private source table the two sockets; nil when closed
---@field private pictures table<string, table<string, string>> by group, by an object's key: its state
---@field private places table<string, table<string, table<string, true>>?> by group, by what may replace it: the keys
---@field private count table<string, integer> how many objects are in it
---@field private limit table<string, integer> how many may be
---@field private lossy boolean the kernel dropped announcements, and some older ones may still wait
---@field private behind table<string, boolean> groups whose picture has to be compared
---@field private queue table[] differences that wait to be handed out: { group, message }
---@field private first integer position of the first one
local Monitor = {}
Monitor.__index = Monitor

local function check_open(self, name)
  if not self.source then
    error(("bad argument #1 to '%s' (closed monitor)"):format(name), 3)
  end
  return self.source
end

local function forget(self, group, key)
  local places = self.places[group]
  if places then
    local place = key:sub(1, -1 - APART[group])
    places[place][key] = nil
    if not next(places[place]) then
      places[place] = nil
    end
  end
  self.pictures[group][key] = nil
  self.count[group] = self.count[group] - 1
end

local function into_place(places, group, key)
  local place = key:sub(1, -1 - APART[group])
  places[place] = places[place] or {}
  places[place][key] = true
end

local function add(self, group, key, value)
  local picture = self.pictures[group]
  if not picture[key] then
    self.count[group] = self.count[group] + 1
    if self.count[group] > self.limit[group] then
      self.behind[group] = true
    end
    if self.places[group] then
      into_place(self.places[group], group, key)
    end
  end
  picture[key] = value
end

-- The kernel does not say which one it replaced: where only one can be meant it is forgotten, else it is asked for.
-- By place, which is what they have in common, keys are sorted at the first replacement.
local function replaced(self, group, key)
  local places = self.places[group]
  if not places then
    places = {}
    for other in pairs(self.pictures[group]) do
      into_place(places, group, other)
    end
    self.places[group] = places
  end
  local others = {}
  for other in pairs(places[key:sub(1, -1 - APART[group])] or {}) do
    others[#others + 1] = other ~= key and other or nil
  end
  if #others == 1 then
    forget(self, group, others[1])
  elseif #others > 1 then
    self.behind[group] = true
  end
end

-- Whether what is gone is one next hop of an IPv6 route that has more.
local function is_one_hop(group, key, state, gone)
  return group == "route" and key:byte() == AF_INET6 and state:sub(1, DIGEST) ~= gone:sub(1, DIGEST)
end

local function remember(self, group, event, key, value)
  local picture = self.pictures[group]
  if not key then
    return
  elseif event.event:sub(1, 3) == "new" then
    if event.replace and APART[group] and not picture[key] then
      replaced(self, group, key)
    end
    add(self, group, key, value)
  elseif picture[key] and is_one_hop(group, key, picture[key], value) then
    self.behind[group] = true
  elseif picture[key] then
    forget(self, group, key)
  end
end

-- Compare one group's picture with what the kernel has now; the differences go to the queue.
local function compare(self, group)
  local messages, picture = self.source:compare(group, self.pictures[group])
  if not messages then
    picture.step = ("dump the group '%s'"):format(group)
    return nil, picture
  end
  local n = 0
  for _ in pairs(picture) do
    n = n + 1
  end
  self.pictures[group], self.count[group], self.limit[group] = picture, n, 2 * n + GROWTH
  self.behind[group], self.places[group] = nil, nil
  for i = 1, #messages do
    self.queue[#self.queue + 1] = { group, messages[i] }
  end
  return #messages
end

local function catch_up(self)
  local differences = 0
  for group in pairs(self.behind) do
    local n, err = compare(self, group)
    if not n then
      return nil, err
    end
    differences = differences + n
  end
  return differences
end

-- The kernel dropped announcements; those that still wait are older than what is there now.
local function lost(self)
  local ok, err = self.source:discard()
  if not ok then
    err.step = "discard what is out of date"
    return nil, err
  end
  self.lossy = false
  for group in pairs(self.pictures) do
    self.behind[group] = true
  end
  return { event = "overrun" }
end

local function queued(self)
  local i = self.first
  local item = self.queue[i]
  if not item then
    return nil
  end
  self.queue[i], self.first = false, i + 1
  if self.first > #self.queue then
    self.queue, self.first = {}, 1
  end
  local event = self.source:decode(item[1], item[2])
  event.resync = true
  return event
end

-- One event, or nil when none waits, or nil and an error.
local function take(self)
  if self.lossy then
    return lost(self)
  end
  local event = queued(self)
  if not event and next(self.behind) then
    local ok, err = catch_up(self)
    if not ok then
      return nil, err
    end
    event = queued(self)
  end
  if event then
    return event
  end
  local group, key, value
  event, group, key, value = self.source:receive()
  if event then
    remember(self, group, event, key, value)
    return event
  elseif group and group.code == "ENOBUFS" then
    self.lossy = true
    return lost(self)
  end
  return nil, group
end

---The next event: a table with `event` = `"newlink"`, `"dellink"`, `"newaddr"`, … and the object's keys as a getter
---gives them. Or `{ event = "overrun" }`: some were lost, and what they would have said follows as events with
---`resync = true`, deletions first; of what is gone they tell only what identifies it.
---
---An object that takes another's place is told by one event with `replace = true` (routes: the kernel announces no
---deletion of the one before).
---
---When `pollfd` is readable, take events with `next(0)` until there is none.
---@param seconds number? how long to wait for one; 0: not at all; nil: for ever
---@return table? event nil when the time is over
---@return zlnet.error? err the kernel could not be asked what is there (again at the next call), …
function Monitor:next(seconds)
  local source = check_open(self, "next")
  if seconds ~= nil and (type(seconds) ~= "number" or seconds ~= seconds) then
    error("bad argument #1 to 'next' (seconds: a number expected)", 2)
  end
  local deadline = seconds and core.clock() + seconds
  while true do
    local event, err = take(self)
    if event or err then
      return event, err
    end
    local left = deadline and deadline - core.clock()
    if left and left <= 0 then
      return nil
    end
    local ok
    ok, err = core.poll({ { fd = source:pollfd(), events = "r" } }, left)
    if not ok then
      return nil, err
    end
  end
end

---The descriptor that becomes readable when the kernel announces something; also `fd` and `getfd`, as luv and luasocket
---have it.
---@return integer fd
function Monitor:pollfd()
  return check_open(self, "pollfd"):pollfd()
end
Monitor.fd, Monitor.getfd = Monitor.pollfd, Monitor.pollfd

---@return "r" events
function Monitor:events()
  check_open(self, "events")
  return "r"
end

---How long a loop may wait for the descriptor: not at all while differences wait to be taken.
---@return number? seconds
function Monitor:timeout()
  check_open(self, "timeout")
  return self.queue[self.first] and 0 or (self.lossy or next(self.behind)) and RETRY_SECONDS or nil
end

---Idempotent; also by `<close>` and the collector.
function Monitor:close()
  if self.source then
    self.source:close()
    self.source, self.pictures, self.queue = nil, nil, nil
  end
end
Monitor.__close = Monitor.close

---Listens to what the kernel announces in a namespace: `ip monitor GROUP…`, `bridge monitor link fdb`.
---
---Groups: `"link"`, `"addr"`, `"route"`, `"nexthop"`, `"neigh"`, `"rule"` (IPv4 and IPv6), `"netconf"` (settings),
---`"nsid"`; `"bridge"` (ports as the bridge sees them: links with `family = "bridge"`), `"fdb"` (forwarding entries:
---neighbours with that family);
---`"miss"`: the kernel asks for a forwarding entry (`lladdr`: a vxlan link with `l2miss`) or a neighbour (`dst`:
---`l3miss`, `app_solicit`), as `event = "getneigh"`; after a loss nothing tells what was asked. The
---kernel sends only what was asked for, and nothing of some changes (a new alias of a link that is down). The attribute
---`event` of a link stands under `cause`. The namespace lives as long as the monitor. Source: rtnetlink(7), netlink(7).
---@param target zlnet.target? nil: the calling thread's namespace
---@param groups string|string[]
---@param options { rcvbuf: integer?, keys: table<string, string[]>?, all_nsid: boolean? }? rcvbuf: bytes that may
---wait (the system's default; more than `net.core.rmem_max` needs CAP_NET_ADMIN on the machine); keys: by group, which
---keys its objects are to have (all); all_nsid: also the events of every namespace that has a number in this one, with
---that number under `nsid` (`ip monitor all-nsid`; CAP_NET_BROADCAST in both). What an overrun lost of those is not
---made up for: list it, links and addresses by `target_netnsid`
---@return zlnet.monitor? monitor to be closed
---@return zlnet.error? err
function monitor.monitor(target, groups, options)
  if type(groups) == "string" then
    groups = { groups }
  end
  local source, err = core.monitor(target, groups, options)
  if not source then
    return nil, err
  end
  local self = setmetatable({ source = source, pictures = {}, places = {}, count = {}, limit = {}, lossy = false,
    behind = {}, queue = {}, first = 1 }, Monitor)
  for _, group in ipairs(groups) do
    self.pictures[group] = {}
    local ok
    ok, err = compare(self, group)
    if not ok then
      self:close()
      return nil, err
    end
  end
  self.queue = {} -- what was there before is no event
  return self
end

return monitor
