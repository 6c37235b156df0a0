-- SPDX-License-Identifier: MIT
-- Mode `routed`: the container reaches everything through the host end, which answers for an address of its own there.
-- No end needs ARP for others.

local addr = require "zlnet.addr"
local operations = require "zlnet.attach.operations"

local find = string.find

local routed = {
  prefix = addr.host_prefix,
  takes = { gateway = true, src = true },
  is_subnet_on_link = false,
  speaks_ipv6 = true,
  forwards = true,
}

-- The on-link gateways where the caller names none.
local GATEWAY = { inet = "169.254.1.1", inet6 = "fe80::1" }

-- Of an address in its canonical form.
local function is_link_local(address)
  return find(address, "^fe[89ab]%x:") or find(address, "^169%.254%.")
end

function routed.gateways(o)
  local gateways = {}
  for _, ip in ipairs(o.ip or {}) do
    gateways[ip.family] = o.gateway and o.gateway[ip.family] or GATEWAY[ip.family]
  end
  return gateways
end

function routed.relate(o)
  local gateways = routed.gateways(o)
  for _, ip in ipairs(o.ip) do
    if ip.address == gateways[ip.family] then
      return "ip", ("'%s' is the gateway's address"):format(ip.address)
    end
  end
end

-- The kernel's own fe80 address is tentative for a second or two; until then the host end would forward nothing.
function routed.awaited(p)
  local gateway = p.gateways.inet6
  return is_link_local(gateway) and { gateway } or { gateway, GATEWAY.inet6 }
end

-- A link-local gateway is never a source address towards elsewhere. A global one is that of what the node masquerades
-- into the container: ports published on 127.0.0.1.
local function scope_of(gateway)
  return is_link_local(gateway) and "link" or nil
end

local function gateway_addresses(p, add)
  local gateway = p.gateways.inet
  if gateway then
    add(operations.on("host", "newaddr", "add the gateway's address to the host end", "gateway",
      { ["local"] = gateway, prefixlen = 32, scope = scope_of(gateway) }))
  end
  for _, address in ipairs(p.families.inet6 and routed.awaited(p) or {}) do
    add(operations.on("host", "newaddr", "add the gateway's address to the host end", "gateway",
      { ["local"] = address, prefixlen = is_link_local(address) and 64 or 128, flags = { nodad = true } }))
  end
end

function routed.host(o, p, add)
  operations.forward(o, p, add)
  gateway_addresses(p, add)
  operations.host_routes(o, add)
end

-- Without a default route the container still reaches the subnets that its prefix lengths name, through the gateway;
-- another of its links may do so too, as with the routes that the kernel makes for addresses.
local function subnet_routes(o, p, add)
  local reached = {}
  for _, ip in ipairs(o.ip) do
    local subnet = addr.network(ip.address, ip.prefix) .. "/" .. ip.prefix
    if ip.prefix < addr.host_prefix[ip.family] and not reached[subnet] then
      reached[subnet] = true
      local op = operations.on("container", "newroute", "add the container's route to its subnet", "route",
        { dst = subnet, gateway = p.gateways[ip.family], flags = { onlink = true } })
      op.mode = "append"
      add(op)
    end
  end
end

function routed.routes(o, p, add)
  if not o.default_route then
    return subnet_routes(o, p, add)
  end
  for _, family in ipairs(p.families) do
    add(operations.default_route { family = family, gateway = p.gateways[family], flags = { onlink = true } })
  end
end

return routed
