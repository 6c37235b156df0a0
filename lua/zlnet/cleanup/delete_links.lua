-- SPDX-License-Identifier: MIT
-- Deletes links: one by its index, several as a private group with one request, because the kernel waits for its
-- grace periods once a request and not once a link.

local core = require "zlnet.core"

local remove = {}

-- A group that no link is in. 0 is everybody's; small numbers are what people use.
local function free_group(all)
  local used = {}
  for i = 1, #all do
    used[all[i].group or 0] = true
  end
  local group
  repeat
    group = core.random() & 0x7fffffff | 0x40000000
  until not used[group]
  return group
end

local function is_gone(err)
  return err.code == "ENODEV"
end

local function delete_one(host, link, report)
  local ok, err = host:dellink { index = link.index }
  if ok or is_gone(err) then
    report.deleted[#report.deleted + 1] = link
  else
    err.step, err.link = "delete the link", link.ifname
    report.failed[#report.failed + 1] = err
  end
end

-- Put links into the group. Returns those that are in it.
local function mark(host, links, group, report)
  local batch, marked = host:batch(), {}
  for i = 1, #links do
    batch:setlink { index = links[i].index, group = group }
  end
  local results, lost = batch:send()
  if not results then
    return nil, lost
  end
  for i = 1, #links do
    local link, err = links[i], results[i]
    if err == true then
      marked[#marked + 1] = link
    elseif is_gone(err) then -- with its namespace, or its other end
      report.deleted[#report.deleted + 1] = link
    else
      err.step, err.link = "mark the link for deletion", link.ifname
      report.failed[#report.failed + 1] = err
    end
  end
  return marked
end

-- Give the links, which could not be deleted, their groups back.
local function unmark(host, links)
  local batch = host:batch()
  for i = 1, #links do
    batch:setlink { index = links[i].index, group = links[i].group or 0 }
  end
  batch:send()
end

local TAKEN_SECONDS = 2 -- a delete of a thousand takes another one's kernel less than that

-- Whether a link which another has put into his group is gone by then: he is about to delete it, as a rule.
local function is_taken_away(host, link, deadline)
  local there, err
  repeat
    there, err = host:getlink({ index = link.index }, { "group" })
    if there then
      core.poll({}, 0.005)
    end
  until not there or core.clock() > deadline
  return not there and is_gone(err)
end

local function failed(link, code, message)
  return core.error {
    kind = "netlink", op = "dellink", step = "delete the links", link = link.ifname, code = code, message = message,
  }
end

-- What answers in the group after the delete has failed; what the kernel does not know any more is gone. Each is asked
-- for by its index, because a dump costs the more the more others there are. A link that answers in another group was
-- taken over meanwhile, by another sweep or somebody's hand: not ours to touch.
local function confirm(host, marked, group, err, report)
  local batch, stay, deadline = host:batch(), {}, core.clock() + TAKEN_SECONDS
  for i = 1, #marked do
    batch:getlink({ index = marked[i].index }, { "group" })
  end
  local answers, lost = batch:send()
  if not answers then
    return nil, lost
  end
  for i = 1, #marked do
    local link, answer = marked[i], answers[i]
    if answer.code and not is_gone(answer) then
      return nil, answer
    elseif answer.group == group then
      stay[#stay + 1] = link
      report.failed[#report.failed + 1] =
        failed(link, err and err.code or "EBUSY", err and err.message or "the link is still there")
    elseif answer.code or is_taken_away(host, link, deadline) then
      report.deleted[#report.deleted + 1] = link
    else
      report.failed[#report.failed + 1] = failed(link, "EBUSY", "another has put the link into a group of his own")
    end
  end
  if #stay > 0 then
    unmark(host, stay)
  end
  return true
end

local function delete_group(host, links, group)
  local report = { deleted = {}, failed = {} }
  local marked, lost = mark(host, links, group, report)
  if not marked then
    return nil, lost
  end
  local _, err = host:dellink { group = group }
  local ok
  ok, lost = confirm(host, marked, group, err, report)
  return ok and report, lost
end

---Deletes links by the indexes that a dump gave, and confirms it by asking for each again. Nothing stays in the private
---group.
---@param host table handle of their namespace
---@param links table[] what to delete
---@param all table[] the dump they come from
---@return { deleted: table[], failed: zlnet.error[] }? report
---@return zlnet.error? err when the kernel could not be asked
function remove.links(host, links, all)
  if #links <= 1 then
    local report = { deleted = {}, failed = {} }
    if links[1] then
      delete_one(host, links[1], report)
    end
    return report
  end
  local ran, report, err = pcall(delete_group, host, links, free_group(all))
  if not (ran and report) then
    unmark(host, links)
  end
  if not ran then
    error(report, 0)
  end
  return report or nil, err
end

return remove
