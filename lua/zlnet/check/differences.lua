-- SPDX-License-Identifier: MIT
-- What check found: the list of differences while it is written, and the questions that fill it, for one namespace at
-- a time. What could not be looked at is an error and makes all of it void.

local core = require "zlnet.core"

local findings = {}

---@class zlnet.difference
---@field key string what: `link`, `ifname`, `up`, `mtu`, `mac`, `master`, `record`, `netns`, `gateway`, `address`,
---`route`, `neighbour`, `proxy_arp`, `forwarding`, `loopback`, `sysctl`, `firewall`
---@field ns "host"|"container" where
---@field expected any
---@field found any nil when it is gone

---@class zlnet.findings
---@field list zlnet.difference[]
---@field err zlnet.error? the first thing that could not be looked at
local Findings = {}
Findings.__index = Findings

---@return zlnet.findings
function findings.new()
  return setmetatable({ list = {} }, Findings)
end

function Findings:compare(ns, key, expected, found)
  if expected ~= found then
    self.list[#self.list + 1] = { key = key, ns = ns, expected = expected, found = found }
  end
end

---Passes an answer on. What is not there is nil, and may be a difference.
---@param answer any
---@param err zlnet.error?
function Findings:see(answer, err)
  if not answer and err and err.code ~= "ENODEV" and err.code ~= "ENOENT" then
    self.err = self.err or err
  end
  return answer or nil
end

---A sysctl of the calling thread's namespace.
function Findings:sysctl(key)
  return self:see(core.sysctl_read(key))
end

-- Text of a route's next hop, for people and for comparing.
local function hop_text(hop, names)
  local index = hop.oif or hop.ifindex
  return (hop.gateway and "via " .. hop.gateway .. " " or "") .. "dev " .. (names[index] or tostring(index))
end

local function prefix_of(route)
  return route.dst and route.dst .. "/" .. route.dst_len or "default"
end

-- What the kernel would use of the routes to a destination, as text; the expected one when it is among the best.
local function find_route(rows, family, to, expected, names, with_source)
  local best, found
  for _, row in ipairs(rows) do
    if row.family == family and row.table == "main" and prefix_of(row) == to then
      local priority = row.priority or 0
      if not best or priority < best then
        best, found = priority, nil
      end
      for _, hop in ipairs(priority == best and (row.multipath or { row }) or {}) do
        local text = hop_text(hop, names) .. (with_source and row.prefsrc and " src " .. row.prefsrc or "")
        found = text == expected and text or found or text
      end
    end
  end
  return found
end

---Whether the rules and elements of nf_tables are there.
---@param a zlnet.attachment
---@param link table its host end
function Findings:firewall(a, link)
  if not (a.masquerade or a.publish or a.isolate or a.guard) then
    return
  end
  local firewall = require "zlnet.firewall"
  self:see(firewall.compare(require("zlnet.firewall.operations").of(a, link), function(expected, found)
    self:compare("host", "firewall", expected, found)
  end))
end

---Whether a plan's routes lead where they should.
---@param ns "host"|"container"
---@param handle table
---@param p zlnet.plan
---@param link table the end which they are through
function Findings:routes(ns, handle, p, link)
  local rows = self:see(handle:getroutes()) or {}
  local names = { [link.index] = link.ifname }
  for _, op in ipairs(p.ops) do
    if op.ns == ns and op.op == "newroute" then
      local args, to = op.args, op.args.dst or "default"
      local family = args.family or (to:find(":", 1, true) and "inet6" or "inet")
      local expected = hop_text({ gateway = args.gateway, oif = link.index }, names)
        .. (args.prefsrc and " src " .. args.prefsrc or "")
      local found = find_route(rows, family, to, expected, names, args.prefsrc)
      self:compare(ns, "route", to .. " " .. expected, found and to .. " " .. found)
    end
  end
end

---Whether an end bears a plan's addresses.
---@param ns "host"|"container"
---@param handle table
---@param p zlnet.plan
---@param link table
function Findings:addresses(ns, handle, p, link)
  local there = {}
  for _, row in ipairs(self:see(handle:getaddrs { index = link.index }) or {}) do
    if row.index == link.index then
      there[("%s/%d"):format(row["local"] or row.address, row.prefixlen)] = true
    end
  end
  for _, op in ipairs(p.ops) do
    if op.ns == ns and op.op == "newaddr" then
      local text = ("%s/%d"):format(op.args["local"], op.args.prefixlen)
      self:compare(ns, ns == "host" and "gateway" or "address", text, there[text] and text or nil)
    end
  end
end

---Whom a namespace takes an address for: nothing known is as good as the right MAC.
function Findings:neighbour(ns, handle, index, address, mac)
  local entry = self:see(handle:getneigh { ifindex = index, dst = address })
  if entry and entry.lladdr and entry.state ~= "failed" then
    self:compare(ns, "neighbour", address .. " " .. mac, address .. " " .. entry.lladdr)
  end
end

return findings
