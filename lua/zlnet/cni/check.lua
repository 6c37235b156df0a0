-- SPDX-License-Identifier: MIT
-- CHECK: the previous result held against the kernel, in the container and on the node.

local addr = require "zlnet.addr"
local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local identity = require "zlnet.cni.identity"
local ipam = require "zlnet.cni.ipam"
local owner = require "zlnet.record.names"
local result = require "zlnet.cni.result"

local fmt = string.format

local check = {}

-- Our interface in the previous result: its position from 0, and the entry.
local function find_interface(previous, r)
  for i, entry in ipairs(previous.interfaces) do
    if entry.name == r.ifname and entry.sandbox == r.netns then
      return i - 1, entry
    end
  end
end

local function link_of(handle, ifname)
  local link, err = handle:getlink { ifname = ifname }
  if not link and err.kind ~= "not_found" then
    return nil, failure.from(err)
  end
  return link or false
end

-- Text of all rows of a dump's key, as a set.
local function set_of(rows, text)
  local set = {}
  for _, row in ipairs(rows) do
    set[text(row)] = true
  end
  return set
end

local function check_addresses(handle, link, expected, wrong)
  local rows, err = handle:getaddrs { index = link.index }
  if not rows then
    return nil, failure.from(err)
  end
  local there = set_of(rows, function(row)
    return row.index == link.index and fmt("%s/%d", row["local"] or row.address, row.prefixlen) or ""
  end)
  for _, entry in ipairs(expected) do
    local text = entry.ip.address .. "/" .. entry.ip.prefix
    if not there[text] then
      wrong(fmt("address %s is not on '%s'", text, link.ifname))
    end
  end
  return true
end

-- A route counts as there in whatever table and through whatever link: a later plugin of the chain may have moved it.
local function check_routes(handle, expected, wrong)
  local rows, err = handle:getroutes()
  if not rows then
    return nil, failure.from(err)
  end
  local there = {}
  for _, row in ipairs(rows) do
    local dst = (row.dst or row.family == "inet6" and "::" or "0.0.0.0") .. "/" .. row.dst_len
    there[dst], there[dst .. " via " .. tostring(row.gateway)] = true, true
  end
  for _, route in ipairs(expected) do
    local dst = addr.network(route.dst.address, route.dst.prefix) .. "/" .. route.dst.prefix
    if not there[dst .. (route.gw and " via " .. route.gw or "")] then
      wrong(fmt("route to %s%s is not in the container", dst, route.gw and " via " .. route.gw or ""))
    end
  end
  return true
end

-- The container's side. Returns the link, false when it is missing.
local function check_container(handle, r, previous, wrong)
  local position, interface = find_interface(previous, r)
  if not interface then
    wrong(fmt("prevResult has no interface '%s' in %s", r.ifname, r.netns))
    return false
  end
  local link, failed = link_of(handle, r.ifname)
  if not link then
    wrong(fmt("interface '%s' is not in the container", r.ifname))
    return link, failed
  end
  if not link.linkinfo or link.linkinfo.kind ~= "veth" then
    wrong(fmt("interface '%s' is no veth", r.ifname))
  end
  if interface.mac and interface.mac:lower() ~= link.address then
    wrong(fmt("interface '%s' has MAC %s, not %s", r.ifname, link.address, interface.mac))
  end
  if interface.mtu and interface.mtu ~= link.mtu then
    wrong(fmt("interface '%s' has MTU %d, not %d", r.ifname, link.mtu, interface.mtu))
  end
  if not link.flags.up then
    wrong(fmt("interface '%s' is down", r.ifname))
  end
  local own = {}
  for _, entry in ipairs(previous.ips) do
    if entry.interface == position then
      own[#own + 1] = entry
    end
  end
  local ok, bad = check_addresses(handle, link, own, wrong)
  if ok then
    ok, bad = check_routes(handle, previous.routes, wrong)
  end
  return ok and link, bad, own
end

-- The node's side: the host end of this very pair, up, on its bridge or with a route to each address.
local function check_node(r, inside, own, wrong)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, failure.from(err)
  end
  local id, tag = identity.of(r.config.name, r.container, r.ifname)
  local name = owner.host_name({ id = id }, tag)
  local link, failed = link_of(host, name)
  if not link then
    wrong(fmt("host end '%s' is not on the node", name))
    return link ~= nil, failed
  end
  if inside and link.link ~= inside.index then
    wrong(fmt("host end '%s' is another pair's", name))
  end
  if not link.flags.up then
    wrong(fmt("host end '%s' is down", name))
  end
  if r.config.mode == "bridge" then
    local bridge, unread = link_of(host, r.config.bridge or "cni0")
    if bridge == nil then
      return nil, unread
    elseif not bridge or link.master ~= bridge.index then
      wrong(fmt("host end '%s' is not on its bridge", name))
    end
    return true
  end
  local rows, lost = host:getroutes { oif = link.index }
  if not rows then
    return nil, failure.from(lost)
  end
  local there = set_of(rows, function(row)
    return row.oif == link.index and row.dst and row.dst .. "/" .. row.dst_len or ""
  end)
  for _, entry in ipairs(own) do
    if not there[entry.ip.address .. "/" .. addr.host_prefix[entry.ip.family]] then
      wrong(fmt("the node has no route to %s", entry.ip.address))
    end
  end
  return true
end

local function compare(r, previous, wrong)
  local container <close>, err = core.open(require("zlnet.cni.request").netns(r))
  if not container then
    return nil, failure.new("environment", "CNI_NETNS: " .. err, r.netns)
  end
  local inside, failed, own = check_container(container, r, previous, wrong)
  if failed then
    return nil, failed
  end
  local ok, bad = check_node(r, inside, own or {}, wrong)
  if ok and r.config.ipMasq then
    local id = identity.of(r.config.name, r.container, r.ifname)
    local n, unread = require("zlnet.cni.masquerade").count(id)
    if n and n < #(own or {}) then
      wrong "masquerading is not set up"
    end
    ok, bad = n, unread
  end
  return ok, bad
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
  local differences = {}
  ok, failed = compare(r, previous, function(text)
    differences[#differences + 1] = text
  end)
  if not ok then
    return nil, failed
  elseif differences[1] then
    return nil, failure.new("other", differences[1], differences[2] and table.concat(differences, "; ", 2))
  end
  return ""
end

return check
