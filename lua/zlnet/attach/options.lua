-- SPDX-License-Identifier: MIT
-- The options of attach: their rules, and what must hold between them.

local addr = require "zlnet.addr"
local argument = require "zlnet.argument"
local firewall = require "zlnet.firewall.options"
local fields = require "zlnet.record.fields"
local line = require "zlnet.record.line"
local modes = require "zlnet.attach.modes"
local options = require "zlnet.options"
local pool = require "zlnet.addresses.pool"

local fmt, type = string.format, type

local attach = {}

-- An object of zlnet.overlay that has been synced.
local function overlay(value)
  if type(value) ~= "table" or type(value.src) ~= "table" then
    return nil, "an overlay expected, got " .. type(value)
  elseif not value.mtu then
    return nil, "it has no MTU before its first sync"
  end
  return value
end

-- Which addresses a pool will give is not known yet: what must hold between options is looked at with one of them. On a
-- bridge the gateway of the pool is the container's.
local function stand_in_for_pool(o, mode)
  if o.pool and o.ip then
    return "pool", "not together with ip"
  elseif not o.pool then
    return not o.ip and "ip" or nil, "required (or pool)"
  end
  o.ip = {}
  for i, set in ipairs(o.pool) do
    if mode.is_subnet_on_link and mode.takes.gateway and o.default_route and set.gateway then
      o.gateway = o.gateway or {}
      o.gateway[set.family] = o.gateway[set.family] or set.gateway
    end
    pool.exclude(set, o.gateway and o.gateway[set.family])
    local address, range = pool.sequence(set, "")()
    if not address then
      return "pool", fmt("%s has no address to give", set.name)
    end
    o.ip[i] = pool.ip(set, address, range, mode.is_subnet_on_link)
  end
end

-- What an attachment has of its overlay, where the caller says nothing else.
local function complete_from_overlay(o, mode)
  if not o.overlay then
    return
  end
  o.mtu = o.mtu or o.overlay.mtu
  for _, ip in ipairs(mode.takes.src and not o.src and o.ip or {}) do
    local address = o.overlay.src[ip.family]
    if address then
      o.src = o.src or {}
      o.src[ip.family] = address
    end
  end
end

-- An address by family must go with an address of the container, and differ from it.
local function relate_to_ips(o, name, families)
  local given = o[name]
  for family, address in next, given or {} do
    if not families[family] then
      return name, fmt("'%s' has another family than every ip", address)
    end
    for _, ip in ipairs(o.ip) do
      if ip.address == address then
        return name, fmt("'%s' is the container's own address", address)
      end
    end
  end
end

-- What is about the pair and whose it is, and not about addresses.
local function relate_pair(o)
  local mode = modes[o.mode]
  if not o.pid and o.netns == nil then
    return "pid", "required (or netns)"
  elseif o.pid and o.netns ~= nil then
    return "netns", "not together with pid"
  elseif o.netns ~= nil and not o.id then
    return "id", "required with netns"
  elseif mode.needs and not o[mode.needs] then
    return mode.needs, fmt("required in mode '%s'", o.mode)
  elseif o.mac and o.mac == o.host_mac then
    return "host_mac", "must differ from mac"
  end
  for _, name in ipairs(attach.by_mode) do
    if o[name] and not mode.takes[name] then
      return name, fmt("has no use in mode '%s'", o.mode)
    end
  end
end

-- No host has the first or the last address of a subnet of IPv4, but in the smallest ones.
local function subnet_end(ip)
  if ip.family ~= "inet" or ip.prefix >= 31 then
    return nil
  end
  local network, last = addr.network(ip.address, ip.prefix), addr.broadcast(ip.address, ip.prefix)
  local what = ip.address == network and "network" or ip.address == last and "broadcast"
  return what and fmt("'%s' is the %s address of %s/%d", ip.address, what, network, ip.prefix)
end

local function relate_ips(o, mode, families)
  for _, ip in ipairs(o.ip) do
    ip.prefix = ip.prefix or mode.prefix[ip.family]
    families[ip.family] = true
    local useless = subnet_end(ip)
    if useless then
      return "ip", useless
    end
  end
  if families.inet6 and math.type(o.mtu) == "integer" and o.mtu < 1280 then
    return "mtu", fmt("IPv6 needs at least 1280, got %d", o.mtu)
  end
end

-- The first of the functions that finds something wrong.
local function first_of(list, ...)
  for _, f in ipairs(list) do
    local wrong, why = f(...)
    if wrong then
      return wrong, why
    end
  end
end

local CHECKS = {
  stand_in_for_pool,
  complete_from_overlay,
  relate_pair,
  relate_ips,
  function(o, _, families)
    return relate_to_ips(o, "src", families)
  end,
  function(o, _, families)
    return relate_to_ips(o, "gateway", families)
  end,
  function(o, mode, families)
    return mode.relate(o, families)
  end,
  firewall.relate,
  function(o)
    local text, long = line.format(fields.longest(o))
    return not text and (o.id and "id" or "ip"), long
  end,
}

local function relate_attach(o)
  return first_of(CHECKS, o, modes[o.mode], {})
end

