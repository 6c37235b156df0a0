-- SPDX-License-Identifier: MIT
-- What stands where a new pair should be, when the kernel says EEXIST: whose it is, and what on_exists makes of it.

local attachments = require "zlnet.record.attachments"
local check = require "zlnet.check"
local fields = require "zlnet.record.fields"
local liveness = require "zlnet.record.liveness"
local owner = require "zlnet.record.names"
local verdict = require "zlnet.cleanup.verdict"

local existing = {}

local function refuse(err, message)
  err.message = message
  return nil, err
end

-- A link by its name; false when there is none.
local function find(handle, ifname)
  local link, err = handle:getlink { ifname = ifname }
  if link then
    return link
  elseif err.kind == "not_found" then
    return false
  end
  return nil, err
end

-- Whether the owner of p is also the one who made what is there. A remnant has no record yet, but the MAC it was made
-- with.
local function is_same_owner(c, p)
  local record, who = c.record, p.record
  if c.foreign or c.unreadable then
    return false
  elseif not record then
    return c.link.address == p.host_mac or owner.is_mac_of(c.link.address, p.owner, who.tag)
  elseif who.pid then
    return record.pid == who.pid and owner.is_same_start(record.start, who.start) and record.boot == who.boot
      and record.pidns == who.pidns
  end
  return record.id == who.id and not record.pid
end

-- Whether the kernel is taking a dead process's pair away with its namespace: one that nothing holds has no number.
-- Under load that takes seconds.
local function is_ending(c, facts)
  local record, nsid = c.record, c.link.link_netnsid
  return record and record.pid and nsid and nsid < 0 and record.boot == facts.boot and record.pidns == facts.pidns
    and facts:liveness(record.pid, record.start, record.process) == "dead"
end

-- A pid's name can be an earlier process's, which is dead. Its pair has no owner only if a sweep says so.
local function is_orphan(c, host)
  local facts, err = liveness.new(host)
  if not facts then
    return nil, err
  end
  local policy = { now = os.time(), settled = false }
  if verdict.on(c, facts, policy) == "orphan" then
    facts:look_again()
    return verdict.on(c, facts, policy) == "orphan"
  end
  return is_ending(c, facts)
end

-- Deletes what is in the way. Gone already is as good.
local function delete(host, link)
  local ok, err = require("zlnet.cleanup.delete_links").one(host, link.index)
  if not ok and err.code ~= "ENODEV" then
    err.step, err.link = "delete the attachment that is there", link.ifname
    return nil, err
  end
  return true
end

-- An id that comes back in another namespace is a container that was started again, or one of two that got the same id
-- by mistake: then the other one lives.
local function lives_elsewhere(c, p, host)
  local record, now = c.record, p.record
  if not record or record.pid or record.netns == now.netns then
    return false
  end
  local facts, err = liveness.new(host)
  if not facts then
    return nil, err
  end
  return facts:in_use(c.link) ~= "no"
end

-- Whether it is what would be made now, in every option, and is whole.
local function identical(c, p, o, handles)
  if not c.record or not fields.is_same(c.record, p.record) then
    return false
  end
  local queues = math.type(o.queues) == "integer" and o.queues
  if queues and (c.link.num_tx_queues ~= queues or c.link.num_rx_queues ~= queues) then
    return false
  end
  local a = attachments.describe(c.record, c.link)
  a.mac, a.host_mac = p.mac, p.host_mac
  local differences, err = check.differences(a, handles.host, handles.ns)
  if not differences then
    return nil, err
  end
  return #differences == 0 and a
end

-- Whose a link is that is in the way and not ours to take away.
local function describe(c)
  return not c and "no link of ours" or c.unreadable and "ours, but " .. c.unreadable or "another owner's"
end

local function keep(c, p, o, handles, err)
  local a, unseen = identical(c, p, o, handles)
  if a == nil then
    return nil, unseen
  elseif not a then
    return refuse(err, ("'%s' exists already, and is not the same"):format(p.host_ifname))
  end
  a.changed = {}
  return "kept", a
end

-- Which of the two names is taken.
local function explain_name(p, handles, err)
  local link, unseen = find(handles.container, p.ifname)
  if link == nil then
    return nil, unseen
  elseif link then
    err.link = p.ifname
    return refuse(err, ("'%s' exists already in the container"):format(p.ifname))
  end
  return "replaced" -- it went by itself meanwhile
