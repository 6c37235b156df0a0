-- SPDX-License-Identifier: MIT
-- What differs between what a plan's operations made and what there is: the one engine behind check, mend, the CNI
-- plugin's CHECK and `on_exists = "keep"`. It asks nothing but neighbours and sysctls that a plan does not write.

local addr = require "zlnet.addr"
local fields = require "zlnet.record.fields"
local line = require "zlnet.record.line"

local differences = {}

local DEFAULT_MTU = 1500 -- the kernel's, of a veth

---@class zlnet.difference
---@field key string what: `link`, `ifname`, `up`, `mtu`, `mac`, `master`, `hairpin`, `isolated`, `vlan`, `claim`,
---`record`, `netns`, `gateway`, `address`, `route`, `neighbour`, `proxy_arp`, `forwarding`, `loopback`, `sysctl`,
---`firewall`
---@field ns "host"|"container" where
---@field expected any
---@field found any nil when it is gone

---@class zlnet.differences.policy
---@field chained boolean? others may have changed the container's end since: its routes count in whatever table and
---through whatever link, its MAC and MTU are looked at where the attachment has them, its link-local address never

-- Differences while they are found. Each has the operation that would mend it, if there is one, beside it.
---@class zlnet.differences.list
---@field [integer] zlnet.difference
---@field ops table<zlnet.difference, zlnet.plan.op>
local List = {}
List.__index = List

