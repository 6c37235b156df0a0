-- SPDX-License-Identifier: MIT
-- What a watcher does about candidates whose owner may have ended: exactly what sweep would.

local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local remove = require "zlnet.cleanup.delete_links"
local sweep = require "zlnet.cleanup.sweep"
local world = require "zlnet.record.liveness"

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
    else
      self.tracks:see(link)
      if self.tracks:of(t.index) == t then
        t.c.link = link
        list[#list + 1] = t
      end
    end
  end
  return list, links
end

-- What has to happen before a track that stays is judged again.
local function keep(self, t, w, verdict, reason)
  local known, list = t.verdict == verdict, self.tracks
  t.verdict, t.reason = verdict, reason
  if verdict == "alive" then
    list:follow(t)
  elseif verdict == "in_use" then
    local pid = w:user(t.c.link)
    if not pid or list:wait_for(t, pid) then
      list:look_again(t) -- it, or the one thread of it that is there, may leave without ending
    else
      list:look_in(t, SOON)
    end
  elseif verdict == "young" then
    list:look_in(t, math.max(SOON, t.c.record and t.c.record.time + w.grace - w.now or 0))
  elseif verdict == "unknown" and list:is_ours(t) then
    list:look_again(t)
  end
  if not known and verdict ~= "alive" then
    self.tell("kept", t)
  end
end

-- Judges once more, right before the deletion. Returns the tracks that are still orphans.
local function judge_again(self, orphans, w)
  local still = {}
  w:look_again()
  for _, t in ipairs(orphans) do
    local verdict, reason = sweep.judge(t.c, w)
    if verdict == "orphan" then
      t.verdict, t.reason = verdict, reason
      still[#still + 1] = t
    else
      keep(self, t, w, verdict, reason)
    end
  end
  return still
end

local function links_of(list)
  local links = {}
  for i, t in ipairs(list) do
    links[i] = t.c.link
  end
  return links
end

local function delete(self, orphans, all, w)
  if self.o.dry_run then
    for _, t in ipairs(judge_again(self, orphans, w)) do
      self.tell("orphan", t)
    end
    return
  end
  local report, err = remove.links(self.host, links_of(orphans), all, function()
    orphans = judge_again(self, orphans, w)
    return links_of(orphans)
  end)
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

-- What sweep knows of the world. A link without a record may be an attach's under way: that is settled by the lock.
local function look(self, here, due)
  local w, err = world.new(self.host)
  if not w then
    return nil, err
  end
  w.now, w.grace, w.keep_held, w.settled = os.time(), self.o.grace, self.o.keep_held, false
  for _, t in ipairs(due) do
    if not t.c.record then
      w.settled = here:lock("exclusive", 0) or false
      break
    end
  end
  return w
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
  local ok, w, list, all
  if here then
    ok, err = check_place(self, here)
  end
  if ok then
    w, err = look(self, here, due)
  end
  if w then
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
  local orphans = {}
  for _, t in ipairs(list) do
    local verdict, reason = sweep.judge(t.c, w)
    if verdict == "orphan" then
      orphans[#orphans + 1] = t
    else
      keep(self, t, w, verdict, reason)
    end
  end
  if #orphans > 0 then
    delete(self, orphans, all, w)
  end
end

return judge
