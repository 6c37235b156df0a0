-- SPDX-License-Identifier: MIT
-- The verdict on a candidate, for sweep, watch and attach alike: rules in their order, each of which looks at the
-- candidate (attachments.identify), asks for facts (liveness.lua) and obeys the caller's policy. The first that says
-- something decides. In doubt none says `orphan`.

local verdict = {}

---@alias zlnet.verdict.word "alive"|"in_use"|"foreign"|"young"|"unknown"|"orphan"

---What a caller wants. Its facts may change between two judgements, this may not.
---@class zlnet.policy
---@field now integer seconds
---@field grace number? seconds: what is younger is left
---@field valid table<string, true>? the ids that are alive
---@field owner string? what ids begin with
---@field by_name boolean? whether a name alone says that a link is ours
---@field settled boolean? whether no attach is under way

local function by_alias(c)
  if c.foreign then
    return "foreign", "it bears another owner's alias"
  elseif c.unreadable then
    return "unknown", c.unreadable
  end
end

-- What a crash left before its record was written, or another program's link with such a name.
local function without_record(c, facts, policy)
  if c.record then
    return nil
  elseif policy.owner then
    return "unknown", "a crash left it without a record of its owner"
  elseif not c.marked and not policy.by_name then
    return "unknown", "only its name says that it is ours"
  elseif c.name.pid and not facts.initial then
    return "unknown", "a pid without a record may be another pid namespace's"
  end
end

local function by_record(c, facts, policy)
  local record = c.record
  if not record then
    return nil
  elseif record.boot ~= facts.boot then
    return "foreign", "made in another boot"
  elseif policy.owner and (record.id or ""):sub(1, #policy.owner) ~= policy.owner then
    return "foreign", "another owner's"
  elseif record.id and policy.valid and policy.valid[record.id] then
    return "alive", "its id is in the list"
  elseif record.pid and record.pidns ~= facts.pidns then
    return "foreign", "made under another pid namespace"
  elseif not record.pid and not policy.valid then
    return "unknown", "only its owner knows whether " .. record.id .. " is alive"
  end
end

local function by_process(c, facts)
  local pid = c.whose.pid
  if not pid then
    return nil, c.record and "its id is not in the list" or "a crash left it without a record"
  end
  local record = c.record
  local state, reason = facts:liveness(pid, record and record.start, record and record.process)
  return state ~= "dead" and state or nil, reason
end

local function by_age(c, _, policy)
  local record = c.record
  if not record then
    return not policy.settled and "young" or nil, "an attach of it may be under way"
  end
  local grace = policy.grace or 0
  local age = grace > 0 and policy.now - (record.time or 0)
  if age and age < grace then
    return "young", ("made %d s ago"):format(age)
  end
end

local USE = { yes = "in_use", unknown = "unknown" }

local function by_use(c, facts)
  local used, reason = facts:in_use(c.link)
  return USE[used], reason
end

local RULES = { by_alias, without_record, by_record, by_process, by_age, by_use }

---@param c zlnet.candidate
---@param facts zlnet.liveness what can be asked about the machine
---@param policy zlnet.policy
---@return zlnet.verdict.word word
---@return string reason
function verdict.on(c, facts, policy)
  local gone
  for i = 1, #RULES do
    local word, reason = RULES[i](c, facts, policy)
    if word then
      return word, reason
    end
    gone = RULES[i] == by_process and reason or gone
  end
  return "orphan", gone
end

return verdict
