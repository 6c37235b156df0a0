-- SPDX-License-Identifier: MIT
-- detach: takes attachments away from the host side alone, so it works whether or not the container is still there. It
-- needs no lock: what it deletes is named by its owner, and nobody but that owner's own attach makes such a link.

local argument = require "zlnet.argument"
local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local options = require "zlnet.options"
local owner = require "zlnet.record.names"
local remove = require "zlnet.cleanup.delete_links"
local target = require "zlnet.attach.pin"

local detach = {}

local wait = argument.one_of("gone", "memory")

local selection = options.spec({
  { "pid", argument.pid },
  { "id", argument.text },
  { "tag", argument.tag },
  { "wait", wait },
  { "child", argument.boolean },
}, function(o)
  if not o.pid and not o.id then
    return "pid", "required (or id)"
  end
end)

-- How to wait: in a selection, and beside those of a list.
local waiting = options.spec { { "wait", wait }, { "child", argument.boolean } }

---Checks one selection. An attachment is one too, and means just the pair that it is of: its keys are a selection's and
---more. Raises as options.check does.
---@param what any
---@param level integer? whose line the error names: 2 (default) is the caller
---@return { pid: integer?, id: string?, tag: string?, index: integer? }
function detach.selection(what, level)
  local index
  if type(what) == "table" and what.host_ifname ~= nil then
    index = what.host_index
    what = { pid = what.pid, id = what.id, tag = what.tag }
  end
  local s = options.check("detach", selection, what, (level or 2) + 1)
  s.index = index
  return s
end

local function selections(what, level)
  if type(what) ~= "table" or next(what) ~= nil and #what == 0 then
    return { detach.selection(what, level + 1) }
  end
  local list = {}
  options.check("detach", waiting, { wait = what.wait, child = what.child }, level + 1)
  for i = 1, #what do
    list[i] = detach.selection(what[i], level + 1)
  end
  return list
end

-- What a crash left before the owner's record could be written: our name, and for an id the MAC that derives from it.
-- Below the machine's first pid namespace a name's pid may be another's: there the MAC has to bear our mark.
local function means_remnant(s, c, here)
  if s.pid then
    return s.pid == c.name.pid and (here.pidns == target.initial_pidns or owner.is_our_mac(c.link.address))
  end
  return c.link.ifname == owner.host_name(s, c.name.tag)
    and c.link.address == owner.mac(owner.key(s), c.name.tag, "host")
end

-- Whether a selection means this candidate of ours. A record of another boot or pid namespace has another's pids.
local function means(s, c, here)
  local record = c.record
  if c.foreign or s.tag and s.tag ~= (record or c.name).tag or s.index and s.index ~= c.link.index then
    return false
  elseif not record then
    return means_remnant(s, c, here)
  elseif s.id and s.id ~= record.id then
    return false
  end
  return not s.pid or s.pid == record.pid and record.pidns == here.pidns and record.boot == here.boot
end

-- Selections by the owner that they name, so that a fleet of them is not tried on each of a fleet of links.
local function by_owner(list)
  local by = { pid = {}, id = {} }
  for i = 1, #list do
    local s = list[i]
    local key = s.pid and "pid" or "id"
    local same = by[key][s[key]] or {}
    by[key][s[key]], same[#same + 1] = same, s
  end
  return by
end

local function any_means(list, c, here)
  for i = 1, #list do
    if means(list[i], c, here) then
      return true
    end
  end
  return false
end

local NONE = {}

local function select(list, candidates, here)
  local by, chosen = by_owner(list), {}
  for i = 1, #candidates do
    local c = candidates[i]
    local whose = c.record or c.name
    if any_means(by.pid[whose.pid] or NONE, c, here)
      or any_means(not c.record and c.name.hash and list or by.id[whose.id] or NONE, c, here) then
      chosen[#chosen + 1] = c.link
    end
  end
  return chosen
end

-- Every failure in one error: the first, and the others behind it.
local function combine(failed)
  if #failed == 0 then
    return true
  end
  local err = failed[1]
  if #failed > 1 then
    err.others = table.move(failed, 2, #failed, 1, {})
  end
  return nil, err
end

-- The link of one selection that says which: asked for alone, a dump of thousands costs more than the delete. With an
-- id there may be others, which bear the names of pids.
local function lone(list, host, here)
  local s = list[1]
  if #list > 1 or not s.index and not (s.pid and s.tag) then
    return nil
  end
  local link = host:getlink(s.index and { index = s.index } or { ifname = owner.host_name(s, s.tag) }, attachments.keys)
  local c = link and attachments.identify(link)
  return c and means(s, c, here) and link or nil
end

local function run(list, host, how)
  local boot, err = target.boot()
  if not boot then
    return nil, err
  end
  local pidns, unknown = core.pidns()
  if not pidns then
    return nil, unknown
  end
  local here = { pidns = pidns, boot = boot }
  local link = lone(list, host, here)
  local chosen, all = { link }, { link }
  if not link then -- it may bear another name by now, or be one of several
    all, err = host:getlinks(nil, attachments.keys)
    if not all then
      return nil, err
    end
    chosen = select(list, attachments.among(all), here)
  end
  local report, lost = remove.links(host, chosen, all, nil, how)
  if not report then
    return nil, lost
  end
  return combine(report.failed)
end

---Takes attachments away: all of an owner's, or those with one tag, of one owner or of a list of owners; or just the
---given attachments. What is not there (any more) is no error. Goes on after a failure.
---
---Returns when they are gone: neither end is listed any more, and name, addresses and routes can be used again. The
---kernel frees their memory afterwards, some 20 ms long, and a thread of this process waits for that.
---
---Equal to `ip link delete HOST_END` for each.
---@class zlnet.detach.options
---@field pid integer? the owner's process, 1–4194304; or id
---@field id string? the owner's id
---@field tag string? 1 or 2 characters: only the attachment with this tag
---@field wait ("gone"|"memory")? "memory": return when the kernel has freed their memory, too; "gone"
---@field child boolean? a child waits for the memory, not a thread: for a program that is about to end; false
---@param what zlnet.attachment|zlnet.detach.options|table[] a list may bear wait and child beside its elements
---@return true? ok
---@return zlnet.error? err the first failure (`netlink`: EPERM, …; `io`: no answer); `others` lists further ones
function detach.detach(what)
  local list = selections(what, 2)
  if #list == 0 then
    return true
  end
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  return run(list, host, { wait = what.wait, child = what.child })
end

return detach
