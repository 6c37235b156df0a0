-- SPDX-License-Identifier: MIT
-- The one place that changes our tables of nf_tables. ruleset.lua decides; here it is made, compared and taken away, each
-- in one transaction.

local attachments = require "zlnet.record.attachments"
local conntrack = require "zlnet.firewall.conntrack"
local core = require "zlnet.core"
local field = require "zlnet.firewall.field"
local names = require "zlnet.record.names"
local operations = require "zlnet.firewall.operations"
local ruleset = require "zlnet.firewall.ruleset"

local firewall = {}

local TRIES = 100 -- each after another program's transaction came between what was seen and what was sent
local TOGETHER = 50 -- elements in one message

local function step(err, text)
  err.step = err.step or text
  return nil, err
end

-- What a question for something that is not there comes to: false; or nil and the error.
local function absent(err)
  if err.code == "ENOENT" then
    return false
  end
  return nil, err
end

-- A chain, as far as it is of interest: how often it is used; false when it is not there.
local function uses(nft, part, chain)
  local t, err = nft:getchain({ family = part.family, table = ruleset.table, name = chain.name }, { "use" })
  if not t then
    return absent(err)
  end
  return t.use
end

-- Whether a part is "whole", "missing", or "damaged": then rules of it are gone, or others were added.
local function state_of(nft, part)
  local state = "whole"
  for i, chain in ipairs(part.chains) do
    local n, err = uses(nft, part, chain)
    if n == nil then
      return nil, err
    elseif not n and i == 1 then
      return "missing"
    elseif n ~= ruleset.uses(part, chain) then
      state = "damaged"
    end
  end
  return state
end

-- Queues what makes a part. One that is missing must still be, one that is damaged gets its rules anew.
local function queue_part(batch, part, state, ids)
  local family = part.family
  batch:newtable({ family = family, name = ruleset.table }, "add")
  for _, set in ipairs(part.sets) do
    ids.n = ids.n + 1
    batch:newset(ruleset.set_message(family, set, ids.n), "add")
  end
  for _, chain in ipairs(part.chains) do
    batch:newchain(ruleset.chain_message(family, chain), state == "missing" and "create" or "add")
    if state == "damaged" then
      batch:delrule { family = family, table = ruleset.table, chain = chain.name }
    end
  end
  for _, chain in ipairs(part.chains) do
    for _, terms in ipairs(chain.rules) do
      batch:newrule(ruleset.rule_message(family, chain, terms))
    end
  end
end

