-- SPDX-License-Identifier: MIT
-- Elements that are in the way: whose they are, and whether anybody still has them.

local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local elements = require "zlnet.firewall.elements"
local field = require "zlnet.firewall.field"
local names = require "zlnet.record.names"
local ruleset = require "zlnet.firewall.ruleset"

local conflict = {}

---The attachments of this namespace that a comment may name.
---@param host table
---@return table<string, zlnet.candidate>? known by the name that their host ends were given
---@return zlnet.error? err
---@return table<string, true>? busy names of links without a whole record, of which an attach may be under way
function conflict.owners(host)
  local links, err = host:getlinks(nil, attachments.keys)
  if not links then
    return nil, err
  end
  local known, busy = {}, {}
  for _, link in ipairs(links) do
    local c = attachments.identify(link)
    if c and c.record and c.record.ip and c.record.ip[1] then
      known[names.host_name(c.record, c.record.tag)] = c
    elseif c then
      busy[c.record and names.host_name(c.record, c.record.tag) or link.ifname] = true
    end
  end
  return known, nil, busy
end

-- Who stands in the way of an element, as people say it; false when it has no owner any more.
local function describe_owner(host, comment)
  local known, err, busy = conflict.owners(host)
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

---What to do about an element that is there already.
---@param nft table
---@param host table
---@param e table
---@return true? gone it had no owner any more, or was its owner's own of an earlier time
---@return zlnet.error? err whose it is
function conflict.settle(nft, host, e)
  local found, err = elements.find(nft, e)
  if not found then
    return found ~= nil, err
  end
  local comment = elements.owner(found)
  local whose, unseen = not ruleset.comment(found.userdata) and comment, nil
  if not whose and comment ~= e.comment then
    whose, unseen = describe_owner(host, comment)
  end
  if whose == nil then
    return nil, unseen
  elseif whose then
    return nil, taken(e, whose)
  end
  return elements.undisturbed(nft, function(generation)
    local now, lost = elements.find(nft, e)
    if now == nil then
      return nil, lost
    elseif not now or elements.owner(now) ~= comment then
      return true
    end
    return elements.delete(nft, { e }, generation)
  end)
end

-- The other set in which a port may be taken: an address's, where it is asked for on every address; every address's,
-- where it is asked for on one.
local function other_claim(nft, e)
  local version, any = e.set:match "^publish(%d)(.*)$"
  if not version then
    return false
  elseif any == "" then
    local claim = { family = e.family, set = "publish" .. version .. "_any", key = { e.key[2], e.key[3] },
      data = e.data, comment = e.comment }
    local found, err = elements.find(nft, claim)
    return found and { claim, found } or found, err
  end
  local list, err = nft:getsetelems { family = e.family, table = ruleset.table, set = "publish" .. version }
  if not list then
    if err.code == "ENOENT" then
      return false
    end
    return nil, err
  end
  local tail = ruleset.padded(e.key)
  for _, found in ipairs(list) do
    if found.key.value:sub(-#tail) == tail then
      return { e, found }
    end
  end
  return false
end

---Whether the ports among some elements are free in the sets that they do not go into.
---@param nft table
---@param host table
---@param wanted table[]
---@return true? free
---@return zlnet.error? err EADDRINUSE
function conflict.claims(nft, host, wanted)
  for _, e in ipairs(wanted) do
    local other, err = other_claim(nft, e)
    if other == nil then
      return nil, err
    elseif other and elements.owner(other[2]) ~= e.comment then
      local whose, unseen = describe_owner(host, elements.owner(other[2]))
      if whose == nil then
        return nil, unseen
      elseif whose then
        return nil, taken(e, whose)
      end
    end
  end
  return true
end

return conflict