---@class zlnet.attach.options
---@field pid integer? the container's process, 1–4194304; or netns
---@field netns string|table|file*|zlnet.netns? path, name under /run/netns, `{fd = n}`, open file or handle; needs id
---@field id string? the owner's id, without NUL
---@field ip (string|string[])? with or without a length: else /32 and /128 in `routed`, /24 and /64 in the other modes
---@field pool (string|table)? in place of ip: one free address of each subnet. `"10.200.1.0/24"`, a range `{ subnet =,
---rangeStart =, rangeEnd =, gateway =, exclude = }`, or a list of either, one per family; a list of ranges in that list
---is one pool. The first one tried derives from the owner, so a container that comes back has the address it had
---@field tag string? 1 or 2 characters of `[A-Za-z0-9]`; "s"
---@field ifname string? of the container end, 1–15 bytes; "eth0"
---@field mode ("routed"|"direct"|"bridge")? "routed"
---@field default_route boolean? true
---@field gateway (string|string[])? one of each family; in `routed` 169.254.1.1 and fe80::1; required in `bridge`
---@field src (string|string[])? preferred source of the host's routes, one of each family
---@field mtu (integer|"inherit")? of both ends, bytes, 68–65535, with IPv6 from 1280; the kernel's default
---@field mac string? of the container end, unicast; derived from the owner
---@field host_mac string? of the host end, unicast; derived from the owner
---@field queues (integer|"kernel")? of each end, 1–4096; 1
---@field forwarding boolean? switch forwarding on where it is off; true
---@field on_exists ("replace"|"keep"|"error")? what to do with our own link of that name; "replace"
---@field nodad boolean? IPv6 addresses are usable at once; true
---@field timeout number? seconds, positive
---@field bridge string? in mode `bridge`: its name
---@field hairpin boolean? in mode `bridge`: frames may go back through the port they came from; false
---@field isolated boolean? in mode `bridge`: no frames to or from other isolated ports; false
---@field vlan integer? in mode `bridge`: the port's VLAN, 1–4094, untagged, on a bridge that filters by VLAN
---@field proxy_arp boolean? in mode `direct`: the host end answers ARP for others; false
---@field masquerade (boolean|string|string[])? what leaves the container's networks has the node's address; networks
---beside those that its addresses' lengths, or the pool, say; false
---@field publish (string|string[])? ports of the node that lead to it: `8080:80`, `127.0.0.1:53:53/udp`,
---`[::1]:443:443`, `8000-8010:8000-8010/sctp`
---@field isolate string? of containers only those of the same name reach it, and it reaches only those
---@field guard boolean? nothing leaves the container under an address or a MAC that is not its own; false
---@field overlay zlnet.overlay.object? where `mtu` and `src` come from when they are not given

local NAMES = {}
for name in pairs(modes) do
  NAMES[#NAMES + 1] = name
end
table.sort(NAMES, function(a, b)
  return a > b -- the default first
end)

---The options of `zlnet.attach` and `zlnet.plan`. Checked, `ip` is a list of `zlnet.addr.ip` with prefix lengths by
---mode, `gateway` and `src` are tables by family which hold just what was given. Those that are `of_pair` are about the
---pair and not about addresses; those `by_mode` have a use in some modes only.
---@type zlnet.options.spec
attach.attach = options.spec({
  { "pid", argument.pid, of_pair = true },
  { "netns", argument.netns, of_pair = true },
  { "id", argument.text, of_pair = true },
  { "ip", argument.ips },
  { "pool", pool.rule },
  { "tag", argument.tag, "s", of_pair = true },
  { "ifname", argument.ifname, "eth0", of_pair = true },
  { "mode", argument.one_of(table.unpack(NAMES)), "routed", of_pair = true },
  { "default_route", argument.boolean, true },
  { "gateway", argument.by_family, by_mode = true },
  { "src", argument.by_family, by_mode = true },
  { "mtu", argument.either("inherit", argument.integer(68, 65535)), of_pair = true },
  { "mac", argument.mac, of_pair = true },
  { "host_mac", argument.mac, of_pair = true },
  { "queues", argument.either("kernel", argument.integer(1, 4096)), 1, of_pair = true },
  { "forwarding", argument.boolean, true },
  { "on_exists", argument.one_of("replace", "keep", "error"), "replace" },
  { "nodad", argument.boolean, true },
  { "timeout", argument.seconds, of_pair = true },
  { "bridge", argument.ifname, of_pair = true, by_mode = true },
  { "hairpin", argument.boolean, false, of_pair = true, by_mode = true },
  { "isolated", argument.boolean, false, of_pair = true, by_mode = true },
  { "vlan", argument.integer(1, 4094), of_pair = true, by_mode = true },
  { "proxy_arp", argument.boolean, false, by_mode = true },
  { "masquerade", firewall.masquerade, false },
  { "publish", firewall.publish },
  { "isolate", firewall.isolate },
  { "guard", argument.boolean, false },
  { "overlay", overlay },
}, relate_attach)

local of_pair = {}
attach.by_mode = {}
for _, row in ipairs(attach.attach) do
  of_pair[#of_pair + 1] = row.of_pair and row or nil
  attach.by_mode[#attach.by_mode + 1] = row.by_mode and row[1] or nil
end

---Those of them which attach.begin takes before the addresses are known.
---@type zlnet.options.spec
attach.pair = options.spec(of_pair, function(o)
  local wrong, why = relate_pair(o)
  if not wrong and o.id then
    local text, long = line.format(fields.longest(o))
    wrong, why = not text and "id", long
  end
  return wrong, why
end)

return attach
