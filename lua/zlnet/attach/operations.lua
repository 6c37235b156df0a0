-- SPDX-License-Identifier: MIT
-- What the two ends of a pair get, as operations of a plan: links, addresses, routes. Pure: plan.lua puts the pieces
-- in order. Each function takes the validated options, the plan so far, and what appends an operation. Arguments which
-- are nil leave room for what apply.lua puts there: a table that grows costs several times as much. An operation that
-- is the same for every container is made once: nobody changes it but apply.lua, which puts each container's own into
-- it right before it is sent.

local addr = require "zlnet.addr"
local options = require "zlnet.options"

local ends = {}

local UP, NODAD, ONLINK = { up = true }, { nodad = true }, { onlink = true }

local function is_link_local(family, text)
  return family == "inet6" and addr.contains("fe80::", 10, text)
end

-- A link-local gateway is never a source address towards elsewhere. A global one is that of what the node masquerades
-- into the container: ports published on 127.0.0.1.
local function gateway_scope(family, gateway)
  return family == "inet" and addr.contains("169.254.0.0", 16, gateway) and "link" or nil
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
      flags = UP,
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

-- The address that the host end answers for in mode `routed`.
local function gateway_address(family, gateway)
  local v6 = family == "inet6"
  return {
    ns = "host", op = "newaddr", step = "add the gateway's address to the host end", link = "host", ref = "index",
    args = {
      index = nil,
      ["local"] = gateway,
      prefixlen = is_link_local(family, gateway) and 64 or addr.host_prefix[family],
      scope = gateway_scope(family, gateway),
      flags = v6 and NODAD or nil,
    },
  }
end

local USUAL_GATEWAY = {
  inet = gateway_address("inet", options.routed_gateway.inet),
  inet6 = gateway_address("inet6", options.routed_gateway.inet6),
}

local LINK_LOCAL = {
  ns = "host", op = "newaddr", step = "add a link-local address to the host end", link = "host", ref = "index",
  args = { index = nil, ["local"] = options.routed_gateway.inet6, prefixlen = 64, flags = NODAD },
}

local function gateway_addresses(p, add)
  for i = 1, #p.families do
    local family = p.families[i]
    local gateway = p.gateways[family]
    add(gateway == options.routed_gateway[family] and USUAL_GATEWAY[family] or gateway_address(family, gateway))
    if family == "inet6" and not is_link_local(family, gateway) then
      add(LINK_LOCAL) -- the kernel's own is tentative for a second or two; until then it would forward nothing
    end
  end
end

---Says on the host end whose it is.
function ends.record(p, add)
  add {
    ns = "host", op = "setlink", step = "write the owner's record", link = "host", ref = "index",
    args = { index = nil, ifalias = p.alias },
  }
end

local ANSWER_ARP = {
  ns = "host", op = "setlink", step = "switch proxy ARP on", link = "host", ref = "index",
  args = { index = nil, af_spec = { inet = { conf = { proxy_arp = 1 } } } },
}

-- A new link gets conf.default.forwarding, which may be 0 where the node forwards.
local FORWARD = {
  ns = "host", op = "setlink", step = "let the host end forward", link = "host", ref = "index",
  args = { index = nil, af_spec = { inet = { conf = { forwarding = 1 } } } },
}

-- The kernel gives a name to one link only, so this refuses an address that another port of the bridge has.
local function claim_addresses(o, add)
  local names = {}
  for i = 1, #o.ip do
    names[i] = ends.claim(o.ip[i].address, o.bridge)
  end
  add {
    ns = "host", op = "newlinkprop", step = "claim the addresses on the bridge", link = "host", ref = "index",
    args = { index = nil, prop_list = { alt_ifname = names } },
  }
end

---The alternative name of the host end that has an address on a bridge.
---@param address string
---@param bridge string
---@return string name at most 55 bytes
function ends.claim(address, bridge)
  return address .. "@" .. bridge
end

