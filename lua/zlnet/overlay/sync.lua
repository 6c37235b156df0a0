-- SPDX-License-Identifier: MIT
-- Makes the kernel's tables what the peers say: looks, compares, sends the difference as one batch, takes back what was
-- done for a peer of which something was refused, and says what was what.

local device = require "zlnet.overlay.device"
local differences = require "zlnet.overlay.differences"
local entries = require "zlnet.overlay.entries"
local undo = require "zlnet.undo"
local wireguard = require "zlnet.overlay.wireguard"

local sync = {}

local GETTERS = { fdb = "getneighs", neigh = "getneighs", route = "getroutes", addr = "getaddrs" }

-- In the order in which rows are made.
local TABLES = {
  vxlan = { entries.addr, entries.fdb, entries.neigh, entries.route },
  wireguard = { entries.addr, entries.route },
}

local function step(err, text)
  err.step = err.step or text
  return nil, err
end

-- The kernel's rows on the device, by the table's name.
local function look(self, index)
  local actual, err = {}
  for _, t in ipairs(TABLES[self.o.kind]) do
    actual[t.name], err = self.host[GETTERS[t.name]](self.host, t.filter(index), t.keys)
    if not actual[t.name] then
      return step(err, ("list the overlay's %s entries"):format(t.name))
    end
  end
  return actual
end

local NOTHING = { addr = {}, fdb = {}, neigh = {}, route = {} }

-- What a peer wants, made once for each index of the device.
local function wants_of(self, index)
  local make = entries["of_" .. self.o.kind]
  return function(p)
    if p.index ~= index then
      p.index, p.wants = index, make(index, p)
    end
    return p.wants
  end
end

local function compare(self, todo, is_new)
  local actual, err = NOTHING
  if not is_new then
    actual, err = look(self, todo.index)
    if not actual then
      return nil, err
    end
  end
  todo.entries, todo.present, todo.lost = differences.of(TABLES[self.o.kind], todo.wanted, todo.held, actual)
  return todo
end

-- The keys of the peers that are refused: what is there of them stays.
local function keys_of(errors)
  local keys = {}
  for _, err in ipairs(errors) do
    keys[err.peer] = true
  end
  return keys
end

-- The tunnel's part of it.
local function compare_tunnel(self, todo, accepted)
  local found, err = {}
  if not todo.made then
    found, err = wireguard.look(self, todo.index)
    if not found then
      return step(err, "list the overlay's wireguard peers")
    end
  end
  local present
  todo.tunnel, present = wireguard.differences(self, found, accepted, keys_of(todo.failed))
  for key in next, present do
    todo.present[key] = true
  end
  for key in next, todo.tunnel.lost do
    todo.lost[key] = true
  end
  for _, op in ipairs(todo.entries) do
    op.peer = op.peer or todo.tunnel.owners[op.key] -- of a route that goes
  end
  return todo
end

---What is to be done, and nothing is done.
---@param self zlnet.overlay.object
---@param peers table[] checked
---@return table? todo `ops` of the device, `entries` of the tables, and what the account of it needs
---@return zlnet.error? err
function sync.decide(self, peers)
  if self.kind == "wireguard" then
    local tunnel, none = wireguard.open(self)
    if not tunnel then
      return step(none, "look for the kernel's wireguard")
    end
  end
  local link, err = device.find(self)
  if link == nil then
    return nil, err
  end
  local mtu
  mtu, err = device.mtu(self, peers)
  if err then
    return step(err, "find the MTU that the underlay leaves")
  end
  local todo = { peers = peers, made = nil, was = link and true or false }
  todo.ops, todo.index, todo.made = device.differences(self, link, mtu)
  local o = self.o
  local accepted
  todo.wanted, todo.held, todo.failed, accepted = differences.wanted(o, peers, wants_of(self, todo.index),
    entries.of_addresses(todo.index, o.ip))
  todo.mtu = mtu or link and link.mtu
  local ok
  ok, err = compare(self, todo, todo.made)
  if not ok or o.kind ~= "wireguard" then
    return ok, err
  end
  return compare_tunnel(self, todo, accepted)
end

-- Operations ---------------------------------------------------------------------------------------------------------

-- What no longer is there is deleted well enough.
local GONE = { ENOENT = true, ESRCH = true, ENODEV = true, EADDRNOTAVAIL = true }

-- Sends operations as one batch; the errors by number.
local function send(host, ops)
  local batch = host:batch()
  for i = 1, #ops do
    local op = ops[i]
    batch[op.call](batch, op.args, op.mode)
  end
  local results, err = batch:send { objects = false }
  if not results then
    return nil, err
  end
  local refused = {}
  for i = err or #ops + 1, #ops do -- from the first that failed on
    local result = results[i]
    if result ~= true and not (ops[i].call:sub(1, 3) == "del" and GONE[result.code]) then
      refused[i] = result
    end
  end
  return refused
end

