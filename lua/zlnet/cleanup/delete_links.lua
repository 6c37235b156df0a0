-- SPDX-License-Identifier: MIT
-- Deletes links: one by its index, several as a private group with one request, because the kernel waits for its
-- grace periods once a request and not once a link. Returns when they are gone, which is long before the request does.

local core = require "zlnet.core"
local line = require "zlnet.record.line"
local namespaces = require "zlnet.cleanup.namespaces"

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

-- Sends the delete request that is in a batch. Where there is no thread or descriptor to wait with, the request is
-- still in the batch.
local function send(batch, options, links)
  local wait = options and options.wait or "gone"
  local results, failed = batch:send { wait = wait, child = options and options.child, links = links }
  if not results and #batch > 0 then
    results, failed = batch:send()
  end
  if not results then
    return nil, failed
  elseif failed then
    return nil, results[1]
  end
  return true
end

---Deletes one link by its index: `ip link delete`.
---@param host table handle of its namespace
---@param index integer
---@param options zlnet.delete_links.options?
---@return true? ok
---@return zlnet.error? err
function remove.one(host, index, options)
  local batch = host:batch()
  batch:dellink { index = index }
  return send(batch, options)
end

local function delete_one(host, link, report, options)
  local ok, err = remove.one(host, link.index, options)
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
  if #links == 0 then
    return
  end
  local batch = host:batch()
  for i = 1, #links do
    batch:setlink { index = links[i].index, group = links[i].group or 0 }
  end
  batch:send()
end

local TAKEN_SECONDS = 2 -- a delete of a thousand takes another one's kernel less than that

-- Whether a link that another sweep has put into its group is gone by the deadline: it is about to be deleted, as a
-- rule.
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
-- taken over meanwhile, by another sweep or by hand: not ours to touch.
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
      report.failed[#report.failed + 1] = failed(link, "EBUSY", "the link is in a group of another program")
    end
  end
  if #stay > 0 then
    unmark(host, stay)
  end
  return true
end

local KEYS = { "index", "ifname", "ifalias", "address", "group", "link", "link_netnsid" }
local SAME = { "index", "ifname", "ifalias", "address", "link" }

-- Whether a link is still the one that was looked at: an index may have become another's, a record been written. The
-- other end's namespace has no number any more when it is ending.
local function is_same(link, now)
  for i = 1, #SAME do
    if link[SAME[i]] ~= now[SAME[i]] then
      return false
    end
  end
  return link.link_netnsid == now.link_netnsid or (now.link_netnsid or 0) < 0
end

-- Looks at what is in the group, for a request to delete a group takes all that is in it. Returns the marked links that
-- have changed since they were looked at, and whether no other link is in it.
local function look_at_group(host, marked, group, report)
  local now, err = host:getlinks(nil, KEYS)
  if not now then
    return nil, err
  end
  local inside, n, changed = {}, 0, {}
  for i = 1, #now do
    if now[i].group == group then
      inside[now[i].index], n = now[i], n + 1
    end
  end
  for i = 1, #marked do
    local link = marked[i]
    local found = inside[link.index]
    if found and not is_same(link, found) then
      changed[#changed + 1] = link
      report.failed[#report.failed + 1] = failed(link, "EBUSY", "the link has become another since it was looked at")
    end
    n = found and n - 1 or n
  end
  return changed, n == 0
end

-- The links of a list that are not in another.
local function without(all, some)
  local is, rest = {}, {}
  for i = 1, #some do
    is[some[i].index] = true
  end
  for i = 1, #all do
    if not is[all[i].index] then
      rest[#rest + 1] = all[i]
    end
  end
  return rest
end

-- Why the group could not be deleted; nil when it was.
local function delete_marked(host, marked, group, options)
  local indexes, batch = {}, host:batch()
  for i = 1, #marked do
    indexes[i] = marked[i].index
  end
  batch:dellink { group = group }
  local _, refused = send(batch, options, indexes)
  return refused
end

local function delete_group(host, links, group, still, options)
  local report = { deleted = {}, failed = {} }
  local marked, err = mark(host, links, group, report)
  if not marked then
    return nil, err
  end
  local left = still and without(marked, still(marked)) or {}
  unmark(host, left)
  marked = without(marked, left)
  local changed, alone = look_at_group(host, marked, group, report)
  if not changed then
    return nil, alone
  end
  unmark(host, changed)
  marked = without(marked, changed)
  if not alone then -- one by one, then
    unmark(host, marked)
    for i = 1, #marked do
      delete_one(host, marked[i], report, options)
    end
    return report
  elseif #marked == 0 then
    return report
  end
  local refused = delete_marked(host, marked, group, options)
  local ok, lost = confirm(host, marked, group, refused, report)
  return ok and report, lost
end

local function delete_single(host, link, still, options)
  local report = { deleted = {}, failed = {} }
  if still then
    link = still({ link })[1]
    local now = link and host:getlink({ index = link.index }, KEYS)
    if now and not is_same(link, now) then
      report.failed[1] = failed(link, "EBUSY", "the link has become another since it was looked at")
      return report
    end
  end
  if link then
    delete_one(host, link, report, options)
  end
  return report
end

---@class zlnet.delete_links.options
---@field wait ("gone"|"memory")? until the links are gone, or until the kernel has freed their memory, too; "gone"
---@field child boolean? what waits for the memory is a child, not a thread: for a program that is about to end; false

-- What is deleted has nothing in the firewall's sets any more.
local function leave_firewall(report, child)
  local gone = {}
  for _, link in ipairs(report.deleted) do
    local record = line.parse(link.ifalias)
    if record and (record.masquerade or record.publish or record.isolate or record.guard) then
      gone[#gone + 1] = require("zlnet.firewall.operations").of(record, link)
    end
  end
  if gone[1] then
    local ok, err = require("zlnet.firewall").remove(gone, child)
    report.failed[#report.failed + 1] = not ok and err or nil
  end
end

-- The namespaces that were made for what is deleted go with it.
local function leave_namespaces(report)
  for _, link in ipairs(report.deleted) do
    namespaces.forget(link)
  end
end

local function delete_several(host, links, all, still, options)
  local ran, report, err = pcall(delete_group, host, links, free_group(all), still, options)
  if not (ran and report) then
    unmark(host, links)
  end
  if not ran then
    error(report, 0)
  end
  return report or nil, err
end

---Deletes links by the indexes that a dump gave, and confirms it by asking for each again. Nothing stays in the private
---group.
---@param host table handle of their namespace
---@param links table[] what to delete
---@param all table[] the dump they come from
---@param still (fun(links: table[]): table[])? called right before the deletion: which of them are still to be deleted
---@param options zlnet.delete_links.options?
---@return { deleted: table[], failed: zlnet.error[] }? report
---@return zlnet.error? err when the kernel could not be asked
function remove.links(host, links, all, still, options)
  if #links == 0 then
    return { deleted = {}, failed = {} }
  end
  local report, err
  if #links == 1 then
    report, err = delete_single(host, links[1], still, options)
  else
    report, err = delete_several(host, links, all, still, options)
  end
  if report then
    leave_namespaces(report)
    leave_firewall(report, options and options.child)
  end
  return report, err
end

return remove