-- Elements with what all of a set have in common, as many together as a message takes: call(message, elements).
local function each_message(elements, call)
  local i = 1
  while elements[i] do
    local first, list = elements[i], {}
    repeat
      list[#list + 1] = elements[i]
      i = i + 1
    until not elements[i] or elements[i].set ~= first.set or elements[i].family ~= first.family or #list == TOGETHER
    local messages = {}
    for k, e in ipairs(list) do
      messages[k] = ruleset.element_message(e)
    end
    call({ family = first.family, table = ruleset.table, set = first.set, elements = messages }, list)
  end
end

-- An element as the kernel has it, by its key; false when it is not there.
local function find(nft, e)
  local message = ruleset.element_message(e)
  local list, err = nft:getsetelem { family = e.family, table = ruleset.table, set = e.set,
    elements = { { key = message.key } } }
  if not list then
    return absent(err)
  end
  return list[1] or false
end

-- Whose an element is that was found: the name of a host end.
local function owner_of(found)
  return ruleset.comment(found.userdata) or "another program"
end

-- Elements that bear the owner's comment, of those which an attachment may have.
local function own(nft, elements)
  local list = {}
  for _, e in ipairs(elements) do
    local found, err = find(nft, e)
    if found == nil then
      return nil, err
    elseif found and owner_of(found) == e.comment then
      list[#list + 1] = e
    end
  end
  return list
end

-- Deletes elements, if nothing has changed since they were seen. Nothing to delete is done.
local function delete(nft, elements, generation)
  if not elements[1] then
    return true
  end
  local batch = nft:batch()
  each_message(elements, function(message)
    for _, e in ipairs(message.elements) do
      e.data, e.userdata = nil, nil
    end
    batch:delsetelem(message)
  end)
  local ok, err = batch:send { generation = generation }
  return ok and true, err
end

-- Tries f(generation) again as long as other transactions come between.
local function undisturbed(nft, f)
  local answer, err
  for _ = 1, TRIES do
    local generation, unknown = nft:getgen(nil, { "id" })
    if not generation then
      return nil, unknown
    end
    answer, err = f(generation.id)
    if answer or not err or err.code ~= "ERESTART" then
      return answer, err
    end
  end
  return nil, err
end

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

-- Conflicts ---------------------------------------------------------------------------------------------------------

-- The attachments of this namespace that a comment may name: their records by the name that their host ends were given, and
-- the names of links without a whole record, of which an attach may be under way.
local function owners(host)
  local links, err = host:getlinks(nil, attachments.keys)
  if not links then
    return nil, err
  end
  local known, busy = {}, {}
  for _, link in ipairs(links) do
    local c = attachments.identify(link)
    if c and c.record and c.record.ip[1] then
      known[names.host_name(c.record, c.record.tag)] = c
    elseif c then
      busy[c.record and names.host_name(c.record, c.record.tag) or link.ifname] = true
    end
  end
  return known, nil, busy
end

-- Who stands in the way of an element, as people say it; false when that is nobody any more.
local function describe_owner(host, comment)
  local known, err, busy = owners(host)
  if not known then
    return nil, err
  end
  local record = known[comment] and known[comment].record
  if record then
    return ("%s ('%s')"):format(record.id and "'" .. record.id .. "'" or "pid " .. tostring(record.pid), comment)
  end
  return busy[comment] and "'" .. comment .. "'" or false
end

local function taken(e, whose)
  local what = ("%s in set %s"):format(field.shown(e.key), e.set)
  local port = e.set:find "^publish%d" and field.shown(e.key)
  return core.error {
    kind = "netlink", code = port and "EADDRINUSE" or "EEXIST", op = "newsetelem", step = "set up the firewall",
    message = port and ("port %s is published already, by %s"):format(port, whose)
      or ("%s is there already, of %s"):format(what, whose),
  }
end

-- What to do about an element that is there already: true when it was nobody's any more, or the owner's own of an earlier time,
-- and is gone now.
local function settle(nft, host, e)
  local found, err = find(nft, e)
  if not found then
    return found ~= nil, err
  end
  local comment = owner_of(found)
  local whose, unseen = not ruleset.comment(found.userdata) and comment, nil
  if not whose and comment ~= e.comment then
    whose, unseen = describe_owner(host, comment)
  end
  if whose == nil then
    return nil, unseen
  elseif whose then
    return nil, taken(e, whose)
  end
  return undisturbed(nft, function(generation)
    local now, lost = find(nft, e)
    if now == nil then
      return nil, lost
    elseif not now or owner_of(now) ~= comment then
      return true
    end
    return delete(nft, { e }, generation)
  end)
end

-- The other set in which a port may be taken: an address's, where it is asked for on every address; every address's, where it
-- is asked for on one.
local function other_claim(nft, e)
  local version, any = e.set:match "^publish(%d)(.*)$"
  if not version then
    return false
  elseif any == "" then
    local claim = { family = e.family, set = "publish" .. version .. "_any", key = { e.key[2], e.key[3] },
      data = e.data, comment = e.comment }
    local found, err = find(nft, claim)
    return found and { claim, found } or found, err
  end
  local list, err = nft:getsetelems { family = e.family, table = ruleset.table, set = "publish" .. version }
  if not list then
    return absent(err)
  end
  local tail = ruleset.padded(e.key)
  for _, found in ipairs(list) do
    if found.key.value:sub(-#tail) == tail then
      return { e, found }
    end
  end
  return false
end

local function claims(nft, host, elements)
  for _, e in ipairs(elements) do
    local other, err = other_claim(nft, e)
    if other == nil then
      return nil, err
    elseif other and owner_of(other[2]) ~= e.comment then
      local whose, unseen = describe_owner(host, owner_of(other[2]))
      if whose == nil then
        return nil, unseen
      elseif whose then
        return nil, taken(e, whose)
      end
    end
  end
  return true
end

-- Making ------------------------------------------------------------------------------------------------------------

-- One transaction: the parts that are not whole, and the elements. Returns nil, the error, and the element it is about.
local function send(nft, parts, elements, force, generation)
  local batch, ids, about = nft:batch(), { n = 0 }, {}
  for _, part in ipairs(parts) do
    local state, err = state_of(nft, part)
    if not state then
      return nil, err
    elseif state ~= "whole" or force then
      queue_part(batch, part, state == "whole" and "damaged" or state, ids)
    end
  end
  each_message(elements, function(message, list)
    batch:newsetelem(message)
    about[#batch] = list
  end)
  local ok, err = batch:send { generation = generation }
  local list = err and err.item and about[err.item]
  return ok and true, err, list and list[tonumber((err.attr or ""):match "^elements%[(%d+)%]") or 1]
end

local function make(nft, host, parts, elements, exact)
  local force, ok, err, e = false, nil, nil, nil
  for _ = 1, TRIES do
    local generation
    if exact then
      generation, err = nft:getgen(nil, { "id" })
      ok = generation
      if ok then
        ok, err = claims(nft, host, elements)
      end
      if not ok then
        return nil, err
      end
    end
    ok, err, e = send(nft, parts, elements, force, generation and generation.id)
    if ok then
      return true
    elseif err.code == "EEXIST" and e then
      local gone, why = settle(nft, host, e)
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

---An attachment as it is looked at here.
---@param p zlnet.plan
---@param host table handle of the node
---@param host_index integer
---@return table? attachment
---@return zlnet.error? err no such bridge
function firewall.attachment(p, host, host_index)
  local bridge, err
  if p.record.bridge then
    bridge, err = host:getlink({ ifname = p.record.bridge }, { "index" })
    if not bridge then
      return nil, err
    end
  end
  return operations.attachment(p, host_index, bridge and bridge.index)
end

-- What lets the node's loopback addresses lead to a container.
local function open_loopback(a, host)
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
---@param a table attachment: see ruleset.elements_of; its indexes are known
---@param host table handle of the node
---@return true? ok
---@return zlnet.error? err EADDRINUSE for a port that is taken
function firewall.add(a, host)
  local nft <close>, err = core.nft(nil)
  if not nft then
    return step(err, "set up the firewall")
  end
  local ok = true
  if a.publish then
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

-- Taking away -------------------------------------------------------------------------------------------------------

---What an attachment has here, from its record and its host end.
---@param record zlnet.alias.fields
---@param link { index: integer, master: integer? }
---@return table attachment see ruleset.elements_of
function firewall.of(record, link)
  return {
    ip = record.ip, mode = record.mode, bridge = record.bridge, bridge_index = record.bridge and (link.master or 0),
    mac = record.mac or names.mac(names.key(record), record.tag, "container"),
    host_ifname = names.host_name(record, record.tag), host_index = link.index, masquerade = record.masquerade,
    publish = record.publish, isolate = record.isolate, guard = record.guard,
  }
end

local TAKE_AWAY = "take the firewall's elements away"

---Takes away what attachments have in our tables, and the tracked connections of addresses whose connections are
---translated. What is not there is no error; what another has under the same key stays.
---@param list table[] attachments, see ruleset.elements_of
---@return true? ok
---@return zlnet.error? err
function firewall.remove(list)
  local elements = {}
  for _, a in ipairs(list) do
    local of = ruleset.is_wanted(a) and ruleset.elements_of(a) or {}
    table.move(of, 1, #of, #elements + 1, elements)
  end
  if not elements[1] then
    return true
  end
  local nft <close>, err = core.nft(nil)
  if not nft then
    return step(err, TAKE_AWAY)
  end
  local mine, ok
  ok, err = undisturbed(nft, function(generation)
    mine, err = own(nft, elements)
    if not mine then
      return nil, err
    end
    return delete(nft, mine, generation)
  end)
  if ok then
    ok, err = conntrack.forget(nft, ruleset.translated(mine))
  end
  if not ok then
    return step(err, TAKE_AWAY)
  end
  return true
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
      local elements, unseen = nft:getsetelems { family = family, table = ruleset.table, set = set.name }
      if not elements and unseen.code ~= "ENOENT" then
        return nil, unseen
      end
      for _, found in ipairs(elements or {}) do
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

-- Elements that no attachment has. Their owners are asked for after they were read, for a record is there before its elements
-- are; but for those of an attach that is under way, whose name is busy.
local function stale_elements(nft, host)
  local list, err = all_elements(nft)
  if not list or not list[1] then
    return list, err
  end
  local known, unseen, busy = owners(host)
  if not known then
    return nil, unseen
  end
  local wanted = {}
  for _, c in pairs(known) do
    local a = firewall.of(c.record, c.link)
    for _, e in ipairs(ruleset.is_wanted(a) and ruleset.elements_of(a) or {}) do
      wanted[identity_of(e, ruleset.padded(e.key))] = true
    end
  end
  local stale = {}
  for _, e in ipairs(list) do
    if not busy[e.comment] and not wanted[identity_of(e, e.key[1])] then
      stale[#stale + 1] = e
    end
  end
  return stale
end

---Takes away the elements of attachments that are gone.
---@param host table handle of this namespace
---@param matches (fun(comment: string): boolean)? only those whose host end had such a name; nil: all
---@param dry_run boolean? only count
---@return integer? n how many there were
---@return zlnet.error? err
function firewall.sweep(host, matches, dry_run)
  local nft <close>, err = core.nft(nil)
  if not nft then
    return ABSENT[err.code] and 0 or nil, err
  end
  local there, stale, ok
  there, err = has_tables(nft)
  if not there then
    return there ~= nil and 0 or nil, err
  end
  ok, err = undisturbed(nft, function(generation)
    local all, unseen = stale_elements(nft, host)
    if not all then
      return nil, unseen
    end
    stale = {}
    for _, e in ipairs(all) do
      stale[#stale + 1] = (not matches or matches(e.comment)) and e or nil
    end
    return dry_run or delete(nft, stale, generation)
  end)
  if ok and not dry_run then
    ok, err = conntrack.forget(nft, ruleset.translated(stale))
  end
  if not ok then
    return step(err, TAKE_AWAY)
  end
  return #stale
end

-- Comparing ---------------------------------------------------------------------------------------------------------

---What differs from what firewall.add made: calls compare(expected, found) for each part and each element.
---@param a table attachment
---@param compare fun(expected: string, found: string?)
---@return true? ok
---@return zlnet.error? err
function firewall.compare(a, compare)
  local nft <close>, err = core.nft(nil)
  if not nft then
    return nil, err
  end
  local sysctl = a.publish and operations.loopback(a)
  local value = sysctl and core.sysctl_read(sysctl)
  if sysctl and value ~= "1" then
    compare(sysctl .. "=1", value and sysctl .. "=" .. value)
  end
  for _, part in ipairs(ruleset.parts_of(a)) do
    local state, unseen = state_of(nft, part)
    if not state then
      return nil, unseen
    elseif state ~= "whole" then
      local name = ("%s %s %s"):format(part.family, ruleset.table, part.name)
      compare("rules of " .. name, state == "damaged" and "other rules of " .. name or nil)
    end
  end
  for _, e in ipairs(ruleset.elements_of(a)) do
    local found, unseen = find(nft, e)
    if found == nil then
      return nil, unseen
    end
    local name = ("%s %s %s { %s }"):format(e.family, ruleset.table, e.set, field.shown(e.key))
    local whose = found and owner_of(found)
    if whose ~= e.comment then
      compare("element " .. name, whose and ("%s of %s"):format(name, whose) or nil)
    elseif e.data and found.data.value ~= ruleset.padded(e.data) then
      compare("element " .. name .. " : " .. field.shown(e.data), name .. " : " .. tostring(found.data.value))
    end
  end
  return true
end

return firewall
