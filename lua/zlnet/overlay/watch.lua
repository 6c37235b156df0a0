-- SPDX-License-Identifier: MIT
-- Keeps an overlay true: hears what the kernel announces, holds each row that was touched against what is wanted, and
-- puts it right. Of a row only the latest announcement counts, so our own requests are never taken for an outsider's.

local core = require "zlnet.core"
local differences = require "zlnet.overlay.differences"
local entries = require "zlnet.overlay.entries"
local device = require "zlnet.overlay.device"
local execute = require "zlnet.overlay.execute"
local sync = require "zlnet.overlay.sync"

local watch = {}

local BUFFER = 1 << 22 -- bytes of announcements that may wait, as far as the system allows it
local AT_ONCE = 10000 -- announcements taken in one step, so that the caller's loop is not held up
local INTERVAL = 0.005 -- seconds from one repair to the next
local RETRY = 1 -- seconds until what was refused is tried again
local LOOK = 1 -- seconds between looks at what the kernel announces nothing of: wireguard's peers

local GROUPS = { "link", "addr", "route", "neigh", "fdb" }
local TABLES = { addr = entries.addr, route = entries.route, neigh = entries.neigh, fdb = entries.fdb }
-- In which order rows are put right, as sync makes them.
local ORDER = { entries.addr, entries.fdb, entries.neigh, entries.route }
local INDEX = { addr = "index", route = "oif", neigh = "ifindex", fdb = "ifindex" }
local LINK_KEYS = { "index", "ifname", "ifalias", "flags", "mtu", "address" }

---@class zlnet.overlay.keeper
---@field private o zlnet.overlay.object
---@field private source table the sockets; nil when closed
---@field private set table pollset
---@field private touched table<table, table<string, table>> by table and key: the latest announcement
---@field private link table? the latest announcement of the device
---@field private all boolean everything is to be compared
---@field private retry number? when what was refused is tried again
---@field private due number before which nothing is put right
---@field private queue table[] events to be handed out
---@field private first integer position of the first one
local Keeper = {}
Keeper.__index = Keeper

