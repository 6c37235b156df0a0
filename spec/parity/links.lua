-- SPDX-License-Identifier: MIT
-- Links of every kind in many combinations, each as `ip` makes it and as zlnet makes it. Both start in a fresh namespace.
--   kind, what     who it is in the report
--   before         shell commands which make what it needs
--   ip             the words that make it (`ip` before them is implied; a list of several)
--   make           what newlink is given for it; `after`: what setlink is given then
--   show           the links to compare, x0 when it says nothing
--   random         keys of ip's which the kernel rolls dice for
local mac, mac2 = "02:00:00:00:00:01", "02:00:00:00:00:02"
local parent = "ip link add p0 address 02:00:00:00:00:0a type veth peer name p1 address 02:00:00:00:00:0b"

local function one(kind, what, words, data, extra)
  local scenario = {
    kind = kind,
    what = what,
    ip = { ("link add x0 address %s %s type %s %s"):format(mac, extra and extra.words or "", kind, words) },
    make = { ifname = "x0", address = mac, linkinfo = { kind = kind, data = data } },
  }
  for key, value in pairs(extra and extra.make or {}) do
    scenario.make[key] = value
  end
  for key, value in pairs(extra or {}) do
    if key ~= "make" and key ~= "words" then
      scenario[key] = value
    end
  end
  return scenario
end

-- Kinds whose links have an address of the layer below, or none.
local function tunnel(kind, what, words, data, extra)
  local scenario = one(kind, what, words, data, extra)
  scenario.ip[1] = scenario.ip[1]:gsub(" address " .. mac, "")
  scenario.make.address = nil
  return scenario
end

local function on(link, extra)
  local t = { before = parent, words = "link " .. link, make = { link = link } }
  for key, value in pairs(extra or {}) do
    t[key] = value
  end
  return t
end

-- A port: x0 is enslaved to m0, which `before` makes, then changed.
local function port(kind, what, before, words, data, late)
  return {
    kind = kind .. " port",
    what = what,
    before = before .. "; ip link add x0 address " .. mac .. " type veth peer name x1 address " .. mac2 .. (late or ""),
    ip = { "link set x0 master m0", words and "link set x0 type " .. kind .. "_slave " .. words },
    after = {
      { ifname = "x0", master = "m0" },
      words and { ifname = "x0", linkinfo = { slave_kind = kind, slave_data = data } },
    },
  }
end

