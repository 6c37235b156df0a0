-- SPDX-License-Identifier: MIT
-- CHECK: the previous result and the attachment's own record held against the kernel, in the container and on the node.

local addr = require "zlnet.addr"
local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local differences = require "zlnet.check.differences"
local failure = require "zlnet.cni.failure"
local identity = require "zlnet.cni.identity"
local ipam = require "zlnet.cni.ipam"
local owner = require "zlnet.record.names"
local request = require "zlnet.cni.request"
local result = require "zlnet.cni.result"

local fmt = string.format

local check = {}

local CHAINED = { chained = true } -- by later plugins of the chain

-- Our interface in the previous result: its position from 0, and the entry.
local function find_interface(previous, r)
  for i, entry in ipairs(previous.interfaces) do
    if entry.name == r.ifname and entry.sandbox == r.netns then
      return i - 1, entry
    end
  end
end

-- The attachment by the host end's name; false when there is none.
local function find_attachment(host, r)
  local id, tag = identity.of(r.config.name, r.container, r.ifname)
  local name = owner.host_name({ id = id }, tag)
  local link, err = host:getlink { ifname = name }
  if not link and err.kind ~= "not_found" then
    return nil, failure.from(err)
  end
  local c = link and attachments.identify(link)
  if not c or not c.record or c.record.id ~= id then
    return false, fmt("host end '%s' is not on the node", name)
  end
  return attachments.describe(c.record, link)
end

-- What the previous result says, as the operations that would make it.
local function operations(previous, position)
  local ops = {}
  for _, entry in ipairs(previous.ips) do
    if entry.interface == position then
      ops[#ops + 1] = { ns = "container", link = "container", op = "newaddr", key = "address",
        args = { ["local"] = entry.ip.address, prefixlen = entry.ip.prefix } }
    end
  end
  for _, route in ipairs(previous.routes) do
    local dst = addr.network(route.dst.address, route.dst.prefix) .. "/" .. route.dst.prefix
    ops[#ops + 1] = { ns = "container", link = "container", op = "newroute", key = "route", args = {
      family = route.dst.family, dst = route.dst.prefix > 0 and dst or nil, gateway = route.gw,
    } }
  end
  return ops
end

local DEFAULT = { inet = "0.0.0.0/0", inet6 = "::/0" }

-- A route's destination and gateway, as the specification writes them.
local function route_text(text, op)
  local dst, via = text:match "^(%S+)(.-) dev "
  return (dst == "default" and DEFAULT[op.args.family] or dst) .. via
end

-- What a difference is called, by its namespace and key. The rest is told as it is.
local TEXTS = {
  ["host link"] = "host end '%s' is not on the node",
  ["host up"] = "host end '%s' is down",
  ["host master"] = "host end '%s' is not on its bridge",
  ["container netns"] = "interface '%s' is not in the container",
  ["container ifname"] = "interface '%s' is not in the container",
  ["container up"] = "interface '%s' is down",
}

local function text_of(d, op, a)
  local place = d.ns .. " " .. d.key
  local name = d.ns == "host" and a.host_ifname or a.ifname
  if TEXTS[place] then
    return fmt(TEXTS[place], name)
  elseif d.key == "mac" or d.key == "mtu" then
    return fmt("interface '%s' has %s %s, not %s", name, d.key:upper(), tostring(d.found), tostring(d.expected))
  elseif d.key == "address" or d.key == "gateway" then
    return fmt("address %s is not on '%s'", d.expected, name)
  elseif place == "host route" then
    return fmt("the node has no route to %s", d.expected:match "^[^/]+")
  elseif d.key == "route" then
    return fmt("route to %s is not in the container", route_text(d.expected, op))
  end
  return fmt("%s of '%s' is %s, not %s", d.key, name, tostring(d.found), tostring(d.expected))
end

-- Everything that is not as the record and the previous result say.
local function compare_attachment(a, host, ns, ops, wrong)
  local list, facts = require("zlnet.check").look(a, host, ns, CHAINED)
  if not list then
    return nil, failure.from(facts)
  end
  differences.of_ops(list, ops, a, facts, CHAINED)
  local said = {}
  for _, d in ipairs(list) do
    local text = text_of(d, list.ops[d], a)
    if not said[text] then
      said[text] = true
      wrong(text)
    end
  end
  facts:close()
  return true
end

local function compare(r, previous, wrong)
  local ns <close>, err = core.netns.open(request.netns(r))
  if not ns then
    return nil, failure.new("environment", "CNI_NETNS: " .. err, r.netns)
  end
  local host <close>, closed = core.open(nil)
  if not host then
    return nil, failure.from(closed)
  end
  local position, interface = find_interface(previous, r)
  if not position then
    wrong(fmt("prevResult has no interface '%s' in %s", r.ifname, r.netns))
    return true
  end
  local a, why = find_attachment(host, r)
  if a == false then
    wrong(why)
    return true
  elseif not a then
    return nil, why
  end
  a.mac, a.mtu = interface.mac and interface.mac:lower(), interface.mtu
  return compare_attachment(a, host, ns, operations(previous, position), wrong)
end

---Checks an attachment.
---@param r zlnet.cni.request
---@param log fun(text: string)
---@return string? text empty: CHECK has no result
---@return zlnet.cni.failure? failure every difference in its details
function check.run(r, log)
  if r.config.prevResult == nil then
    return nil, failure.new("config", "CHECK needs a prevResult")
  end
  local previous, unread = result.read(r.config.prevResult, "prevResult")
  if not previous then
    return nil, unread
  end
  local ok, failed = ipam.call(r, log)
  if not ok then
    return nil, failed
  end
  local list = {}
  ok, failed = compare(r, previous, function(text)
    list[#list + 1] = text
  end)
  if not ok then
    return nil, failed
  elseif list[1] then
    return nil, failure.new("other", list[1], list[2] and table.concat(list, "; ", 2))
  end
  return ""
end

return check