---The host end: its record, what it answers for, the way to the container.
function ends.host(o, p, add)
  ends.record(p, add)
  if o.mode == "bridge" then
    claim_addresses(o, add)
    return
  end
  if o.forwarding and p.families.inet then
    add(FORWARD)
  end
  if o.proxy_arp then
    add(ANSWER_ARP)
    -- otherwise the kernel waits up to 0.8 s before it answers for others
    add {
      ns = "host", op = "sysctl", step = "answer ARP at once", optional = true,
      args = { key = "net/ipv4/neigh/" .. p.host_ifname .. "/proxy_delay", value = "0" },
    }
  end
  if o.mode == "routed" then
    gateway_addresses(p, add)
  end
  for i = 1, #o.ip do
    local ip = o.ip[i]
    add {
      ns = "host", op = "newroute", step = "add the host's route to the container", link = "host", ref = "oif",
      args = {
        oif = nil,
        dst = ip.address .. "/" .. addr.host_prefix[ip.family],
        scope = ip.family == "inet" and "link" or nil,
        prefsrc = o.src and o.src[ip.family],
      },
    }
  end
end

local function ipv6_setting(ns, step, ifname, key, value)
  return {
    ns = ns, op = "sysctl", step = step, optional = true,
    args = { key = "net/ipv6/conf/" .. ifname .. "/" .. key, value = value },
  }
end

---Each end speaks IPv6 only where it carries some. A host end's own address and routes would double the kernel's work
---when it goes. A container end without IPv6 would take an address and a default route from any router advertisement.
---A host end that speaks IPv6 takes no router advertisement: they come out of the container.
---Before the ends have a carrier, so that they never have an address. The settings go with the link.
function ends.mute(o, p, add)
  if p.families.inet6 and o.mode ~= "bridge" then -- a bridge's port speaks for itself no more
    add(ipv6_setting("host", "take no router advertisement from the container", p.host_ifname, "accept_ra", "0"))
  else
    add(ipv6_setting("host", "leave IPv6 off on the host end", p.host_ifname, "disable_ipv6", "1"))
  end
  if not p.families.inet6 then
    add(ipv6_setting("container", "leave IPv6 off on the container end", p.ifname, "disable_ipv6", "1"))
  end
end

ends.unmute_step = "switch IPv6 on for the container end"

---Switches IPv6 on for the container end. Container runtimes switch it off for all new links.
function ends.unmute(p, add)
  add {
    ns = "container", op = "sysctl", step = ends.unmute_step,
    args = { key = "net/ipv6/conf/" .. p.ifname .. "/disable_ipv6", value = "0" },
  }
end

local NO_LINK_LOCAL = {
  ns = "container", op = "setlink", step = "leave the link-local address to us", link = "container", ref = "index",
  args = { index = nil, af_spec = { inet6 = { addr_gen_mode = "none" } } },
}
local BRING_UP = {
  ns = "container", op = "setlink", step = "bring the container end up", link = "container", ref = "index",
  args = { index = nil, flags = UP },
}
local SETTLE = {
  ns = "container", op = "getlink", step = "let the container end's carrier settle", link = "container", ref = "index",
  args = { index = nil },
}

---Brings the container end up, and with it the host end's carrier.
function ends.up(o, p, add)
  if o.nodad and p.families.inet6 then
    add(NO_LINK_LOCAL) -- the kernel's own fe80 address would be tentative for a second or two
  end
  add(BRING_UP)
  if p.families.inet6 then -- IPv4 transmits from a carrier that has not settled
    add(SETTLE) -- see ends.await
  end
end

local function container_address(step, address, prefix, flags)
  return {
    ns = "container", op = "newaddr", step = step, link = "container", ref = "index",
    args = { index = nil, ["local"] = address, prefixlen = prefix, flags = flags },
  }
end

---The container end's addresses. It is up: then the first one of IPv6 brings the route for multicast, without which no
---neighbour solicitation is heard; otherwise the link watch does, which older kernels (6.1) run up to a second later.
function ends.addresses(o, p, add)
  for i = 1, #o.ip do
    local ip = o.ip[i]
    local flags = ip.family == "inet6" and o.nodad and NODAD or nil
    -- in routed mode nobody on the link answers for the subnet: it is reached through the gateway
    if o.mode == "routed" and ip.prefix < addr.host_prefix[ip.family] then
      flags = { noprefixroute = true, nodad = flags and true }
    end
    add(container_address("add the container's address", ip.address, ip.prefix, flags))
  end
  if o.nodad and p.families.inet6 then
    add(container_address("add the container's link-local address", link_local_of(p.mac), 64, NODAD))
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
      add {
        ns = "container", op = "newroute", mode = "append", step = "add the container's route to its subnet",
        link = "container", ref = "oif",
        args = { oif = nil, dst = subnet, gateway = p.gateways[ip.family], flags = ONLINK },
      }
    end
  end
