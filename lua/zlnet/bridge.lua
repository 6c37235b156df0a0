-- SPDX-License-Identifier: MIT
-- bridge: makes a bridge for attachments, or confirms that the one of that name will do.

local argument = require "zlnet.argument"
local core = require "zlnet.core"
local names = require "zlnet.record.names"
local options = require "zlnet.options"
local undo = require "zlnet.undo"

local bridge = {}

local DEFAULT_PREFIX = { inet = 24, inet6 = 64 }
local MARK = 0x7a6c -- the first bytes of our MACs, as in owner.lua

---@class zlnet.bridge.options
---@field name string 1–15 bytes
---@field ip (string|string[])? the node's addresses on it; without a length /24 and /64
---@field stp boolean? the spanning tree protocol; false
---@field mac string? unicast; a random one, which then stays whatever ports come and go
---@field mtu integer? bytes, 68–65535; the kernel's default
---@field vlan_filtering boolean? whether it filters by VLAN; a new one does not, one that is there is as it is

---The options of zlnet.bridge.
---@type zlnet.options.spec
bridge.options = options.spec({
  { "name", argument.ifname, required = true },
  { "ip", argument.ips },
  { "stp", argument.boolean, false },
  { "mac", argument.mac },
  { "mtu", argument.integer(68, 65535) },
  { "vlan_filtering", argument.boolean },
}, function(o)
  for _, ip in ipairs(o.ip or {}) do
    ip.prefix = ip.prefix or DEFAULT_PREFIX[ip.family]
  end
end)

local function random_mac()
  local bits = MARK << 32 | core.random()
  local bytes = {}
  for i = 1, 6 do
    bytes[i] = ("%02x"):format(bits >> 48 - 8 * i & 255)
  end
  return table.concat(bytes, ":")
end

local function step(err, text)
  err.step = text
  return nil, err
end

local function delete(host, index)
  local ok, err = require("zlnet.cleanup.delete_links").one(host, index)
  return ok or err.code == "ENODEV" or nil, err
end

local function delete_address(host, args)
  local ok, err = host:deladdr { index = args.index, ["local"] = args["local"], prefixlen = args.prefixlen }
  return ok or err.code == "EADDRNOTAVAIL" or nil, err
end

-- A bridge of that name and MAC is ours, also when the answer to our request was lost.
local function delete_unanswered(host, args, made)
  if made.refused then
    return true
  elseif made.index then
    return delete(host, made.index)
  end
  local link, err = host:getlink { ifname = args.ifname }
  if not link then
    return err.kind == "not_found" or nil, err
  end
  if link.address ~= args.address then
    return true
  end
  return delete(host, link.index)
end

-- Why a setting cannot be made that is a gain and no need: the kernel has none, or /proc/sys is read-only or another's.
local DISPENSABLE = { ENOENT = true, EROFS = true, EACCES = true, EPERM = true }

local function has_inet(ips)
  for _, ip in ipairs(ips or {}) do
    if ip.family == "inet" then
      return true
    end
  end
  return false
end

-- A router advertisement out of a container is not the node's business. With an IPv4 address the bridge is a gateway: a
-- new link gets conf.default.forwarding, which may be 0 where the node forwards.
local function settle(o, host, link)
  local ok, err = core.sysctl_write("net/ipv6/conf/" .. o.name .. "/accept_ra", "0")
  if not ok and not DISPENSABLE[err.code] then
    return nil, err
  end
  if not has_inet(o.ip) then
    return true
  end
  return host:setlink { index = link.index, af_spec = { inet = { conf = { forwarding = 1 } } } }
end

-- A MAC of its own keeps it from taking that of a port, and changing it when the port goes.
-- How to undo it is pushed first: memory may run out between the kernel's answer and us.
local function make(o, host, stack)
  local args, made = {
    ifname = o.name, flags = { up = true }, address = o.mac or random_mac(),
    linkinfo = { kind = "bridge", data = { stp_state = o.stp and 1 or 0, vlan_filtering = o.vlan_filtering } },
  }, { refused = false, index = nil }
  stack:push("delete the bridge", delete_unanswered, host, args, made)
  local link, err = host:newlink(args)
  made.refused = not link and err.kind ~= "io"
  if not link then
    return step(err, "create the bridge")
  end
  made.index = link.index
  local settled, unset = settle(o, host, link)
  if not settled then
    return step(unset, "let the bridge forward")
  end
  -- of its own too, or it takes the smallest of its ports'; but only when it is changed, not when it is created
  if o.mtu and o.mtu ~= link.mtu then
    local ok
    ok, err = host:setlink { index = link.index, mtu = o.mtu }
    if not ok then
      return step(err, "set the bridge's MTU")
    end
    link.mtu = o.mtu
  end
  return link
