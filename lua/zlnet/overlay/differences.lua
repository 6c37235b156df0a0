-- SPDX-License-Identifier: MIT
-- What is wanted, held against what the kernel has: the operations between the two, in an order that loses no packet
-- of a peer that stays. Decides; does nothing.

local core = require "zlnet.core"

local differences = {}

---@class zlnet.overlay.op
---@field how "added"|"changed"|"removed" what was the matter
---@field key string? of the row
---@field peer string? the key of the peer it is for
---@field table zlnet.overlay.table? of a row; else the request and what it is about are said:
---@field want zlnet.overlay.want? the row that is made; none: `row` is deleted
---@field row table? the one that is there
---@field call string? the handle's method
---@field args table?
---@field mode string?
---@field undo_call string? what takes it back
---@field undo_args table?
---@field what "link"|"peer"|nil
---@field expected string? for people
---@field found string?

-- The rows of one table by key. Of several of one key the one that is as wanted is first; the others are extra.
local function by_key(t, rows, wants)
  local map, extra = {}, {}
  for i = 1, #rows do
    local row = rows[i]
    local key = t.key(row)
    local other = key and map[key]
    if other then
      local w = wants[key]
      if w and not t.same(w.args, other) and t.same(w.args, row) then
        row, other = other, row
      end
      map[key], extra[#extra + 1] = other, row
    elseif key then
      map[key] = row
    end
  end
  return map, extra
end

-- Which node a next hop is, by the forwarding entries and neighbours that are there.
local function owners(actual)
  local of_mac, of_vtep = {}, {}
  for _, row in ipairs(actual.fdb or {}) do
    of_mac[row.lladdr] = row.dst
  end
  for _, row in ipairs(actual.neigh or {}) do
    of_vtep[row.dst] = of_mac[row.lladdr]
  end
  return of_mac, of_vtep
end

local function owner_of(t, row, of_mac, of_vtep)
  if t.name == "fdb" then
    return row.dst or row.lladdr
  elseif t.name == "neigh" then
    return of_mac[row.lladdr] or row.dst
  elseif t.name == "route" then
    return of_vtep[row.gateway or row.via]
  end
end

local function refuse(p, code, message)
  local err = core.error { kind = "netlink", code = code, op = "sync", message = message }
  err.peer = p.key
  return err
end

-- Why a peer cannot be, whatever the kernel says; nil when it can.
local function refusal(o, p)
  if o.kind ~= "vxlan" then
    return nil
  elseif p.node == o["local"] then
    return refuse(p, "EINVAL", ("'%s' is this node's own address"):format(p.node))
  elseif not p.node:find(":", 1, true) ~= not o["local"]:find(":", 1, true) then
    return refuse(p, "EAFNOSUPPORT", ("'%s' has another family than '%s'"):format(p.node, o["local"]))
  elseif p.mac == o.mac then
    return refuse(p, "EEXIST", ("'%s' is this node's own MAC"):format(p.mac))
  end
end

---What all peers want, by table and key. The first in the list has it; a peer that wants what another has is
---refused whole, and what it has stays.
---@param o table checked options
---@param peers table[] checked
---@param wants_of fun(p: table): zlnet.overlay.want[]
---@param own zlnet.overlay.want[] the node's own
---@return table<table, { list: zlnet.overlay.want[], by_key: table<string, zlnet.overlay.want> }> wanted by table
---@return table<table, table<string, boolean>> held keys whose rows stay as they are
---@return zlnet.error[] failed of the peers that are refused
---@return table[] accepted the others
function differences.wanted(o, peers, wants_of, own)
  local wanted, held, failed, seen = {}, {}, {}, {}
  local function add(list)
    for j = 1, #list do
      local w = list[j]
      local of = wanted[w.table]
      if not of then
        of = { list = {}, by_key = {} }
        wanted[w.table] = of
      end
      of.list[#of.list + 1], of.by_key[w.key] = w, w
    end
  end
  add(own)
  local refused, accepted = {}, {}
  for i = 1, #peers do
    local p = peers[i]
    local err = seen[p.key] and refuse(p, "EEXIST", ("'%s' is there twice"):format(p.key)) or refusal(o, p)
    local list = wants_of(p)
    for j = 1, err and 0 or #list do
      local w = list[j]
      local other = wanted[w.table] and wanted[w.table].by_key[w.key]
      if other then
        err = refuse(p, "EEXIST", ("'%s' is %s's"):format(w.key, other.peer or "this node"))
        break
      end
    end
    seen[p.key] = true
    if err then
      failed[#failed + 1], refused[#refused + 1] = err, list
    else
      add(list)
      accepted[#accepted + 1] = p
    end
  end
  for _, list in ipairs(refused) do
    for _, w in ipairs(list) do
      held[w.table] = held[w.table] or {}
      held[w.table][w.key] = true
    end
  end
  return wanted, held, failed, accepted
end

local NONE = { list = {}, by_key = {} }

local TEXTS = {
  fdb = function(row)
    return row.dst or "no node"
  end,
  neigh = function(row)
    return row.lladdr or row.state
  end,
  route = function(row)
    return row.gateway or row.via or "on link"
  end,
  addr = function(row)
    return row["local"] or row.address
  end,
}

local function text_of(t, row)
  return row and TEXTS[t.name](row) or nil
end

---The operation that makes a row.
---@param w zlnet.overlay.want
---@param row table? what is in its place
---@return zlnet.overlay.op
function differences.put(w, row)
  return { table = w.table, want = w, row = row, key = w.key, peer = w.peer, how = row and "changed" or "removed" }
end

---The operation that deletes a row.
---@param t zlnet.overlay.table
---@param key string
---@param row table
---@param peer string? whose it was
---@return zlnet.overlay.op
function differences.drop(t, key, row, peer)
  return { table = t, row = row, key = key, peer = peer, how = "added" }
end

---An operation's request.
---@param op zlnet.overlay.op
---@return string call the handle's method
---@return table args
---@return string? mode
function differences.request(op)
  local t, w = op.table, op.want
  if not t then
    return op.call, op.args, op.mode
  elseif w then
    return t.new, w.args, t.mode(op.row)
  end
  return t.del, t.delete(op.row)
end

---The request that takes it back; nothing where there is none.
---@param op zlnet.overlay.op
---@return string? call
---@return table? args
---@return string? mode
function differences.back(op)
  local t = op.table
  if not t then
    return op.undo_call, op.undo_args
  elseif op.row then
    return t.new, t.restore(op.row), "replace"
  end
  return t.del, t.delete(op.want.args)
end

---What an operation is about, for people.
---@param op zlnet.overlay.op
---@return { what: string, how: string, key: string?, peer: string?, expected: string?, found: string? }
function differences.told(op)
  local t = op.table
  if not t then
    return { what = op.what, how = op.how, key = op.key, peer = op.peer, expected = op.expected, found = op.found }
  end
  return { what = t.name, how = op.how, key = op.key, peer = op.peer, expected = text_of(t, op.want and op.want.args),
    found = text_of(t, op.row) }
end

---The operations between what is there and what is wanted: forwarding entries, neighbours and routes that are missing
---or different, in this order, then those that are too many, the other way round.
---@param tables zlnet.overlay.table[] in the order in which rows are made
---@param wanted table of differences.wanted
---@param held table
---@param actual table<string, table[]> the kernel's rows, by the table's name
---@return zlnet.overlay.op[] ops
---@return table<string, boolean> present keys of the peers of which something was there
---@return table<string, boolean> lost keys of the peers whose rows another peer gets
function differences.of(tables, wanted, held, actual)
  local ops, drops, present, lost = {}, {}, {}, {}
  local of_mac, of_vtep = owners(actual)
  for _, t in ipairs(tables) do
    local all, keep, later = wanted[t] or NONE, held[t] or {}, {}
    local wants = all.by_key
    local rows, extra = by_key(t, actual[t.name], wants)
    for i = 1, #all.list do
      local w = all.list[i]
      local key = w.key
      local row = rows[key]
      if row and w.peer then
        local whose = owner_of(t, row, of_mac, of_vtep)
        if t.name ~= "route" or whose == w.peer then
          present[w.peer] = true
        elseif whose then
          lost[whose] = true
        end
      end
      if not row then
        ops[#ops + 1] = differences.put(w)
      elseif not t.same(w.args, row) then
        if row.nh_id and t.name == "fdb" then -- the kernel replaces no group of next hops
          ops[#ops + 1] = differences.drop(t, key, row, w.peer)
          row = nil
        end
        ops[#ops + 1] = differences.put(w, row)
      end
    end
    for key, row in next, rows do
      if not wants[key] and not keep[key] and t.ours(row) then
        later[#later + 1] = differences.drop(t, key, row, owner_of(t, row, of_mac, of_vtep))
      end
    end
    for _, row in ipairs(extra) do
      if t.ours(row) then
        later[#later + 1] = differences.drop(t, t.key(row), row, owner_of(t, row, of_mac, of_vtep))
      end
    end
    table.insert(drops, 1, later)
  end
  for _, later in ipairs(drops) do
    table.move(later, 1, #later, #ops + 1, ops)
  end
  return ops, present, lost
end

return differences