end

local function default_route(family, gateway, flags)
  return {
    ns = "container", op = "newroute", step = "add the container's default route", link = "container", ref = "oif",
    args = {
      oif = nil,
      family = family,
      gateway = gateway,
      scope = not gateway and family == "inet" and "link" or nil,
      flags = flags,
    },
  }
end

local USUAL_ROUTE = {
  inet = default_route("inet", options.routed_gateway.inet, ONLINK),
  inet6 = default_route("inet6", options.routed_gateway.inet6, ONLINK),
}

---The container's routes, for when its end is up.
function ends.routes(o, p, add)
  local routed = o.mode == "routed"
  if not o.default_route then
    if routed then
      subnet_routes(o, p, add)
    end
    return
  end
  for i = 1, #p.families do
    local family = p.families[i]
    local gateway = p.gateways[family]
    local usual = routed and gateway == options.routed_gateway[family]
    add(usual and USUAL_ROUTE[family] or default_route(family, gateway, routed and ONLINK or nil))
  end
end

local TRANSMITS = {
  ns = "host", op = "getlink", step = "wait until the host end transmits", link = "host", ref = "index",
  args = { index = nil }, await = { operstate = "up" },
}
local LOCAL = { type = "local" }

-- The node's table of local routes grows with its containers, so each address is looked up.
local function await_on_host(address, add)
  add {
    ns = "host", op = "getroute", step = "wait until IPv6 addresses are usable", link = "host", ref = "oif",
    args = { oif = nil, dst = address .. "/128" }, await = LOCAL,
  }
end

-- Looking an address up asks the container's policy routing, which may answer anything. Its table of local routes says
-- what the kernel made of the address.
local function await_in_container(addresses, add)
  add {
    ns = "container", op = "getroutes", step = "wait until IPv6 addresses are usable", link = "container", ref = "oif",
    args = { oif = nil, family = "inet6", table = "local" }, await = { dst = addresses },
  }
end

---Waits until both ends are usable.
---A carrier that comes is acted upon when the kernel's link watch runs, and until then the host end transmits nothing.
---Asking for a single link runs it at once (linkwatch_sync_dev), in older kernels (6.1) it is some milliseconds late.
---The kernel starts to use an IPv6 address, and joins its group, from a queue of its own: some milliseconds after it
---was added, more under load. A neighbour solicitation that comes before is lost, and repeated a second later. The
---local route of the address comes with that.
function ends.await(o, p, add)
  add(TRANSMITS)
  if not (o.nodad and p.families.inet6) then
    return
  end
  local addresses = {}
  for i = 1, #o.ip do
    addresses[#addresses + 1] = o.ip[i].family == "inet6" and o.ip[i].address or nil
  end
  addresses[#addresses + 1] = link_local_of(p.mac)
  await_in_container(addresses, add)
  if o.mode == "routed" then
    await_on_host(p.gateways.inet6, add)
    if not is_link_local("inet6", p.gateways.inet6) then
      await_on_host(options.routed_gateway.inet6, add)
    end
  end
end

local ANNOUNCE = {
  ns = "container", op = "setlink", step = "announce IPv4 addresses", link = "container", ref = "index",
  args = { index = nil, af_spec = { inet = { conf = { arp_notify = 1 } } } },
}

---Others on a bridge may remember an earlier owner's MAC for an address, for half a minute and longer. Told to, the
---kernel announces the addresses of a link whenever its MAC is set.
function ends.announce(_, p, add)
  add(ANNOUNCE)
  if p.families.inet6 then
    add(ipv6_setting("container", "announce IPv6 addresses", p.ifname, "ndisc_notify", "1"))
  end
  add {
    ns = "container", op = "setlink", step = "announce the addresses", link = "container", ref = "index",
    args = { index = nil, address = p.mac },
  }
end

-- 1 is its index everywhere. When the answer is lost it is done again: it cannot be undone, for bringing it down could
-- not be told from leaving it as it was, and twice is as good as once.
local LOOPBACK = {
  ns = "container", op = "setlink", step = "bring the loopback up", again = true, args = { index = 1, flags = UP },
}

---The last thing, because it stays.
function ends.loopback(add)
  add(LOOPBACK)
end

return ends
