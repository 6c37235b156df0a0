-- SPDX-License-Identifier: MIT
-- Which of our values each key of `ip -j -d -s -s link` is. Rules as engine.compare takes them.
local addr = require "zlnet.addr"
local engine = require "spec.parity.engine"

local own, at = engine.own, engine.at

-- --- shapes ---

local function upper(path)
  return function(ours)
    return tostring(at(ours, path)):upper()
  end
end

local function number(path) -- 0 and 1 of what is true or false
  return function(ours)
    local value = at(ours, path)
    return value == nil and 0 or value == true and 1 or value == false and 0 or value
  end
end

local function truth(path)
  return function(ours)
    return at(ours, path) and true or false
  end
end

local function hex(path, format)
  return function(ours)
    local value = at(ours, path)
    return value and (format or "0x%x"):format(value)
  end
end

local function link(path)
  return function(ours, context)
    local index = at(ours, path)
    return index == 0 or context.names[index] -- ip says null for 0
  end
end

local function onoff(path)
  return function(ours)
    return at(ours, path) and "on" or "off"
  end
end

-- ip says 0, we say nothing, or the like
local function either(path, otherwise)
  return function(ours)
    local value = at(ours, path)
    return value == nil and otherwise or value
  end
end

-- Hundredths of a second; ip prints seconds.
local function timer(path)
  return function(ours)
    return at(ours, path) / 100
  end
end

