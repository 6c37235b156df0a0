-- SPDX-License-Identifier: MIT
-- Makes the kernel's tables what the peers say: looks, compares, sends the difference as one batch, takes back what was
-- done for a peer of which something was refused, and says what was what.

local account = require "zlnet.overlay.account"
local device = require "zlnet.overlay.device"
local differences = require "zlnet.overlay.differences"
local entries = require "zlnet.overlay.entries"
local execute = require "zlnet.overlay.execute"
local look = require "zlnet.overlay.look"
local undo = require "zlnet.undo"
local wireguard = require "zlnet.overlay.wireguard"

local sync = {}

-- In the order in which rows are made.
local TABLES = {
  vxlan = { entries.addr, entries.fdb, entries.neigh, entries.route },
  wireguard = { entries.addr, entries.route },
}

local function step(err, text)
  err.step = err.step or text
  return nil, err
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
  local actual = NOTHING
  if not is_new then
    local pictures, err = look.at(self, TABLES[self.kind], todo.index)
    if not pictures then
      return nil, err
    elseif look.is_as_before(self.good, todo.wanted, pictures) then
      todo.entries, todo.present, todo.lost = {}, {}, {}
      return todo
    end
    actual, todo.pictures = look.rows(TABLES[self.kind], pictures), pictures
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

-- What the peers want; of the same list what was found before.
local function find_wanted(self, todo)
  local last = self.last
  local same = last and last.index == todo.index and #last.peers == #todo.peers
  for i = 1, same and #todo.peers or 0 do
    if last.peers[i] ~= todo.peers[i] then
      same = false
      break
    end
  end
  if not same then
    last = { peers = todo.peers, index = todo.index }
    last.wanted, last.held, last.failed, last.accepted = differences.wanted(self.o, todo.peers,
      wants_of(self, todo.index), entries.of_addresses(todo.index, self.o.ip))
    self.last = last
  end
  todo.wanted, todo.held, todo.failed = last.wanted, last.held, table.move(last.failed, 1, #last.failed, 1, {})
  return last.accepted
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
  local accepted = find_wanted(self, todo)
  todo.mtu = mtu or link and link.mtu
  local ok
  ok, err = compare(self, todo, todo.made)
  if not ok or o.kind ~= "wireguard" then
    return ok, err
  end
  return compare_tunnel(self, todo, accepted)
end

-- The tunnel's peers, then the rows of those that it has, then back with those that were refused a row.
local function make_rows(self, todo)
  if not todo.tunnel then
    return execute.rows(self, todo.entries)
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
  failed, err = execute.rows(self, ops)
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
  local ok, err = execute.device(self, todo.ops)
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

-- Doing it -----------------------------------------------------------------------------------------------------------

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
  local result, now = account.of(self, todo, todo.refused)
  result.failed = todo.failed
  for _, refused in ipairs(todo.failed) do
    now[refused.peer] = nil
  end
  for key, refused in next, todo.refused do
    now[key], result.failed[#result.failed + 1] = nil, refused
  end
  self.index, self.mtu, self.list, self.peers = todo.index, todo.mtu, peers, now
  self.wanted, self.held, todo.result = todo.wanted, todo.held, result
  if todo.pictures then
    self.good = #todo.ops == 0 and #todo.entries == 0 and { pictures = todo.pictures, wanted = todo.wanted } or nil
  end
  return todo
end

return sync