end

-- What contradicts the options; it is said and left as it is.
local function differences(o, link)
  local list = {}
  local function compare(key, expected, found)
    if expected ~= nil and expected ~= found then
      list[#list + 1] = ("%s is %s, not %s"):format(key, found, expected)
    end
  end
  compare("kind", "bridge", link.linkinfo and link.linkinfo.kind or "none")
  if not list[1] then
    compare("stp", o.stp, link.linkinfo.data.stp_state ~= 0)
    compare("mac", o.mac, link.address)
    compare("mtu", o.mtu, link.mtu)
    compare("vlan_filtering", o.vlan_filtering, link.linkinfo.data.vlan_filtering or false)
  end
  return list
end

local function confirm(o, host, stack, link)
  local list = differences(o, link)
  if list[1] then
    local err = core.error { kind = "netlink", code = "EEXIST", op = "newlink",
      message = ("'%s' exists already, and %s"):format(o.name, table.concat(list, ", ")) }
    err.link = o.name
    return step(err, "confirm the bridge")
  end
  if not link.flags.up then
    local ok, err = host:setlink { index = link.index, flags = { up = true } }
    if not ok then
      return step(err, "bring the bridge up")
    end
    stack:push("bring the bridge down", host.setlink, host, { index = link.index, flags = { up = false } })
  end
  if names.is_our_mac(link.address) then -- its maker may have ended before it had come to that
    local ok, err = settle(o, host, link)
    if not ok then
      return step(err, "let the bridge forward")
    end
  end
  return link
end

local function add_addresses(o, host, stack, link)
  local rows, err = host:getaddrs { index = link.index }
  if not rows then
    return step(err, "list the bridge's addresses")
  end
  local there = {}
  for _, row in ipairs(rows) do
    there[("%s/%d"):format(row["local"] or row.address, row.prefixlen)] = row.index == link.index
  end
  for _, ip in ipairs(o.ip or {}) do
    if not there[ip.address .. "/" .. ip.prefix] then
      local args = { index = link.index, ["local"] = ip.address, prefixlen = ip.prefix,
        flags = ip.family == "inet6" and { nodad = true } or nil }
      local ok
      ok, err = host:newaddr(args)
      if not ok then
        return step(err, "add the bridge's address")
      end
      stack:push("delete the bridge's address", delete_address, host, args)
    end
  end
  return true
end

---Makes a bridge, up, or confirms one: what it lacks (an address, being up) is added, what contradicts is an error. An
---existing bridge is never deleted.
---
---A new bridge takes no router advertisement (accept_ra 0), and with an IPv4 address it forwards where the node does.
---
---Equal to `ip link add NAME address MAC up type bridge stp_state 0` and `ip addr add IP dev NAME`, each where it is
---missing. Source: ip-link(8), Documentation/networking/bridge.rst.
---@param opts zlnet.bridge.options
---@return { name: string, index: integer, mac: string, mtu: integer, created: boolean }? bridge
---@return zlnet.error? err `netlink`: EEXIST (a link of that name which is no bridge, or another kind of one), EPERM, …
function bridge.bridge(opts)
  local o = options.check("bridge", bridge.options, opts)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  local stack <close> = undo.new()
  local link, missing = host:getlink { ifname = o.name }
  local created = not link
  if link then
    link, err = confirm(o, host, stack, link)
  elseif missing.kind == "not_found" then
    link, err = make(o, host, stack)
  else
    return nil, missing
  end
  local ok = link
  if ok then
    ok, err = add_addresses(o, host, stack, link)
  end
  local now = ok and { name = o.name, index = link.index, mac = link.address, mtu = link.mtu, created = created }
  if not now then
    return stack:fail(err)
  end
  stack:commit()
  return now
end

return bridge
