-- SPDX-License-Identifier: MIT
-- mend: makes true again what check finds.

local argument = require "zlnet.argument"
local check = require "zlnet.check"
local container = require "zlnet.check.container"
local core = require "zlnet.core"
local execute = require "zlnet.attach.execute"
local line = require "zlnet.record.line"
local owner = require "zlnet.record.names"

local mend = {}

local SECONDS = 30 -- as long as a single request may take
local ROUNDS = 3 -- what goes with a link that was down is there again only when it is up

---@class zlnet.mended
---@field mended zlnet.difference[] what is as it was made again
---@field left zlnet.difference[] what is not; `err` says why, where it was tried
---@field attachment zlnet.attachment the one that was given, or the one that was made in its place

-- Whether the host end is the attachment's: it bears its owner's record, or none of ours and the MAC that it was made
-- with. A record that cannot be read is a newer zlnet's.
local function is_its_own(a, link)
  local record, unreadable = line.parse(link.ifalias)
  if not record then
    return not unreadable and link.address == a.host_mac
  end
  return record.pid == a.pid and record.id == a.id and record.tag == a.tag and record.netns == a.netns
    and record.time == a.time
end

-- A route of ours that leads elsewhere is in the way of the right one. Another link's is another's.
local function clear_way(op, f)
  local side, args = f[op.ns], op.args
  for _, row in ipairs(side.routes) do
    local dst = row.dst and row.dst .. "/" .. row.dst_len
    local family = args.family or (args.dst:find(":", 1, true) and "inet6" or "inet")
    if row.table == "main" and dst == args.dst and row.oif == side.link.index and row.family == family
      and row.protocol ~= "kernel" then
      side.handle:delroute { family = family, dst = dst, dst_len = not dst and 0 or nil, oif = row.oif,
        gateway = row.gateway, priority = row.priority }
    end
  end
end

-- One round. Returns the errors by operation.
local function carry_out(list, f, handles)
  local errors = {}
  handles.container = f.container and f.container.handle
  local index = { host = f.host.link.index, container = f.container and f.container.link.index }
  for _, d in ipairs(list) do
    local op = list.ops[d]
    if op and handles[op.ns] and errors[op] == nil then
      if op.op == "newroute" then
        clear_way(op, f)
      end
      local ok, err = execute.one(op, handles, index)
      errors[op] = not ok and err or false
    end
  end
  return errors
end

local function text_of(d)
  return ("%s %s %s"):format(d.ns, d.key, tostring(d.expected))
end

-- What was found at first and is not any more, and what still is.
local function report_of(a, first, last, errors)
  local report, still = { mended = {}, left = {}, attachment = a }, {}
  for _, d in ipairs(last) do
    local op = last.ops[d]
    d.err = op and errors[text_of(d)] or nil
    still[text_of(d)] = true
    report.left[#report.left + 1] = d
  end
  for _, d in ipairs(first) do
    report.mended[#report.mended + 1] = not still[text_of(d)] and d or nil
  end
  return report
end

-- The host end is gone, and the container's end with it: all of it is made anew, by the record.
local function make_anew(a, ns)
  local opts = { on_exists = "error" }
  for _, name in ipairs { "pid", "id", "ip", "tag", "ifname", "mode", "default_route", "src", "mtu", "mac", "host_mac",
    "forwarding", "bridge", "hairpin", "isolated", "vlan", "proxy_arp", "masquerade", "publish", "isolate", "guard" } do
    opts[name] = a[name]
  end
  opts.netns = not a.pid and ns or nil
  opts.ip, opts.gateway = {}, check.asked_gateways(a)
  for i, ip in ipairs(a.ip) do
    opts.ip[i] = ip.address .. "/" .. ip.prefix
  end
  for _, name in ipairs { "gateway", "src" } do
    local list = {}
    for _, address in pairs(opts[name] or {}) do
      list[#list + 1] = address
    end
    opts[name] = list[1] and list
  end
  return require("zlnet.attach").attach(opts)
end

-- A pid may be another process's by now.
local function is_there(a)
  local process <close> = a.pid and a.pidns == core.pidns() and core.process(a.pid) or nil
  return not a.pid or process ~= nil and owner.is_same_start(process:starttime(), a.start)
end

local function gone(a, ns, list)
  local made, err
  if ns and is_there(a) then
    made, err = make_anew(a, ns)
  end
  if not made then
    list[1].err = err
    return { mended = {}, left = table.move(list, 1, #list, 1, {}), attachment = a }
  end
  return { mended = table.move(list, 1, #list, 1, {}), left = {}, attachment = made }
end

local function refuse(a)
  local err = core.error { kind = "io", code = "EPERM", op = "mend",
    message = ("'%s' is not this attachment's any more"):format(a.host_ifname) }
  err.link = a.host_ifname
  return nil, err
end

-- Rounds of looking and mending, until nothing is left or nothing helps.
local function run(a, handles)
  local first, errors = nil, {}
  for round = 1, ROUNDS do
    local list, f = check.look(a, handles.host, handles.ns)
    if not list then
      return nil, f
    end
    local facts <close> = f
    first = first or list
    if not facts.host.link then
      return gone(a, handles.ns, first)
    elseif not is_its_own(a, facts.host.link) then
      return refuse(a)
    elseif #list == 0 or round == ROUNDS then
      return report_of(a, first, list, errors)
    end
    local failed = carry_out(list, facts, handles)
    for _, d in ipairs(list) do
      errors[text_of(d)] = failed[list.ops[d]] or nil
    end
  end
end

---Makes true again what check finds, by the operations that made it. It touches the attachment's own links alone:
---where another's route or link is in the way, or the container is not found, the difference stays and is told. A pair
---that is gone is made anew while the container is there.
---
---Equal to those commands of `print(zlnet.plan(opts))` whose effect is gone.
---@param attachment zlnet.attachment of attach or attachments, also when it was saved as text in between
---@param target any? where the container's namespace is, as core.open takes it; nil: where the attachment says
---@return zlnet.mended? report
---@return zlnet.error? err when something could not be looked at; EPERM: the link is another attachment's by now
function mend.mend(attachment, target)
  argument.check("mend", 1, "attachment", check.attachment, attachment)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  local ns <close>, unseen = container.container(attachment, host, target)
  if not ns and unseen then
    return nil, unseen
  end
  local here <close>, failed = core.netns.open(nil)
  if not here then
    return nil, failed
  end
  local ok
  ok, err = here:lock("shared", SECONDS)
  if not ok then
    err.step = "wait for the node's lock"
    return nil, err
  end
  local report
  report, err = run(attachment, { host = host, ns = ns, here = here })
  return report, err
end

return mend
