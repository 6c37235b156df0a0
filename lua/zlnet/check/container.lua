-- SPDX-License-Identifier: MIT
-- Where the container of an attachment is now: the way from a record back to a namespace.

local core = require "zlnet.core"
local owner = require "zlnet.record.names"

local locate = {}

-- The handle, when it is the namespace with this inode; else closed.
local function checked(ns, ino)
  local id = ns and ns:id()
  if id and id.ino == ino then
    return ns
  elseif ns then
    ns:close()
  end
end

-- That of the owner process, if it is still the same one.
local function by_owner(a)
  local process <close> = a.pid and a.pidns == core.pidns() and core.process(a.pid) or nil
  if process and owner.is_same_start(process:starttime(), a.start) then
    return checked(process:netns(), a.netns)
  end
end

local function by_name(a)
  for _, name in ipairs(core.netns.list() or {}) do
    local ns = checked(core.netns.open(name), a.netns)
    if ns then
      return ns
    end
  end
end

-- That of any process which lives where the other end is.
local function by_process(a, host)
  local link = host:getlink({ index = a.host_index }, { "link_netnsid" })
  local users = link and link.link_netnsid and core.occupants(host)
  local pid = users and users.lives[link.link_netnsid]
  return pid and checked(core.netns.open(pid), a.netns)
end

---Opens the network namespace of an attachment's container.
---@param a zlnet.attachment
---@param host table handle of the node's namespace
---@param target any? where it is, if the caller knows
---@return table? ns handle, to be closed; nil when it is not found
---@return zlnet.error? err when the caller's target cannot be opened
function locate.container(a, host, target)
  if target ~= nil then
    return core.netns.open(target)
  end
  return by_owner(a) or by_name(a) or by_process(a, host)
end

---Whether the other end of a veth is in this namespace. An inode or an index alone does not tell.
---@param host table handle of the link's namespace
---@param link table
---@param ns table handle of a namespace
---@return boolean? is
---@return zlnet.error? err when the kernel could not be asked
function locate.is_other_end(host, link, ns)
  local answer, err = host:getnsid { fd = ns:fd() }
  if not answer then
    return nil, err
  end
  return link.link_netnsid ~= nil and answer.nsid == link.link_netnsid
end

return locate
