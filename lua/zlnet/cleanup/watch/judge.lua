-- SPDX-License-Identifier: MIT
-- What a watcher does about candidates whose owner may have ended: exactly what sweep would.

local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local liveness = require "zlnet.record.liveness"
local remove = require "zlnet.cleanup.delete_links"
local verdict = require "zlnet.cleanup.verdict"

local judge = {}

local SOON = 0.05 -- seconds until something is looked at again that changes at any moment

-- The links of these tracks, read anew, and the dump they come from; of the tracks those that are still what they were.
local function read(self, due)
  local links, err
  if #due > 1 then
    links, err = self.host:getlinks(nil, attachments.keys)
  else
    local link
    link, err = self.host:getlink({ index = due[1].index }, attachments.keys)
    links = (link or err.code == "ENODEV") and { link }
  end
  if not links then
    return nil, err
  end
  local there, list = {}, {}
  for i = 1, #links do
    there[links[i].index] = links[i]
  end
  for _, t in ipairs(due) do
    local link = there[t.index]
    if not link then
      self.tracks:lose(t, "detached")
    elseif self.tracks:refresh(t, link) then
      list[#list + 1] = t
    end
  end
  return list, links
end

-- What has to happen before a track that stays is judged again.
local AGAIN = {
  alive = function(list, t)
    list:follow(t)
  end,
  in_use = function(list, t, facts)
    local pid = facts:user(t.c.link)
    if not pid or list:wait_for(t, pid) then
      list:look_again(t) -- it, or the one thread of it that is there, may leave without ending
    else
      list:look_in(t, SOON)
    end
  end,
  young = function(list, t, _, policy)
    local record = t.c.record
    list:look_in(t, math.max(SOON, record and (record.time or 0) + policy.grace - policy.now or 0))
  end,
  unknown = function(list, t)
    if list:is_ours(t) then
      list:look_again(t)
    end
  end,
}

local function keep(self, t, facts, policy, word, reason)
  local known = t.verdict == word
  self.tracks:judged(t, word, reason)
  if AGAIN[word] then
    AGAIN[word](self.tracks, t, facts, policy)
  end
  if not known and word ~= "alive" then
    self.tell("kept", t)
  end
end

-- Judges tracks; returns the orphans. Only what is said right before the deletion is noted of these.
local function judge_all(self, list, facts, policy, last)
  local orphans = {}
  for _, t in ipairs(list) do
    local word, reason = verdict.on(t.c, facts, policy)
    if word == "orphan" then
      if last then
        self.tracks:judged(t, word, reason)
      end
      orphans[#orphans + 1] = t
    else
      keep(self, t, facts, policy, word, reason)
    end
  end
  return orphans
end

local function links_of(list)
  local links = {}
  for i, t in ipairs(list) do
    links[i] = t.c.link
  end
  return links
end

-- Deletes what are orphans, once more judged right before it.
local function delete(self, orphans, all, facts, policy)
  local function again()
    facts:look_again()
    orphans = judge_all(self, orphans, facts, policy, true)
    return links_of(orphans)
  end
  if self.o.dry_run then
    for _, t in ipairs(orphans) do
      self.tell("orphan", t)
    end
    return
  end
  local report, err = remove.links(self.host, links_of(orphans), all, again)
  for _, link in ipairs(report and report.deleted or {}) do
    self.tracks:lose(self.tracks:of(link.index), "deleted")
  end
  for _, failed in ipairs(report and report.failed or { err }) do
    self.fail(failed)
  end
  for _, t in ipairs(orphans) do
    if self.tracks:of(t.index) == t then
      self.tracks:look_again(t)
    end
  end
end

-- What sweep would go by. A link without a record may be an attach's under way: that is settled by the lock.
local function policy_of(self, here, due)
  local policy = { now = os.time(), grace = self.o.grace, by_name = self.o.by_name, settled = false }
  for _, t in ipairs(due) do
    if not t.c.record then
      policy.settled = here:lock("exclusive", 0) or false
      break
    end
  end
  return policy
end

-- Whether the calling thread is where the watcher was made. An `==` of handles would take one that cannot be looked at
-- for a different one.
local function check_place(self, here)
  local ours, err = self.here:id()
  local now, unseen = here:id()
  if not ours or not now then
    return nil, err or unseen
  elseif now.ino ~= ours.ino or now.dev ~= ours.dev then
    error("a watcher has to be used in the network namespace that it was made in", 0)
  end
  return true
end

---Judges tracks in one go, deletes the orphans, and sees to it that the others are judged again in time.
---@param self zlnet.watcher
---@param due zlnet.track[]
function judge.judge(self, due)
  local here <close>, err = core.netns.open(nil) -- holds the lock until what is to be deleted is
  local ok, facts, policy, list, all
  if here then
    ok, err = check_place(self, here)
  end
  if ok then
    policy = policy_of(self, here, due)
    facts, err = liveness.new(self.host, self.o.keep_held)
  end
  if facts then
    list, all = read(self, due)
    err = all
  end
  if not list then
    self.fail(err)
    for _, t in ipairs(due) do
      self.tracks:look_again(t)
    end
    return
  end
  local orphans = judge_all(self, list, facts, policy, self.o.dry_run)
  if #orphans > 0 then
    delete(self, orphans, all, facts, policy)
  end
end

return judge
