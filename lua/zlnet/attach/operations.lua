-- SPDX-License-Identifier: MIT
-- The operations of a plan that several modes have, and how any is written. Pure: plan.lua puts the pieces in order,
-- execute.lua carries them out. Each function takes the validated options, the plan so far, and what appends one.

local addr = require "zlnet.addr"

local operations = {}

---One operation on an end of the pair; execute.lua puts the end's index into args.
---@param link "host"|"container"
---@param op string a handle's method
---@param step string what it is for; errors carry it
---@param key string? what check calls it when it is not so any more; nil: check does not look
---@param args table
---@return zlnet.plan.op
function operations.on(link, op, step, key, args)
  return { ns = link, op = op, step = step, key = key, args = args, link = link }
end

---A setting that is a gain and no need: where the kernel has no such thing, or it may not be written, the rest is done
---all the same.
---@param ns "host"|"container"
---@param step string
---@param key string
---@param value string
---@return zlnet.plan.op
function operations.sysctl(ns, step, key, value)
  return { ns = ns, op = "sysctl", step = step, args = { key = key, value = value }, optional = true }
end

---One RTM_NEWLINK: the container end is born in the target under its final name, so nothing is ever moved.
---@return zlnet.plan.op
function operations.create(o, p)
  local queues = o.queues ~= "kernel" and o.queues or nil
  local function endpoint(ifname, mac)
    return { ifname = ifname, mtu = o.mtu, address = mac, num_tx_queues = queues, num_rx_queues = queues }
  end
  local args = endpoint(p.host_ifname, p.host_mac)
  args.flags = { up = true }
  args.linkinfo = { kind = "veth", data = { peer = endpoint(p.ifname, p.mac) } }
  return { ns = "host", op = "newlink", step = "create the veth pair", key = "link", args = args }
end

---Says on the host end whose it is.
function operations.record(p, add)
  add(operations.on("host", "setlink", "write the owner's record", "record", { ifalias = p.alias }))
end

---A new link gets conf.default.forwarding, which may be 0 where the node forwards.
function operations.forward(o, p, add)
  if o.forwarding and p.families.inet then
    add(operations.on("host", "setlink", "let the host end forward", "forwarding",
      { af_spec = { inet = { conf = { forwarding = 1 } } } }))
  end
end

---The way to the container.
function operations.host_routes(o, add)
  for _, ip in ipairs(o.ip) do
    add(operations.on("host", "newroute", "add the host's route to the container", "route", {
      dst = ip.address .. "/" .. addr.host_prefix[ip.family],
      scope = ip.family == "inet" and "link" or nil,
      prefsrc = o.src and o.src[ip.family],
    }))
  end
end

---@param args table family, gateway, scope, flags
---@return zlnet.plan.op
function operations.default_route(args)
  return operations.on("container", "newroute", "add the container's default route", "route", args)
end

local function ipv6_setting(ns, step, ifname, key, value)
  return operations.sysctl(ns, step, "net/ipv6/conf/" .. ifname .. "/" .. key, value)
end

---Each end speaks IPv6 only where it carries some. A host end's own address and routes would double the kernel's work
---when it goes. A container end without IPv6 would take an address and a default route from any router advertisement.
---A host end that speaks IPv6 takes no router advertisement: they come out of the container.
---Before the ends have a carrier, so that they never have an address. The settings go with the link.
function operations.mute(p, mode, add)
  if p.families.inet6 and mode.speaks_ipv6 then
    add(ipv6_setting("host", "take no router advertisement from the container", p.host_ifname, "accept_ra", "0"))
  else
    add(ipv6_setting("host", "leave IPv6 off on the host end", p.host_ifname, "disable_ipv6", "1"))
  end
  if not p.families.inet6 then
    add(ipv6_setting("container", "leave IPv6 off on the container end", p.ifname, "disable_ipv6", "1"))
  end
end

operations.unmute_step = "switch IPv6 on for the container end"

---Switches IPv6 on for the container end. Container runtimes switch it off for all new links.
function operations.unmute(p, add)
  local op = ipv6_setting("container", operations.unmute_step, p.ifname, "disable_ipv6", "0")
  op.optional = nil
  add(op)
