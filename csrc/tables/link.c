/* SPDX-License-Identifier: MIT */
/* RTM_*LINK, struct ifinfomsg. */

#include "tables/table.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "tables/uapi_compat.h"

/* Link flags without IFF_ names of their own stay a number under "unknown". */
TABLE_NAMES(link_flags, true,
            {
		    {IFF_UP, "up"},
		    {IFF_BROADCAST, "broadcast"},
		    {IFF_DEBUG, "debug"},
		    {IFF_LOOPBACK, "loopback"},
		    {IFF_POINTOPOINT, "point_to_point"},
		    {IFF_NOTRAILERS, "no_trailers"},
		    {IFF_RUNNING, "running"},
		    {IFF_NOARP, "no_arp"},
		    {IFF_PROMISC, "promisc"},
		    {IFF_ALLMULTI, "all_multi"},
		    {IFF_MASTER, "master"},
		    {IFF_SLAVE, "slave"},
		    {IFF_MULTICAST, "multicast"},
		    {IFF_PORTSEL, "portsel"},
		    {IFF_AUTOMEDIA, "auto_media"},
		    {IFF_DYNAMIC, "dynamic"},
		    {IFF_LOWER_UP, "lower_up"},
		    {IFF_DORMANT, "dormant"},
		    {IFF_ECHO, "echo"},
	    });

TABLE_NAMES(link_types, false,
            {
		    {ARPHRD_ETHER, "ether"},
		    {ARPHRD_LOOPBACK, "loopback"},
		    {ARPHRD_NONE, "none"},
		    {ARPHRD_VOID, "void"},
		    {ARPHRD_TUNNEL, "ipip"},
		    {ARPHRD_TUNNEL6, "tunnel6"},
		    {ARPHRD_SIT, "sit"},
		    {ARPHRD_IPGRE, "gre"},
		    {ARPHRD_IP6GRE, "gre6"},
		    {ARPHRD_PPP, "ppp"},
		    {ARPHRD_RAWIP, "rawip"},
		    {ARPHRD_CAN, "can"},
		    {ARPHRD_INFINIBAND, "infiniband"},
		    {ARPHRD_IEEE80211, "ieee802.11"},
		    {ARPHRD_IEEE80211_RADIOTAP, "ieee802.11/radiotap"},
		    {ARPHRD_NETLINK, "netlink"},
		    {ARPHRD_VSOCKMON, "vsockmon"},
	    });

TABLE_NAMES(link_operstates, false,
            {
		    {IF_OPER_UNKNOWN, "unknown"},
		    {IF_OPER_NOTPRESENT, "notpresent"},
		    {IF_OPER_DOWN, "down"},
		    {IF_OPER_LOWERLAYERDOWN, "lowerlayerdown"},
		    {IF_OPER_TESTING, "testing"},
		    {IF_OPER_DORMANT, "dormant"},
		    {IF_OPER_UP, "up"},
	    });

TABLE_NAMES(link_modes, false, {{IF_LINK_MODE_DEFAULT, "default"}, {IF_LINK_MODE_DORMANT, "dormant"}, {2, "testing"}});

TABLE_NAMES(link_ext_mask, true,
            {
		    {RTEXT_FILTER_VF, "vf"},
		    {RTEXT_FILTER_BRVLAN, "brvlan"},
		    {RTEXT_FILTER_BRVLAN_COMPRESSED, "brvlan_compressed"},
		    {RTEXT_FILTER_SKIP_STATS, "skip_stats"},
		    {RTEXT_FILTER_MRP, "mrp"},
		    {RTEXT_FILTER_CFM_CONFIG, "cfm_config"},
		    {RTEXT_FILTER_CFM_STATUS, "cfm_status"},
		    {RTEXT_FILTER_MST, "mst"},
	    });

