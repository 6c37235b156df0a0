-- SPDX-License-Identifier: MIT
-- detach: takes attachments away from the host side alone, so it works whether or not the container is still there.

local argument = require "zlnet.argument"
local attachments = require "zlnet.attachments"
local core = require "zlnet.core"
local options = require "zlnet.options"
local remove = require "zlnet.remove"
local target = require "zlnet.target"

local detach = {}

local LOCK_SECONDS = 10

local selection = options.spec({
  { "pid", argument.pid },
  { "id", argument.text },
  { "tag", argument.tag },
}, function(o)
  if not o.pid and not o.id then
    return "pid", "required (or id)"
  end
end)

-- What the caller meant, as a list of selections. An attachment is one: it has the keys of a selection and more.
local function selections(what, level)
  if type(what) == "table" and #what > 0 then
    local list = {}
    for i = 1, #what do
      list[i] = selections(what[i], level + 1)[1]
    end
    return list
  end
  if type(what) == "table" and what.host_ifname ~= nil then
    what = { pid = what.pid, id = what.id, tag = what.tag }
  elseif type(what) == "table" and next(what) == nil then
    return {}
  end
  return { options.check("detach", selection, what, level + 1) }
end

-- Whether a selection means this candidate of ours. A record of another boot or pid namespace has another's pids.
local function means(s, c, here)
  local record, name = c.record, c.name
  if c.foreign or s.tag and s.tag ~= (record or name).tag then
    return false
  end
  if record then
    if s.id and s.id ~= record.id then
      return false
    end
    return not s.pid or s.pid == record.pid and record.pidns == here.pidns and record.boot == here.boot
  end
  return not s.id and s.pid == name.pid
end

local function select(list, candidates, here)
  local chosen = {}
  for i = 1, #candidates do
    for k = 1, #list do
      if means(list[k], candidates[i], here) then
        chosen[#chosen + 1] = candidates[i].link
        break
      end
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

---Takes attachments away: all of an owner's, or those with one tag, of one owner or of a list of owners. What is not
---there (any more) is no error. Goes on after a failure.
---
---Equal to `ip link delete HOST_END` for each, with one wait of the kernel's for all of them.
---@param what zlnet.attachment|{ pid: integer?, id: string?, tag: string? }|table[]
---@return true? ok
---@return zlnet.error? err the first failure; `others` lists further ones
function detach.detach(what)
  local list = selections(what, 2)
  if #list == 0 then
    return true
  end
  local here <close>, err = core.netns.open(nil)
  if not here then
    return nil, err
  end
  local ok
  ok, err = here:lock("exclusive", LOCK_SECONDS)
  if not ok then
    err.step = "wait for the node's lock"
    return nil, err
  end
  local boot
  boot, err = target.boot()
  if not boot then
    return nil, err
  end
  local pidns, unknown = core.pidns()
  if not pidns then
    return nil, unknown
  end
  local host <close>, no_socket = core.open(nil)
  if not host then
    return nil, no_socket
  end
  local all, no_dump = host:getlinks(nil, attachments.keys)
  if not all then
    return nil, no_dump
  end
  local chosen = select(list, attachments.among(all), { pidns = pidns, boot = boot })
  local report, lost = remove.links(host, chosen, all)
  if not report then
    return nil, lost
  end
  return combine(report.failed)
end

return detach