end

---Brings the container end up, and with it the host end's carrier.
function operations.up(p, add)
  if p.link_local then -- the kernel's own fe80 address would be tentative for a second or two
    add(operations.on("container", "setlink", "leave the link-local address to us", nil,
      { af_spec = { inet6 = { addr_gen_mode = "none" } } }))
  end
  add(operations.on("container", "setlink", "bring the container end up", "up", { flags = { up = true } }))
  if p.families.inet6 then -- see operations.await; IPv4 transmits from a carrier that has not settled
    add(operations.on("container", "getlink", "let the container end's carrier settle", nil, {}))
  end
end

---fe80::/64 with the MAC's modified EUI-64, as the kernel makes it.
---@param mac string
---@return string address
function operations.link_local_of(mac)
  local a, b, c, d, e, f = mac:match "^(%x%x):(%x%x):(%x%x):(%x%x):(%x%x):(%x%x)$"
  local text = ("fe80::%02x%s:%sff:fe%s:%s%s"):format(tonumber(a, 16) ~ 2, b, c, d, e, f)
  return addr.parse(text).address
end

---The container end's addresses. It is up: then the first one of IPv6 brings the route for multicast, without which no
---neighbour solicitation is heard; otherwise the link watch does, which older kernels (6.1) run up to a second later.
function operations.addresses(o, p, mode, add)
  for _, ip in ipairs(o.ip) do
    local nodad = ip.family == "inet6" and o.nodad or nil
    local noprefixroute = not mode.is_subnet_on_link and ip.prefix < addr.host_prefix[ip.family] or nil
    add(operations.on("container", "newaddr", "add the container's address", "address", {
      ["local"] = ip.address, prefixlen = ip.prefix,
      flags = (nodad or noprefixroute) and { nodad = nodad, noprefixroute = noprefixroute },
    }))
  end
  if p.link_local then
    add(operations.on("container", "newaddr", "add the container's link-local address", "address",
      { ["local"] = p.link_local, prefixlen = 64, flags = { nodad = true } }))
  end
end

local USABLE = "wait until IPv6 addresses are usable"

-- The node's table of local routes grows with its containers, so each address is looked up.
local function await_on_host(address, add)
  local op = operations.on("host", "getroute", USABLE, nil, { dst = address .. "/128" })
  op.await = { type = "local" }
  add(op)
end

-- Looking an address up asks the container's policy routing, which may answer anything. Its table of local routes says
-- what the kernel made of the address.
local function await_in_container(addresses, add)
  local op = operations.on("container", "getroutes", USABLE, nil, { family = "inet6", table = "local" })
  op.await = { dst = addresses }
  add(op)
end

---Waits until both ends are usable.
---A carrier that comes is acted upon when the kernel's link watch runs, and until then the host end transmits nothing.
---Asking for a single link runs it at once (linkwatch_sync_dev), in older kernels (6.1) it is some milliseconds late.
---The kernel starts to use an IPv6 address, and joins its group, from a queue of its own: some milliseconds after it
---was added, more under load. A neighbour solicitation that comes before is lost, and repeated a second later. The
---local route of the address comes with that.
function operations.await(o, p, mode, add)
  local op = operations.on("host", "getlink", "wait until the host end transmits", nil, {})
  op.await = { operstate = "up" }
  add(op)
  if not p.link_local then
    return
  end
  local addresses = { p.link_local }
  for _, ip in ipairs(o.ip) do
    addresses[#addresses + 1] = ip.family == "inet6" and ip.address or nil
  end
  await_in_container(addresses, add)
  for _, address in ipairs(mode.awaited and mode.awaited(p) or {}) do
    await_on_host(address, add)
  end
end

---The last thing, because it stays. 1 is its index everywhere. When the answer is lost it is done again: it cannot be
---undone, for bringing it down could not be told from leaving it as it was, and twice is as good as once.
function operations.loopback(add)
  add {
    ns = "container", op = "setlink", step = "bring the loopback up", key = "loopback", again = true,
    args = { index = 1, flags = { up = true } },
  }
end

return operations