TABLE_NAMES(link_events, false,
            {
		    {IFLA_EVENT_NONE, "none"},
		    {IFLA_EVENT_REBOOT, "reboot"},
		    {IFLA_EVENT_FEATURES, "features"},
		    {IFLA_EVENT_BONDING_FAILOVER, "bonding_failover"},
		    {IFLA_EVENT_NOTIFY_PEERS, "notify_peers"},
		    {IFLA_EVENT_IGMP_RESEND, "igmp_resend"},
		    {IFLA_EVENT_BONDING_OPTIONS, "bonding_options"},
	    });

/* statistics */

#define STAT(member) TABLE_FIELD(struct rtnl_link_stats64, member, #member, TABLE_U64)

static const struct table_row stats64_fields[] = {
	STAT(rx_packets),
	STAT(tx_packets),
	STAT(rx_bytes),
	STAT(tx_bytes),
	STAT(rx_errors),
	STAT(tx_errors),
	STAT(rx_dropped),
	STAT(tx_dropped),
	STAT(multicast),
	STAT(collisions),
	STAT(rx_length_errors),
	STAT(rx_over_errors),
	STAT(rx_crc_errors),
	STAT(rx_frame_errors),
	STAT(rx_fifo_errors),
	STAT(rx_missed_errors),
	STAT(tx_aborted_errors),
	STAT(tx_carrier_errors),
	STAT(tx_fifo_errors),
	STAT(tx_heartbeat_errors),
	STAT(tx_window_errors),
	STAT(rx_compressed),
	STAT(tx_compressed),
	STAT(rx_nohandler),
	STAT(rx_otherhost_dropped),
};
static const struct table_set set_stats64 = {.field = stats64_fields,
                                             .nfield = TABLE_FIELDS(stats64_fields),
                                             .hdrlen = TABLE_HEADER(sizeof(struct rtnl_link_stats64))};

/* the small nests */

static const struct table_row info_attrs[] = {
	TABLE_ATTR(IFLA_INFO_KIND, "kind", TABLE_STRING, .max = 55),
	TABLE_ATTR(IFLA_INFO_DATA, "data", TABLE_BYKIND, .kinds = &table_link_kinds),
	TABLE_ATTR(IFLA_INFO_XSTATS, "xstats", TABLE_HEX, .moves = true,
                   .told = true), /* counters, as the kind has them */
	TABLE_ATTR(IFLA_INFO_SLAVE_KIND, "slave_kind", TABLE_STRING, .max = 55),
	TABLE_ATTR(IFLA_INFO_SLAVE_DATA, "slave_data", TABLE_BYKIND, .kinds = &table_port_kinds),
};
static const struct table_set set_info = {.attr = info_attrs, .nattr = TABLE_ATTRS(info_attrs)};

static const struct table_row prop_attrs[] = {
	TABLE_ATTR(IFLA_ALT_IFNAME, "alt_ifname", TABLE_STRING, .max = 127, .many = true),
};
static const struct table_set set_prop = {.attr = prop_attrs, .nattr = TABLE_ATTRS(prop_attrs)};

static const struct table_row xdp_attrs[] = {
	TABLE_ATTR(IFLA_XDP_FD, "fd", TABLE_S32),
	TABLE_ATTR(IFLA_XDP_ATTACHED, "attached", TABLE_U8, .told = true),
	TABLE_ATTR(IFLA_XDP_FLAGS, "flags", TABLE_U32),
	TABLE_ATTR(IFLA_XDP_PROG_ID, "prog_id", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_XDP_DRV_PROG_ID, "drv_prog_id", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_XDP_SKB_PROG_ID, "skb_prog_id", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_XDP_HW_PROG_ID, "hw_prog_id", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_XDP_EXPECTED_FD, "expected_fd", TABLE_S32),
};
static const struct table_set set_xdp = {.attr = xdp_attrs, .nattr = TABLE_ATTRS(xdp_attrs)};

