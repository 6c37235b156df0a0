-- SPDX-License-Identifier: MIT
-- sweep: deletes the pairs that will not be used again, and says of each candidate what it is (verdict.lua).

local argument = require "zlnet.argument"
local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local liveness = require "zlnet.record.liveness"
local options = require "zlnet.options"
local remove = require "zlnet.cleanup.delete_links"
local verdict = require "zlnet.cleanup.verdict"

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
  { "by_name", argument.boolean, false },
  { "timeout", argument.seconds, 10 },
}

---@class zlnet.verdict
---@field ifname string
---@field index integer
---@field verdict zlnet.verdict.word
---@field reason string
---@field pid integer?
---@field id string?
---@field tag string?

local function judge_all(all, facts, policy)
  local judged = { verdicts = {}, orphans = {}, unsettled = false }
  for _, c in ipairs(attachments.among(all)) do
    local word, reason = verdict.on(c, facts, policy)
    local v = {
      ifname = c.link.ifname, index = c.link.index, verdict = word, reason = reason,
      pid = c.whose.pid, id = c.whose.id, tag = c.whose.tag,
    }
    judged.verdicts[#judged.verdicts + 1] = v
    if word == "orphan" then
      judged.orphans[#judged.orphans + 1] = { c = c, v = v, link = c.link }
    elseif word == "young" and not c.record then
      judged.unsettled = true
    end
  end
  return judged
end

-- Judges the orphans once more, right before the deletion. Returns the links of those that still are.
local function judge_again(orphans, facts, policy)
  local links = {}
  facts:look_again()
  for _, orphan in ipairs(orphans) do
    orphan.v.verdict, orphan.v.reason = verdict.on(orphan.c, facts, policy)
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

local function look(host, facts, policy)
  local all, err = host:getlinks(nil, attachments.keys)
  if not all then
    err.step = "list the links"
    return nil, err
  end
  return all, judge_all(all, facts, policy)
end

-- Only a link without a record can be an attach's that is under way, so only for those do we wait until none is. Where
-- attaches never pause that does not happen, and such links stay `young` for a later sweep.
local function settle(here, host, facts, policy, seconds)
  local all, judged = look(host, facts, policy)
  if not all or not judged.unsettled then
    return all, judged
  end
  local ok, err = here:lock("exclusive", seconds)
  if not ok and err.code ~= "EAGAIN" then
    err.step = "wait for attaches under way"
    return nil, err
  end
  policy.settled = ok or false
  return look(host, facts, policy)
end

local function run(o, here, host)
  local facts, err = liveness.new(host, o.keep_held)
  if not facts then
    return nil, err
  end
  local policy = {
    now = os.time(), grace = o.grace, valid = o.valid, owner = o.owner, by_name = o.by_name, settled = false,
  }
  local all, judged = settle(here, host, facts, policy, o.timeout)
  if not all then
    return nil, judged
  end
  local report = { dry_run = o.dry_run, verdicts = judged.verdicts, deleted = {}, failed = {} }
  if o.dry_run then
    return report
  end
  local links = {}
  for i, orphan in ipairs(judged.orphans) do
    links[i] = orphan.link
  end
  local removed, refused = remove.links(host, links, all, function()
    return judge_again(judged.orphans, facts, policy)
  end)
  if not removed then
    refused.step = refused.step or "delete the orphans"
    return nil, refused
  end
  report.deleted, report.failed = names(removed.deleted), removed.failed
  local elements, unseen = require("zlnet.firewall.stale").sweep(host)
  report.elements = elements
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
---@field by_name boolean? also judge what has neither our record nor our MAC, but a name as zlnet, or the Rust module
---that it replaces, gives it (`veth-PID`, `veth-PID-TAG`, `vc-PID`): it may be another program's; false
---@field timeout number? seconds to wait for attaches under way, where a link without a record is found; 10

---@class zlnet.sweep.report
---@field dry_run boolean
---@field verdicts zlnet.verdict[]
---@field deleted string[]
---@field failed zlnet.error[]
---@field elements integer? so many of the firewall's had no owner any more, and are gone

---Judges every candidate of the calling thread's namespace and deletes the orphans.
---
---Equal to `ip link delete` for each orphan, with one wait of the kernel's for all of them.
---@param opts zlnet.sweep.options?
---@return zlnet.sweep.report? report
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
