-- SPDX-License-Identifier: MIT
-- Mode `direct`: the container takes everything to be on the link. Over IPv4 the host end answers ARP for others where
-- it is told to.

local operations = require "zlnet.attach.operations"

local direct = {
  prefix = { inet = 24, inet6 = 64 },
  takes = { src = true, proxy_arp = true },
  is_subnet_on_link = true,
  speaks_ipv6 = true,
  forwards = true,
}

function direct.gateways()
  return {}
end

function direct.relate() end

-- Otherwise the kernel waits up to 0.8 s before it answers for others.
local function answer_arp(p, add)
  add(operations.on("host", "setlink", "switch proxy ARP on", "proxy_arp",
    { af_spec = { inet = { conf = { proxy_arp = 1 } } } }))
  add(operations.sysctl("host", "answer ARP at once", "net/ipv4/neigh/" .. p.host_ifname .. "/proxy_delay", "0"))
end

function direct.host(o, p, add)
  operations.forward(o, p, add)
  if o.proxy_arp then
    answer_arp(p, add)
  end
  operations.host_routes(o, add)
end

function direct.routes(o, p, add)
  for _, family in ipairs(o.default_route and p.families or {}) do
    add(operations.default_route { family = family, scope = family == "inet" and "link" or nil })
  end
end

return direct
