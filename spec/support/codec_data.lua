-- SPDX-License-Identifier: MIT
-- What ip(8) and bridge(8) of iproute2 6.1 send for a command, recorded with strace, and the table which says the same.
-- Links there: b0 is 4, v1 is 3, v2 is 2. From the header of the object on; the nlmsghdr is left out.
-- exact: the codec sends the same bytes, else it says the same in another order or with NLA_F_NESTED.
return {
  {
    command = "ip link add v8 type veth peer name v9 mtu 1300 address 02:00:00:00:00:09",
    object = "link",
    op = "newlink",
    t = {
      ifname = "v8",
      linkinfo = {
        kind = "veth", data = { peer = { ifname = "v9", address = "02:00:00:00:00:09", mtu = 1300 } },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030076380000400012000800010076657468340002003000010000000000",
      "00000000000000000000000008000400140500000a00010002000000000900000700030076390000",
    },
  },
  {
    command = table.concat({
      "ip link add v8 mtu 1400 numtxqueues 1 numrxqueues 1 group 5 address 02:00:00:00:00:08 type veth",
      "peer name v9 netns 1",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "v8", address = "02:00:00:00:00:08", group = 5,
      linkinfo = { kind = "veth", data = { peer = { ifname = "v9", net_ns_pid = 1 } } }, mtu = 1400,
      num_rx_queues = 1, num_tx_queues = 1,
    },
    bytes = table.concat {
      "00000000000000000000000000000000080004007805000008001f0001000000080020000100000008001b0005000000",
      "0a0001000200000000080000070003007638000034001200080001007665746828000200240001000000000000000000",
      "000000000000000008001300010000000700030076390000",
    },
  },
  {
    command = "ip link set v1 up mtu 1400 promisc off alias hello master b0",
    object = "link",
    op = "setlink",
    t = {
      index = "v1", flags = { promisc = false, up = true }, ifalias = "hello", master = "b0", mtu = 1400,
    },
    bytes = "0000000003000000010000000101000008000400780500000900140068656c6c6f00000008000a0004000000",
  },
  {
    command = "ip link set v1 down name zz",
    object = "link",
    op = "setlink",
    exact = true,
    t = { index = "v1", ifname = "zz", flags = { up = false } },
    bytes = "00000000030000000000000001000000070003007a7a0000",
  },
  {
    command = "ip link set v1 nomaster group 7 txqueuelen 10 addrgenmode none",
    object = "link",
    op = "setlink",
    t = {
      index = "v1", af_spec = { inet6 = { addr_gen_mode = "none" } }, group = 7, master = 0, txqlen = 10,
    },
    bytes = table.concat {
      "0000000003000000000000000000000008000a000000000008001b000700000008000d000a00000010001a000c000a00",
      "0500080001000000",
    },
  },
  {
    command = "ip link set v1 arp off multicast off allmulticast on",
    object = "link",
    op = "setlink",
    exact = true,
    t = { index = "v1", flags = { all_multi = true, multicast = false, no_arp = true } },
    bytes = "00000000030000008002000080120000",
  },
  {
    command = "ip link set v1 gso_max_size 1000 gso_max_segs 10 gro_max_size 2000",
    object = "link",
    op = "setlink",
    t = { index = "v1", gro_max_size = 2000, gso_max_segs = 10, gso_max_size = 1000 },
    bytes = "0000000003000000000000000000000008002900e8030000080028000a00000008003a00d0070000",
  },
  {
    command = "ip link del v1",
    object = "link",
    op = "dellink",
    exact = true,
    t = { index = "v1" },
    bytes = "00000000030000000000000000000000",
  },
  {
    command = "ip link del group 9",
    object = "link",
    op = "dellink",
    exact = true,
    t = { group = 9 },
    bytes = "0000000000000000000000000000000008001b0009000000",
  },
  {
    command = table.concat({
      "ip link add b1 type bridge forward_delay 100 hello_time 200 max_age 1000 ageing_time 100",
      "stp_state 1 priority 7 vlan_filtering 1 vlan_protocol 802.1ad group_fwd_mask 8 group_address",
      "01:80:c2:00:00:04 vlan_default_pvid 5 mcast_router 2 mcast_snooping 0 mcast_querier 1",
      "mcast_query_use_ifaddr 1 mcast_hash_max 512 mcast_last_member_count 3 mcast_startup_query_count",
      "4 mcast_last_member_interval 101 mcast_membership_interval 102 mcast_querier_interval 103",
      "mcast_query_interval 104 mcast_query_response_interval 105 mcast_startup_query_interval 106",
      "mcast_stats_enabled 1 mcast_igmp_version 3 mcast_mld_version 2 nf_call_iptables 1",
      "nf_call_ip6tables 1 nf_call_arptables 1 vlan_stats_enabled 1 vlan_stats_per_port 1",
      "no_linklocal_learn 1 mcast_vlan_snooping 0",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "b1",
      linkinfo = {
        kind = "bridge",
        data = {
          ageing_time = 100, forward_delay = 100, group_addr = "01:80:c2:00:00:04", group_fwd_mask = 8,
          hello_time = 200, max_age = 1000, mcast_hash_max = 512, mcast_igmp_version = 3,
          mcast_last_member_cnt = 3, mcast_last_member_intvl = 101, mcast_membership_intvl = 102,
          mcast_mld_version = 2, mcast_querier = true, mcast_querier_intvl = 103, mcast_query_intvl = 104,
          mcast_query_response_intvl = 105, mcast_query_use_ifaddr = true, mcast_router = 2,
          mcast_snooping = false, mcast_startup_query_cnt = 4, mcast_startup_query_intvl = 106,
          mcast_stats_enabled = true,
          multi_boolopt = { mcast_vlan_snooping = false, no_linklocal_learn = true }, nf_call_arptables = true,
          nf_call_ip6tables = true, nf_call_iptables = true, priority = 7, stp_state = 1, vlan_default_pvid = 5,
          vlan_filtering = true, vlan_protocol = "8021ad", vlan_stats_enabled = true,
          vlan_stats_per_port = true,
        },
      },
    },
    bytes = table.concat {
      "0000000000000000000000000000000007000300623100003c0112000a00010062726964676500002c01020008000100",
      "6400000008000200c800000008000300e803000008000400640000000800050001000000060006000700000005000700",
      "010000000600080088a8000006000900080000000a0014000180c2000004000006002700050000000500160002000000",
      "05001700000000000500190001000000050018000100000008001b000002000008001c000300000008001d0004000000",
      "0c001e0065000000000000000c001f0066000000000000000c00200067000000000000000c0021006800000000000000",
      "0c00220069000000000000000c0023006a0000000000000005002a000100000005002b000300000005002c0002000000",
      "050024000100000005002500010000000500260001000000050029000100000005002d00010000000c002e0001000000",
      "03000000",
    },
  },
  {
    command = table.concat({
      "ip link add vx type vxlan id 42 dstport 4789 local 10.0.0.1 remote 10.0.0.2 dev v1 ttl 5 tos 6",
      "nolearning ageing 100 maxaddress 50 srcport 1000 2000 proxy rsc l2miss l3miss udpcsum",
      "udp6zerocsumtx udp6zerocsumrx df set gbp",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "vx",
      linkinfo = {
        kind = "vxlan",
        data = {
          ageing = 100, df = "set", gbp = true, group = "10.0.0.2", id = 42, l2miss = true, l3miss = true,
          learning = false, limit = 50, link = "v1", ["local"] = "10.0.0.1", port = 4789,
          port_range = { high = 2000, low = 1000 }, proxy = true, rsc = true, tos = 6, ttl = 5, udp_csum = true,
          udp_zero_csum6_rx = true, udp_zero_csum6_tx = true,
        },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030076780000b00012000900010076786c616e000000a000020008000300",
      "03000000050005000500000005000600060000000800080064000000080009003200000008000a0003e807d005000b00",
      "0100000005000c000100000005000d000100000005000e00010000000500120001000000050013000100000005001400",
      "0100000005001d000100000004001700080001002a000000080004000a000001080002000a0000020500070000000000",
      "06000f0012b50000",
    },
  },
  {
    command = table.concat({
      "ip link add vx type vxlan id 42 dstport 0 local fd00::1 remote fd00::2 flowlabel 0x12345",
      "remcsumtx remcsumrx gpe",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "vx",
      linkinfo = {
        kind = "vxlan",
        data = {
          gpe = true, group6 = "fd00::2", id = 42, label = 74565, learning = true, local6 = "fd00::1",
          remcsum_rx = true, remcsum_tx = true,
        },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030076780000680012000900010076786c616e0000005800020008001a00",
      "000123450500150001000000050016000100000004001b00080001002a00000014001100fd0000000000000000000000",
      "0000000114001000fd0000000000000000000000000000020500070001000000",
    },
  },
  {
    command = "ip link add vx type vxlan external vnifilter dstport 4789",
    object = "link",
    op = "newlink",
    t = {
      ifname = "vx",
      linkinfo = {
        kind = "vxlan", data = { collect_metadata = true, learning = false, port = 4789, vnifilter = true },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030076780000340012000900010076786c616e0000002400020005001900",
      "0100000005001e0001000000050007000000000006000f0012b50000",
    },
  },
  {
    command = "ip link add mv link v1 type macvlan mode passthru nopromisc bcqueuelen 77",
    object = "link",
    op = "newlink",
    t = {
      ifname = "mv", link = "v1",
      linkinfo = {
        kind = "macvlan", data = { bc_queue_len = 77, flags = { nopromisc = true }, mode = "passthru" },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000800050003000000070003006d7600002c0012000b0001006d6163766c616e00",
      "1c000200080007004d00000008000100080000000600020001000000",
    },
  },
  {
    command = "ip link set v1 type macvlan macaddr set 02:00:00:00:00:01 02:00:00:00:00:02",
    object = "link",
    op = "newlink",
    t = {
      index = "v1",
      linkinfo = {
        kind = "macvlan",
        data = {
          macaddr_data = { macaddr = { "02:00:00:00:00:01", "02:00:00:00:00:02" } }, macaddr_mode = "set",
        },
      },
    },
    bytes = table.concat {
      "00000000030000000000000000000000380012000b0001006d6163766c616e002800020008000300030000001c000500",
      "0a00040002000000000100000a0004000200000000020000",
    },
  },
  {
    command = "ip link add mt link v1 type macvtap mode passthru",
    object = "link",
    op = "newlink",
    t = { ifname = "mt", link = "v1", linkinfo = { kind = "macvtap", data = { mode = "passthru" } } },
    bytes = table.concat {
      "000000000000000000000000000000000800050003000000070003006d7400001c0012000b0001006d61637674617000",
      "0c0002000800010008000000",
    },
  },
  {
    command = "ip link add iv link v1 type ipvlan mode l3s vepa",
    object = "link",
    op = "newlink",
    t = {
      ifname = "iv", link = "v1",
      linkinfo = { kind = "ipvlan", data = { flags = { vepa = true }, mode = "l3s" } },
    },
    bytes = table.concat {
      "0000000000000000000000000000000008000500030000000700030069760000240012000a0001006970766c616e0000",
      "1400020006000100020000000600020002000000",
    },
  },
  {
    command = table.concat({
      "ip link add vl link v1 type vlan id 10 protocol 802.1ad reorder_hdr off gvrp on mvrp on",
      "loose_binding on ingress-qos-map 1:2 3:4 egress-qos-map 5:6",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "vl", link = "v1",
      linkinfo = {
        kind = "vlan",
        data = {
          egress_qos = { mapping = { { from = 5, to = 6 } } },
          flags = { gvrp = true, loose_binding = true, mvrp = true, reorder_hdr = false }, id = 10,
          ingress_qos = { mapping = { { from = 1, to = 2 }, { from = 3, to = 4 } } }, protocol = "8021ad",
        },
      },
    },
    bytes = table.concat {
      "00000000000000000000000000000000080005000300000007000300766c00005800120008000100766c616e4c000200",
      "060001000a0000000600050088a800001c0004000c00010001000000020000000c000100030000000400000010000300",
      "0c00010005000000060000000c0002000e0000000f000000",
    },
  },
  {
    command = "ip link add d0 type dummy",
    object = "link",
    op = "newlink",
    t = { ifname = "d0", linkinfo = { kind = "dummy" } },
    bytes = "000000000000000000000000000000000700030064300000100012000900010064756d6d79000000",
  },
  {
    command = "ip link add wg0 type wireguard",
    object = "link",
    op = "newlink",
    t = { ifname = "wg0", linkinfo = { kind = "wireguard" } },
    bytes = "000000000000000000000000000000000800030077673000140012000d000100776972656775617264000000",
  },
  {
    command = "ip link add vrf0 type vrf table 1000",
    object = "link",
    op = "newlink",
    t = { ifname = "vrf0", linkinfo = { kind = "vrf", data = { table = 1000 } } },
    bytes = table.concat {
      "000000000000000000000000000000000900030076726630000000001800120007000100767266000c00020008000100",
      "e8030000",
    },
  },
  {
    command = table.concat({
      "ip link add bo type bond mode active-backup arp_interval 100 arp_ip_target 10.0.0.1,10.0.0.2",
      "ns_ip6_target fd00::1,fd00::2",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "bo",
      linkinfo = {
        kind = "bond",
        data = {
          arp_interval = 100, arp_ip_target = { "10.0.0.1", "10.0.0.2" }, mode = "active-backup",
          ns_ip6_target = { "fd00::1", "fd00::2" },
        },
      },
    },
    bytes = table.concat {
      "0000000000000000000000000000000007000300626f00006000120008000100626f6e64540002000500010001000000",
      "080007006400000014000800080000000a000001080001000a0000022c001f0014000000fd0000000000000000000000",
      "0000000114000100fd000000000000000000000000000002",
    },
  },
  {
    command = "ip link add ge type geneve id 5 remote 10.0.0.1 ttl 6 tos 7 dstport 6081 udpcsum df inherit",
    object = "link",
    op = "newlink",
    t = {
      ifname = "ge",
      linkinfo = {
        kind = "geneve",
        data = {
          df = "inherit", id = 5, label = 0, port = 6081, remote = "10.0.0.1", tos = 7, ttl = 6,
          udp_csum = true,
        },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030067650000540012000a00010067656e65766500004400020005000d00",
      "020000000800010005000000080002000a00000108000b00000000000500030006000000050004000700000006000500",
      "17c100000500080001000000",
    },
  },
  {
    command = "ip link add ge type geneve external innerprotoinherit",
    object = "link",
    op = "newlink",
    t = {
      ifname = "ge",
      linkinfo = {
        kind = "geneve",
        data = { collect_metadata = true, id = 0, inner_proto_inherit = true, label = 0, tos = 0, ttl = 0 },
      },
    },
    bytes = table.concat {
      "0000000000000000000000000000000007000300676500003c0012000a00010067656e65766500002c00020008000100",
      "0000000008000b0000000000050003000000000005000400000000000400060004000e00",
    },
  },
  {
    command = table.concat({
      "ip link add g1 type gretap local 10.0.0.1 remote 10.0.0.2 key 5 csum seq ttl 64 tos 4 dev v1",
      "nopmtudisc ignore-df",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "g1",
      linkinfo = {
        kind = "gretap",
        data = {
          encap_dport = 0, encap_flags = {}, encap_sport = 0, encap_type = 0, fwmark = 0,
          iflags = { csum = true, key = true, seq = true }, ignore_df = true, ikey = 5, link = "v1",
          ["local"] = "10.0.0.1", oflags = { csum = true, key = true, seq = true }, okey = 5, pmtudisc = false,
          remote = "10.0.0.2", tos = 4, ttl = 64,
        },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030067310000940012000a00010067726574617000008400020008000400",
      "00000005080005000000000506000200b000000006000300b0000000080006000a000001080007000a00000205000a00",
      "000000000500130001000000050009000400000008000100030000000500080040000000080014000000000006000e00",
      "0000000006000f000000000006001000000000000600110000000000",
    },
  },
  {
    command = table.concat({
      "ip link add g1 type gre local 10.0.0.1 remote 10.0.0.2 encap gue encap-sport auto encap-dport",
      "5555 encap-csum fwmark 3",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "g1",
      linkinfo = {
        kind = "gre",
        data = {
          encap_dport = 5555, encap_flags = { csum = true }, encap_sport = 0, encap_type = "gue", fwmark = 3,
          iflags = {}, ikey = 0, ["local"] = "10.0.0.1", oflags = {}, okey = 0, pmtudisc = true,
          remote = "10.0.0.2", tos = 0, ttl = 0,
        },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030067310000800012000700010067726500740002000800040000000000",
      "080005000000000006000200000000000600030000000000080006000a000001080007000a00000205000a0001000000",
      "05000900000000000500080000000000080014000300000006000e000200000006000f00010000000600100000000000",
      "0600110015b30000",
    },
  },
  {
    command = table.concat({
      "ip link add e1 type erspan local 10.0.0.1 remote 10.0.0.2 seq key 5 erspan_ver 2 erspan_dir",
      "ingress erspan_hwid 7",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "e1",
      linkinfo = {
        kind = "erspan",
        data = {
          encap_dport = 0, encap_flags = {}, encap_sport = 0, encap_type = 0, erspan_dir = "ingress", erspan_hwid = 7,
          erspan_ver = 2, fwmark = 0, iflags = { key = true, seq = true }, ikey = 5, ["local"] = "10.0.0.1",
          oflags = { key = true, seq = true }, okey = 5, pmtudisc = true, remote = "10.0.0.2", tos = 0, ttl = 0,
        },
      },
    },
    bytes = table.concat {
      "0000000000000000000000000000000007000300653100009c0012000a00010065727370616e00008c00020008000400",
      "00000005080005000000000506000200300000000600030030000000080006000a000001080007000a00000205000a00",
      "010000000500090000000000050008000000000008001400000000000500160002000000050017000000000006001800",
      "0700000006000e000000000006000f000000000006001000000000000600110000000000",
    },
  },
  {
    command = table.concat({
      "ip link add g6 type ip6gretap local fd00::1 remote fd00::2 hoplimit 5 encaplimit 3 tclass 0x10",
      "flowlabel 0x5",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "g6",
      linkinfo = {
        kind = "ip6gretap",
        data = {
          encap_dport = 0, encap_flags = { csum6 = true }, encap_limit = 3, encap_sport = 0, encap_type = 0,
          erspan_ver = 1, flags = {}, flowinfo = 16777221, fwmark = 0, iflags = {}, ikey = 0,
          ["local"] = "fd00::1", oflags = {}, okey = 0, remote = "fd00::2", ttl = 5,
        },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030067360000b00012000d0001006970366772657461700000009c000200",
      "080004000000000008000500000000000600020000000000060003000000000014000600fd0000000000000000000000",
      "0000000114000700fd000000000000000000000000000002050008000500000005000b000300000008000c0001000005",
      "08000d00000000000800140000000000050016000100000006000e000000000006000f00020000000600100000000000",
      "0600110000000000",
    },
  },
  {
    command = "ip link add ii type ipip local 10.0.0.1 remote 10.0.0.2 ttl 9 dev v1 mode ipip",
    object = "link",
    op = "newlink",
    t = {
      ifname = "ii",
      linkinfo = {
        kind = "ipip",
        data = {
          encap_dport = 0, encap_flags = {}, encap_sport = 0, encap_type = 0, fwmark = 0, link = "v1",
          ["local"] = "10.0.0.1", pmtudisc = true, proto = 4, remote = "10.0.0.2", tos = 0, ttl = 9,
        },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030069690000700012000800010069706970640002000500090004000000",
      "080002000a000001080003000a00000205000a0001000000050005000000000005000400090000000800010003000000",
      "080014000000000006000f0000000000060010000000000006001100000000000600120000000000",
    },
  },
  {
    command = "ip link add s1 type sit local 10.0.0.1 remote any ttl 9 mode any",
    object = "link",
    op = "newlink",
    t = {
      ifname = "s1",
      linkinfo = {
        kind = "sit",
        data = {
          encap_dport = 0, encap_flags = {}, encap_sport = 0, encap_type = 0, flags = {}, fwmark = 0, link = 0,
          ["local"] = "10.0.0.1", pmtudisc = true, proto = 0, tos = 0, ttl = 9,
        },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030073310000700012000700010073697400640002000500090000000000",
      "080002000a00000105000a00010000000500050000000000050004000900000008000100000000000800140000000000",
      "06000f00000000000600100000000000060011000000000006001200000000000600080000000000",
    },
  },
  {
    command = "ip link add s1 type sit 6rd-prefix fd00:5::/32 6rd-relay_prefix 10.0.0.0/8 isatap",
    object = "link",
    op = "newlink",
    t = {
      ifname = "s1",
      linkinfo = {
        kind = "sit",
        data = {
          ["6rd_prefix"] = "fd00:5::", ["6rd_prefixlen"] = 32, ["6rd_relay_prefix"] = "10.0.0.0",
          ["6rd_relay_prefixlen"] = 8, encap_dport = 0, encap_flags = {}, encap_sport = 0, encap_type = 0,
          flags = { isatap = true }, fwmark = 0, link = 0, pmtudisc = true, proto = 0, tos = 0, ttl = 0,
        },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030073310000940012000700010073697400880002000500090000000000",
      "05000a0001000000050005000000000005000400000000000800010000000000080014000000000006000f0000000000",
      "060010000000000006001100000000000600120000000000060008000100000014000b00fd0000050000000000000000",
      "0000000006000d002000000008000c000a00000006000e0008000000",
    },
  },
  {
    command = table.concat({
      "ip link add t6 type ip6tnl local fd00::1 remote fd00::2 mode ip6ip6 hoplimit 7 encaplimit none",
      "dscp inherit",
    }, " "),
    object = "link",
    op = "newlink",
    t = {
      ifname = "t6",
      linkinfo = {
        kind = "ip6tnl",
        data = {
          encap_dport = 0, encap_flags = { csum6 = true }, encap_limit = 4, encap_sport = 0, encap_type = 0,
          flags = { ign_encap_limit = true, rcv_dscp_copy = true }, flowinfo = 0, fwmark = 0, link = 0,
          ["local"] = "fd00::1", proto = 41, remote = "fd00::2", ttl = 7,
        },
      },
    },
    bytes = table.concat {
      "000000000000000000000000000000000700030074360000940012000a000100697036746e6c00008400020005000900",
      "2900000014000200fd00000000000000000000000000000114000300fd00000000000000000000000000000205000400",
      "070000000500060004000000080007000000000008000800110000000800010000000000080014000000000006000f00",
      "00000000060010000200000006001100000000000600120000000000",
    },
  },
  {
    command = "ip link add vt type vti local 10.0.0.1 remote 10.0.0.2 key 6 fwmark 4",
    object = "link",
    op = "newlink",
    t = {
      ifname = "vt",
      linkinfo = {
        kind = "vti", data = { fwmark = 4, ikey = 6, ["local"] = "10.0.0.1", okey = 6, remote = "10.0.0.2" },
      },
    },
    bytes = table.concat {
      "0000000000000000000000000000000007000300767400003800120007000100767469002c0002000800020000000006",
      "0800030000000006080004000a000001080005000a0000020800060004000000",
    },
  },
  {
    command = "ip link set v1 xdp off",
    object = "link",
    op = "setlink",
    t = { index = "v1", xdp = { fd = -1, flags = 1 } },
    bytes = "0000000003000000000000000000000014002b0008000100ffffffff0800030001000000",
  },
  {
    command = "ip link set v1 protodown on protodown_reason 3 on",
    object = "link",
    op = "setlink",
    t = { index = "v1", proto_down = true, proto_down_reason = { mask = 8, value = 8 } },
    bytes = "0000000003000000000000000000000005002700010000001400378008000100080000000800020008000000",
  },
  {
    command = "ip addr add 10.0.0.1/24 dev v1",
    object = "addr",
    op = "newaddr",
    exact = true,
    t = { index = "v1", ["local"] = "10.0.0.1/24" },
    bytes = "0218000003000000080002000a000001080001000a000001",
  },
  {
    command = "ip addr add 10.0.0.1/24 brd + dev v1 label v1:5 metric 50 valid_lft 100 preferred_lft 50",
    object = "addr",
    op = "newaddr",
    t = {
      index = "v1", broadcast = "10.0.0.255", cacheinfo = { prefered = 50, valid = 100 }, label = "v1:5",
      ["local"] = "10.0.0.1", prefixlen = 24, rt_priority = 50,
    },
    bytes = table.concat {
      "0218000003000000080002000a0000010900030076313a35000000000800090032000000080001000a00000108000400",
      "0a0000ff1400060032000000640000000000000000000000",
    },
  },
  {
    command = "ip addr add 10.0.0.1 peer 10.0.0.2/30 dev v1 noprefixroute",
    object = "addr",
    op = "newaddr",
    t = { index = "v1", address = "10.0.0.2/30", flags = { noprefixroute = true }, ["local"] = "10.0.0.1" },
    bytes = "021e000003000000080002000a000001080001000a0000020800080000020000",
  },
  {
    command = "ip addr add fd00::1/64 dev v1 nodad home mngtmpaddr preferred_lft 0",
    object = "addr",
    op = "newaddr",
    t = {
      index = "v1", cacheinfo = { prefered = 0 },
      flags = { homeaddress = true, managetempaddr = true, nodad = true }, ["local"] = "fd00::1/64",
    },
    bytes = table.concat {
      "0a4000000300000014000200fd000000000000000000000000000001080008001201000014000100fd00000000000000",
      "00000000000000011400060000000000ffffffff0000000000000000",
    },
  },
  {
    command = "ip addr add 127.0.0.5/8 dev lo",
    object = "addr",
    op = "newaddr",
    exact = true,
    t = { index = 1, ["local"] = "127.0.0.5/8" },
    bytes = "020800fe01000000080002007f000005080001007f000005",
  },
  {
    command = "ip addr add 10.0.0.1/24 dev v1 scope link",
    object = "addr",
    op = "newaddr",
    exact = true,
    t = { index = "v1", ["local"] = "10.0.0.1/24", scope = "link" },
    bytes = "021800fd03000000080002000a000001080001000a000001",
  },
  {
    command = "ip addr del 10.0.0.1/24 dev v1",
    object = "addr",
    op = "deladdr",
    exact = true,
    t = { index = "v1", ["local"] = "10.0.0.1/24" },
    bytes = "0218000003000000080002000a000001080001000a000001",
  },
  {
    command = "ip addr del 10.0.0.1 dev v1",
    object = "addr",
    op = "deladdr",
    exact = true,
    t = { index = "v1", ["local"] = "10.0.0.1" },
    bytes = "0220000003000000080002000a000001",
  },
  {
    command = "ip route add 10.1.0.0/16 dev v1",
    object = "route",
    op = "newroute",
    exact = true,
    t = { dst = "10.1.0.0/16", oif = "v1" },
    bytes = "02100000fe03fd0100000000080001000a0100000800040003000000",
  },
  {
    command = "ip route add default dev v1",
    object = "route",
    op = "newroute",
    exact = true,
    t = { dst = "default", oif = "v1" },
    bytes = "02000000fe03fd01000000000800040003000000",
  },
  {
    command = "ip route add default via 10.0.0.1 dev v1 onlink",
    object = "route",
    op = "newroute",
    t = { dst = "default", flags = { onlink = true }, gateway = "10.0.0.1", oif = "v1" },
    bytes = "02000000fe03000104000000080005000a0000010800040003000000",
  },
  {
    command = "ip -6 route add default dev v1",
    object = "route",
    op = "newroute",
    exact = true,
    t = { dst = "::/0", oif = "v1" },
    bytes = "0a000000fe0300010000000014000100000000000000000000000000000000000800040003000000",
  },
  {
    command = "ip route add default via fe80::1 dev v1 metric 5",
    object = "route",
    op = "newroute",
    t = { dst = "default", gateway = "fe80::1", oif = "v1", priority = 5 },
    bytes = "0a000000fe0300010000000014000500fe80000000000000000000000000000108000600050000000800040003000000",
  },
  {
    command = table.concat({
      "ip route add 10.1.0.0/16 dev v1 src 10.0.0.9 table 1000 proto static metric 7 mtu lock 1300",
      "advmss 1200 hoplimit 5 initcwnd 10 initrwnd 11 window 100 rto_min 5ms quickack 1 congctl cubic",
      "features ecn",
    }, " "),
    object = "route",
    op = "newroute",
    t = {
      dst = "10.1.0.0/16",
      metrics = {
        advmss = 1200, cc_algo = "cubic", features = { ecn = true }, hoplimit = 5, initcwnd = 10, initrwnd = 11,
        lock = { mtu = true, rto_min = true }, mtu = 1300, quickack = 1, rto_min = 5, window = 100,
      },
      oif = "v1", prefsrc = "10.0.0.9", priority = 7, protocol = "static", table = 1000,
    },
    bytes = table.concat {
      "021000000004fd0100000000080001000a010000080007000a00000908000f00e8030000080006000700000008000400",
      "0300000060000800080002001405000008000800b004000008000a000500000008000b000a00000008000e000b000000",
      "080003006400000008000d000500000008000f000100000009001000637562696300000008000c000100000008000100",
      "04200000",
    },
  },
  {
    command = table.concat({
      "ip route add 10.1.0.0/16 table 254 tos 0x10 nexthop via 10.0.0.1 weight 2 nexthop via 10.0.0.2",
      "dev v1 weight 1 onlink nexthop via inet6 fe80::1 dev v1 weight 1",
    }, " "),
    object = "route",
    op = "newroute",
    t = {
      dst = "10.1.0.0/16",
      multipath = {
        { gateway = "10.0.0.1", hops = 1 }, { ifindex = "v1", flags = { onlink = true }, gateway = "10.0.0.2" },
        { ifindex = "v1", via = "fe80::1" },
      },
      tos = 16,
    },
    bytes = table.concat {
      "02100010fe03000100000000080001000a010000440009001000000100000000080005000a0000011000040003000000",
      "080005000a0000022000000003000000160012000a00fe8000000000000000000000000000010100",
    },
  },
  {
    command = "ip route add blackhole 10.1.0.0/16",
    object = "route",
    op = "newroute",
    exact = true,
    t = { dst = "10.1.0.0/16", type = "blackhole" },
    bytes = "02100000fe03000600000000080001000a010000",
  },
  {
    command = "ip route add local 10.1.0.1 dev v1",
    object = "route",
    op = "newroute",
    exact = true,
    t = { dst = "10.1.0.1", oif = "v1", type = "local" },
    bytes = "02200000ff03fe0200000000080001000a0100010800040003000000",
  },
  {
    command = "ip route add multicast 239.0.0.0/8 dev v1",
    object = "route",
    op = "newroute",
    exact = true,
    t = { dst = "239.0.0.0/8", oif = "v1", type = "multicast" },
    bytes = "02080000fe03fd050000000008000100ef0000000800040003000000",
  },
  {
    command = "ip route add fd01::/64 via fe80::2 dev v1 expires 100 pref high",
    object = "route",
    op = "newroute",
    t = { dst = "fd01::/64", expires = 100, gateway = "fe80::2", oif = "v1", pref = "high" },
    bytes = table.concat {
      "0a400000fe0300010000000014000100fd01000000000000000000000000000014000500fe8000000000000000000000",
      "00000002080017006400000005001400010000000800040003000000",
    },
  },
  {
    command = "ip route add 10.1.0.0/16 nhid 5",
    object = "route",
    op = "newroute",
    exact = true,
    t = { dst = "10.1.0.0/16", nh_id = 5 },
    bytes = "02100000fe03000100000000080001000a01000008001e0005000000",
  },
  {
    command = "ip route del 10.1.0.0/16",
    object = "route",
    op = "delroute",
    exact = true,
    t = { dst = "10.1.0.0/16" },
    bytes = "02100000fe00ff0000000000080001000a010000",
  },
  {
    command = "ip route del 10.1.0.0/16 dev v1 table local proto boot",
    object = "route",
    op = "delroute",
    exact = true,
    t = { dst = "10.1.0.0/16", oif = "v1", protocol = "boot", table = "local" },
    bytes = "02100000ff03ff0000000000080001000a0100000800040003000000",
  },
  {
    command = "ip route del default via fe80::1 dev v1",
    object = "route",
    op = "delroute",
    t = { dst = "default", gateway = "fe80::1", oif = "v1" },
    bytes = "0a000000fe0000000000000014000500fe8000000000000000000000000000010800040003000000",
  },
  {
    command = "ip route get 10.0.0.5 from 10.0.0.6 iif v1 mark 5 uid 7 ipproto tcp sport 10 dport 20",
    object = "route",
    op = "getroute",
    t = {
      dport = 20, dst = "10.0.0.5", flags = { lookup_table = true }, iif = "v1", ip_proto = 6, mark = 5,
      sport = 10, src = "10.0.0.6", uid = 7,
    },
    bytes = table.concat {
      "022020000000000000100000080001000a000005080002000a000006080019000700000005001b000600000006001c00",
      "000a000006001d000014000008000300030000000800100005000000",
    },
  },
  {
    command = "ip route add 10.1.0.0/16 encap ip id 100 dst 10.0.0.9 src 10.0.0.8 ttl 5 tos 4 key csum dev v1",
    object = "route",
    op = "newroute",
    t = {
      dst = "10.1.0.0/16",
      encap = {
        dst = "10.0.0.9", flags = { csum = true, key = true }, id = 100, src = "10.0.0.8", tos = 4, ttl = 5,
      },
      encap_type = "ip", oif = "v1",
    },
    bytes = table.concat {
      "02100000fe03fd0100000000080001000a010000380016800c0001000000000000000064080002000a00000908000300",
      "0a0000080500040005e101000500050004e10100060006000005000006001500020001000800040003000000",
    },
  },
  {
    command = "ip route add fd01::/64 encap ip6 id 7 dst fd00::9 hoplimit 3 tc 5 dev v1",
    object = "route",
    op = "newroute",
    t = {
      dst = "fd01::/64", encap = { dst = "fd00::9", hoplimit = 3, id = 7, tc = 5 }, encap_type = "ip6",
      oif = "v1",
    },
    bytes = table.concat {
      "0a400000fe0300010000000014000100fd010000000000000000000000000000340016800c0001000000000000000007",
      "14000200fd00000000000000000000000000000905000400030000000500050005000000060015000400000008000400",
      "03000000",
    },
  },
  {
    command = "ip link set v1 vf 0 mac 02:00:00:00:00:07",
    object = "link",
    op = "setlink",
    t = { index = "v1", vfinfo_list = { info = { { mac = { mac = "02:00:00:00:00:07", vf = 0 } } } } },
    bytes = table.concat {
      "00000000030000000000000000000000300016002c000100280001000000000002000000000700000000000000000000",
      "00000000000000000000000000000000",
    },
  },
  {
    command = "ip link set v1 vf 1 vlan 5 qos 3 spoofchk on trust off state enable min_tx_rate 1 max_tx_rate 2",
    object = "link",
    op = "setlink",
    t = {
      index = "v1",
      vfinfo_list = {
        info = {
          {
            link_state = { link_state = "enable", vf = 1 }, rate = { max_tx_rate = 2, min_tx_rate = 1, vf = 1 },
            spoofchk = { setting = 1, vf = 1 }, trust = { setting = 0, vf = 1 },
            vlan = { qos = 3, vf = 1, vlan = 5 },
          },
        },
      },
    },
    bytes = table.concat {
      "000000000300000000000000000000004c00160048000100100002000100000005000000030000000c00040001000000",
      "010000000c00090001000000000000000c000500010000000100000010000600010000000100000002000000",
    },
  },
  {
    command = "ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v1",
    object = "neigh",
    op = "newneigh",
    exact = true,
    t = { ifindex = "v1", dst = "10.0.0.9", lladdr = "02:00:00:00:00:09" },
    bytes = "020000000300000080000000080001000a0000090a0002000200000000090000",
  },
  {
    command = "ip neigh add fd00::9 lladdr 02:00:00:00:00:09 dev v1 nud reachable router protocol bird",
    object = "neigh",
    op = "newneigh",
    t = {
      ifindex = "v1", dst = "fd00::9", flags = { router = true }, lladdr = "02:00:00:00:00:09",
      protocol = "bird", state = "reachable",
    },
    bytes = table.concat {
      "0a000000030000000200800005000c000c00000014000100fd0000000000000000000000000000090a00020002000000",
      "00090000",
    },
  },
  {
    command = "ip neigh add proxy 10.0.0.9 dev v1",
    object = "neigh",
    op = "newneigh",
    exact = true,
    t = { ifindex = "v1", dst = "10.0.0.9", flags = { proxy = true } },
    bytes = "020000000300000080000800080001000a000009",
  },
  {
    command = "ip neigh add 10.0.0.9 dev v1 managed",
    object = "neigh",
    op = "newneigh",
    exact = true,
    t = { ifindex = "v1", dst = "10.0.0.9", flags_ext = { managed = true } },
    bytes = "020000000300000000000000080001000a00000908000f0001000000",
  },
  {
    command = "ip neigh add 10.0.0.9 dev v1 use",
    object = "neigh",
    op = "newneigh",
    exact = true,
    t = { ifindex = "v1", dst = "10.0.0.9", flags = { use = true } },
    bytes = "020000000300000080000100080001000a000009",
  },
  {
    command = "ip neigh add 10.0.0.9 dev v1 extern_learn",
    object = "neigh",
    op = "newneigh",
    exact = true,
    t = { ifindex = "v1", dst = "10.0.0.9", flags = { ext_learned = true } },
    bytes = "020000000300000080001000080001000a000009",
  },
  {
    command = "ip neigh del 10.0.0.9 dev v1",
    object = "neigh",
    op = "delneigh",
    exact = true,
    t = { ifindex = "v1", dst = "10.0.0.9" },
    bytes = "020000000300000080000000080001000a000009",
  },
  {
    command = "ip neigh show dev v1",
    object = "neigh",
    op = "getneigh",
    exact = true,
    t = { via_ifindex = "v1" },
    bytes = "0000000000000000000000000800080003000000",
  },
  {
    command = "bridge fdb add 02:00:00:00:00:05 dev v1 dst 10.0.0.5 vni 7 port 4790 via v2 src_vni 9 self permanent",
    object = "neigh",
    op = "newneigh",
    t = {
      family = "bridge", ifindex = "v1", dst = "10.0.0.5", lladdr = "02:00:00:00:00:05", port = 4790,
      src_vni = 9, via_ifindex = "v2", vni = 7,
    },
    bytes = table.concat {
      "0700000003000000c00002000a0002000200000000050000080001000a0000050600060012b600000800070007000000",
      "08000b00090000000800080002000000",
    },
  },
  {
    command = "bridge fdb add 02:00:00:00:00:05 dev v1 master vlan 5 sticky",
    object = "neigh",
    op = "newneigh",
    t = {
      family = "bridge", ifindex = "v1", flags = { master = true, sticky = true }, lladdr = "02:00:00:00:00:05",
      vlan = 5,
    },
    bytes = "0700000003000000c00044000a00020002000000000500000600050005000000",
  },
  {
    command = "bridge fdb add 02:00:00:00:00:05 dev v1 master static",
    object = "neigh",
    op = "newneigh",
    t = {
      family = "bridge", ifindex = "v1", flags = { master = true }, lladdr = "02:00:00:00:00:05",
      state = "noarp",
    },
    bytes = "0700000003000000420004000a0002000200000000050000",
  },
  {
    command = "bridge fdb append 00:00:00:00:00:00 dev v1 dst fd00::5",
    object = "neigh",
    op = "newneigh",
    t = { family = "bridge", ifindex = "v1", dst = "fd00::5", lladdr = "00:00:00:00:00:00" },
    bytes = "0700000003000000c00002000a000200000000000000000014000100fd000000000000000000000000000005",
  },
  {
    command = "bridge fdb del 02:00:00:00:00:05 dev v1 master",
    object = "neigh",
    op = "delneigh",
    exact = true,
    t = { family = "bridge", ifindex = "v1", flags = { master = true }, lladdr = "02:00:00:00:00:05" },
    bytes = "0700000003000000c00004000a0002000200000000050000",
  },
  {
    command = "bridge vlan add dev v2 vid 10-20 untagged",
    object = "link",
    op = "setlink",
    t = {
      family = "bridge", index = "v2",
      af_spec = {
        vlan_info = {
          { flags = { range_begin = true, untagged = true }, vid = 10 },
          { flags = { range_end = true, untagged = true }, vid = 20 },
        },
      },
    },
    bytes = "0700000002000000000000000000000014001a00080002000c000a000800020014001400",
  },
  {
    command = "bridge vlan add dev v2 vid 10 pvid untagged",
    object = "link",
    op = "setlink",
    t = {
      family = "bridge", index = "v2",
      af_spec = { vlan_info = { { flags = { pvid = true, untagged = true }, vid = 10 } } },
    },
    bytes = "070000000200000000000000000000000c001a000800020006000a00",
  },
  {
    command = "bridge vlan add dev v2 vid 10 self",
    object = "link",
    op = "setlink",
    t = {
      family = "bridge", index = "v2", af_spec = { flags = { self = true }, vlan_info = { { vid = 10 } } },
    },
    bytes = "0700000002000000000000000000000014001a0006000000020000000800020000000a00",
  },
  {
    command = "bridge vlan add dev v2 vid 10 tunnel_info id 100",
    object = "link",
    op = "setlink",
    t = {
      family = "bridge", index = "v2", af_spec = { vlan_tunnel_info = { { flags = {}, id = 100, vid = 10 } } },
    },
    bytes = "0700000002000000000000000000000020001a001c0003000800010064000000060002000a0000000600030000000000",
  },
  {
    command = "bridge vlan del dev v2 vid 10",
    object = "link",
    op = "dellink",
    t = { family = "bridge", index = "v2", af_spec = { vlan_info = { { vid = 10 } } } },
    bytes = "070000000200000000000000000000000c001a000800020000000a00",
  },
  {
    command = "bridge link set dev v2 learning off guard on cost 5 hwmode vepa",
    object = "link",
    op = "setlink",
    t = {
      family = "bridge", index = "v2", af_spec = { flags = { self = true }, mode = "vepa" },
      protinfo = { cost = 5, guard = true, learning = false },
    },
    bytes = table.concat {
      "070000000200000000000000000000001c000c8005000500010000000500080000000000080003000500000014001a00",
      "06000000020000000600010001000000",
    },
  },
  {
    command = "ip rule add from 10.7.0.0/16 table 1000 pref 500",
    object = "rule",
    op = "newrule",
    t = { priority = 500, src = "10.7.0.0/16", table = 1000 },
    bytes = "020010000000000100000000080002000a07000008000f00e803000008000600f4010000",
  },
  {
    command = "ip -6 rule add iif v1 oif v2 fwmark 5/255 blackhole",
    object = "rule",
    op = "newrule",
    t = { family = "inet6", action = "blackhole", fwmark = 5, fwmask = 255, iifname = "v1", oifname = "v2" },
    bytes = "0a00000000000006000000000700030076310000070011007632000008000a000500000008001000ff000000",
  },
  {
    command = table.concat({
      "ip rule add not to 10.0.0.0/8 tos 0x10 lookup main suppress_prefixlength 0 suppress_ifgroup 3",
      "uidrange 5-9 ipproto udp sport 10-20 dport 30 protocol static",
    }, " "),
    object = "rule",
    op = "newrule",
    t = {
      dport_range = { ["end"] = 30, start = 30 }, dst = "10.0.0.0/8", flags = { invert = true }, ip_proto = 17,
      protocol = "static", sport_range = { ["end"] = 20, start = 10 }, suppress_ifgroup = 3,
      suppress_prefixlen = 0, tos = 16, uid_range = { ["end"] = 9, start = 5 },
    },
    bytes = table.concat {
      "02080010fe00000102000000080001000a00000008000e000000000008000d00030000000c0014000500000009000000",
      "0500160011000000080017000a001400080018001e001e000500150004000000",
    },
  },
  {
    command = "ip rule add goto 600 pref 500 tun_id 77",
    object = "rule",
    op = "newrule",
    exact = true,
    t = { ["goto"] = 600, priority = 500, tun_id = 77 },
    bytes = "020000000000000200000000080004005802000008000600f40100000c000c00000000000000004d",
  },
  {
    command = "ip rule add l3mdev pref 500",
    object = "rule",
    op = "newrule",
    t = { l3mdev = true, priority = 500 },
    bytes = "020000000000000100000000050013000100000008000600f4010000",
  },
  {
    command = "ip rule add from all unreachable",
    object = "rule",
    op = "newrule",
    t = { action = "unreachable" },
    bytes = "02000000000000070000000004000200",
  },
  {
    command = "ip rule add nop",
    object = "rule",
    op = "newrule",
    exact = true,
    t = { action = "nop" },
    bytes = "020000000000000300000000",
  },
  {
    command = "ip rule del pref 500",
    object = "rule",
    op = "delrule",
    exact = true,
    t = { priority = 500 },
    bytes = "02000000000000000000000008000600f4010000",
  },
  {
    command = "ip rule del from 10.7.0.0/16 lookup 1000",
    object = "rule",
    op = "delrule",
    exact = true,
    t = { src = "10.7.0.0/16", table = 1000 },
    bytes = "020010000000000000000000080002000a07000008000f00e8030000",
  },
  {
    command = "ip netns set zzz 7",
    object = "nsid",
    op = "newnsid",
    t = { fd = 8, nsid = 7 },
    bytes = "0000000008000300080000000800010007000000",
  },
}
