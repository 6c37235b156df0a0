-- SPDX-License-Identifier: MIT
-- Mode `bridge`: the host end is a port of a bridge that is there already.

local addr = require "zlnet.addr"
local operations = require "zlnet.attach.operations"

local fmt = string.format

local bridge = {
  prefix = { inet = 24, inet6 = 64 },
  needs = "bridge",
  takes = { bridge = true, gateway = true, hairpin = true, isolated = true, vlan = true },
  is_subnet_on_link = true,
  speaks_ipv6 = false, -- only the bridge is spoken to
}

function bridge.gateways(o)
  return o.gateway or {}
end

function bridge.relate(o, families)
  if not o.default_route then
    return o.gateway and "gateway", "has no use with default_route = false"
  end
  for family in next, families do
    local gateway = o.gateway and o.gateway[family]
    if not gateway then
      return "gateway", fmt("an %s address is required in mode 'bridge' (or default_route = false)", family)
    end
    local reached = addr.contains("fe80::", 10, gateway)
    for _, ip in ipairs(o.ip) do
      reached = reached or addr.contains(ip.address, ip.prefix, gateway)
    end
    if not reached then
      return "gateway", fmt("'%s' is not in the subnet of an ip", gateway)
    end
  end
end

-- The node -----------------------------------------------------------------------------------------------------------

-- The bridge by its name, when it is one that will do. Else the kernel's error, or why not.
local function find(o, host)
  local link, err = host:getlink { ifname = o.bridge }
  if not link then
    return nil, err
  elseif not link.linkinfo or link.linkinfo.kind ~= "bridge" then
    return nil, fmt("'%s' is %s, no bridge", o.bridge, link.linkinfo and link.linkinfo.kind or "a device")
  end
  local data = link.linkinfo.data
  if o.vlan and not data.vlan_filtering then
    return nil, fmt("'%s' does not filter by VLAN (vlan_filtering 0)", o.bridge)
  elseif not o.vlan and data.vlan_filtering and data.vlan_default_pvid == 0 then
    return nil, fmt("'%s' filters by VLAN and gives its ports none (vlan_default_pvid 0): a vlan is required", o.bridge)
  end
  return link
end

-- Its addresses, by family and by text. One where the node has none of a family is no network of the node's.
local function addresses(host, link)
  local rows, err = host:getaddrs { index = link.index }
  if not rows then
    return nil, err
  end
  local own = {}
  for _, row in ipairs(rows) do
    if row.index == link.index and row.scope ~= "link" then
      own[row.family], own[row["local"] or row.address] = true, true
    end
  end
  return own
end

bridge.look_step = "look at the bridge"

function bridge.look(o, host, seen)
  local link, err = find(o, host)
  if not link then
    return nil, err
  end
  local own
  own, err = addresses(host, link)
  if not own then
    return nil, err
  end
  local data, conf = link.linkinfo.data, link.af_spec and link.af_spec.inet and link.af_spec.inet.conf
  seen.bridge, seen.own, seen.default_pvid = link, own, data.vlan_default_pvid
  -- what comes from the container enters through the bridge, where the bridge is the gateway
  seen.deaf_bridge = o.forwarding and own[o.gateway and o.gateway.inet] and conf and conf.forwarding == 0
  return true
end

-- Operations ---------------------------------------------------------------------------------------------------------

function bridge.create(o, args)
  args.master = o.bridge
end

-- The port leaves the VLAN that the bridge gives to every port.
local function join_vlan(o, node, add)
  add(operations.on("host", "setlink", "put the port into its VLAN", "vlan",
    { family = "bridge", af_spec = { vlan_info = { { vid = o.vlan, flags = { pvid = true, untagged = true } } } } }))
  local pvid = node and node.default_pvid or 0
  if pvid ~= 0 and pvid ~= o.vlan then
    add(operations.on("host", "dellink", "take the port out of the bridge's default VLAN", nil,
      { family = "bridge", af_spec = { vlan_info = { { vid = pvid } } } }))
  end
end

---Before the port has a carrier, so that nothing passes that should not.
function bridge.before(o, _, add, node)
  if o.hairpin or o.isolated then
    add(operations.on("host", "setlink", "set the port's options", "port",
      { linkinfo = { slave_kind = "bridge", slave_data = { mode = o.hairpin, isolated = o.isolated } } }))
  end
  if o.vlan then
    join_vlan(o, node, add)
  end
end

-- The name of a port that has an address. The kernel gives a name to one link only, so an address that another port of
-- the bridge has is refused.
function bridge.claim(o, address)
  return fmt("%s@%s%s", address, o.bridge, o.vlan and "." .. o.vlan or "")
end

function bridge.host(o, _, add)
  local names = {}
  for i, ip in ipairs(o.ip) do
    names[i] = bridge.claim(o, ip.address)
  end
  add(operations.on("host", "newlinkprop", "claim the addresses on the bridge", "claim",
    { prop_list = { alt_ifname = names } }))
end

function bridge.routes(o, p, add)
  for _, family in ipairs(o.default_route and p.families or {}) do
    add(operations.default_route { family = family, gateway = p.gateways[family] })
  end
end

---Others on a bridge may remember an earlier owner's MAC for an address, for half a minute and longer. Told to, the
---kernel announces the addresses of a link whenever its MAC is set.
function bridge.finish(_, p, add)
  add(operations.on("container", "setlink", "announce IPv4 addresses", nil,
    { af_spec = { inet = { conf = { arp_notify = 1 } } } }))
  if p.families.inet6 then
    add(operations.sysctl("container", "announce IPv6 addresses", "net/ipv6/conf/" .. p.ifname .. "/ndisc_notify", "1"))
  end
  local op = operations.on("container", "setlink", "announce the addresses", nil, { address = p.mac })
  op.late = true
  add(op)
end

---What the node needs besides. It stays when the attachment goes.
function bridge.node(o, node, add)
  if node.deaf_bridge and node.forwarding.inet == "1" then -- else it does with the whole node
    local op = operations.sysctl("host", "let the bridge forward", "net/ipv4/conf/" .. o.bridge .. "/forwarding", "1")
    op.args.old, op.optional = "0", nil
    add(op)
  end
end

return bridge