local function set(list)
  local copy = table.move(list, 1, #list, 1, {})
  table.sort(copy)
  return copy
end

-- Lists whose order says nothing.
local function unordered(path)
  return function(ours, _, value)
    local mine = at(ours, path) or {}
    return engine.same(set(mine), set(value)) and value or mine
  end
end

-- ip's names of flags in no order of importance
local function flags(path, names)
  return function(ours, _, value)
    local mine = {}
    for name, is in pairs(at(ours, path) or {}) do
      local theirs = names(name, is)
      if theirs then
        mine[#mine + 1] = theirs
      end
    end
    return engine.same(set(mine), set(value)) and value or mine
  end
end

local function bridge_id(path)
  return function(ours)
    local id = at(ours, path)
    local bytes = {}
    for byte in id.addr:gmatch "%x%x" do
      bytes[#bytes + 1] = ("%x"):format(tonumber(byte, 16))
    end
    return ("%04x.%s"):format(id.prio, table.concat(bytes, ":"))
  end
end

-- Of a tunnel, what ip calls "any".
local function endpoint(path)
  return function(ours)
    local value = at(ours, path)
    return (value == nil or value == "0.0.0.0" or value == "::") and "any" or value
  end
end

local function quad(path)
  return function(ours)
    return addr.format(string.pack(">I4", at(ours, path)))
  end
end

-- Addresses of a tunnel's link are addresses of the layer below.
local function hardware(path)
  return function(ours)
    local text = at(ours, path)
    local bytes = text:gsub("%x%x:?", function(octet)
      return string.char(tonumber(octet:sub(1, 2), 16))
    end)
    local as_ip = ({ ipip = 4, gre = 4, sit = 4, gre6 = 16, tunnel6 = 16 })[ours.type]
    return as_ip == #bytes and addr.format(bytes) or text
  end
end

local function vlan_protocol(path)
  return function(ours)
    return ({ ["8021q"] = "802.1Q", ["8021ad"] = "802.1ad" })[at(ours, path)]
  end
end

-- --- every link ---

local flag_names = {
  point_to_point = "POINTOPOINT",
  no_trailers = "NOTRAILERS",
  no_arp = "NOARP",
  all_multi = "ALLMULTI",
  auto_media = "AUTOMEDIA",
  running = false,
}

local common = {
  ifindex = "index",
  ifname = "ifname",
  mtu = "mtu",
  qdisc = "qdisc",
  txqlen = "txqlen",
  link_type = "type",
  promiscuity = "promiscuity",
  allmulti = "allmulti",
  min_mtu = "min_mtu",
  max_mtu = "max_mtu",
  num_tx_queues = "num_tx_queues",
  num_rx_queues = "num_rx_queues",
  gso_max_size = "gso_max_size",
  gso_max_segs = "gso_max_segs",
  tso_max_size = "tso_max_size",
  tso_max_segs = "tso_max_segs",
  gro_max_size = "gro_max_size",
  gso_ipv4_max_size = "gso_ipv4_max_size",
  gro_ipv4_max_size = "gro_ipv4_max_size",
  ifalias = "ifalias",
  altnames = "prop_list.alt_ifname",
  proto_down = "proto_down",
  link_index = "link",
  link_netnsid = "link_netnsid",
  phys_port_name = "phys_port_name",
  phys_port_id = "phys_port_id",
  phys_switch_id = "phys_switch_id",
  parentbus = "parent_dev_bus_name",
  parentdev = "parent_dev_name",
  address = hardware "address",
  broadcast = hardware "broadcast",
  permaddr = hardware "perm_address",
  operstate = upper "operstate",
  linkmode = upper "linkmode",
  master = link "master",
  link = link "link",
  link_pointtopoint = truth "flags.point_to_point",
  inet6_addr_gen_mode = "af_spec.inet6.addr_gen_mode",
  group = function(ours)
    return ours.group == 0 and "default" or tostring(ours.group)
  end,
  flags = function(ours, context, value)
    local list = flags("flags", function(name)
      return flag_names[name] == nil and name:upper() or flag_names[name] or nil
    end)
    local words = {}
    for name in pairs(ours.flags) do
      words[name] = true
    end
    words.no_carrier = ours.flags.up and not ours.flags.running or nil
    -- ip looks whether the link below is up; no flag of this one
    local rest = {}
    for _, word in ipairs(value) do
      if word == "NO-CARRIER" then
        if not words.no_carrier then
          return { "not NO-CARRIER" }
        end
        words.no_carrier = nil
      elseif word ~= "M-DOWN" then
        rest[#rest + 1] = word
      end
    end
    if words.no_carrier then
      return { "NO-CARRIER" }
    end
    local mine = list(ours, context, rest)
    return mine == rest and value or mine
  end,
  ["linkinfo.info_kind"] = "linkinfo.kind",
  ["linkinfo.info_slave_kind"] = "linkinfo.slave_kind",
}
for _, name in ipairs { "bytes", "packets", "errors", "dropped", "length_errors", "over_errors", "crc_errors", "frame_errors",
  "fifo_errors", "missed_errors", "compressed", "nohandler" } do
  common["stats64.rx." .. name] = "stats64.rx_" .. name
end
for _, name in ipairs { "bytes", "packets", "errors", "dropped", "aborted_errors", "carrier_errors", "fifo_errors",
  "heartbeat_errors", "window_errors", "compressed" } do
  common["stats64.tx." .. name] = "stats64.tx_" .. name
end
common["stats64.rx.multicast"] = "stats64.multicast"
common["stats64.tx.collisions"] = "stats64.collisions"
common["stats64.tx.carrier_changes"] = "carrier_changes"

-- --- kinds: the key below linkinfo.info_data, and our path below linkinfo.data ---

local D = "linkinfo.data."

local function plain(into, shape, ...)
  for _, key in ipairs { ... } do
    into[key] = shape and shape(D .. key) or D .. key
  end
  return into
end

local kinds = {}

kinds.bridge = plain({}, nil, "forward_delay", "hello_time", "max_age", "ageing_time", "stp_state", "priority",
  "root_port", "root_path_cost", "group_addr", "mcast_router", "mcast_hash_elasticity", "mcast_hash_max",
  "mcast_last_member_cnt", "mcast_startup_query_cnt", "mcast_last_member_intvl", "mcast_membership_intvl",
  "mcast_querier_intvl", "mcast_query_intvl", "mcast_query_response_intvl", "mcast_startup_query_intvl",
  "mcast_igmp_version", "mcast_mld_version", "vlan_default_pvid", "fdb_n_learned", "fdb_max_learned")
plain(kinds.bridge, number, "vlan_filtering", "topology_change", "topology_change_detected", "mcast_snooping",
  "mcast_query_use_ifaddr", "mcast_querier", "mcast_stats_enabled", "nf_call_iptables", "nf_call_ip6tables",
  "nf_call_arptables", "vlan_stats_enabled", "vlan_stats_per_port")
plain(kinds.bridge, timer, "hello_timer", "tcn_timer", "topology_change_timer", "gc_timer")
plain(kinds.bridge, bridge_id, "root_id", "bridge_id")
kinds.bridge.group_fwd_mask = hex(D .. "group_fwd_mask", "%#x")
kinds.bridge.vlan_protocol = vlan_protocol(D .. "vlan_protocol")
for _, option in ipairs { "no_linklocal_learn", "mcast_vlan_snooping", "mst_enable" } do
  kinds.bridge[option] = number(D .. "multi_boolopt." .. option)
end

kinds.vxlan = plain({}, nil, "id", "local", "local6", "group6", "learning", "ageing", "limit", "port", "udp_csum",
  "udp_zero_csum6_tx", "udp_zero_csum6_rx", "proxy", "rsc", "l2miss", "l3miss", "gbp", "gpe", "vnifilter", "remcsum_tx",
  "remcsum_rx", "df", "localbypass")
plain(kinds.vxlan, link, "link")
plain(kinds.vxlan, hex, "tos")
kinds.vxlan.external = D .. "collect_metadata"
kinds.vxlan.label = hex(D .. "label")
kinds.vxlan.group = D .. "group"
kinds.vxlan.remote = D .. "group"
kinds.vxlan.remote6 = D .. "group6"
kinds.vxlan["port_range.low"] = D .. "port_range.low"
kinds.vxlan["port_range.high"] = D .. "port_range.high"
local function ttl(ours)
  return at(ours, D .. "ttl_inherit") and "inherit" or at(ours, D .. "ttl")
end
kinds.vxlan.ttl = ttl

kinds.geneve = plain({}, nil, "id", "remote", "remote6", "port", "udp_csum", "udp_zero_csum6_tx", "udp_zero_csum6_rx", "df")
plain(kinds.geneve, hex, "tos")
kinds.geneve.ttl = ttl
kinds.geneve.label = hex(D .. "label")
kinds.geneve.external = D .. "collect_metadata"

kinds.macvlan = plain({}, nil, "mode", "macaddr_count")
kinds.macvlan.nopromisc = D .. "flags.nopromisc"
kinds.macvlan.nodst = D .. "flags.nodst"
kinds.macvlan.bcqueuelen = D .. "bc_queue_len"
kinds.macvlan.usedbcqueuelen = D .. "bc_queue_len_used"
kinds.macvlan.bclim = D .. "bc_cutoff"
kinds.macvlan.macaddr_data = unordered(D .. "macaddr_data.macaddr")
kinds.macvtap = kinds.macvlan

kinds.ipvlan = plain({}, nil, "mode")
kinds.ipvlan.private = D .. "flags.private"
kinds.ipvlan.vepa = D .. "flags.vepa"
kinds.ipvlan.bridge = function(ours)
  return not (at(ours, D .. "flags.private") or at(ours, D .. "flags.vepa"))
end
kinds.ipvtap = kinds.ipvlan

kinds.vlan = plain({}, nil, "id")
kinds.vlan.protocol = vlan_protocol(D .. "protocol")
kinds.vlan.flags = flags(D .. "flags", function(name, is)
  return is and name:upper() or nil
end)
kinds.vlan.ingress_qos = D .. "ingress_qos.mapping"
kinds.vlan.egress_qos = D .. "egress_qos.mapping"

kinds.vrf = plain({}, nil, "table")

kinds.bond = plain({}, nil, "mode", "miimon", "updelay", "downdelay", "arp_interval", "arp_all_targets",
  "arp_ip_target", "ns_ip6_target", "primary_reselect", "fail_over_mac", "xmit_hash_policy", "resend_igmp", "num_peer_notif",
  "min_links", "lp_interval", "packets_per_slave", "ad_lacp_rate", "ad_select", "ad_actor_sys_prio", "ad_user_port_key",
  "ad_actor_system")
plain(kinds.bond, number, "use_carrier", "all_slaves_active", "tlb_dynamic_lb")
plain(kinds.bond, link, "active_slave", "primary")
kinds.bond.arp_validate = function(ours) -- ip says null for none
  local value = at(ours, D .. "arp_validate")
  return value == "none" or value
end
kinds.bond.peer_notify_delay = D .. "peer_notif_delay"
kinds.bond.arp_missed_max = D .. "missed_max"
kinds.bond.ad_lacp_active = onoff(D .. "ad_lacp_active")
for _, key in ipairs { "aggregator", "num_ports", "actor_key", "partner_key", "partner_mac" } do
  kinds.bond["ad_info." .. key] = D .. "ad_info." .. key
end

kinds.tun = plain({}, nil, "type", "pi", "vnet_hdr", "multi_queue", "persist")
kinds.tun.numqueues = D .. "num_queues"
kinds.tun.numdisabled = D .. "num_disabled_queues"
for key, ours in pairs { user = "owner", group = "group" } do
  kinds.tun[key] = function(t)
    return at(t, D .. ours) == 0 and "root" or tostring(at(t, D .. ours))
  end
end

-- tunnels: one vocabulary
local tunnel = plain({}, nil, "ttl", "encap_limit", "pmtudisc", "ignore_df", "erspan_index", "erspan_ver", "erspan_dir")
plain(tunnel, endpoint, "remote", "local")
plain(tunnel, link, "link")
plain(tunnel, hex, "tos")
plain(tunnel, quad, "ikey", "okey")
tunnel.external = D .. "collect_metadata"
tunnel.fwmark = hex(D .. "fwmark")
tunnel.if_id = hex(D .. "if_id")
tunnel.erspan_hwid = hex(D .. "erspan_hwid")
tunnel.isatap = D .. "flags.isatap"
tunnel.prefix = D .. "6rd_prefix"
tunnel.prefixlen = D .. "6rd_prefixlen"
tunnel.relay_prefix = D .. "6rd_relay_prefix"
tunnel.relay_prefixlen = D .. "6rd_relay_prefixlen"
tunnel.flowlabel = function(ours)
  return at(ours, D .. "flags.use_orig_flowlabel") and "inherit" or ("0x%05x"):format(at(ours, D .. "flowinfo") & 0xfffff)
end
tunnel.tclass = function(ours)
  return at(ours, D .. "flags.use_orig_tclass") and "inherit" or ("0x%02x"):format(at(ours, D .. "flowinfo") >> 20)
end
for _, flag in ipairs { "csum", "seq" } do
  tunnel["i" .. flag] = D .. "iflags." .. flag
  tunnel["o" .. flag] = D .. "oflags." .. flag
end
for _, flag in ipairs { "ign_encap_limit", "use_orig_tclass", "use_orig_flowlabel", "mip6_dev", "rcv_dscp_copy",
  "use_orig_fwmark", "allow_local_remote" } do
  tunnel["ip6_tnl_f_" .. flag] = D .. "flags." .. flag
end
for _, key in ipairs { "type", "dport" } do
  tunnel["encap." .. key] = D .. "encap_" .. key
end
tunnel["encap.sport"] = either(D .. "encap_sport", 0)
for theirs, flag in pairs { csum = "csum", csum6 = "csum6", remcsum = "remcsum" } do
  tunnel["encap." .. theirs] = truth(D .. "encap_flags." .. flag)
end
for _, kind in ipairs { "gre", "gretap", "erspan", "ip6gre", "ip6gretap", "ip6erspan", "vti", "vti6", "xfrm" } do
  kinds[kind] = tunnel
end
for kind, protocols in pairs {
  ipip = { [0] = "any", [4] = "ipip", [137] = "mplsip" },
  sit = { [0] = "any", [4] = "ipip", [41] = "ip6ip", [137] = "mplsip" },
  ip6tnl = { [0] = "any", [4] = "ipip6", [41] = "ip6ip6" },
} do
  kinds[kind] = setmetatable({
    proto = function(ours)
      return protocols[at(ours, D .. "proto")]
    end,
  }, { __index = tunnel })
end

-- --- ports ---

local P = "linkinfo.slave_data."
local ports = { bridge = {}, bond = {}, vrf = { table = P .. "table" } }
for theirs, shape in pairs {
  state = "state",
  priority = "priority",
  cost = "cost",
  hairpin = "mode",
  guard = "guard",
  root_block = "protect",
  fastleave = "fast_leave",
  learning = "learning",
  flood = "unicast_flood",
  designated_port = "designated_port",
  designated_cost = "designated_cost",
  multicast_router = "multicast_router",
  mcast_flood = "mcast_flood",
  bcast_flood = "bcast_flood",
  mcast_to_unicast = "mcast_to_ucast",
  neigh_suppress = "neigh_suppress",
  vlan_tunnel = "vlan_tunnel",
  isolated = "isolated",
  locked = "locked",
  mab = "mab",
  proxy_arp = "proxyarp",
  proxy_arp_wifi = "proxyarp_wifi",
} do
  ports.bridge[theirs] = P .. shape
end
ports.bridge.group_fwd_mask = hex(P .. "group_fwd_mask", "%#x")
ports.bridge.id = hex(P .. "id")
ports.bridge.no = hex(P .. "no")
ports.bridge.root_id = bridge_id(P .. "root_id")
ports.bridge.bridge_id = bridge_id(P .. "bridge_id")
ports.bridge.backup_port = link(P .. "backup_port")
ports.bridge.group_fwd_mask_str = own -- group_fwd_mask once more, in hexadecimal
for _, key in ipairs { "topology_change_ack", "config_pending" } do
  ports.bridge[key] = number(P .. key)
end
for _, key in ipairs { "message_age_timer", "forward_delay_timer", "hold_timer" } do
  ports.bridge[key] = timer(P .. key)
end

ports.bond.state = upper(P .. "state")
ports.bond.mii_status = upper(P .. "mii_status")
for _, key in ipairs { "link_failure_count", "perm_hwaddr", "queue_id", "prio", "ad_aggregator_id", "ad_actor_oper_port_state",
  "ad_partner_oper_port_state" } do
  ports.bond[key] = P .. key
end
ports.bond.ad_actor_oper_port_state_str = own -- the bits of the number before it, by name
ports.bond.ad_partner_oper_port_state_str = own

-- --- put together ---

local link_keys = {}

function link_keys.rules(ours)
  local info = ours.linkinfo or {}
  return setmetatable({}, {
    __index = function(_, path)
      local data, port = path:match "^linkinfo%.info_data%.(.*)", path:match "^linkinfo%.info_slave_data%.(.*)"
      if data then
        return kinds[info.kind] and kinds[info.kind][data]
      elseif port then
        return ports[info.slave_kind] and ports[info.slave_kind][port]
      end
      return common[path]
    end,
  })
end

---What may differ between two links made in the same way: timers which run, counters of what the kernel sent by itself.
function link_keys.moving(path)
  return path:match "_timer$" ~= nil or path:match "^stats64%." ~= nil
end

return link_keys