function List:compare(ns, key, expected, found, op)
  if expected ~= found then
    local d = { key = key, ns = ns, expected = expected, found = found }
    self[#self + 1] = d
    self.ops[d] = op
  end
end

local function set(ns, args)
  return { ns = ns, link = ns, op = "setlink", step = "mend the link", args = args }
end

-- Routes -------------------------------------------------------------------------------------------------------------

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

-- Whether there is a route to the destination, through the gateway if there is one, in any table and through any link.
local function is_somewhere(rows, family, to, gateway)
  for _, row in ipairs(rows) do
    if row.family == family and prefix_of(row) == to and (not gateway or row.gateway == gateway) then
      return true
    end
  end
  return false
end

-- By operation -------------------------------------------------------------------------------------------------------

-- How each kind of operation is held against what is there.
local by_op = {}

function by_op.newroute(list, op, side, policy)
  local args, to = op.args, op.args.dst or "default"
  local family = args.family or (to:find(":", 1, true) and "inet6" or "inet")
  local expected = hop_text({ gateway = args.gateway, oif = side.link.index }, side.names)
    .. (args.prefsrc and " src " .. args.prefsrc or "")
  if policy.chained and op.ns == "container" then
    if not is_somewhere(side.routes, family, to, args.gateway) then
      list:compare(op.ns, op.key, to .. " " .. expected, nil, op)
    end
    return
  end
  local found = find_route(side.routes, family, to, expected, side.names, args.prefsrc)
  list:compare(op.ns, op.key, to .. " " .. expected, found and to .. " " .. found, op)
end

function by_op.newaddr(list, op, side, policy)
  if policy.chained and op.ns == "container" and addr.contains("fe80::", 10, op.args["local"]) then
    return
  end
  local text = ("%s/%d"):format(op.args["local"], op.args.prefixlen)
  list:compare(op.ns, op.key, text, side.addresses[text] and text or nil, op)
end

function by_op.newlinkprop(list, op, side)
  for _, name in ipairs(op.args.prop_list.alt_ifname) do
    local one = { ns = op.ns, link = op.link, op = op.op, step = op.step,
      args = { prop_list = { alt_ifname = { name } } } }
    list:compare(op.ns, op.key, name, side.claims[name] and name or nil, one)
  end
end

-- What setlink's arguments are called here, and how what they made is found again.
local function vlan_of(vlans)
  for _, vlan in ipairs(vlans or {}) do
    if vlan.flags.pvid then
      return vlan.vid
    end
  end
end

local PORT = { mode = "hairpin", isolated = "isolated" }

-- The record says more than an attachment needs, and other things when the link has become another's.
local function compare_record(list, a, link, op)
  local record = line.parse(link.ifalias) or {}
  local name = fields.difference(a, record)
  if name then
    list:compare("host", "record", name .. "=" .. tostring(a[name]), name .. "=" .. tostring(record[name]), op)
  end
end

function by_op.setlink(list, op, side, _, facts, a)
  local args, link = op.args, side.link
  if op.key == "record" then
    compare_record(list, a, link, op)
  elseif op.key == "loopback" then
    list:compare(op.ns, op.key, true, side.loopback, op)
  elseif args.flags then
    list:compare(op.ns, op.key, true, link.flags.up or false, op)
  elseif args.linkinfo then
    local port = link.linkinfo.slave_data or {}
    for key, value in pairs(args.linkinfo.slave_data) do
      list:compare(op.ns, PORT[key], value, port[key], op)
    end
  elseif args.family == "bridge" then
    list:compare(op.ns, op.key, args.af_spec.vlan_info[1].vid, vlan_of(facts.vlans), op)
  elseif op.key ~= "forwarding" or facts:sysctl "net/ipv4/ip_forward" == "1" then
    local key, value = next(args.af_spec.inet.conf)
    local conf = link.af_spec and link.af_spec.inet and link.af_spec.inet.conf
    list:compare(op.ns, op.key, value, conf and conf[key], op)
  end
end

-- Ends ---------------------------------------------------------------------------------------------------------------

local function compare_end(list, ns, a, link, ifname, mac, policy)
  list:compare(ns, "ifname", ifname, link.ifname, set(ns, { ifname = ifname }))
  local mtu = a.mtu or not policy.chained and DEFAULT_MTU
  if mtu then
    list:compare(ns, "mtu", mtu, link.mtu, set(ns, { mtu = mtu }))
  end
  if mac then
    list:compare(ns, "mac", mac, link.address, set(ns, { address = mac }))
  end
end

function by_op.newlink(list, op, _, policy, facts, a)
  local link, master = facts.host.link, facts.master
  compare_end(list, "host", a, link, a.host_ifname, a.host_mac, policy)
  list:compare("host", "up", true, link.flags.up or false, set("host", { flags = { up = true } }))
  list:compare("host", "master", op.args.master, master and master.ifname,
    set("host", { master = op.args.master or 0 }))
  if facts.container then
    compare_end(list, "container", a, facts.container.link, a.ifname, a.mac, policy)
  end
end

-- Whom each side takes the other's addresses for: nothing known is as good as the right MAC.
local function compare_neighbours(list, a, facts, p)
  local function compare(ns, index, address, mac)
    local found = facts:neighbour(ns, index, address)
    if found then
      list:compare(ns, "neighbour", address .. " " .. mac, address .. " " .. found,
        { ns = ns, op = "delneigh", step = "forget the neighbour", args = { ifindex = index, dst = address } })
    end
  end
  local inside, link = facts.container.link, facts.host.link
  for _, ip in ipairs(a.ip) do
    compare("host", facts.master and facts.master.index or link.index, ip.address, inside.address)
  end
  for _, op in ipairs(p.ops) do -- the host end answers for these
    if op.ns == "host" and op.op == "newaddr" then
      for _, gateway in pairs(p.gateways) do
        if gateway == op.args["local"] then
          compare("container", inside.index, gateway, link.address)
        end
      end
    end
  end
end

-- By the record, not by what the container's end is now: its MAC is one of those things that a guard is about.
function by_op.firewall(list, op, _, _, facts, a)
  local wanted = require("zlnet.firewall.operations").of(a, facts.host.link)
  facts:see(require("zlnet.firewall").compare(wanted, function(expected, found)
    list:compare("host", op.key, expected, found, { ns = "host", op = "firewall", step = op.step, args = wanted })
  end))
end

---Holds operations against what is there.
---@param list zlnet.differences.list gets what differs
---@param ops zlnet.plan.op[]
---@param a zlnet.attachment
---@param facts zlnet.facts
---@param policy zlnet.differences.policy?
function differences.of_ops(list, ops, a, facts, policy)
  for _, op in ipairs(ops) do
    local side = facts[op.ns]
    if op.key and side and side.link then
      by_op[op.op](list, op, side, policy or {}, facts, a)
    end
  end
end

---An empty list.
---@return zlnet.differences.list
function differences.new()
  return setmetatable({ ops = {} }, List)
end

---Everything of an attachment that is not as its plan made it. Where the host end is gone, that is all; where the
---container's end is not found, only the host's side is looked at besides.
---@param a zlnet.attachment
---@param facts zlnet.facts
---@param p zlnet.plan
---@param policy zlnet.differences.policy?
---@return zlnet.differences.list list
function differences.of(a, facts, p, policy)
  local list = differences.new()
  local link = facts.host.link
  list:compare("host", "link", a.host_ifname, link and a.host_ifname)
  if not link then
    return list
  end
  list:compare("container", "netns", a.netns, facts.container and a.netns or nil)
  differences.of_ops(list, p.ops, a, facts, policy)
  for _, change in ipairs(a.changed or {}) do
    local value = facts:sysctl(change.key)
    list:compare("host", "sysctl", change.key .. "=" .. change.new, value and change.key .. "=" .. value,
      { ns = "host", op = "sysctl", step = "write the sysctl", args = { key = change.key, value = change.new } })
  end
  if facts.container then
    compare_neighbours(list, a, facts, p)
  end
  return list
end

return differences
