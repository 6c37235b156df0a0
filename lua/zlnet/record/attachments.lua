-- SPDX-License-Identifier: MIT
-- Which links of this namespace are ours, read from the kernel alone: there is no state file.

local core = require "zlnet.core"
local fields = require "zlnet.record.fields"
local line = require "zlnet.record.line"
local owner = require "zlnet.record.names"
local plan = require "zlnet.attach.plan"

local attachments = {}

---The keys of a link that `identify`, `describe` and deleting it look at.
attachments.keys = { "index", "ifname", "ifalias", "address", "group", "link", "link_netnsid", "linkinfo",
  "master" }

---@class zlnet.candidate
---@field link table the link as the kernel reports it
---@field record zlnet.record? the owner's record, when the link bears one of ours that can be read
---@field unreadable string? why it cannot be read
---@field name zlnet.owner.name? what the name says, when there is no record
---@field marked boolean? there is no record, but the MAC bears our mark: else only the name says that the link is ours
---@field foreign boolean? another program's alias stands where our record would
---@field whose { pid: integer?, id: string?, tag: string?, hash: string? } what is known of the owner

local UNKNOWN_OWNER = {}

---Looks at one link: a veth that bears our record, or a name as the origin and we give. Never another kind or name.
---@param link table
---@return zlnet.candidate? candidate nil when it is none of our business
function attachments.identify(link)
  if not link.linkinfo or link.linkinfo.kind ~= "veth" then
    return nil
  end
  local record, unreadable = line.parse(link.ifalias)
  if record then
    return { link = link, record = record, whose = record }
  end
  local name, marked = owner.parse_name(link.ifname), owner.is_our_mac(link.address)
  if unreadable then
    local whose = line.whose(link.ifalias)
    return { link = link, unreadable = unreadable, name = name, marked = marked,
      whose = (whose.pid or whose.id) and whose or name or UNKNOWN_OWNER }
  elseif not name then
    return nil
  elseif link.ifalias then
    return { link = link, name = name, foreign = true, whose = name }
  elseif name.pid or marked then
    return { link = link, name = name, marked = marked, whose = name }
  end
end

---All candidates among the links of a dump.
---@param links table[]
---@return zlnet.candidate[]
function attachments.among(links)
  local list = {}
  for i = 1, #links do
    list[#list + 1] = attachments.identify(links[i])
  end
  return list
end

---@class zlnet.attachment
---@field host_ifname string the host end's name
---@field host_index integer
---@field host_mac string
---@field ifname string the container end's name
---@field index integer
---@field mac string? only from attach: the host side cannot see it
---@field tag string
---@field pid integer? the owner process,
---@field start integer? its start time in clock ticks since boot,
---@field boot string and the boot,
---@field pidns integer? and the inode of the pid namespace in which it is meant
---@field id string? the owner's id
---@field netns integer inode of the container's network namespace
---@field time integer when it was made, seconds
---@field mode "routed"|"direct"|"bridge"
---@field ip zlnet.addr.ip[] empty for a bare port of a bridge, and while the addresses are not known yet
---@field default_route boolean
---@field gateway table<"inet"|"inet6", string>
---@field src table<"inet"|"inet6", string>?
---@field mtu integer? where one was asked for
---@field bridge string?
---@field proxy_arp boolean
---@field hairpin boolean
---@field isolated boolean
---@field vlan integer?
---@field forwarding boolean
---@field masquerade boolean|table[] networks, where more than the addresses say are not masqueraded
---@field publish table[]? host_port, port, count, protocol, address, family
---@field isolate string?
---@field guard boolean
---@field netns_path string? only from a pool: the path of its namespace
---@field netns_handle table? and its handle
---@field changed { key: string, old: string, new: string }[]? only from attach: sysctls of the node

---An attachment as attach returns it, from its record and its host end.
---@param record zlnet.record
---@param link { ifname: string, index: integer, link: integer, address: string } link: the other end's index
---@return zlnet.attachment
function attachments.describe(record, link)
  local a = fields.copy(record, {
    host_ifname = link.ifname, host_index = link.index, host_mac = link.address, index = link.link,
  })
  a.gateway, a.ip = plan.gateways(record), record.ip or {}
  return a
end

---Lists the attachments whose host end is in the calling thread's namespace, by their names. What has no record, or
---another's, is none.
---
---Equal to `ip -d link show type veth`, and reading what stands behind `alias`.
---@return zlnet.attachment[]? list
---@return zlnet.error? err
function attachments.attachments()
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  local all
  all, err = host:getlinks(nil, attachments.keys)
  if not all then
    return nil, err
  end
  local list = {}
  for _, c in ipairs(attachments.among(all)) do
    if c.record then
      list[#list + 1] = attachments.describe(c.record, c.link)
    end
  end
  table.sort(list, function(a, b)
    return a.host_ifname < b.host_ifname
  end)
  return list
end

return attachments
