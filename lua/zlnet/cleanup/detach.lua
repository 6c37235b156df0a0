-- SPDX-License-Identifier: MIT
-- detach: takes attachments away from the host side alone, so it works whether or not the container is still there. It
-- needs no lock: what it deletes is named by its owner, and only that owner's own attach makes such a link.

local argument = require "zlnet.argument"
local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local machine = require "zlnet.record.machine"
local options = require "zlnet.options"
local names = require "zlnet.record.names"
local remove = require "zlnet.cleanup.delete_links"

local detach = {}

local wait = argument.one_of("gone", "memory")

local selection = options.spec({
  { "pid", argument.pid },
  { "id", argument.text },
  { "tag", argument.tag },
  { "host_ifname", argument.ifname },
  { "by_name", argument.boolean, false },
  { "wait", wait },
  { "child", argument.boolean },
}, function(o)
  if not o.pid and not o.id and not o.host_ifname then
    return "pid", "required (or id, or host_ifname)"
  end
end)

-- How to wait: in a selection, and beside those of a list.
local waiting = options.spec { { "wait", wait }, { "child", argument.boolean } }

---Checks one selection. An attachment is one too, and means just the pair that it is of: its keys are a selection's and
---more. Raises as options.check does.
---@param what any
---@param level integer? whose line the error names: 2 (default) is the caller
---@return { pid: integer?, id: string?, tag: string?, host_ifname: string?, by_name: boolean, index: integer? }
function detach.selection(what, level)
  local index
  if type(what) == "table" and what.host_ifname ~= nil and (what.pid ~= nil or what.id ~= nil) then
    index = what.host_index
    what = { pid = what.pid, id = what.id, tag = what.tag, by_name = what.by_name }
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

-- What a crash left before the owner's record could be written: our name, and a MAC that bears our mark, for an id the
-- one that derives from it.
local function means_remnant(s, c, here)
  local name = c.name
  if not name then
    return false
  elseif s.pid then
    return s.pid == name.pid and (c.marked or s.by_name and here.initial)
  end
  return c.link.ifname == names.host_name(s, name.tag)
    and names.is_mac_of(c.link.address, { id = s.id, node = here.node }, name.tag)
end

-- Whether a selection means this candidate of ours. A record of another boot or pid namespace has another's pids.
local function means(s, c, here)
  local whose = c.whose
  if c.foreign or s.tag and s.tag ~= whose.tag or s.index and s.index ~= c.link.index then
    return false
  elseif not s.pid and not s.id then
    return s.host_ifname == c.link.ifname and (c.record or c.unreadable or c.marked or s.by_name) and true or false
  elseif not c.record and whose == c.name then
    return means_remnant(s, c, here)
  elseif s.id and s.id ~= whose.id then
    return false
  end
  return not s.pid or s.pid == whose.pid and whose.pidns == here.pidns and whose.boot == here.boot
end

-- Whether a link bears the name of a selection's, though it is not meant. Only in the machine's first pid namespace is
-- a pid in a name surely ours.
local function is_left(s, c, here)
  local name = c.name
  if c.record or c.marked and not c.unreadable or not name or s.tag and s.tag ~= name.tag then
    return false
  elseif s.pid then
    return s.pid == name.pid and here.initial
  elseif s.id then
    return c.link.ifname == names.host_name(s, name.tag)
  end
  return c.link.ifname == s.host_ifname
end

-- What a selection can be known by, so that a fleet of them is not tried on each of a fleet of links.
local function keys_of(s)
  return { s.pid and "pid " .. s.pid or "", s.id and "id " .. s.id or "",
    s.id and not s.pid and "hash " .. names.parse_name(names.host_name(s, "s")).hash or "",
    not s.pid and not s.id and "name " .. s.host_ifname or "" }
end

local function index_of(list)
  local by = {}
  for i = 1, #list do
    for _, key in ipairs(keys_of(list[i])) do
      by[key] = by[key] or {}
      table.insert(by[key], list[i])
    end
  end
  by[""] = nil
  return by
end