static const struct table_row down_reason_attrs[] = {
	TABLE_ATTR(IFLA_PROTO_DOWN_REASON_MASK, "mask", TABLE_U32),
	TABLE_ATTR(IFLA_PROTO_DOWN_REASON_VALUE, "value", TABLE_U32),
};
static const struct table_set set_down_reason = {.attr = down_reason_attrs, .nattr = TABLE_ATTRS(down_reason_attrs)};

/* IFLA_AF_SPEC: by address family, but in messages of the bridge's family its own */

TABLE_NAMES(
	inet6_flags, true,
	{{0x80000000, "ready"}, {0x80, "ra_otherconf"}, {0x40, "ra_managed"}, {0x20, "ra_rcvd"}, {0x10, "rs_sent"}});

TABLE_NAMES(inet6_gen_modes, false,
            {
		    {IN6_ADDR_GEN_MODE_EUI64, "eui64"},
		    {IN6_ADDR_GEN_MODE_NONE, "none"},
		    {IN6_ADDR_GEN_MODE_STABLE_PRIVACY, "stable_secret"},
		    {IN6_ADDR_GEN_MODE_RANDOM, "random"},
	    });

static const struct table_row inet_attrs[] = {
	TABLE_ATTR(IFLA_INET_CONF, "conf", TABLE_CONF, .set = &table_set_inet_conf, .off = 1),
};
static const struct table_set set_inet = {.attr = inet_attrs, .nattr = TABLE_ATTRS(inet_attrs)};

static const struct table_row inet6_cache_fields[] = {
	TABLE_FIELD(struct ifla_cacheinfo, max_reasm_len, "max_reasm_len", TABLE_U32),
	TABLE_FIELD(struct ifla_cacheinfo, tstamp, "tstamp", TABLE_U32),
	TABLE_FIELD(struct ifla_cacheinfo, reachable_time, "reachable_time", TABLE_S32),
	TABLE_FIELD(struct ifla_cacheinfo, retrans_time, "retrans_time", TABLE_U32),
};
static const struct table_set set_inet6_cache = {.field = inet6_cache_fields,
                                                 .nfield = TABLE_FIELDS(inet6_cache_fields),
                                                 .hdrlen = TABLE_HEADER(sizeof(struct ifla_cacheinfo))};

static const struct table_row inet6_attrs[] = {
	TABLE_ATTR(IFLA_INET6_FLAGS, "flags", TABLE_U32, .names = &inet6_flags, .told = true),
	TABLE_SKIP(IFLA_INET6_STATS), /* counters of the IP layer, which no request sets */
	TABLE_SKIP(IFLA_INET6_ICMP6STATS),
	TABLE_ATTR(IFLA_INET6_CONF, "conf", TABLE_CONF, .set = &table_set_inet6_conf, .told = true),
	TABLE_ATTR(IFLA_INET6_CACHEINFO, "cacheinfo", TABLE_STRUCT, .set = &set_inet6_cache, .told = true),
	TABLE_ATTR(IFLA_INET6_TOKEN, "token", TABLE_IP6, .not_zero = true),
	TABLE_ATTR(IFLA_INET6_ADDR_GEN_MODE, "addr_gen_mode", TABLE_U8, .names = &inet6_gen_modes),
	TABLE_ATTR(IFLA_INET6_RA_MTU, "ra_mtu", TABLE_U32, .told = true),
};
static const struct table_set set_inet6 = {.attr = inet6_attrs, .nattr = TABLE_ATTRS(inet6_attrs)};

static const struct table_row af_attrs[] = {
	TABLE_ATTR(AF_INET, "inet", TABLE_NEST, .set = &set_inet),
	TABLE_ATTR(AF_INET6, "inet6", TABLE_NEST, .set = &set_inet6),
};
static const struct table_set set_af = {.attr = af_attrs, .nattr = TABLE_ATTRS(af_attrs)};

