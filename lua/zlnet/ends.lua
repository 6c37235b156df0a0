-- SPDX-License-Identifier: MIT
-- What the two ends of a pair get, as operations of a plan: links, addresses, routes. Pure: plan.lua puts the pieces
-- in order. Each function takes the validated options, the plan so far, and what appends an operation. Arguments which
-- are nil leave room for what apply.lua puts there: a table that grows costs several times as much.

local addr = require "zlnet.addr"
local options = require "zlnet.options"

local ends = {}

local function is_link_local(family, text)
  return family == "inet6" and addr.contains("fe80::", 10, text)
end

-- fe80::/64 with the MAC's modified EUI-64, as the kernel makes it.
local function link_local_of(mac)
  local a, b, c, d, e, f = mac:match "^(%x%x):(%x%x):(%x%x):(%x%x):(%x%x):(%x%x)$"
  local text = ("fe80::%02x%s:%sff:fe%s:%s%s"):format(tonumber(a, 16) ~ 2, b, c, d, e, f)
  return addr.parse(text).address
end

---One RTM_NEWLINK: the container end is born in the target under its final name, so nothing is ever moved.
---@return zlnet.plan.op
function ends.create(o, p)
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
            net_ns_fd = nil,
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

-- What the host end answers for in mode `routed`.
local function gateway_addresses(p, add)
  for _, family in ipairs(p.families) do
    local gateway = p.gateways[family]
    local v6 = family == "inet6"
    add("host", "newaddr", "add the gateway's address to the host end", {
      index = nil,
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
end

---Says on the host end whose it is.
function ends.record(p, add)
  add("host", "setlink", "write the owner's record", { index = nil, ifalias = p.alias }, "host", "index")
end

---The host end: its record, what it answers for, the way to the container.
function ends.host(o, p, add)
  ends.record(p, add)
  if o.mode == "bridge" then
    return
  end
  if o.proxy_arp then
    local conf = { inet = { conf = { proxy_arp = 1 } } }
    add("host", "setlink", "switch proxy ARP on", { af_spec = conf }, "host", "index")
    -- otherwise the kernel waits up to 0.8 s before it answers for others
    local key = "net/ipv4/neigh/" .. p.host_ifname .. "/proxy_delay"
    add("host", "sysctl", "answer ARP at once", { key = key, value = "0" })
  end
  if o.mode == "routed" then
    gateway_addresses(p, add)
  end
  for i = 1, #o.ip do
    local ip = o.ip[i]
    add("host", "newroute", "add the host's route to the container", {
      oif = nil,
      dst = ip.address .. "/" .. addr.host_prefix[ip.family],
      scope = ip.family == "inet" and "link" or nil,
      prefsrc = o.src and o.src[ip.family],
    }, "host", "oif")
  end
end

---A host end that carries no IPv6 speaks none. With an address and routes of its own it would cost the kernel as much
---again when it goes, and the more the more there are; and the node would hear a router advertisement out of the
---container. Before the end has a carrier, so that it never has an address. It goes with the link.
function ends.mute(o, p, add)
  if p.families.inet6 and o.mode ~= "bridge" then -- of a bridge's port only the bridge is spoken to
    return
  end
  add("host", "sysctl", "leave IPv6 off on the host end",
    { key = "net/ipv6/conf/" .. p.host_ifname .. "/disable_ipv6", value = "1" })
  p.ops[#p.ops].optional = true
end

---Brings the container end up, and with it the host end's carrier.
function ends.up(o, p, add)
  if o.nodad and p.families.inet6 then
    -- the kernel's own fe80 address would be tentative for a second or two
    add("container", "setlink", "leave the link-local address to us",
      { af_spec = { inet6 = { addr_gen_mode = "none" } } }, "container", "index")
  end
  add("container", "setlink", "bring the container end up",
    { index = nil, flags = { up = true } }, "container", "index")
  if p.families.inet6 then -- IPv4 transmits from a carrier that has not settled
    add("container", "getlink", "let the container end's carrier settle", {}, "container", "index") -- see ends.await
  end
end

---The container end's addresses. It is up: then the first one of IPv6 brings the route for multicast, without which no
---neighbour solicitation is heard; otherwise the link watch does, which older kernels (6.1) run up to a second later.
function ends.addresses(o, p, add)
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
      { index = nil, ["local"] = ip.address, prefixlen = ip.prefix, flags = flags }, "container", "index")
  end
  if o.nodad and p.families.inet6 then
    add("container", "newaddr", "add the container's link-local address",
      { ["local"] = link_local_of(p.mac), prefixlen = 64, flags = { nodad = true } }, "container", "index")
  end
end

-- Without a default route the container still reaches the subnets that its prefix lengths name, through the gateway;
-- another of its links may do so too, as with the routes that the kernel makes for addresses.
local function subnet_routes(o, p, add)
  local reached = {}
  for i = 1, #o.ip do
    local ip = o.ip[i]
    local subnet = addr.network(ip.address, ip.prefix) .. "/" .. ip.prefix
    if ip.prefix < addr.host_prefix[ip.family] and not reached[subnet] then
      reached[subnet] = true
      add("container", "newroute", "add the container's route to its subnet", {
        dst = subnet,
        gateway = p.gateways[ip.family],
        flags = { onlink = true },
      }, "container", "oif")
      p.ops[#p.ops].mode = "append"
    end
  end
end

---The container's routes, for when its end is up.
function ends.routes(o, p, add)
  if not o.default_route then
    if o.mode == "routed" then
      subnet_routes(o, p, add)
    end
    return
  end
  for _, family in ipairs(p.families) do
    local gateway = p.gateways[family]
    add("container", "newroute", "add the container's default route", {
      oif = nil,
      family = family,
      gateway = gateway,
      scope = not gateway and family == "inet" and "link" or nil,
      flags = o.mode == "routed" and { onlink = true } or nil,
    }, "container", "oif")
  end
end

local TRANSMITS, LOCAL = { operstate = "up" }, { type = "local" }

---Waits until both ends are usable.
---A carrier that comes is acted upon when the kernel's link watch runs, and until then the host end transmits nothing.
---Asking for a single link runs it at once (linkwatch_sync_dev), in older kernels (6.1) it is some milliseconds late.
---The kernel starts to use an IPv6 address, and joins its group, from a queue of its own: some milliseconds after it
---was added, more under load. A neighbour solicitation that comes before is lost, and repeated a second later.
function ends.await(o, p, add)
  local function await(ns, address)
    add(ns, "getroute", "wait until IPv6 addresses are usable", { dst = address .. "/128" }, ns, "oif",
      LOCAL)
  end
  add("host", "getlink", "wait until the host end transmits", { index = nil }, "host", "index", TRANSMITS)
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
    if not is_link_local("inet6", p.gateways.inet6) then
      await("host", options.routed_gateway.inet6)
    end
  end
end

---Others on a bridge may remember an earlier owner's MAC for an address, for half a minute and longer. Told to, the
---kernel announces the addresses of a link whenever its MAC is set.
function ends.announce(_, p, add)
  add("container", "setlink", "announce IPv4 addresses", { af_spec = { inet = { conf = { arp_notify = 1 } } } },
    "container", "index")
  if p.families.inet6 then
    add("container", "sysctl", "announce IPv6 addresses",
      { key = "net/ipv6/conf/" .. p.ifname .. "/ndisc_notify", value = "1" })
  end
  add("container", "setlink", "announce the addresses", { address = p.mac }, "container", "index")
end

return ends
