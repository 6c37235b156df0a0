-- SPDX-License-Identifier: MIT
-- Which links of this namespace are ours, read from the kernel alone: there is no state file.

local alias = require "zlnet.alias"
local owner = require "zlnet.owner"

local attachments = {}

---The keys of a link that `identify`, and deleting it, look at.
attachments.keys = { "index", "ifname", "ifalias", "address", "group", "link_netnsid", "linkinfo" }

---@class zlnet.candidate
---@field link table the link as the kernel reports it
---@field record zlnet.alias.fields? the owner's record, when the link bears one of ours
---@field name zlnet.owner.name? what the name says, when there is no record
---@field foreign boolean? an alias of somebody else's stands where our record would

---Looks at one link: a veth that bears our record, or a name as the origin and we give. Never another kind or name.
---@param link table
---@return zlnet.candidate? candidate nil when it is none of our business
function attachments.identify(link)
  if not link.linkinfo or link.linkinfo.kind ~= "veth" then
    return nil
  end
  local record = alias.parse(link.ifalias)
  if record then
    return { link = link, record = record }
  end
  local name = owner.parse_name(link.ifname)
  if not name then
    return nil
  elseif link.ifalias then
    return { link = link, name = name, foreign = true }
  elseif name.pid or owner.is_our_mac(link.address) then
    return { link = link, name = name }
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

return attachments
