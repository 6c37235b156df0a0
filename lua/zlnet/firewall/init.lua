-- SPDX-License-Identifier: MIT
-- The one place that changes our tables of nf_tables. ruleset.lua decides; here it is made, compared and taken away,
-- each in one transaction.

local conflict = require "zlnet.firewall.conflict"
local conntrack = require "zlnet.firewall.conntrack"
local core = require "zlnet.core"
local elements = require "zlnet.firewall.elements"
local field = require "zlnet.firewall.field"
local isolate = require "zlnet.firewall.isolate"
local operations = require "zlnet.firewall.operations"
local parts = require "zlnet.firewall.parts"
local ruleset = require "zlnet.firewall.ruleset"
local socket = require "zlnet.firewall.socket"

local firewall = {}

local TRIES = 100 -- as of elements.undisturbed

local function step(err, text)
  err.step = err.step or text
  return nil, err
end

-- One transaction: the parts that are not whole, and the elements. Returns nil, the error, and the element it is about.
local function send(nft, needed, wanted, force, generation)
  local batch, ids, about = nft:batch(), { n = 0 }, {}
  for _, part in ipairs(needed) do
    local state, err = parts.state(nft, part)
    if not state then
      return nil, err
    elseif state ~= "whole" or force then
      parts.queue(batch, part, state == "whole" and "damaged" or state, ids)
    end
  end
  elements.each_message(wanted, function(message, list)
    batch:newsetelem(message)
    about[#batch] = list
  end)
  local ok, err = batch:send { generation = generation }
  local list = err and err.item and about[err.item]
  return ok and true, err, list and list[tonumber((err.attr or ""):match "^elements%[(%d+)%]") or 1]
end

local function make(nft, host, needed, wanted, exact)
  local force, err = false, nil
  for _ = 1, TRIES do
    local generation, ok
    if exact then
      generation, err = nft:getgen(nil, { "id" })
      ok = generation
      if ok then
        ok, err = conflict.claims(nft, host, wanted)
      end
      if not ok then
        return nil, err
      end
    end
    local e
    ok, err, e = send(nft, needed, wanted, force, generation and generation.id)
    if ok then
      return true
    elseif err.code == "EEXIST" and e then
      local gone, why = conflict.settle(nft, host, e)
      if not gone then
        return nil, why
      end
    elseif err.code == "ENOENT" and not force then
      force = true -- a set of a part that seemed whole
    elseif err.code ~= "ERESTART" and err.code ~= "EEXIST" then
      return nil, err
    end
  end
  return nil, err
end

-- br_netfilter makes ::1 of an answer's destination on the bridge already, and the kernel takes none for it from there.
local TAKES_LOOPBACK6 = "net/bridge/bridge-nf-call-ip6tables"

local function is_lost(a)
  for _, p in ipairs(a.bridge and a.publish or {}) do
    if p.address == "::1" and core.sysctl_read(TAKES_LOOPBACK6) == "1" then
      return true
    end
  end
  return false
end

-- What lets the node's loopback addresses lead to what the container publishes.
local function open_loopback(a, host)
  if is_lost(a) then
    return nil, core.error { kind = "io", code = "EOPNOTSUPP", op = "sysctl",
      message = "nothing is published on ::1 out of a bridge while net.bridge.bridge-nf-call-ip6tables is 1" }
  end
  local sysctl, route = operations.loopback(a)
  local ok, err = true, nil
  if sysctl then
    ok, err = core.sysctl_write(sysctl, "1")
  end
  if ok and route then
    ok, err = host:newroute(route, "append")
    ok = ok or err.code == "EEXIST" -- the bridge's
  end
  return ok, err
end

---Sets up what an attachment asks for. All or nothing.
---
---Equal to `nft -f -` with ruleset.script.
---@param a table attachment: see ruleset.elements_of; the index of its bridge is found where it is not known
---@param host table handle of the node
---@return true? ok
---@return zlnet.error? err EADDRINUSE for a port that is taken
function firewall.add(a, host)
  local nft, err = socket.open()
  if not nft then
    return step(err, "set up the firewall")
  end
  local ok = true
  if a.bridge and not a.bridge_index then
    local bridge, none = host:getlink({ ifname = a.bridge }, { "index" })
    if not bridge then
      return step(none, "set up the firewall")
    end
    a.bridge_index = bridge.index
  end
  if a.isolate then
    ok, err = host:setlink { index = a.host_index, group = isolate.group(a.isolate) }
  end
  if ok and a.publish then
    ok, err = open_loopback(a, host)
  end
  if ok then
    ok, err = make(nft, host, ruleset.parts_of(a), ruleset.elements_of(a), a.publish)
  end
  if ok and a.publish then
    ok, err = conntrack.forget_ports(nft, a)
  end
  if not ok then
    return step(err, "set up the firewall")
  end
  return true
end

local TAKE_AWAY = "take the firewall's elements away"

---Takes away what attachments have in our tables, and the tracked connections of addresses whose connections are
---translated. What is not there is no error; what another has under the same key stays.
---@param list table[] attachments, see ruleset.elements_of
---@param child boolean? the program is about to end
---@return true? ok
---@return zlnet.error? err
function firewall.remove(list, child)
  local wanted = {}
  for _, a in ipairs(list) do
    local of = ruleset.is_wanted(a) and ruleset.elements_of(a) or {}
    table.move(of, 1, #of, #wanted + 1, wanted)
  end
  if not wanted[1] then
    return true
  end
  local nft, err = socket.open()
  if not nft then
    return step(err, TAKE_AWAY)
  end
  local mine, ok
  ok, err = elements.undisturbed(nft, function(generation)
    mine, err = elements.own(nft, wanted)
    if not mine then
      return nil, err
    end
    return elements.delete(nft, mine, generation)
  end)
  if ok then
    ok, err = conntrack.forget(nft, ruleset.translated(mine))
  end
  if child then
    socket.leave()
  end
  if not ok then
    return step(err, TAKE_AWAY)
  end
  return true
end

---What differs from what firewall.add made: calls compare(expected, found) for each part and each element.
---@param a table attachment
---@param compare fun(expected: string, found: string?)
---@return true? ok
---@return zlnet.error? err
function firewall.compare(a, compare)
  local nft, err = socket.open()
  if not nft then
    return nil, err
  end
  local sysctl = a.publish and operations.loopback(a)
  local value = sysctl and core.sysctl_read(sysctl)
  if sysctl and value ~= "1" then
    compare(sysctl .. "=1", value and sysctl .. "=" .. value)
  end
  for _, part in ipairs(ruleset.parts_of(a)) do
    local state, unseen = parts.state(nft, part)
    if not state then
      return nil, unseen
    elseif state ~= "whole" then
      local name = ("%s %s %s"):format(part.family, ruleset.table, part.name)
      compare("rules of " .. name, state == "damaged" and "other rules of " .. name or nil)
    end
  end
  for _, e in ipairs(ruleset.elements_of(a)) do
    local found, unseen = elements.find(nft, e)
    if found == nil then
      return nil, unseen
    end
    local name = ("%s %s %s { %s }"):format(e.family, ruleset.table, e.set, field.shown(e.key))
    local whose = found and elements.owner(found)
    if whose ~= e.comment then
      compare("element " .. name, whose and ("%s of %s"):format(name, whose) or nil)
    elseif e.data and found.data.value ~= ruleset.padded(e.data) then
      compare("element " .. name .. " : " .. field.shown(e.data), name .. " : " .. tostring(found.data.value))
    end
  end
  return true
end

return firewall