local fou = "modprobe -q fou || true; "
local tun = "[ -e /dev/net/tun ] || modprobe -q tun; "
local bridge0 = "ip link add m0 address 02:00:00:00:00:0c type bridge"
local links = {
  { kind = "loopback", what = "as it is", show = { "lo" } },
  { kind = "loopback", what = "in use", before = "ip link set lo up; ping -c 2 -i 0.1 -q 127.0.0.1", show = { "lo" } },

  -- what all kinds have
  one("ifb", "plain", "", nil),
  one("ifb", "mtu, queue length, group, queues, alias, addresses", "", nil, {
    words = "mtu 1400 txqueuelen 55 numtxqueues 2 numrxqueues 3 broadcast 02:00:00:00:00:ff",
    make = { mtu = 1400, txqlen = 55, num_tx_queues = 2, num_rx_queues = 3, broadcast = "02:00:00:00:00:ff" },
  }),
  {
    kind = "ifb",
    what = "everything that can be set",
    before = "ip link add x0 address " .. mac .. " type ifb",
    ip = {
      "link set x0 up multicast on allmulticast on promisc on arp off mtu 2000 alias 'an alias' group 7 mode dormant",
      "link set x0 gso_max_size 60000 gso_max_segs 500",
      "link set x0 addrgenmode none",
    },
    after = {
      {
        ifname = "x0",
        flags = { up = true, multicast = true, all_multi = true, promisc = true, no_arp = true },
        mtu = 2000,
        ifalias = "an alias",
        group = 7,
        linkmode = "dormant",
      },
      { ifname = "x0", gso_max_size = 60000, gso_max_segs = 500 },
      { ifname = "x0", af_spec = { inet6 = { addr_gen_mode = "none" } } },
    },
  },
  {
    kind = "ifb",
    what = "further names",
    before = "ip link add x0 address " .. mac .. " type ifb; ip link property add dev x0 altname another-name-longer-than-15; "
      .. "ip link property add dev x0 altname x0-second",
  },
  one("dummy", "plain", "", nil),
  one("dummy", "up, with what is in no other", "", nil, {
    words = "up mtu 9000",
    make = { mtu = 9000, flags = { up = true } },
  }),
  tunnel("nlmon", "plain", "", nil),
  tunnel("wireguard", "plain", "", nil),
  one("vcan", "plain", "", nil),

  {
    kind = "veth",
    what = "both ends here",
    ip = { ("link add x0 address %s type veth peer name x1 address %s"):format(mac, mac2) },
    make = {
      ifname = "x0",
      address = mac,
      linkinfo = { kind = "veth", data = { peer = { ifname = "x1", address = mac2 } } },
    },
    show = { "x0", "x1" },
  },
  {
    kind = "veth",
    what = "every option of both ends",
    ip = {
      ("link add x0 address %s mtu 1400 txqueuelen 10 numtxqueues 2 numrxqueues 2 up type veth "
        .. "peer name x1 address %s mtu 1300 numtxqueues 3 numrxqueues 1 txqueuelen 11"):format(mac, mac2),
    },
    make = {
      ifname = "x0",
      address = mac,
      mtu = 1400,
      txqlen = 10,
      num_tx_queues = 2,
      num_rx_queues = 2,
      flags = { up = true },
      linkinfo = {
        kind = "veth",
        data = {
          peer = { ifname = "x1", address = mac2, mtu = 1300, num_tx_queues = 3, num_rx_queues = 1, txqlen = 11 },
        },
      },
    },
    show = { "x0", "x1" },
  },
  {
    kind = "veth",
    what = "the peer elsewhere, up",
    elsewhere = "x1",
    ip = { ("link add x0 address %s up type veth peer name x1 address %s netns $OTHER"):format(mac, mac2) },
    make = {
      ifname = "x0",
      address = mac,
      flags = { up = true },
      linkinfo = { kind = "veth", data = { peer = { ifname = "x1", address = mac2 } } },
    },
  },

  -- bridges and their ports
  one("bridge", "plain", "", nil),
  one("bridge", "spanning tree", "stp_state 1 priority 4096 forward_delay 400 hello_time 300 max_age 1500 ageing_time 1200", {
    stp_state = 1,
    priority = 4096,
    forward_delay = 400,
    hello_time = 300,
    max_age = 1500,
    ageing_time = 1200,
  }, { words = "up", make = { flags = { up = true } } }),
  one("bridge", "filtering and forwarding", "vlan_filtering 1 vlan_default_pvid 7 vlan_protocol 802.1ad vlan_stats_enabled 1 "
    .. "vlan_stats_per_port 1 group_fwd_mask 8 group_address 01:80:c2:00:00:04", {
    vlan_filtering = true,
    vlan_default_pvid = 7,
    vlan_protocol = "8021ad",
    vlan_stats_enabled = true,
    vlan_stats_per_port = true,
    group_fwd_mask = 8,
    group_addr = "01:80:c2:00:00:04",
  }),
  one("bridge", "multicast", "mcast_snooping 1 mcast_router 2 mcast_query_use_ifaddr 1 mcast_querier 1 mcast_hash_max 512 "
    .. "mcast_last_member_count 3 mcast_startup_query_count 4 mcast_last_member_interval 200 "
    .. "mcast_membership_interval 20000 mcast_querier_interval 30000 mcast_query_interval 10000 "
    .. "mcast_query_response_interval 900 mcast_startup_query_interval 3000 mcast_stats_enabled 1 "
    .. "mcast_igmp_version 3 mcast_mld_version 2", {
    mcast_snooping = true,
    mcast_router = 2,
    mcast_query_use_ifaddr = true,
    mcast_querier = true,
    mcast_hash_max = 512,
    mcast_last_member_cnt = 3,
    mcast_startup_query_cnt = 4,
    mcast_last_member_intvl = 200,
    mcast_membership_intvl = 20000,
    mcast_querier_intvl = 30000,
    mcast_query_intvl = 10000,
    mcast_query_response_intvl = 900,
    mcast_startup_query_intvl = 3000,
    mcast_stats_enabled = true,
    mcast_igmp_version = 3,
    mcast_mld_version = 2,
  }),
  one("bridge", "without multicast snooping, without learning link local", "mcast_snooping 0 no_linklocal_learn 1", {
    mcast_snooping = false,
    multi_boolopt = { no_linklocal_learn = true },
  }),
  one("bridge", "netfilter", "nf_call_iptables 1 nf_call_ip6tables 1 nf_call_arptables 1", {
    nf_call_iptables = true,
    nf_call_ip6tables = true,
    nf_call_arptables = true,
  }),
  port("bridge", "plain", bridge0),
  port("bridge", "up", bridge0 .. "; ip link set m0 up; ip link set p0 up 2>/dev/null || true"),
  port("bridge", "every switch", bridge0, "guard on hairpin on fastleave on root_block on learning off flood off "
    .. "proxy_arp on proxy_arp_wifi on mcast_router 2 mcast_flood off mcast_to_unicast on bcast_flood off "
    .. "group_fwd_mask 8 neigh_suppress on vlan_tunnel on isolated on cost 55 priority 12", {
    guard = true,
    mode = true,
    fast_leave = true,
    protect = true,
    learning = false,
    unicast_flood = false,
    proxyarp = true,
    proxyarp_wifi = true,
    multicast_router = 2,
    mcast_flood = false,
    mcast_to_ucast = true,
    bcast_flood = false,
    group_fwd_mask = 8,
    neigh_suppress = true,
    vlan_tunnel = true,
    isolated = true,
    cost = 55,
    priority = 12,
  }),
  port("bridge", "state, locked", bridge0 .. "; ip link set m0 up", "state 0 learning on locked on", { state = "disabled", learning = true, locked = true }, "; ip link set x0 up; ip link set x1 up"),
  port("bridge", "backup port", bridge0 .. "; " .. parent .. "; ip link set p0 master m0", "backup_port p0", { backup_port = "p0" }),
  port("vrf", "plain", "ip link add m0 address 02:00:00:00:00:0c type vrf table 10"),
  port("bond", "plain", "ip link add m0 address 02:00:00:00:00:0c type bond mode active-backup"),
  port("bond", "queue", "ip link add m0 address 02:00:00:00:00:0c type bond mode active-backup", "queue_id 1", { queue_id = 1 }),
  port("bond", "802.3ad, up", "ip link add m0 address 02:00:00:00:00:0c type bond mode 802.3ad; ip link set m0 up"),

  -- on top of another link
  one("macvlan", "default", "", nil, on "p0"),
  one("macvlan", "private", "mode private", { mode = "private" }, on "p0"),
  one("macvlan", "vepa", "mode vepa", { mode = "vepa" }, on "p0"),
  one("macvlan", "bridge, queue length", "mode bridge bcqueuelen 77", { mode = "bridge", bc_queue_len = 77 }, on "p0"),
  tunnel("macvlan", "passthru", "mode passthru nopromisc", { mode = "passthru", flags = { nopromisc = true } }, on "p0"),
  one("macvlan", "source", "mode source macaddr set 02:00:00:00:00:21 02:00:00:00:00:22", {
    mode = "source",
    macaddr_mode = "set",
    macaddr_data = { macaddr = { "02:00:00:00:00:21", "02:00:00:00:00:22" } },
  }, on "p0"),
  one("macvtap", "bridge", "mode bridge", { mode = "bridge" }, on "p0"),
  one("macvtap", "vepa, named queue length", "mode vepa", { mode = "vepa" }, on("p0")),
  tunnel("ipvlan", "default", "", nil, on "p0"),
  tunnel("ipvlan", "l2 bridge", "mode l2 bridge", { mode = "l2", flags = {} }, on "p0"),
  tunnel("ipvlan", "l3 private", "mode l3 private", { mode = "l3", flags = { private = true } }, on "p0"),
  tunnel("ipvlan", "l3s vepa", "mode l3s vepa", { mode = "l3s", flags = { vepa = true } }, on "p0"),
  tunnel("ipvtap", "l2", "mode l2", { mode = "l2" }, on "p0"),
  one("vlan", "plain", "id 5", { id = 5 }, on "p0"),
  one("vlan", "802.1ad, flags, priorities", "id 100 protocol 802.1ad reorder_hdr off gvrp on mvrp on loose_binding on "
    .. "bridge_binding on ingress-qos-map 1:2 3:4 egress-qos-map 5:6 7:1", {
    id = 100,
    protocol = "8021ad",
    flags = { reorder_hdr = false, gvrp = true, mvrp = true, loose_binding = true, bridge_binding = true },
    ingress_qos = { mapping = { { from = 1, to = 2 }, { from = 3, to = 4 } } },
    egress_qos = { mapping = { { from = 5, to = 6 }, { from = 7, to = 1 } } },
  }, on "p0"),

  one("vrf", "plain", "table 10", { table = 10 }),
  one("vrf", "a table of more than a byte", "table 100000", { table = 100000 }, { words = "up", make = { flags = { up = true } } }),

  one("bond", "plain", "", nil),
  one("bond", "active-backup, MII", "mode active-backup miimon 100 updelay 200 downdelay 300 use_carrier 0 peer_notify_delay 400 "
    .. "primary_reselect better fail_over_mac active resend_igmp 2 num_grat_arp 3 all_slaves_active 1 min_links 1", {
    mode = "active-backup",
    miimon = 100,
    updelay = 200,
    downdelay = 300,
    use_carrier = false,
    peer_notif_delay = 400,
    primary_reselect = "better",
    fail_over_mac = "active",
    resend_igmp = 2,
    num_peer_notif = 3,
    all_slaves_active = true,
    min_links = 1,
  }),
  one("bond", "ARP", "mode active-backup arp_interval 100 arp_validate all arp_all_targets all arp_ip_target 10.0.0.1,10.0.0.2 "
    .. "arp_missed_max 4", {
    mode = "active-backup",
    arp_interval = 100,
    arp_validate = "all",
    arp_all_targets = "all",
    arp_ip_target = { "10.0.0.1", "10.0.0.2" },
    missed_max = 4,
  }),
  one("bond", "IPv6 targets", "mode active-backup arp_interval 100 ns_ip6_target 2001:db8::1,2001:db8::2", {
    mode = "active-backup",
    arp_interval = 100,
    ns_ip6_target = { "2001:db8::1", "2001:db8::2" },
  }),
  one("bond", "802.3ad", "mode 802.3ad lacp_rate fast ad_select bandwidth ad_actor_sys_prio 100 ad_user_port_key 5 "
    .. "ad_actor_system 02:00:00:00:00:31 xmit_hash_policy layer3+4 lacp_active on", {
    mode = "802.3ad",
    ad_lacp_rate = "fast",
    ad_select = "bandwidth",
    ad_actor_sys_prio = 100,
    ad_user_port_key = 5,
    ad_actor_system = "02:00:00:00:00:31",
    xmit_hash_policy = "layer3+4",
    ad_lacp_active = true,
  }),
  one("bond", "balance-rr", "mode balance-rr packets_per_slave 5 lp_interval 2", { mode = "balance-rr", packets_per_slave = 5, lp_interval = 2 }),
  one("bond", "balance-tlb", "mode balance-tlb tlb_dynamic_lb 0", { mode = "balance-tlb", tlb_dynamic_lb = false }),
  one("bond", "balance-xor", "mode balance-xor xmit_hash_policy vlan+srcmac", { mode = "balance-xor", xmit_hash_policy = "vlan+srcmac" }),

  -- netkit is not known to this ip before 6.7; its words are checked where it is
  one("netkit", "l3", "mode l3", { mode = "l3" }, { random = { "address" } }),

  -- tunnels of Ethernet frames
  one("vxlan", "plain", "id 42 dstport 4789", { id = 42, port = 4789 }),
  one("vxlan", "every option of IPv4", "id 43 group 239.0.0.1 local 10.0.0.1 dev p0 ttl 5 tos 4 dstport 8472 srcport 1000 2000 "
    .. "ageing 600 maxaddress 100 nolearning proxy rsc l2miss l3miss noudpcsum df set", {
    id = 43,
    group = "239.0.0.1",
    ["local"] = "10.0.0.1",
    link = "p0",
    ttl = 5,
    tos = 4,
    port = 8472,
    port_range = { low = 1000, high = 2000 },
    ageing = 600,
    limit = 100,
    learning = false,
    proxy = true,
    rsc = true,
    l2miss = true,
    l3miss = true,
    udp_csum = false,
    df = "set",
  }, { before = parent }),
  one("vxlan", "IPv6", "id 44 remote 2001:db8::2 local 2001:db8::1 dstport 4789 flowlabel 0xab udp6zerocsumtx udp6zerocsumrx "
    .. "remcsumtx remcsumrx df inherit tos inherit", {
    id = 44,
    group6 = "2001:db8::2",
    local6 = "2001:db8::1",
    port = 4789,
    label = 0xab,
    udp_zero_csum6_tx = true,
    udp_zero_csum6_rx = true,
    remcsum_tx = true,
    remcsum_rx = true,
    df = "inherit",
    tos = 1,
  }),
  one("vxlan", "the ttl inherited, group policy", "id 45 dstport 4789 ttl inherit gbp", { id = 45, port = 4789, ttl_inherit = true, gbp = true }),
  one("vxlan", "metadata", "dstport 4789 external", { port = 4789, collect_metadata = true, learning = false }),
  one("vxlan", "metadata by vni", "dstport 4789 external vnifilter", { port = 4789, collect_metadata = true, vnifilter = true, learning = false }),
  one("vxlan", "GPE", "dstport 4790 gpe external", { port = 4790, gpe = true, collect_metadata = true, learning = false }),
  one("geneve", "plain", "id 42 remote 10.0.0.2", { id = 42, remote = "10.0.0.2" }),
  one("geneve", "every option of IPv4", "id 43 remote 10.0.0.2 ttl 5 tos 4 dstport 7000 noudpcsum df set", {
    id = 43,
    remote = "10.0.0.2",
    ttl = 5,
    tos = 4,
    port = 7000,
    udp_csum = false,
    df = "set",
  }),
  one("geneve", "IPv6", "id 44 remote 2001:db8::2 ttl inherit flowlabel 0xab udp6zerocsumtx udp6zerocsumrx df unset", {
    id = 44,
    remote6 = "2001:db8::2",
    ttl_inherit = true,
    label = 0xab,
    udp_zero_csum6_tx = true,
    udp_zero_csum6_rx = true,
    df = "unset",
  }),
  one("geneve", "metadata", "external", { collect_metadata = true }),
  one("gretap", "plain", "local 10.0.0.1 remote 10.0.0.2", { ["local"] = "10.0.0.1", remote = "10.0.0.2", pmtudisc = true }),
  one("gretap", "every option", "local 10.0.0.1 remote 10.0.0.2 ttl 5 tos 4 ikey 1 okey 2 icsum ocsum iseq oseq nopmtudisc "
    .. "ignore-df dev p0 fwmark 0x10 encap fou encap-sport 1000 encap-dport 2000 encap-csum encap-remcsum", {
    ["local"] = "10.0.0.1",
    remote = "10.0.0.2",
    ttl = 5,
    tos = 4,
    ikey = 1,
    okey = 2,
    iflags = { key = true, csum = true, seq = true },
    oflags = { key = true, csum = true, seq = true },
    pmtudisc = false,
    ignore_df = true,
    link = "p0",
    fwmark = 16,
    encap_type = "fou",
    encap_sport = 1000,
    encap_dport = 2000,
    encap_flags = { csum = true, remcsum = true },
  }, { before = fou .. parent }),
  one("gretap", "metadata", "external", { collect_metadata = true }),
  one("erspan", "version 1", "local 10.0.0.1 remote 10.0.0.2 seq key 7 erspan_ver 1 erspan 123", {
    ["local"] = "10.0.0.1",
    remote = "10.0.0.2",
    ikey = 7,
    okey = 7,
    iflags = { key = true, seq = true },
    oflags = { key = true, seq = true },
    pmtudisc = true,
    erspan_ver = 1,
    erspan_index = 123,
  }),
  one("erspan", "version 2", "local 10.0.0.1 remote 10.0.0.2 seq key 7 erspan_ver 2 erspan_dir egress erspan_hwid 5", {
    ["local"] = "10.0.0.1",
    remote = "10.0.0.2",
    ikey = 7,
    okey = 7,
    iflags = { key = true, seq = true },
    oflags = { key = true, seq = true },
    pmtudisc = true,
    erspan_ver = 2,
    erspan_dir = "egress",
    erspan_hwid = 5,
  }),
  one("ip6gretap", "plain", "local 2001:db8::1 remote 2001:db8::2", { ["local"] = "2001:db8::1", remote = "2001:db8::2", ttl = 64, encap_limit = 4 }),
  one("ip6gretap", "every option", "local 2001:db8::1 remote 2001:db8::2 ikey 1 okey 2 icsum ocsum oseq iseq hoplimit 9 "
    .. "encaplimit 3 tclass 0x4 flowlabel 0xab dev p0 fwmark 0x10", {
    ["local"] = "2001:db8::1",
    remote = "2001:db8::2",
    ikey = 1,
    okey = 2,
    iflags = { key = true, csum = true, seq = true },
    oflags = { key = true, csum = true, seq = true },
    ttl = 9,
    encap_limit = 3,
    flowinfo = 0x4000ab,
    link = "p0",
    fwmark = 16,
  }, { before = parent }),
  one("ip6erspan", "version 2", "local 2001:db8::1 remote 2001:db8::2 seq key 7 erspan_ver 2 erspan_dir ingress erspan_hwid 5", {
    ["local"] = "2001:db8::1",
    remote = "2001:db8::2",
    ikey = 7,
    okey = 7,
    iflags = { key = true, seq = true },
    oflags = { key = true, seq = true },
    ttl = 64,
    encap_limit = 4,
    erspan_ver = 2,
    erspan_dir = "ingress",
    erspan_hwid = 5,
  }),

  -- tunnels of packets
  tunnel("gre", "plain", "local 10.0.0.1 remote 10.0.0.2", { ["local"] = "10.0.0.1", remote = "10.0.0.2", pmtudisc = true }),
  tunnel("gre", "keys, ttl, device", "local 10.0.0.1 remote 10.0.0.2 key 5 csum ttl 9 tos inherit dev p0", {
    ["local"] = "10.0.0.1",
    remote = "10.0.0.2",
    ikey = 5,
    okey = 5,
    iflags = { key = true, csum = true },
    oflags = { key = true, csum = true },
    ttl = 9,
    tos = 1,
    link = "p0",
    pmtudisc = true,
  }, { before = parent }),
  tunnel("ip6gre", "plain", "local 2001:db8::1 remote 2001:db8::2", {
    ["local"] = "2001:db8::1",
    remote = "2001:db8::2",
    ttl = 64,
    encap_limit = 4,
  }, { random = { "permaddr" } }),
  tunnel("ip6gre", "inherited, without a limit", "local 2001:db8::1 remote 2001:db8::2 tclass inherit encaplimit none dscp inherit", {
    ["local"] = "2001:db8::1",
    remote = "2001:db8::2",
    ttl = 64,
    flags = { use_orig_tclass = true, ign_encap_limit = true, rcv_dscp_copy = true },
  }, { random = { "permaddr" } }),
  tunnel("ipip", "plain", "local 10.0.0.1 remote 10.0.0.2", { ["local"] = "10.0.0.1", remote = "10.0.0.2", proto = 0, pmtudisc = true }),
  tunnel("ipip", "every option", "local 10.0.0.1 remote 10.0.0.2 ttl 5 tos 4 dev p0 fwmark 3 mode any encap gue encap-sport auto "
    .. "encap-dport 5555 encap-udp6-csum", {
    ["local"] = "10.0.0.1",
    remote = "10.0.0.2",
    ttl = 5,
    tos = 4,
    link = "p0",
    fwmark = 3,
    proto = 0,
    pmtudisc = true,
    encap_type = "gue",
    encap_sport = 0,
    encap_dport = 5555,
    encap_flags = { csum6 = true },
  }, { before = fou .. parent }),
  tunnel("ipip", "metadata", "external", { collect_metadata = true, proto = 0 }),
  tunnel("sit", "plain", "local 10.0.0.1 remote 10.0.0.2", { ["local"] = "10.0.0.1", remote = "10.0.0.2", proto = 0, ttl = 0, pmtudisc = true }),
  tunnel("sit", "ISATAP", "local 10.0.0.1 ttl 7 isatap", {
    ["local"] = "10.0.0.1",
    ttl = 7,
    proto = 0,
    pmtudisc = true,
    flags = { isatap = true },
  }),
  tunnel("ip6tnl", "plain", "local 2001:db8::1 remote 2001:db8::2", {
    ["local"] = "2001:db8::1",
    remote = "2001:db8::2",
    ttl = 64,
    encap_limit = 4,
    proto = 0,
  }, { random = { "permaddr" } }),
  tunnel("ip6tnl", "every option", "mode any local 2001:db8::1 remote 2001:db8::2 hoplimit 9 tclass 0x4 flowlabel 0xab encaplimit none "
    .. "dscp inherit fwmark 0x10 dev p0 allow-localremote", {
    ["local"] = "2001:db8::1",
    remote = "2001:db8::2",
    ttl = 9,
    proto = 0,
    flowinfo = 0x4000ab,
    flags = { ign_encap_limit = true, rcv_dscp_copy = true, allow_local_remote = true },
    fwmark = 16,
    link = "p0",
  }, { before = parent, random = { "permaddr" } }),
  tunnel("vti", "keys", "local 10.0.0.1 remote 10.0.0.2 ikey 1 okey 2 fwmark 3", {
    ["local"] = "10.0.0.1",
    remote = "10.0.0.2",
    ikey = 1,
    okey = 2,
    fwmark = 3,
  }),
  tunnel("vti6", "keys", "local 2001:db8::1 remote 2001:db8::2 ikey 1 okey 2", {
    ["local"] = "2001:db8::1",
    remote = "2001:db8::2",
    ikey = 1,
    okey = 2,
  }, { random = { "permaddr" } }),
  tunnel("xfrm", "by identifier", "dev p0 if_id 7", { link = "p0", if_id = 7 }, { before = parent }),

  -- only read: these are made by a call of their own
  { kind = "tun", what = "tun", before = tun .. "ip tuntap add x0 mode tun user 0 group 0", random = {} },
  { kind = "tun", what = "tap, queues, headers", before = tun .. "ip tuntap add x0 mode tap multi_queue vnet_hdr pi", random = {} },
}

return links