-- Takes back those operations that were done, the last one first. Returns the errors.
local function take_back(host, ops)
  local back = {}
  for i = #ops, 1, -1 do
    local op = ops[i]
    if op.undo_call then
      back[#back + 1] = { call = op.undo_call, args = op.undo_args, mode = op.undo_mode }
    end
  end
  if #back == 0 then
    return nil
  end
  local refused, err = send(host, back)
  if not refused then
    return { err }
  end
  local list = {}
  for i = 1, #back do
    list[#list + 1] = refused[i]
  end
  return list[1] and list or nil
end

local function explain(err, op)
  err.step = ("%s the %s entry %s"):format(op.how == "added" and "delete" or "put", op.what, op.key or "")
  err.peer = op.peer
  if err.code == "EEXIST" and op.what == "route" then
    err.message = ("'%s' is routed already, and not by us"):format(op.key)
  end
  return err
end

-- The device's operations: all or nothing.
local function make_device(self, ops)
  if #ops == 0 then
    return true
  end
  local refused, err = send(self.host, ops)
  local first = refused and next(refused)
  if refused and not first then
    return true
  elseif first then
    local done = {}
    for i, op in ipairs(ops) do
      first = refused[i] and math.min(first, i) or first
      done[#done + 1] = not refused[i] and op or nil
    end
    err = refused[first]
    err.rollback = take_back(self.host, done)
  end
  return step(err, "make the overlay's device")
end

---Carries out operations of the tables: all or nothing for each peer.
---@param self zlnet.overlay.object
---@param ops zlnet.overlay.op[]
---@return table<string, zlnet.error>? failed by peer's key; "" stands for what is no peer's
---@return zlnet.error? err nothing is known of what was done
function sync.carry_out(self, ops)
  if #ops == 0 then
    return {}
  end
  local refused, err = send(self.host, ops)
  if not refused then
    err.rollback = take_back(self.host, ops)
    return step(err, "send the difference")
  end
  local failed = {}
  for i, result in next, refused do
    local key = ops[i].peer or ""
    if not failed[key] or failed[key].number > i then
      failed[key] = { number = i, error = explain(result, ops[i]) }
    end
  end
  if next(failed) then
    local done = {}
    for i, op in ipairs(ops) do
      done[#done + 1] = failed[op.peer or ""] and not refused[i] and op or nil
    end
    local rollback = take_back(self.host, done)
    for key, f in next, failed do
      f.error.rollback = rollback
      failed[key] = f.error
    end
  end
  return failed
end

-- The tunnel's peers, then the rows of those that it has, then back with those that were refused a row.
local function make_rows(self, todo)
  if not todo.tunnel then
    return sync.carry_out(self, todo.entries)
  end
  local refused, err = wireguard.carry_out(self, todo.index, todo.tunnel)
  if not refused then
    return nil, err
  end
  local ops = {}
  for _, op in ipairs(todo.entries) do
    ops[#ops + 1] = not refused[op.peer] and op or nil
  end
  local failed
  failed, err = sync.carry_out(self, ops)
  if not failed then
    return nil, err
  end
  wireguard.take_back(self, todo.index, todo.tunnel, failed)
  for key, refusal in next, refused do
    failed[key] = refusal
  end
  return failed
end

-- The device first: the rows need its index.
local function make_true(self, todo)
  local stack <close> = undo.new()
  local ok, err = make_device(self, todo.ops)
  if ok and todo.made then
    stack:push("delete the overlay's device", self.host.dellink, self.host, { index = todo.index })
    ok, err = device.speak_ipv6(self)
  elseif ok and #todo.ops > 0 then -- a link that goes up, or gets another MAC, has lost rows
    ok, err = compare(self, todo)
  end
  local failed
  if ok then
    failed, err = make_rows(self, todo)
  end
  if not failed then
    return stack:fail(err)
  end
  stack:commit()
  return failed
end

-- What was what -----------------------------------------------------------------------------------------------------

local function sorted(set)
  local list = {}
  for key in next, set do
    list[#list + 1] = key
  end
  table.sort(list)
  return list
end

-- What became of the peers: those of the operations, by what they are to the list before.
local function account(self, todo, failed)
  local added, changed, removed, mended, now = {}, {}, {}, {}, {}
  for _, p in ipairs(todo.peers) do
    now[p.key] = p
  end
  local before = self.peers
  local function touch(key)
    if failed[key] then
      return
    elseif not now[key] then
      (before and not before[key] and mended or removed)[key] = true
    elseif before and before[key] == now[key] then
      mended[key] = true
    else
      (todo.present[key] and changed or added)[key] = true
    end
  end
  for _, op in ipairs(todo.tunnel and todo.tunnel.ops or {}) do
    touch(op.peer)
  end
  for _, op in ipairs(todo.entries) do
    if op.peer then
      touch(op.peer)
    elseif todo.was then
      mended[self.o.name] = true
    end
  end
  for key in next, todo.lost do
    if now[key] and not failed[key] then
      changed[key] = true
    end
  end
  if todo.was and (#todo.ops > 0 or todo.tunnel and todo.tunnel.config and before) then
    mended[self.o.name] = true
  end
  return { added = sorted(added), changed = sorted(changed), removed = sorted(removed), mended = sorted(mended) }, now
end

---Makes it so, and keeps what it was for the next time.
---@param self zlnet.overlay.object
---@param peers table[] checked
---@return table? todo what was decided, with `result` (zlnet.overlay.synced) and `refused` (errors by peer)
---@return zlnet.error? err
function sync.run(self, peers)
  local todo, err = sync.decide(self, peers)
  if not todo then
    return nil, err
  end
  todo.refused, err = make_true(self, todo)
  if not todo.refused then
    return nil, err
  end
  if not todo.mtu then -- no underlay is known: the kernel's
    local link = self.host:getlink({ index = todo.index }, { "mtu" })
    todo.mtu = link and link.mtu
  end
  local result, now = account(self, todo, todo.refused)
  result.failed = todo.failed
  for _, refused in ipairs(todo.failed) do
    now[refused.peer] = nil
  end
  for key, refused in next, todo.refused do
    now[key], result.failed[#result.failed + 1] = nil, refused
  end
  self.index, self.mtu, self.list, self.peers = todo.index, todo.mtu, peers, now
  self.wanted, self.held, todo.result = todo.wanted, todo.held, result
  return todo
end

return sync