TABLE_NAMES(bridge_flags, true, {{BRIDGE_FLAGS_MASTER, "master"}, {BRIDGE_FLAGS_SELF, "self"}});
TABLE_NAMES(bridge_modes, false, {{BRIDGE_MODE_VEB, "veb"}, {BRIDGE_MODE_VEPA, "vepa"}, {BRIDGE_MODE_UNDEF, "undef"}});
TABLE_NAMES(vlan_info_flags, true,
            {
		    {BRIDGE_VLAN_INFO_MASTER, "master"},
		    {BRIDGE_VLAN_INFO_PVID, "pvid"},
		    {BRIDGE_VLAN_INFO_UNTAGGED, "untagged"},
		    {BRIDGE_VLAN_INFO_RANGE_BEGIN, "range_begin"},
		    {BRIDGE_VLAN_INFO_RANGE_END, "range_end"},
		    {BRIDGE_VLAN_INFO_BRENTRY, "brentry"},
		    {BRIDGE_VLAN_INFO_ONLY_OPTS, "only_opts"},
	    });

static const struct table_row vlan_info_fields[] = {
	TABLE_FIELD(struct bridge_vlan_info, vid, "vid", TABLE_U16),
	TABLE_FIELD(struct bridge_vlan_info, flags, "flags", TABLE_U16, .names = &vlan_info_flags),
};
static const struct table_set set_vlan_info = {.field = vlan_info_fields,
                                               .nfield = TABLE_FIELDS(vlan_info_fields),
                                               .hdrlen = TABLE_HEADER(sizeof(struct bridge_vlan_info))};

static const struct table_row vlan_tunnel_attrs[] = {
	TABLE_ATTR(IFLA_BRIDGE_VLAN_TUNNEL_ID, "id", TABLE_U32),
	TABLE_ATTR(IFLA_BRIDGE_VLAN_TUNNEL_VID, "vid", TABLE_U16),
	TABLE_ATTR(IFLA_BRIDGE_VLAN_TUNNEL_FLAGS, "flags", TABLE_U16, .names = &vlan_info_flags),
};
static const struct table_set set_vlan_tunnel = {.attr = vlan_tunnel_attrs, .nattr = TABLE_ATTRS(vlan_tunnel_attrs)};

static const struct table_row af_bridge_attrs[] = {
	TABLE_ATTR(IFLA_BRIDGE_FLAGS, "flags", TABLE_U16, .names = &bridge_flags),
	TABLE_ATTR(IFLA_BRIDGE_MODE, "mode", TABLE_U16, .names = &bridge_modes),
	TABLE_ATTR(IFLA_BRIDGE_VLAN_INFO, "vlan_info", TABLE_STRUCT, .set = &set_vlan_info, .many = true),
	TABLE_ATTR(IFLA_BRIDGE_VLAN_TUNNEL_INFO, "vlan_tunnel_info", TABLE_NEST, .set = &set_vlan_tunnel, .many = true),
};
static const struct table_set set_af_bridge = {.attr = af_bridge_attrs, .nattr = TABLE_ATTRS(af_bridge_attrs)};

static const struct table_kind af_families[] = {{"", AF_UNSPEC, &set_af}, {"", AF_BRIDGE, &set_af_bridge}};
static const struct table_kinds link_af_spec = {af_families, TABLE_COUNT(af_families)};

static const struct table_kind protinfo_families[] = {{"", AF_BRIDGE, &table_set_bridge_port},
                                                      {"", AF_INET6, &set_inet6}};
static const struct table_kinds link_protinfo = {protinfo_families, TABLE_COUNT(protinfo_families)};

/* the link */

static const struct table_row link_fields[] = {
	TABLE_FIELD(struct ifinfomsg, ifi_family, "family", TABLE_U8, .names = &table_families),
	TABLE_FIELD(struct ifinfomsg, ifi_type, "type", TABLE_U16, .names = &link_types),
	TABLE_FIELD(struct ifinfomsg, ifi_index, "index", TABLE_LINK),
	TABLE_FIELD(struct ifinfomsg, ifi_flags, "flags", TABLE_MASKED, .names = &link_flags), /* and ifi_change */
};

