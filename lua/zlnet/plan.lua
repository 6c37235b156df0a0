-- SPDX-License-Identifier: MIT
-- What an attach does, decided as data. Nothing here touches the kernel: `build` turns validated options and what was
-- found out about the target into a list of operations; apply.lua carries out exactly that list.

local addr = require "zlnet.addr"
local alias = require "zlnet.alias"
local options = require "zlnet.options"
local owner = require "zlnet.owner"

local plan = {}

---@class zlnet.plan.op
---@field ns "host"|"container" the namespace it acts in
---@field op string a handle's method, or `"sysctl"`
---@field args table what the method takes; `key`/`value` for a sysctl
---@field mode "append"? what the method takes beside args
---@field step string what the operation is for; errors carry it
---@field link ("host"|"container")? the end whose index belongs into args
---@field ref string? under which key it belongs there
---@field await table? what the answer must say; until then it is asked again
---@field again boolean? when its answer was lost, do it again: it cannot be undone, and twice is as good as once

---@class zlnet.plan
---@field host_ifname string
---@field host_mac string
---@field ifname string
---@field mac string
---@field alias string the owner's record
---@field ops zlnet.plan.op[] in the order in which they are carried out

local FAMILIES = { "inet", "inet6" }

-- The families among addresses, IPv4 first.
local function families_of(ips)
  local seen, list = {}, {}
  for i = 1, #ips do
    seen[ips[i].family] = true
  end
  for i = 1, #FAMILIES do
    if seen[FAMILIES[i]] then
      list[#list + 1] = FAMILIES[i]
      list[FAMILIES[i]] = true
    end
  end
  return list
end

---The gateway of each family that the container's default route goes through; empty in mode `direct`.
---@param o table validated options of attach
---@return table<"inet"|"inet6", string>
function plan.gateways(o)
  local given, gateways = o.gateway or {}, {}
  for _, family in ipairs(families_of(o.ip)) do
    if o.mode == "routed" then
      gateways[family] = given[family] or options.routed_gateway[family]
    elseif o.mode == "bridge" then
      gateways[family] = given[family]
    end
  end
  return gateways
end

local function is_link_local(family, text)
  return family == "inet6" and addr.contains("fe80::", 10, text)
end

-- fe80::/64 with the MAC's modified EUI-64, as the kernel makes it.
local function link_local_of(mac)
  local a, b, c, d, e, f = mac:match "^(%x%x):(%x%x):(%x%x):(%x%x):(%x%x):(%x%x)$"
  local text = ("fe80::%02x%s:%sff:fe%s:%s%s"):format(tonumber(a, 16) ~ 2, b, c, d, e, f)
  return addr.parse(text).address
end

-- One RTM_NEWLINK: the container end is born in the target under its final name, so nothing is ever moved.
local function create_pair(o, p)
  local queues = o.queues ~= "kernel" and o.queues or nil
  return {
    ns = "host",
    op = "newlink",
    step = "create the veth pair",
    args = {
      ifname = p.host_ifname,
      flags = { up = true },
      mtu = o.mtu,
      address = p.host_mac,
      num_tx_queues = queues,
      num_rx_queues = queues,
      master = o.bridge,
      linkinfo = {
        kind = "veth",
        data = {
          peer = {
            ifname = p.ifname,
            mtu = o.mtu,
            address = p.mac,
            num_tx_queues = queues,
            num_rx_queues = queues,
          },
        },
      },
    },
  }
end

local function host_ops(o, p, add)
  add("host", "setlink", "write the owner's record", { ifalias = p.alias }, "host", "index")
  if o.proxy_arp then
    local conf = { inet = { conf = { proxy_arp = 1 } } }
    add("host", "setlink", "switch proxy ARP on", { af_spec = conf }, "host", "index")
    -- otherwise the kernel waits up to 0.8 s before it answers for others
    local key = "net/ipv4/neigh/" .. p.host_ifname .. "/proxy_delay"
    add("host", "sysctl", "answer ARP at once", { key = key, value = "0" })
  end
  if o.mode == "bridge" then
    return
  end
  for _, family in ipairs(o.mode == "routed" and p.families or {}) do
    local gateway = p.gateways[family]
    local v6 = family == "inet6"
    add("host", "newaddr", "add the gateway's address to the host end", {
      ["local"] = gateway,
      prefixlen = is_link_local(family, gateway) and 64 or addr.host_prefix[family],
      scope = not v6 and "link" or nil, -- never a source address towards elsewhere
      flags = v6 and { nodad = true } or nil,
    }, "host", "index")
    if v6 and not is_link_local(family, gateway) then
      -- the kernel's own fe80 address is tentative for a second or two; until then it would forward nothing
      add("host", "newaddr", "add a link-local address to the host end",
        { ["local"] = options.routed_gateway.inet6, prefixlen = 64, flags = { nodad = true } }, "host", "index")
    end
  end
  for i = 1, #o.ip do
    local ip = o.ip[i]
    add("host", "newroute", "add the host's route to the container", {
      dst = ip.address .. "/" .. addr.host_prefix[ip.family],
      scope = ip.family == "inet" and "link" or nil,
      prefsrc = o.src and o.src[ip.family],
    }, "host", "oif")
  end
end

local function container_addresses(o, p, add)
  for i = 1, #o.ip do
    local ip = o.ip[i]
    local flags
    if ip.family == "inet6" and o.nodad then
      flags = { nodad = true }
    end
    -- in routed mode nobody on the link answers for the subnet: it is reached through the gateway
    if o.mode == "routed" and ip.prefix < addr.host_prefix[ip.family] then
      flags = flags or {}
      flags.noprefixroute = true
    end
    add("container", "newaddr", "add the container's address",
      { ["local"] = ip.address, prefixlen = ip.prefix, flags = flags }, "container", "index")
  end
  if o.nodad and p.families.inet6 then
    -- the kernel's own fe80 address would be tentative for a second or two: make it ourselves, usable at once
    add("container", "setlink", "leave the link-local address to us",
      { af_spec = { inet6 = { addr_gen_mode = "none" } } }, "container", "index")
    add("container", "newaddr", "add the container's link-local address",
      { ["local"] = link_local_of(p.mac), prefixlen = 64, flags = { nodad = true } }, "container", "index")
  end
end

local function container_routes(o, p, add)
  local reached = {}
  for i = 1, #o.ip do
    local ip = o.ip[i]
    local subnet = addr.network(ip.address, ip.prefix) .. "/" .. ip.prefix
    -- without a default route the container still reaches the subnet that its prefix length names; another of its links
    -- may do so too, as with the routes that the kernel makes for addresses
    local narrow = ip.prefix < addr.host_prefix[ip.family] and not reached[subnet]
    if o.mode == "routed" and not o.default_route and narrow then
      reached[subnet] = true
      add("container", "newroute", "add the container's route to its subnet", {
        dst = subnet,
        gateway = p.gateways[ip.family],
        flags = { onlink = true },
      }, "container", "oif")
      p.ops[#p.ops].mode = "append"
    end
  end
  if not o.default_route then
    return
  end
  for _, family in ipairs(p.families) do
    local gateway = p.gateways[family]
    if gateway then
      add("container", "newroute", "add the container's default route", {
        family = family,
        gateway = gateway,
        flags = o.mode == "routed" and { onlink = true } or nil,
      }, "container", "oif")
    elseif o.mode == "direct" then
      add("container", "newroute", "add the container's default route",
        { family = family, scope = family == "inet" and "link" or nil }, "container", "oif")
    end
  end
end

-- The kernel starts to use an IPv6 address, and joins its group, from a queue of its own: some milliseconds after it
-- was added, more under load. A neighbour solicitation that comes before is lost, and repeated a second later.
local function await_addresses(o, p, add)
  local function await(ns, address)
    add(ns, "getroute", "wait until IPv6 addresses are usable", { dst = address .. "/128" }, ns, "oif",
      { type = "local" })
  end
  if not (o.nodad and p.families.inet6) then
    return
  end
  for i = 1, #o.ip do
    if o.ip[i].family == "inet6" then
      await("container", o.ip[i].address)
    end
  end
  await("container", link_local_of(p.mac))
  if o.mode == "routed" then
    await("host", p.gateways.inet6)
  end
end

---Decides what attaching takes.
---@param o table validated options (options.attach)
---@param who table the owner: pid, start, boot, pidns, netns, id, time
---@param state { forwarding: table<"inet"|"inet6", string> }? what the node's forwarding is, where it matters
---@return zlnet.plan? plan
---@return string? reason why there is none (the owner's record is too long)
function plan.build(o, who, state)
  local key = owner.key(who)
  local p = {
    host_ifname = owner.host_name(who, o.tag),
    ifname = o.ifname,
    host_mac = o.host_mac or owner.mac(key, o.tag, "host"),
    mac = o.mac or owner.mac(key, o.tag, "container"),
    gateways = plan.gateways(o),
    families = families_of(o.ip),
    ops = {},
  }
  local reason
  p.alias, reason = alias.format {
    pid = who.pid, start = who.start, boot = who.boot, pidns = who.pidns, netns = who.netns, id = who.id,
    time = who.time, tag = o.tag, ifname = o.ifname, ip = o.ip, mode = o.mode, default_route = o.default_route,
    gateway = o.gateway, src = o.src, mtu = o.mtu, bridge = o.bridge, proxy_arp = o.proxy_arp,
  }
  if not p.alias then
    return nil, reason
  end
  local ops = p.ops
  local function add(ns, op, step, args, link, ref, await)
    ops[#ops + 1] = { ns = ns, op = op, step = step, args = args, link = link, ref = ref, await = await }
  end
  ops[1] = create_pair(o, p)
  container_addresses(o, p, add)
  add("container", "setlink", "bring the container end up", { flags = { up = true } }, "container", "index")
  -- A carrier that comes is acted upon when the kernel's link watch runs, up to a second later: until then the host end
  -- transmits nothing and IPv6 is not set up. Asking for a single link runs it at once (linkwatch_sync_dev).
  add("container", "getlink", "let the container end's carrier settle", {}, "container", "index")
  container_routes(o, p, add)
  host_ops(o, p, add)
  add("host", "getlink", "let the host end's carrier settle", {}, "host", "index")
  for _, family in ipairs(p.families) do
    local value = state and state.forwarding[family]
    if value == "0" then
      local sysctl = family == "inet" and "net/ipv4/ip_forward" or "net/ipv6/conf/all/forwarding"
      add("host", "sysctl", "switch forwarding on", { key = sysctl, value = "1", old = value })
    end
  end
  await_addresses(o, p, add)
  -- last, because bringing it down again could not be told from leaving it as it was; 1 is its index everywhere
  add("container", "setlink", "bring the loopback up", { index = 1, flags = { up = true } })
  ops[#ops].again = true
  return p
end

return plan
