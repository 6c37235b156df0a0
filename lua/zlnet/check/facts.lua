-- SPDX-License-Identifier: MIT
-- What there is of an attachment: both ends, their addresses, routes and settings, gathered in one place. What is not
-- there is nil. What could not be looked at is an error and makes all of it void.

local core = require "zlnet.core"
local container = require "zlnet.check.container"

local facts = {}

---@class zlnet.facts.side
---@field handle table of the namespace's socket
---@field link table? the end
---@field names table<integer, string> of links, by index
---@field addresses table<string, true> of the end, each with its length
---@field routes table[] of the namespace
---@field claims table<string, true>? the end's alternative names
---@field loopback boolean? in the container: whether it is up

---@class zlnet.facts
---@field host zlnet.facts.side
---@field container zlnet.facts.side? nil where the namespace was not found, or the end is not in it
---@field master table? the host end's
---@field vlans table? of the host end as a port, where they were asked for
---@field private err zlnet.error?
local Facts = {}
Facts.__index = Facts

-- Passes an answer on. The first error that is none of something missing is kept.
function Facts:see(answer, err)
  if not answer and err and err.code ~= "ENODEV" and err.code ~= "ENOENT" then
    self.err = self.err or err
  end
  return answer or nil
end

---A sysctl of the calling thread's namespace.
---@return string? value
function Facts:sysctl(key)
  return self:see(core.sysctl_read(key))
end

---Whom a namespace takes an address for, if it has an opinion.
---@return string? mac
function Facts:neighbour(ns, index, address)
  local entry = self:see(self[ns].handle:getneigh { ifindex = index, dst = address })
  return entry and entry.lladdr and entry.state ~= "failed" and entry.lladdr or nil
end

function Facts:close()
  if self.container then
    self.container.handle:close()
  end
end
Facts.__close = Facts.close

-- An end with what it bears.
local function side_of(self, handle, link)
  local side = { handle = handle, link = link, names = {}, addresses = {}, routes = {}, claims = {} }
  if not link then
    return side
  end
  side.names[link.index] = link.ifname
  for _, row in ipairs(self:see(handle:getaddrs { index = link.index }) or {}) do
    if row.index == link.index then
      side.addresses[("%s/%d"):format(row["local"] or row.address, row.prefixlen)] = true
    end
  end
  for _, name in ipairs(link.prop_list and link.prop_list.alt_ifname or {}) do
    side.claims[name] = true
  end
  side.routes = self:see(handle:getroutes()) or {}
  return side
end

-- The VLANs of a port; the kernel tells them in dumps alone.
local function vlans_of(self, host, index)
  local rows = self:see(host:getlinks { family = "bridge", ext_mask = { brvlan = true } })
  for _, row in ipairs(rows or {}) do
    if row.index == index then
      return row.af_spec and row.af_spec.vlan_info or {}
    end
  end
  return {}
end

local function look_inside(self, host, link, ns)
  if not (ns and self:see(container.is_other_end(host, link, ns))) then
    return nil
  end
  local handle = self:see(core.open(ns))
  local inside = handle and self:see(handle:getlink { index = link.link })
  if not inside then
    return handle and handle:close()
  end
  local side = side_of(self, handle, inside)
  local lo = self:see(handle:getlink({ index = 1 }, { "flags" }))
  side.loopback = lo and lo.flags.up or false
  return side
end

---Gathers all of it.
---@param a zlnet.attachment
---@param host table handle of the node's namespace
---@param ns table? handle of the container's namespace, nil when it cannot be found
---@return zlnet.facts? facts to be closed
---@return zlnet.error? err
function facts.gather(a, host, ns)
  local self = setmetatable({}, Facts)
  local link = self:see(host:getlink { index = a.host_index })
  self.host = side_of(self, host, link)
  if link then
    self.master = link.master and self:see(host:getlink({ index = link.master }, { "ifname", "index" })) or nil
    self.vlans = a.vlan and vlans_of(self, host, link.index)
    self.container = look_inside(self, host, link, ns)
  end
  if self.err then
    self:close()
    return nil, self.err
  end
  return self
end

return facts
