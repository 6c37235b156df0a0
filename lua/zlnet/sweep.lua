-- SPDX-License-Identifier: MIT
-- sweep: deletes the pairs that nobody will ever use again, and says of each candidate what it is. `judge` decides
-- from what it is given; in doubt it never says `orphan`.

local argument = require "zlnet.argument"
local attachments = require "zlnet.attachments"
local core = require "zlnet.core"
local options = require "zlnet.options"
local remove = require "zlnet.remove"
local world = require "zlnet.world"

local sweep = {}

---The options of zlnet.sweep.
sweep.options = options.spec {
  { "dry_run", argument.boolean, false },
  { "timeout", argument.seconds, 10 },
}

-- Whose it is: nil when only the owner's end can tell.
local function judge_owner(c, w)
  local record, name = c.record, c.name
  if c.foreign then
    return "foreign", "it bears another owner's alias"
  elseif record then
    if record.boot and record.boot ~= w.boot then
      return "foreign", "made in another boot"
    elseif record.pid and record.pidns ~= w.pidns then
      return "foreign", "made under another pid namespace"
    elseif not record.pid then
      return "unknown", "only its owner knows whether " .. record.id .. " is alive"
    end
  elseif name.pid and not w.initial then
    return "unknown", "a pid without a record may be another pid namespace's"
  end
end

---The verdict on one candidate.
---@param c zlnet.candidate
---@param w zlnet.world
---@return "alive"|"in_use"|"foreign"|"unknown"|"orphan" verdict
---@return string reason
function sweep.judge(c, w)
  local verdict, reason = judge_owner(c, w)
  if verdict then
    return verdict, reason
  end
  local pid = (c.record or c.name).pid
  local gone = "a crash left it without a record"
  if pid then
    local state
    state, gone = w:liveness(pid, c.record and c.record.start)
    if state ~= "dead" then
      return state, gone
    end
  end
  local used, why = w:in_use(c.link)
  if used == "yes" then
    return "in_use", why
  elseif used == "unknown" then
    return "unknown", why
  end
  return "orphan", gone
end

local function judge_all(all, w)
  local verdicts, orphans = {}, {}
  for _, c in ipairs(attachments.among(all)) do
    local verdict, reason = sweep.judge(c, w)
    local whose = c.record or c.name
    verdicts[#verdicts + 1] = {
      ifname = c.link.ifname, index = c.link.index, verdict = verdict, reason = reason,
      pid = whose.pid, id = whose.id, tag = whose.tag,
    }
    if verdict == "orphan" then
      orphans[#orphans + 1] = c.link
    end
  end
  return verdicts, orphans
end

local function names(links)
  local list = {}
  for i = 1, #links do
    list[i] = links[i].ifname
  end
  return list
end

-- Under the lock: no attach is half-way.
local function run(o, host)
  local w, err = world.new(host)
  if not w then
    return nil, err
  end
  local all
  all, err = host:getlinks(nil, attachments.keys)
  if not all then
    err.step = "list the links"
    return nil, err
  end
  local verdicts, orphans = judge_all(all, w)
  local report = { dry_run = o.dry_run, verdicts = verdicts, deleted = {}, failed = {} }
  if not o.dry_run then
    local removed
    removed, err = remove.links(host, orphans, all)
    if not removed then
      err.step = err.step or "delete the orphans"
      return nil, err
    end
    report.deleted, report.failed = names(removed.deleted), removed.failed
  end
  return report
end

---Judges every candidate of the calling thread's namespace and deletes the orphans.
---
---Equal to `ip link delete` for each orphan, with one wait of the kernel's for all of them.
---@param opts { dry_run: boolean?, timeout: number? }? timeout: seconds to wait for attaches under way (10)
---@return { dry_run: boolean, verdicts: table[], deleted: string[], failed: zlnet.error[] }? report
---@return zlnet.error? err
function sweep.sweep(opts)
  local o = options.check("sweep", sweep.options, opts or {})
  local here <close>, err = core.netns.open(nil)
  if not here then
    return nil, err
  end
  local ok, busy = here:lock("exclusive", o.timeout)
  if not ok then
    busy.step = "wait for the node's lock"
    return nil, busy
  end
  local host <close>, no_socket = core.open(nil)
  if not host then
    return nil, no_socket
  end
  return run(o, host)
end

return sweep