-- The selections that may mean a candidate, or have its name.
local function possible(by, c)
  local all, whose, name = {}, c.whose, c.name or {}
  for _, key in ipairs { whose.pid and "pid " .. whose.pid or "", whose.id and "id " .. whose.id or "",
    name.pid and name.pid ~= whose.pid and "pid " .. name.pid or "", name.hash and "hash " .. name.hash or "",
    "name " .. c.link.ifname } do
    for _, s in ipairs(by[key] or {}) do
      all[#all + 1] = s
    end
  end
  return all
end

local function left(c)
  local why = c.foreign and "it bears another's alias" or c.unreadable or "only its name says that it is ours"
  return core.error { kind = "netlink", code = "EEXIST", op = "dellink", step = "delete the link", link = c.link.ifname,
    message = ("'%s' is left: %s"):format(c.link.ifname, why) }
end

-- The links that are meant, and an error for each that bears such a name and is left.
local function select(list, candidates, here)
  local by, chosen, kept = index_of(list), {}, {}
  for i = 1, #candidates do
    local c = candidates[i]
    local meant, named = false, false
    for _, s in ipairs(possible(by, c)) do
      meant = meant or means(s, c, here)
      named = named or is_left(s, c, here)
    end
    chosen[#chosen + 1] = meant and c.link or nil
    kept[#kept + 1] = not meant and named and left(c) or nil
  end
  return chosen, kept
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
  local link = host:getlink(s.index and { index = s.index } or { ifname = names.host_name(s, s.tag) }, attachments.keys)
  local c = link and attachments.identify(link)
  return c and means(s, c, here) and link or nil
end

-- What went with its namespace before it was detached may still have elements in the firewall's sets.
local function leave_firewall(list, host, report, child)
  local n, err = require("zlnet.firewall.stale").sweep(host, function(comment)
    for _, s in ipairs(list) do
      local name = s.host_ifname or names.host_name(s, s.tag or "")
      if comment == name or not s.host_ifname and not s.tag and comment:sub(1, #name) == name then
        return true
      end
    end
    return false
  end, false, child)
  report.failed[#report.failed + 1] = not n and err or nil
end

local function run(list, host, how)
  local boot, err = machine.boot()
  if not boot then
    return nil, err
  end
  local pidns, unknown = core.pidns()
  if not pidns then
    return nil, unknown
  end
  local here = { pidns = pidns, boot = boot, initial = pidns == machine.initial_pidns, node = machine.node() }
  local link, kept = lone(list, host, here), {}
  local chosen, all = { link }, { link }
  if not link then -- it may bear another name by now, or be one of several
    all, err = host:getlinks(nil, attachments.keys)
    if not all then
      return nil, err
    end
    chosen, kept = select(list, attachments.among(all), here)
  end
  local report, lost = remove.links(host, chosen, all, nil, how)
  if not report then
    return nil, lost
  end
  if #chosen < #list then
    leave_firewall(list, host, report, how.child)
  end
  return combine(table.move(kept, 1, #kept, #report.failed + 1, report.failed))
end

---@class zlnet.detach.options
---@field pid integer? the owner's process, 1–4194304; or id, or host_ifname
---@field id string? the owner's id
---@field host_ifname string? the name of a link that bears our record or our MAC, also a record of a newer zlnet
---@field by_name boolean? also what has neither, but a name as zlnet gives it: it may be another program's; false
---@field tag string? 1 or 2 characters: only the attachment with this tag
---@field wait ("gone"|"memory")? "memory": return when the kernel has freed their memory, too; "gone"
---@field child boolean? a child waits for the memory, not a thread: for a program that is about to end; false

---Takes attachments away: all of an owner's, or those with one tag, of one owner or of a list of owners; or just the
---given attachments. What is not there (any more) is no error. Goes on after a failure. A link that bears a name as
---zlnet gives it, but neither our record nor our MAC, is left, and that is a failure (EEXIST).
---
---Returns when they are gone: neither end is listed any more, and name, addresses and routes can be used again. The
---kernel frees their memory afterwards, some 20 ms long, and a thread of this process waits for that.
---
---Equal to `ip link delete HOST_END` for each.
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
