-- SPDX-License-Identifier: MIT
-- sweep: deletes the pairs that nobody will ever use again, and says of each candidate what it is. `judge` decides
-- from what it is given; in doubt it never says `orphan`.

local argument = require "zlnet.argument"
local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local options = require "zlnet.options"
local remove = require "zlnet.cleanup.delete_links"
local world = require "zlnet.record.liveness"

local sweep = {}

local function grace(value)
  if value == 0 then
    return value
  end
  return argument.seconds(value)
end

-- A list of ids, as a set.
local function ids(value)
  if type(value) ~= "table" then
    return nil, "a list of ids expected, got " .. type(value)
  end
  local set, n = {}, 0
  for key, id in next, value do
    local checked, why = argument.text(id)
    if math.type(key) ~= "integer" or not checked then
      return nil, why or "a list of ids expected"
    end
    set[id], n = true, n + 1
  end
  if n ~= #value then
    return nil, "a list of ids expected"
  end
  return set
end

---The options of zlnet.sweep.
sweep.options = options.spec {
  { "dry_run", argument.boolean, false },
  { "valid", ids },
  { "owner", argument.text },
  { "grace", grace, 0 },
  { "keep_held", argument.boolean, false },
  { "timeout", argument.seconds, 10 },
}

-- Whose it is, as far as that says what to do with it.
local function judge_owner(c, w)
  local record, name = c.record, c.name
  if c.foreign then
    return "foreign", "it bears another owner's alias"
  elseif not record then
    if w.owner then
      return "unknown", "a crash left it without a record of its owner"
    elseif name.pid and not w.initial then
      return "unknown", "a pid without a record may be another pid namespace's"
    end
  elseif record.boot ~= w.boot then
    return "foreign", "made in another boot"
  elseif w.owner and (record.id or ""):sub(1, #w.owner) ~= w.owner then
    return "foreign", "another owner's"
  elseif record.id and w.valid and w.valid[record.id] then
    return "alive", "its id is in the list"
  elseif record.pid and record.pidns ~= w.pidns then
    return "foreign", "made under another pid namespace"
  elseif not record.pid and not w.valid then
    return "unknown", "only its owner knows whether " .. record.id .. " is alive"
  end
end

-- Whether it is too early to say.
local function judge_age(c, w)
  if not c.record then
    return not w.settled and "an attach of it may be under way"
  end
  local age = w.grace > 0 and w.now - c.record.time
  return age and age < w.grace and ("made %d s ago"):format(age)
end

---The verdict on one candidate. In doubt it is never `orphan`.
---@param c zlnet.candidate
---@param w zlnet.world what is known and can be asked
---@return "alive"|"in_use"|"foreign"|"young"|"unknown"|"orphan" verdict
---@return string reason
function sweep.judge(c, w)
  local verdict, reason = judge_owner(c, w)
  if verdict then
    return verdict, reason
  end
  local pid = (c.record or c.name).pid
  local gone = c.record and "its id is not in the list" or "a crash left it without a record"
  if pid then
    local state
    state, gone = w:liveness(pid, c.record and c.record.start)
    if state ~= "dead" then
      return state, gone
    end
  end
  local early = judge_age(c, w)
  if early then
    return "young", early
  end
  local used, why = w:in_use(c.link)
  if used == "yes" then
    return "in_use", why
  elseif used == "unknown" then
    return "unknown", why
  end
  return "orphan", gone
end

---@class zlnet.verdict
---@field ifname string
---@field index integer
---@field verdict "alive"|"in_use"|"foreign"|"young"|"unknown"|"orphan"
---@field reason string
---@field pid integer?
---@field id string?
---@field tag string?

local function judge_all(all, w)
  local judged = { verdicts = {}, orphans = {}, unsettled = false }
  for _, c in ipairs(attachments.among(all)) do
    local verdict, reason = sweep.judge(c, w)
    local whose = c.record or c.name
    local v = {
      ifname = c.link.ifname, index = c.link.index, verdict = verdict, reason = reason,
      pid = whose.pid, id = whose.id, tag = whose.tag,
    }
    judged.verdicts[#judged.verdicts + 1] = v
    if verdict == "orphan" then
      judged.orphans[#judged.orphans + 1] = { c = c, v = v, link = c.link }
    elseif verdict == "young" and not c.record then
      judged.unsettled = true
    end
  end
  return judged
end

-- Judges the orphans once more, right before the deletion. Returns the links of those that still are.
local function judge_again(orphans, w)
  local links = {}
  w:look_again()
  for _, orphan in ipairs(orphans) do
    orphan.v.verdict, orphan.v.reason = sweep.judge(orphan.c, w)
    if orphan.v.verdict == "orphan" then
      links[#links + 1] = orphan.link
    end
  end
  return links
end

local function names(links)
  local list = {}
  for i = 1, #links do
    list[i] = links[i].ifname
  end
  return list
end

local function look(host, w)
  local all, err = host:getlinks(nil, attachments.keys)
  if not all then
    err.step = "list the links"
    return nil, err
  end
  return all, judge_all(all, w)
end

-- Only a link without a record can be an attach's that is under way, so only for those do we wait until none is. Where
-- attaches never pause that does not happen, and such links stay `young` for a later sweep.
local function settle(here, host, w, seconds)
  local all, judged = look(host, w)
  if not all or not judged.unsettled then
    return all, judged
  end
  local ok, err = here:lock("exclusive", seconds)
  if not ok and err.code ~= "EAGAIN" then
    err.step = "wait for attaches under way"
    return nil, err
  end
  w.settled = ok or false
  return look(host, w)
end

local function run(o, here, host)
  local w, err = world.new(host)
  if not w then
    return nil, err
  end
  w.now, w.grace, w.valid, w.owner, w.settled = os.time(), o.grace, o.valid, o.owner, false
  w.keep_held = o.keep_held
  local all, judged = settle(here, host, w, o.timeout)
  if not all then
    return nil, judged
  end
  local report = { dry_run = o.dry_run, verdicts = judged.verdicts, deleted = {}, failed = {} }
  local function again()
    return judge_again(judged.orphans, w)
  end
  if o.dry_run then
    again()
  else
    local links = {}
    for i, orphan in ipairs(judged.orphans) do
      links[i] = orphan.link
    end
    local removed, refused = remove.links(host, links, all, again)
    if not removed then
      err = refused
      err.step = err.step or "delete the orphans"
      return nil, err
    end
    report.deleted, report.failed = names(removed.deleted), removed.failed
  end
  local elements, unseen = require("zlnet.firewall.stale").sweep(host, nil, o.dry_run)
  report.elements = elements or 0
  report.failed[#report.failed + 1] = not elements and unseen or nil
  return report
end

---@class zlnet.sweep.options
---@field dry_run boolean? judge, delete nothing; false
---@field valid string[]? the ids that are alive: without this list, an attachment whose owner has no pid is `unknown`
---@field owner string? what the ids begin with: attachments of others are `foreign`
---@field grace number? seconds, not negative: attachments that are younger are left; 0
---@field keep_held boolean? `in_use` is also what a name (a mount, as under /run/netns) or another process's descriptor
---holds; false
---@field timeout number? seconds to wait for attaches under way, where a link without a record is found; 10

---Judges every candidate of the calling thread's namespace and deletes the orphans.
---
---Equal to `ip link delete` for each orphan, with one wait of the kernel's for all of them.
---@param opts zlnet.sweep.options?
---@return { dry_run: boolean, verdicts: zlnet.verdict[], deleted: string[], failed: zlnet.error[], elements: integer }?
---report elements: how many elements of the firewall's sets were nobody's any more
---@return zlnet.error? err when nothing could be judged, or nothing deleted
function sweep.sweep(opts)
  local o = options.check("sweep", sweep.options, opts or {})
  local here <close>, err = core.netns.open(nil)
  if not here then
    return nil, err
  end
  local host <close>, no_socket = core.open(nil)
  if not host then
    return nil, no_socket
  end
  local report
  report, err = run(o, here, host)
  return report, err
end

return sweep