local function emit(self, event)
  self.queue[#self.queue + 1] = event
end

-- Hearing -----------------------------------------------------------------------------------------------------------

local function hear_link(self, event)
  local o = self.o
  if event.index == o.index then
    self.link = event
  elseif event.ifname == o.name then
    self.all = true
  elseif o.underlay and event.index == o.underlay.index and event.mtu ~= o.underlay.mtu then
    self.all = true
  end
end

local function hear_row(self, t, event)
  local o = self.o
  local key = t.key(event)
  if not key then
    return
  elseif event[INDEX[t.name]] == o.index then
    self.touched[t][key] = event
    if event.event == "deladdr" then -- with its last IPv4 address a link loses its routes, and nothing is announced
      self.all = true
    end
  elseif t == entries.route and o.wanted[t] and o.wanted[t].by_key[key] then
    self.all = true -- a route elsewhere has taken the place of ours, or given it free
  end
end

local function lost(self)
  local ok, err = self.source:discard()
  if not ok then
    return nil, err
  end
  self.all = true
  emit(self, { event = "overrun" })
  return true
end

-- Takes what was announced; what it says is looked at later.
local function hear(self, most)
  for _ = 1, most do
    local event, group = self.source:receive()
    if event then
      if not self.o.wanted then
        goto continue -- before the first list, and after delete
      elseif group == "link" then
        hear_link(self, event)
      else
        hear_row(self, TABLES[group], event)
      end
    elseif not group then
      return true
    elseif group.code ~= "ENOBUFS" then
      group.step = "hear the kernel's announcements"
      return nil, group
    else
      local ok, err = lost(self)
      if not ok then
        return nil, err
      end
    end
    ::continue::
  end
  return true
end

-- Putting right -----------------------------------------------------------------------------------------------------

local function forget(self)
  self.touched, self.link, self.all = {}, nil, false
  for _, t in ipairs(ORDER) do
    self.touched[t] = {}
  end
end

local function tell(self, ops, failed)
  for _, op in ipairs(ops) do
    local err = failed[op.peer or ""]
    if not err and op.how then
      local event = differences.told(op)
      event.event = "mended"
      emit(self, event)
    end
  end
  local refused = next(failed)
  for _, err in next, failed do
    emit(self, { event = "failed", error = err, peer = err.peer })
  end
  self:again(refused)
end

-- The device as it was last announced is as it was made.
local function is_true(o, link)
  return link.event == "newlink" and link.ifname == o.name and device.overlay_of(link) == o.name and link.flags.up and
    link.mtu == o.mtu and (not o.o.mac or link.address == o.o.mac)
end

local function compare_all(self)
  local todo, err = sync.run(self.o, self.o.list)
  if not todo then
    return nil, err
  end
  local ops = todo.ops
  for _, list in ipairs { todo.tunnel and todo.tunnel.ops or {}, todo.entries } do
    if not todo.made then -- else it is told by the device
      table.move(list, 1, #list, #ops + 1, ops)
    end
  end
  tell(self, ops, todo.refused)
  return true
end

local function compare_touched(self)
  local o, ops, drops = self.o, {}, {}
  for _, t in ipairs(ORDER) do
    local wants, held = o.wanted[t] and o.wanted[t].by_key or {}, o.held[t] or {}
    for key, event in next, self.touched[t] do
      local w, row = wants[key], event.event:sub(1, 3) == "new" and event or nil
      if w and not (row and t.same(w.args, row)) then
        ops[#ops + 1] = differences.put(w, row)
      elseif not w and row and not held[key] and t.ours(row) then
        drops[#drops + 1] = differences.drop(t, key, row)
      end
    end
  end
  for i = #drops, 1, -1 do
    ops[#ops + 1] = drops[i]
  end
  if #ops == 0 then
    return true
  end
  local failed, err = execute.rows(o, ops)
  if not failed then
    return nil, err
  end
  tell(self, ops, failed)
  return true
end

local function is_dirty(self)
  if self.all or self.link then
    return true
  end
  for _, t in ipairs(ORDER) do
    if next(self.touched[t]) then
      return true
    end
  end
  return false
end

local function put_right(self)
  local all = self.all or self.link and not is_true(self.o, self.link)
  local ok, err
  if not self.o.list then
    ok = true
  elseif all then
    ok, err = compare_all(self)
  else
    ok, err = compare_touched(self)
  end
  if ok then
    forget(self)
  else
    self.all = true
    emit(self, { event = "failed", error = err })
    self.retry = core.clock() + RETRY
  end
  self.due = core.clock() + (ok and INTERVAL or RETRY)
end

local function step(self, seconds)
  local ready, err = self.set:wait(seconds)
  if not ready then
    return nil, err
  end
  local ok
  ok, err = hear(self, AT_ONCE)
  if not ok then
    return nil, err
  end
  local now = core.clock()
  if self.retry and now >= self.retry then
    self.retry, self.all = nil, true
  end
  if is_dirty(self) and now >= self.due then
    put_right(self)
    now = core.clock()
  end
  local at = is_dirty(self) and self.due or self.retry
  if at and self.retry then
    at = math.min(at, self.retry)
  end
  self.set:alarm(at and math.max(0, at - now))
  return true
end

-- The object --------------------------------------------------------------------------------------------------------

---The list was made true by the owner: what was announced until now is compared with it, but is no outsider's doing
---before it.
---@param todo table of sync.run
function Keeper:synced(todo)
  forget(self)
  hear(self, math.huge)
  self:again(next(todo.refused))
  self.set:alarm(0)
end

---When everything is to be compared again, without an announcement.
---@param refused any whether something was refused
function Keeper:again(refused)
  local seconds = refused and RETRY or self.o.kind == "wireguard" and LOOK
  self.retry = seconds and core.clock() + seconds or nil
end

---See Overlay:next.
function Keeper:next(seconds)
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

function Keeper:pollfd()
  return self.set:pollfd()
end

function Keeper:timeout()
  return self.queue[self.first] and 0 or nil
end

function Keeper:close()
  for _, name in ipairs { "source", "set" } do
    if self[name] then
      self[name]:close()
      self[name] = nil
    end
  end
end

---Begins to listen.
---@param o zlnet.overlay.object
---@return zlnet.overlay.keeper? watcher to be closed
---@return zlnet.error? err
function watch.new(o)
  local self = setmetatable({ o = o, due = 0, queue = {}, first = 1 }, Keeper)
  forget(self)
  local err, ok
  self.set, err = core.pollset()
  if self.set then
    local keys = { link = LINK_KEYS }
    for group, t in next, TABLES do
      keys[group] = t.keys
    end
    self.source, err = core.monitor(o.ns, GROUPS, { rcvbuf = BUFFER, keys = keys })
  end
  if self.source then
    ok, err = self.set:add(self.source:pollfd())
  end
  if not ok then
    self:close()
    return nil, err
  end
  self.all = o.list ~= nil -- what was changed between the sync and now
  self.set:alarm(0)
  return self
end

return watch
