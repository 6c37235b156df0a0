-- SPDX-License-Identifier: MIT
-- check: what attach made, held against what is there now. What should be there is decided by the same plan that made
-- it.

local alias = require "zlnet.alias"
local argument = require "zlnet.argument"
local core = require "zlnet.core"
local locate = require "zlnet.locate"
local plan = require "zlnet.plan"

local check = {}

local DEFAULT_MTU = 1500 -- the kernel's, of a veth

---@class zlnet.difference
---@field key string what: `link`, `ifname`, `up`, `mtu`, `mac`, `master`, `record`, `netns`, `gateway`, `address`,
---`route`, `neighbour`, `proxy_arp`, `loopback`, `sysctl`
---@field ns "host"|"container" where
---@field expected any
---@field found any nil when it is gone

-- The list of differences, which is being written.
local Findings = {}
Findings.__index = Findings

function Findings:compare(ns, key, expected, found)
  if expected ~= found then
    self[#self + 1] = { key = key, ns = ns, expected = expected, found = found }
  end
end

-- Text of a route, for people and for comparing.
local function route_text(hop, names)
  return (hop.gateway and "via " .. hop.gateway .. " " or "")
    .. "dev " .. (names[hop.oif or hop.ifindex] or tostring(hop.oif or hop.ifindex))
end

local function prefix_of(route)
  return route.dst and route.dst .. "/" .. route.dst_len or "default"
end

-- What the kernel would use of a route's kind: the best of those with the same destination, as text; the expected one
-- when it is among the best.
local function find_route(rows, args, family, expected, names)
  local best, found
  for _, row in ipairs(rows) do
    if row.family == family and row.table == "main" and prefix_of(row) == (args.dst or "default") then
      local priority = row.priority or 0
      if not best or priority < best then
        best, found = priority, nil
      end
      for _, hop in ipairs(priority == best and (row.multipath or { row }) or {}) do
        local text = route_text(hop, names)
        if args.prefsrc and row.prefsrc then
          text = text .. " src " .. row.prefsrc
        end
        found = text == expected and text or found or text
      end
    end
  end
  return found
end

local function check_routes(findings, ns, handle, p, index, ifname)
  local rows, err = handle:getroutes()
  if not rows then
    return nil, err
  end
  local names = { [index] = ifname }
  for _, op in ipairs(p.ops) do
    if op.ns == ns and op.op == "newroute" then
      local args = op.args
      local family = args.family or (args.dst:find(":", 1, true) and "inet6" or "inet")
      local expected = route_text({ gateway = args.gateway, oif = index }, names)
      if args.prefsrc then
        expected = expected .. " src " .. args.prefsrc
      end
      local found = find_route(rows, args, family, expected, names)
      local to = (args.dst or "default") .. " "
      findings:compare(ns, "route", to .. expected, found and to .. found)
    end
  end
  return true
end

local function check_addresses(findings, ns, handle, p, index)
  local rows, err = handle:getaddrs { index = index }
  if not rows then
    return nil, err
  end
  local there = {}
  for _, row in ipairs(rows) do
    if row.index == index then
      there[("%s/%d"):format(row["local"] or row.address, row.prefixlen)] = true
    end
  end
  for _, op in ipairs(p.ops) do
    if op.ns == ns and op.op == "newaddr" then
      local text = ("%s/%d"):format(op.args["local"], op.args.prefixlen)
      findings:compare(ns, ns == "host" and "gateway" or "address", text, there[text] and text or nil)
    end
  end
  return true
end

-- What is not there is nothing, and may be a difference; what cannot be looked at is an error.
local function look(found, err)
  if found or err.code == "ENODEV" or err.code == "ENOENT" then
    return true, found or nil
  end
  return nil, err
end

-- Whom a namespace takes an address for: nothing known is as good as the right MAC.
local function check_neighbour(findings, ns, handle, index, address, mac)
  local ok, entry = look(handle:getneigh { ifindex = index, dst = address })
  if not ok then
    return nil, entry
  elseif entry and entry.lladdr and entry.state ~= "failed" then
    findings:compare(ns, "neighbour", address .. " " .. mac, address .. " " .. entry.lladdr)
  end
  return true
end

local function check_link(findings, ns, a, link, ifname, mac)
  findings:compare(ns, "ifname", ifname, link.ifname)
  findings:compare(ns, "up", true, link.flags.up or false)
  findings:compare(ns, "mtu", a.mtu or DEFAULT_MTU, link.mtu)
  if mac then
    findings:compare(ns, "mac", mac, link.address)
  end
end

-- The record says more than an attachment needs, and other things when the link has become another's.
local function check_record(findings, a, link)
  local record = alias.parse(link.ifalias) or {}
  for _, key in ipairs { "pid", "start", "id", "tag", "netns", "time", "ifname", "mode", "bridge" } do
    if record[key] ~= a[key] then
      findings:compare("host", "record", key .. "=" .. tostring(a[key]), key .. "=" .. tostring(record[key]))
      return
    end
  end
end

local function check_master(findings, a, host, link)
  local ok, master = true, nil
  if link.master then
    ok, master = look(host:getlink({ index = link.master }, { "ifname", "index" }))
  end
  if ok then
    findings:compare("host", "master", a.bridge, master and master.ifname or nil)
  end
  return ok, master
end

local function check_host(findings, a, host, link, p, mac)
  check_link(findings, "host", a, link, a.host_ifname, a.host_mac)
  check_record(findings, a, link)
  local ok, master = check_master(findings, a, host, link)
  if not ok then
    return nil, master
  end
  local err
  if a.proxy_arp then
    local read, value = look(core.sysctl_read("net/ipv4/conf/" .. link.ifname .. "/proxy_arp"))
    if not read then
      return nil, value
    end
    findings:compare("host", "proxy_arp", "1", value)
  end
  for _, change in ipairs(a.changed or {}) do
    local read, value = look(core.sysctl_read(change.key))
    if not read then
      return nil, value
    end
    findings:compare("host", "sysctl", change.key .. "=" .. change.new, value and change.key .. "=" .. value)
  end
  for i = 1, mac and #a.ip or 0 do
    ok, err = check_neighbour(findings, "host", host, master and master.index or link.index, a.ip[i].address, mac)
    if not ok then
      return nil, err
    end
  end
  ok, err = check_addresses(findings, "host", host, p, link.index)
  if ok then
    ok, err = check_routes(findings, "host", host, p, link.index, link.ifname)
  end
  return ok, err
end

local function check_container(findings, a, container, link, p, host_mac)
  check_link(findings, "container", a, link, a.ifname, a.mac)
  local ok, lo = look(container:getlink({ index = 1 }, { "flags" }))
  if not ok then
    return nil, lo
  end
  findings:compare("container", "loopback", true, lo and lo.flags.up or false)
  for _, family in ipairs(a.mode == "routed" and p.families or {}) do
    local seen, unseen = check_neighbour(findings, "container", container, link.index, p.gateways[family], host_mac)
    if not seen then
      return nil, unseen
    end
  end
  local err
  ok, err = check_addresses(findings, "container", container, p, link.index)
  if ok then
    ok, err = check_routes(findings, "container", container, p, link.index, link.ifname)
  end
  return ok, err
end

-- The plan that makes the attachment, with the container end's MAC as it is.
local function plan_of(a, mac)
  return plan.build({
    ip = a.ip, mode = a.mode, tag = a.tag, ifname = a.ifname, default_route = a.default_route, gateway = a.gateway,
    src = a.src, mtu = a.mtu, bridge = a.bridge, proxy_arp = a.proxy_arp, mac = mac, host_mac = a.host_mac,
    nodad = true, queues = "kernel",
  }, a)
end

local function open_other_end(host, link, ns)
  if not ns then
    return nil
  end
  local is, err = locate.is_other_end(host, link, ns)
  if is then
    return core.open(ns)
  end
  return nil, err
end

---Every difference of an attachment. Where the container cannot be found, or the end is not in it, that is one and only
---the host side is looked at besides.
---@param a zlnet.attachment
---@param host table handle of the node's namespace
---@param ns table? handle of the container's namespace, nil when it cannot be found
---@return zlnet.difference[]? differences
---@return zlnet.error? err
function check.differences(a, host, ns)
  local findings = setmetatable({}, Findings)
  local link, err = host:getlink { index = a.host_index }
  if not link then
    if err.code ~= "ENODEV" then
      return nil, err
    end
    findings:compare("host", "link", a.host_ifname, nil)
    return setmetatable(findings, nil)
  end
  local container <close>, unopened = open_other_end(host, link, ns)
  if unopened then
    return nil, unopened
  end
  local seen, inside = true, nil
  if container then
    seen, inside = look(container:getlink { index = link.link })
  end
  if not seen then
    return nil, inside
  end
  findings:compare("container", "netns", a.netns, inside and a.netns or nil)
  local p = plan_of(a, inside and inside.address or a.mac)
  local ok
  ok, err = check_host(findings, a, host, link, p, inside and inside.address)
  if ok and inside then
    ok, err = check_container(findings, a, container, inside, p, link.address)
  end
  if not ok then
    return nil, err
  end
  return setmetatable(findings, nil)
end

local function is_attachment(a)
  if type(a) ~= "table" or math.type(a.host_index) ~= "integer" or not argument.ifname(a.host_ifname)
    or not argument.ifname(a.ifname) or not argument.tag(a.tag) or not (a.pid or a.id) or type(a.ip) ~= "table" then
    return nil, "an attachment expected"
  end
  return a
end

---Lists every difference between what attach made and what is there now; an empty list when there is none. A container
---whose process is gone is looked for by its namespace, among the named ones and those of all processes.
---
---Equal to reading `ip link`, `ip addr`, `ip route`, `ip neigh` on the node and in the container, and comparing.
---@param attachment zlnet.attachment of attach or attachments, also when it was saved as text in between
---@param target any? where the container's namespace is, as core.open takes it; nil: where the attachment says
---@return zlnet.difference[]? differences
---@return zlnet.error? err when something could not be looked at
function check.check(attachment, target)
  argument.check("check", 1, "attachment", is_attachment, attachment)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  local ns <close>, unseen = locate.container(attachment, host, target)
  if not ns and unseen then
    return nil, unseen
  end
  local differences
  differences, err = check.differences(attachment, host, ns)
  return differences, err
end

return check
