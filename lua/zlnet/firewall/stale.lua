-- SPDX-License-Identifier: MIT
-- Elements of attachments that are gone: what crashes left, and namespaces that ended.

local conflict = require "zlnet.firewall.conflict"
local conntrack = require "zlnet.firewall.conntrack"
local elements = require "zlnet.firewall.elements"
local operations = require "zlnet.firewall.operations"
local ruleset = require "zlnet.firewall.ruleset"
local socket = require "zlnet.firewall.socket"

local stale = {}

-- A kernel that has no family for a table of ours has no nf_tables to speak of: then there is nothing of ours either.
local ABSENT = { EPROTONOSUPPORT = true, EAFNOSUPPORT = true, EOPNOTSUPP = true, EINVAL = true, ENOENT = true }

---Whether there is a table of ours at all.
---@param nft table
---@return boolean? is
---@return zlnet.error? err
local function has_tables(nft)
  for _, family in ipairs(ruleset.families) do
    local t, err = nft:gettable({ family = family, name = ruleset.table }, { "name" })
    if t then
      return true
    elseif not ABSENT[err.code] then
      return nil, err
    end
  end
  return false
end

-- Every element in a table of ours that bears a comment, as { family, set, key (hexadecimal), comment }.
local function all_elements(nft)
  local list = {}
  for _, family in ipairs(ruleset.families) do
    local sets, err = nft:getsets({ family = family, table = ruleset.table }, { "name", "table" })
    if not sets and not ABSENT[err.code] then
      return nil, err
    end
    for _, set in ipairs(sets or {}) do
      local found_all, unseen = nft:getsetelems { family = family, table = ruleset.table, set = set.name }
      if not found_all and unseen.code ~= "ENOENT" then
        return nil, unseen
      end
      for _, found in ipairs(found_all or {}) do
        local comment = ruleset.comment(found.userdata)
        if comment then
          list[#list + 1] = { family = family, set = set.name, key = { found.key.value }, comment = comment }
        end
      end
    end
  end
  return list
end

local function identity_of(e, value)
  return ("%s %s %s %s"):format(e.family, e.set, value, e.comment)
end

-- Elements that no attachment has. Their owners are asked for after they were read; those of an attach that is under
-- way have a name that is busy.
local function stale_elements(nft, host)
  local list, err = all_elements(nft)
  if not list or not list[1] then
    return list, err
  end
  local known, unseen, busy = conflict.owners(host)
  if not known then
    return nil, unseen
  end
  local wanted = {}
  for _, c in pairs(known) do
    local a = operations.of(c.record, c.link)
    for _, e in ipairs(ruleset.is_wanted(a) and ruleset.elements_of(a) or {}) do
      wanted[identity_of(e, ruleset.padded(e.key))] = true
    end
  end
  local gone = {}
  for _, e in ipairs(list) do
    if not busy[e.comment] and not wanted[identity_of(e, e.key[1])] then
      gone[#gone + 1] = e
    end
  end
  return gone
end

-- Whether a table of ours holds nothing but what we make, and no element.
local function is_empty(nft, family)
  local ours = ruleset.names(family)
  local sets, err = nft:getsets({ family = family, table = ruleset.table }, { "name" })
  local chains
  if sets then
    chains, err = nft:getchains({ family = family }, { "table", "name", "use" })
  end
  if not sets and ABSENT[err.code] then
    return false
  elseif not chains then
    return nil, err
  end
  for _, chain in ipairs(chains) do
    if chain.table == ruleset.table and chain.use ~= ours.chains[chain.name] then
      return false
    end
  end
  for _, set in ipairs(sets) do
    local list = ours.sets[set.name] and nft:getsetelems { family = family, table = ruleset.table, set = set.name }
    if not list or list[1] then
      return false
    end
  end
  return sets[1] ~= nil
end

-- Tables in which nothing is left go, too.
local function drop_empty(nft)
  return elements.undisturbed(nft, function(generation)
    local batch = nft:batch()
    for _, family in ipairs(ruleset.families) do
      local empty, err = is_empty(nft, family)
      if empty == nil then
        return nil, err
      elseif empty then
        batch:deltable { family = family, name = ruleset.table }
      end
    end
    if #batch == 0 then
      return true
    end
    local ok, err = batch:send { generation = generation }
    return ok and true, err
  end)
end

---Takes away the elements of attachments that are gone, and where all are meant the tables that nothing is left in.
---@param host table handle of this namespace
---@param matches (fun(comment: string): boolean)? only those whose host end had such a name; nil: all
---@param dry_run boolean? only count
---@param child boolean? the program is about to end
---@return integer? n how many there were
---@return zlnet.error? err
function stale.sweep(host, matches, dry_run, child)
  local nft, err = socket.open()
  if not nft then
    return ABSENT[err.code] and 0 or nil, err
  end
  local there, list, ok
  there, err = has_tables(nft)
  if not there then
    return there ~= nil and 0 or nil, err
  end
  ok, err = elements.undisturbed(nft, function(generation)
    local all, unseen = stale_elements(nft, host)
    if not all then
      return nil, unseen
    end
    list = {}
    for _, e in ipairs(all) do
      list[#list + 1] = (not matches or matches(e.comment)) and e or nil
    end
    return dry_run or elements.delete(nft, list, generation)
  end)
  if ok and not dry_run then
    ok, err = conntrack.forget(nft, ruleset.translated(list))
  end
  if ok and not dry_run and not matches then
    ok, err = drop_empty(nft)
  end
  if child then
    socket.leave()
  end
  if not ok then
    err.step = err.step or "take the firewall's stale elements away"
    return nil, err
  end
  return #list
end

return stale