static const struct table_row link_attrs[] = {
	TABLE_ATTR(IFLA_ADDRESS, "address", TABLE_MAC),
	TABLE_ATTR(IFLA_BROADCAST, "broadcast", TABLE_MAC),
	TABLE_ATTR(IFLA_IFNAME, "ifname", TABLE_IFNAME),
	TABLE_ATTR(IFLA_MTU, "mtu", TABLE_U32),
	TABLE_ATTR(IFLA_LINK, "link", TABLE_LINK),
	TABLE_SKIP(IFLA_STATS),               /* stats64 says more */
	TABLE_SKIP(IFLA_MAP),                 /* the memory of cards of old */
	TABLE_SKIP(COMPAT_IFLA_DEVLINK_PORT), /* empty but of hardware, of which devlink tells */
	TABLE_SKIP(COMPAT_IFLA_DPLL_PIN),
	TABLE_ATTR(IFLA_QDISC, "qdisc", TABLE_STRING, .told = true),
	TABLE_ATTR(IFLA_MASTER, "master", TABLE_LINK),
	TABLE_ATTR(IFLA_PROTINFO, "protinfo", TABLE_BYFAMILY, .kinds = &link_protinfo),
	TABLE_ATTR(IFLA_TXQLEN, "txqlen", TABLE_U32),
	TABLE_ATTR(IFLA_WEIGHT, "weight", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_OPERSTATE, "operstate", TABLE_U8, .names = &link_operstates),
	TABLE_ATTR(IFLA_LINKMODE, "linkmode", TABLE_U8, .names = &link_modes),
	TABLE_ATTR(IFLA_LINKINFO, "linkinfo", TABLE_NEST, .set = &set_info),
	TABLE_ATTR(IFLA_NET_NS_PID, "net_ns_pid", TABLE_U32),
	TABLE_ATTR(IFLA_IFALIAS, "ifalias", TABLE_STRING, .max = 255),
	TABLE_ATTR(IFLA_NUM_VF, "num_vf", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_VFINFO_LIST, "vfinfo_list", TABLE_NEST, .set = &table_set_vf_list),
	TABLE_ATTR(IFLA_STATS64, "stats64", TABLE_STRUCT, .set = &set_stats64, .moves = true, .told = true),
	TABLE_ATTR(IFLA_AF_SPEC, "af_spec", TABLE_BYFAMILY, .kinds = &link_af_spec),
	TABLE_ATTR(IFLA_GROUP, "group", TABLE_U32),
	TABLE_ATTR(IFLA_NET_NS_FD, "net_ns_fd", TABLE_U32),
	TABLE_ATTR(IFLA_EXT_MASK, "ext_mask", TABLE_U32, .names = &link_ext_mask),
	TABLE_ATTR(IFLA_PROMISCUITY, "promiscuity", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_NUM_TX_QUEUES, "num_tx_queues", TABLE_U32),
	TABLE_ATTR(IFLA_NUM_RX_QUEUES, "num_rx_queues", TABLE_U32),
	TABLE_ATTR(IFLA_CARRIER, "carrier", TABLE_BOOL, .not_new = true),
	TABLE_ATTR(IFLA_PHYS_PORT_ID, "phys_port_id", TABLE_HEX, .max = 32, .told = true),
	TABLE_ATTR(IFLA_CARRIER_CHANGES, "carrier_changes", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_PHYS_SWITCH_ID, "phys_switch_id", TABLE_HEX, .max = 32, .told = true),
	TABLE_ATTR(IFLA_LINK_NETNSID, "link_netnsid", TABLE_S32),
	TABLE_ATTR(IFLA_PHYS_PORT_NAME, "phys_port_name", TABLE_STRING, .told = true),
	TABLE_ATTR(IFLA_PROTO_DOWN, "proto_down", TABLE_BOOL, .not_zero = true),
	TABLE_ATTR(IFLA_GSO_MAX_SEGS, "gso_max_segs", TABLE_U32),
	TABLE_ATTR(IFLA_GSO_MAX_SIZE, "gso_max_size", TABLE_U32),
	TABLE_ATTR(IFLA_XDP, "xdp", TABLE_NEST, .set = &set_xdp),
	TABLE_ATTR(IFLA_EVENT, "event", TABLE_U32, .names = &link_events, .moves = true, .told = true),
	TABLE_ATTR(IFLA_NEW_NETNSID, "new_netnsid", TABLE_S32, .told = true),
	TABLE_ATTR(IFLA_TARGET_NETNSID, "target_netnsid", TABLE_S32),
	TABLE_ATTR(IFLA_CARRIER_UP_COUNT, "carrier_up_count", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_CARRIER_DOWN_COUNT, "carrier_down_count", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_NEW_IFINDEX, "new_ifindex", TABLE_S32),
	TABLE_ATTR(IFLA_MIN_MTU, "min_mtu", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_MAX_MTU, "max_mtu", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_PROP_LIST, "prop_list", TABLE_NEST, .set = &set_prop),
	TABLE_ATTR(IFLA_ALT_IFNAME, "alt_ifname", TABLE_STRING, .max = 127),
	TABLE_ATTR(IFLA_PERM_ADDRESS, "perm_address", TABLE_MAC, .told = true),
	TABLE_ATTR(IFLA_PROTO_DOWN_REASON, "proto_down_reason", TABLE_NEST, .set = &set_down_reason),
	TABLE_ATTR(IFLA_PARENT_DEV_NAME, "parent_dev_name", TABLE_STRING, .told = true),
	TABLE_ATTR(IFLA_PARENT_DEV_BUS_NAME, "parent_dev_bus_name", TABLE_STRING, .told = true),
	TABLE_ATTR(IFLA_GRO_MAX_SIZE, "gro_max_size", TABLE_U32),
	TABLE_ATTR(IFLA_TSO_MAX_SIZE, "tso_max_size", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_TSO_MAX_SEGS, "tso_max_segs", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_ALLMULTI, "allmulti", TABLE_U32, .told = true),
	TABLE_ATTR(COMPAT_IFLA_GSO_IPV4_MAX_SIZE, "gso_ipv4_max_size", TABLE_U32),
	TABLE_ATTR(COMPAT_IFLA_GRO_IPV4_MAX_SIZE, "gro_ipv4_max_size", TABLE_U32),
	TABLE_ATTR(COMPAT_IFLA_MAX_PACING_OFFLOAD_HORIZON, "max_pacing_offload_horizon", TABLE_U64, .told = true),
	TABLE_ATTR(COMPAT_IFLA_NETNS_IMMUTABLE, "netns_immutable", TABLE_BOOL, .told = true),
	TABLE_ATTR(COMPAT_IFLA_HEADROOM, "headroom", TABLE_U16, .told = true),
	TABLE_ATTR(COMPAT_IFLA_TAILROOM, "tailroom", TABLE_U16, .told = true),
};

const struct table_set table_set_link = {.field = link_fields,
                                         .nfield = TABLE_FIELDS(link_fields),
                                         .attr = link_attrs,
                                         .nattr = TABLE_ATTRS(link_attrs),
                                         .hdrlen = TABLE_HEADER(sizeof(struct ifinfomsg))};

static const char *const names_one[] = {"index", "ifname", "alt_ifname", "group", NULL};

const struct table_msg table_link = {.name = "link",
                                     .new_type = RTM_NEWLINK,
                                     .del_type = RTM_DELLINK,
                                     .get_type = RTM_GETLINK,
                                     .set_type = RTM_SETLINK,
                                     .hdrlen = TABLE_HEADER(sizeof(struct ifinfomsg)),
                                     .set = &table_set_link,
                                     .names_one = names_one};