end

---Decides, and makes room where it may.
---@param p zlnet.plan what could not be carried out
---@param o table validated options
---@param handles { host: table, container: table, ns: table }
---@param err zlnet.error the kernel's refusal
---@return "replaced"|"kept"|nil what
---@return table? answer the attachment that is kept; the error when there is no way
function existing.settle(p, o, handles, err)
  local link, unseen = find(handles.host, p.host_ifname)
  if link == nil then
    return nil, unseen
  elseif not link then
    return explain_name(p, handles, err)
  end
  err.link = p.host_ifname
  local c = attachments.identify(link)
  local same = c and is_same_owner(c, p)
  if not same then
    local orphan = c and is_orphan(c, handles.host)
    if not orphan or o.on_exists ~= "replace" then
      return refuse(err, ("'%s' exists already, and is %s"):format(p.host_ifname, describe(c)))
    end
  elseif o.on_exists == "error" then
    return refuse(err, ("'%s' exists already"):format(p.host_ifname))
  elseif o.on_exists == "keep" then
    return keep(c, p, o, handles, err)
  end
  local lives, unknown = false, nil
  if same then
    lives, unknown = lives_elsewhere(c, p, handles.host)
  end
  if lives == nil then
    return nil, unknown
  elseif lives then
    return refuse(err, ("'%s' exists already, and another container of that id may be using it"):format(p.host_ifname))
  end
  local ok, failed = delete(handles.host, link)
  if not ok then
    return nil, failed
  end
  if c.record then
    local left, unclean = require("zlnet.firewall").remove { require("zlnet.firewall.operations").of(c.record, link) }
    if not left then
      return nil, unclean
    end
  end
  return "replaced"
end

-- The link of the first route to the same destination.
local function taken_by(handle, args, keys)
  local family = args.family or (args.dst:find(":", 1, true) and "inet6" or "inet")
  for _, row in ipairs(handle:getroutes { family = family } or {}) do
    local dst = row.dst and row.dst .. "/" .. row.dst_len
    if dst == args.dst and row.table == "main" and row.oif then
      return handle:getlink({ index = row.oif }, keys)
    end
  end
end

-- The address on a bridge that another port has, and its link's name.
local function claimed_by(handle, args, keys)
  for _, name in ipairs(args.prop_list.alt_ifname) do
    local link = handle:getlink({ alt_ifname = name }, keys)
    if link then
      return link, name:match "^[^@]+"
    end
  end
end

---Makes room where an orphan's pair has the address still: its container ended a moment ago, or was never swept.
---@param p zlnet.plan what could not be carried out, and is undone
---@param o table validated options
---@param handles { host: table, container: table }
---@param err zlnet.error the kernel's refusal
---@return boolean room whether to try again
function existing.clear(p, o, handles, err)
  for _, op in ipairs(o.on_exists == "replace" and p.ops or {}) do
    if op.ns == "host" and op.op == err.op and op.step == err.step then
      local find_link = op.op == "newroute" and taken_by or claimed_by
      local link = find_link(handles.host, op.args, attachments.keys)
      local c = link and attachments.identify(link)
      if c and c.record and is_orphan(c, handles.host) then
        return delete(handles.host, link) or false
      elseif link then
        return false
      end
    end
  end
  return o.on_exists == "replace" -- it went by itself
end

---Says which link the route leads to, or has the address on a bridge, that is in the way of a plan's; a plan that could
---not be carried out is undone, so what is there is another's.
---@param p zlnet.plan
---@param handles { host: table, container: table }
---@param err zlnet.error the kernel's refusal; its message is made clearer where that is possible
function existing.explain(p, handles, err)
  for _, op in ipairs(p.ops) do
    if op.op == "newlinkprop" and op.op == err.op then
      local link, address = claimed_by(handles.host, op.args, { "ifname" })
      if link then
        err.link = link.ifname
        err.message = ("'%s' is on bridge '%s' already, through '%s'"):format(address, p.record.bridge, link.ifname)
      end
    elseif op.op == "newroute" and op.step == err.step then
      local link = taken_by(handles[op.ns], op.args, { "ifname" })
      if link then
        err.link = link.ifname
        err.message = ("there is a route to %s already, through '%s'"):format(op.args.dst or "default", link.ifname)
        return
      end
    end
  end
end

return existing
