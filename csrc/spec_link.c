/* SPDX-License-Identifier: MIT */
/* RTM_*LINK, struct ifinfomsg. IFLA_STATS and IFLA_MAP have no rows: stats64 says more, and the map of a card's
 * memory is of no use today. */
#include "spec.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "uapi_compat.h"

/* Link flags without IFF_ names of their own stay a number under "unknown". */
SPEC_NAMES(link_flags, true,
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

SPEC_NAMES(link_types, false,
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

SPEC_NAMES(link_operstates, false,
           {
		   {IF_OPER_UNKNOWN, "unknown"},
		   {IF_OPER_NOTPRESENT, "notpresent"},
		   {IF_OPER_DOWN, "down"},
		   {IF_OPER_LOWERLAYERDOWN, "lowerlayerdown"},
		   {IF_OPER_TESTING, "testing"},
		   {IF_OPER_DORMANT, "dormant"},
		   {IF_OPER_UP, "up"},
	   });

SPEC_NAMES(link_modes, false, {{IF_LINK_MODE_DEFAULT, "default"}, {IF_LINK_MODE_DORMANT, "dormant"}, {2, "testing"}});

SPEC_NAMES(link_ext_mask, true,
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

SPEC_NAMES(link_events, false,
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

#define STAT(member) SPEC_FIELD(struct rtnl_link_stats64, member, #member, SPEC_U64)

static const struct spec_row stats64_fields[] = {
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
static const struct spec_set set_stats64 = {
	.field = stats64_fields, .nfield = SPEC_COUNT(stats64_fields), .hdrlen = sizeof(struct rtnl_link_stats64)};

/* the small nests */

static const struct spec_row info_attrs[] = {
	SPEC_ATTR(IFLA_INFO_KIND, "kind", SPEC_STRING, .max = 55),
	SPEC_ATTR(IFLA_INFO_DATA, "data", SPEC_BYKIND, .kinds = &spec_link_kinds),
	SPEC_ATTR(IFLA_INFO_SLAVE_KIND, "slave_kind", SPEC_STRING, .max = 55),
	SPEC_ATTR(IFLA_INFO_SLAVE_DATA, "slave_data", SPEC_BYKIND, .kinds = &spec_port_kinds),
};
static const struct spec_set set_info = {.attr = info_attrs, .nattr = SPEC_COUNT(info_attrs)};

static const struct spec_row prop_attrs[] = {
	SPEC_ATTR(IFLA_ALT_IFNAME, "alt_ifname", SPEC_STRING, .max = 127, .many = true),
};
static const struct spec_set set_prop = {.attr = prop_attrs, .nattr = SPEC_COUNT(prop_attrs)};

static const struct spec_row xdp_attrs[] = {
	SPEC_ATTR(IFLA_XDP_FD, "fd", SPEC_S32),
	SPEC_ATTR(IFLA_XDP_ATTACHED, "attached", SPEC_U8),
	SPEC_ATTR(IFLA_XDP_FLAGS, "flags", SPEC_U32),
	SPEC_ATTR(IFLA_XDP_PROG_ID, "prog_id", SPEC_U32),
	SPEC_ATTR(IFLA_XDP_DRV_PROG_ID, "drv_prog_id", SPEC_U32),
	SPEC_ATTR(IFLA_XDP_SKB_PROG_ID, "skb_prog_id", SPEC_U32),
	SPEC_ATTR(IFLA_XDP_HW_PROG_ID, "hw_prog_id", SPEC_U32),
	SPEC_ATTR(IFLA_XDP_EXPECTED_FD, "expected_fd", SPEC_S32),
};
static const struct spec_set set_xdp = {.attr = xdp_attrs, .nattr = SPEC_COUNT(xdp_attrs)};

static const struct spec_row down_reason_attrs[] = {
	SPEC_ATTR(IFLA_PROTO_DOWN_REASON_MASK, "mask", SPEC_U32),
	SPEC_ATTR(IFLA_PROTO_DOWN_REASON_VALUE, "value", SPEC_U32),
};
static const struct spec_set set_down_reason = {.attr = down_reason_attrs, .nattr = SPEC_COUNT(down_reason_attrs)};

/* IFLA_AF_SPEC: by address family, but in messages of the bridge's family its own */

SPEC_NAMES(inet6_flags, true,
           {{0x80000000, "ready"}, {0x80, "ra_otherconf"}, {0x40, "ra_managed"}, {0x20, "ra_rcvd"}, {0x10, "rs_sent"}});

SPEC_NAMES(inet6_gen_modes, false,
           {
		   {IN6_ADDR_GEN_MODE_EUI64, "eui64"},
		   {IN6_ADDR_GEN_MODE_NONE, "none"},
		   {IN6_ADDR_GEN_MODE_STABLE_PRIVACY, "stable_secret"},
		   {IN6_ADDR_GEN_MODE_RANDOM, "random"},
	   });

static const struct spec_row inet_attrs[] = {
	SPEC_ATTR(IFLA_INET_CONF, "conf", SPEC_CONF, .set = &spec_set_inet_conf, .off = 1),
};
static const struct spec_set set_inet = {.attr = inet_attrs, .nattr = SPEC_COUNT(inet_attrs)};

static const struct spec_row inet6_cache_fields[] = {
	SPEC_FIELD(struct ifla_cacheinfo, max_reasm_len, "max_reasm_len", SPEC_U32),
	SPEC_FIELD(struct ifla_cacheinfo, tstamp, "tstamp", SPEC_U32),
	SPEC_FIELD(struct ifla_cacheinfo, reachable_time, "reachable_time", SPEC_S32),
	SPEC_FIELD(struct ifla_cacheinfo, retrans_time, "retrans_time", SPEC_U32),
};
static const struct spec_set set_inet6_cache = {
	.field = inet6_cache_fields, .nfield = SPEC_COUNT(inet6_cache_fields), .hdrlen = sizeof(struct ifla_cacheinfo)};

static const struct spec_row inet6_attrs[] = {
	SPEC_ATTR(IFLA_INET6_FLAGS, "flags", SPEC_U32, .names = &inet6_flags),
	SPEC_ATTR(IFLA_INET6_CONF, "conf", SPEC_CONF, .set = &spec_set_inet6_conf),
	SPEC_ATTR(IFLA_INET6_CACHEINFO, "cacheinfo", SPEC_STRUCT, .set = &set_inet6_cache),
	SPEC_ATTR(IFLA_INET6_TOKEN, "token", SPEC_IP6),
	SPEC_ATTR(IFLA_INET6_ADDR_GEN_MODE, "addr_gen_mode", SPEC_U8, .names = &inet6_gen_modes),
	SPEC_ATTR(IFLA_INET6_RA_MTU, "ra_mtu", SPEC_U32),
};
static const struct spec_set set_inet6 = {.attr = inet6_attrs, .nattr = SPEC_COUNT(inet6_attrs)};

static const struct spec_row af_attrs[] = {
	SPEC_ATTR(AF_INET, "inet", SPEC_NEST, .set = &set_inet),
	SPEC_ATTR(AF_INET6, "inet6", SPEC_NEST, .set = &set_inet6),
};
static const struct spec_set set_af = {.attr = af_attrs, .nattr = SPEC_COUNT(af_attrs)};

SPEC_NAMES(bridge_flags, true, {{BRIDGE_FLAGS_MASTER, "master"}, {BRIDGE_FLAGS_SELF, "self"}});
SPEC_NAMES(bridge_modes, false, {{BRIDGE_MODE_VEB, "veb"}, {BRIDGE_MODE_VEPA, "vepa"}, {BRIDGE_MODE_UNDEF, "undef"}});
SPEC_NAMES(vlan_info_flags, true,
           {
		   {BRIDGE_VLAN_INFO_MASTER, "master"},
		   {BRIDGE_VLAN_INFO_PVID, "pvid"},
		   {BRIDGE_VLAN_INFO_UNTAGGED, "untagged"},
		   {BRIDGE_VLAN_INFO_RANGE_BEGIN, "range_begin"},
		   {BRIDGE_VLAN_INFO_RANGE_END, "range_end"},
		   {BRIDGE_VLAN_INFO_BRENTRY, "brentry"},
		   {BRIDGE_VLAN_INFO_ONLY_OPTS, "only_opts"},
	   });

static const struct spec_row vlan_info_fields[] = {
	SPEC_FIELD(struct bridge_vlan_info, vid, "vid", SPEC_U16),
	SPEC_FIELD(struct bridge_vlan_info, flags, "flags", SPEC_U16, .names = &vlan_info_flags),
};
static const struct spec_set set_vlan_info = {
	.field = vlan_info_fields, .nfield = SPEC_COUNT(vlan_info_fields), .hdrlen = sizeof(struct bridge_vlan_info)};

static const struct spec_row vlan_tunnel_attrs[] = {
	SPEC_ATTR(IFLA_BRIDGE_VLAN_TUNNEL_ID, "id", SPEC_U32),
	SPEC_ATTR(IFLA_BRIDGE_VLAN_TUNNEL_VID, "vid", SPEC_U16),
	SPEC_ATTR(IFLA_BRIDGE_VLAN_TUNNEL_FLAGS, "flags", SPEC_U16, .names = &vlan_info_flags),
};
static const struct spec_set set_vlan_tunnel = {.attr = vlan_tunnel_attrs, .nattr = SPEC_COUNT(vlan_tunnel_attrs)};

static const struct spec_row af_bridge_attrs[] = {
	SPEC_ATTR(IFLA_BRIDGE_FLAGS, "flags", SPEC_U16, .names = &bridge_flags),
	SPEC_ATTR(IFLA_BRIDGE_MODE, "mode", SPEC_U16, .names = &bridge_modes),
	SPEC_ATTR(IFLA_BRIDGE_VLAN_INFO, "vlan_info", SPEC_STRUCT, .set = &set_vlan_info, .many = true),
	SPEC_ATTR(IFLA_BRIDGE_VLAN_TUNNEL_INFO, "vlan_tunnel_info", SPEC_NEST, .set = &set_vlan_tunnel, .many = true),
};
static const struct spec_set set_af_bridge = {.attr = af_bridge_attrs, .nattr = SPEC_COUNT(af_bridge_attrs)};

static const struct spec_kind af_families[] = {{"", AF_UNSPEC, &set_af}, {"", AF_BRIDGE, &set_af_bridge}};
static const struct spec_kinds link_af_spec = {af_families, SPEC_COUNT(af_families)};

static const struct spec_kind protinfo_families[] = {{"", AF_BRIDGE, &spec_set_bridge_port},
                                                     {"", AF_INET6, &set_inet6}};
static const struct spec_kinds link_protinfo = {protinfo_families, SPEC_COUNT(protinfo_families)};

/* the link */

static const struct spec_row link_fields[] = {
	SPEC_FIELD(struct ifinfomsg, ifi_family, "family", SPEC_U8, .names = &spec_families),
	SPEC_FIELD(struct ifinfomsg, ifi_type, "type", SPEC_U16, .names = &link_types),
	SPEC_FIELD(struct ifinfomsg, ifi_index, "index", SPEC_LINK),
	SPEC_FIELD(struct ifinfomsg, ifi_flags, "flags", SPEC_MASKED, .names = &link_flags), /* and ifi_change */
};

static const struct spec_row link_attrs[] = {
	SPEC_ATTR(IFLA_ADDRESS, "address", SPEC_MAC),
	SPEC_ATTR(IFLA_BROADCAST, "broadcast", SPEC_MAC),
	SPEC_ATTR(IFLA_IFNAME, "ifname", SPEC_IFNAME),
	SPEC_ATTR(IFLA_MTU, "mtu", SPEC_U32),
	SPEC_ATTR(IFLA_LINK, "link", SPEC_LINK),
	SPEC_ATTR(IFLA_QDISC, "qdisc", SPEC_STRING),
	SPEC_ATTR(IFLA_MASTER, "master", SPEC_LINK),
	SPEC_ATTR(IFLA_PROTINFO, "protinfo", SPEC_BYFAMILY, .kinds = &link_protinfo),
	SPEC_ATTR(IFLA_TXQLEN, "txqlen", SPEC_U32),
	SPEC_ATTR(IFLA_WEIGHT, "weight", SPEC_U32),
	SPEC_ATTR(IFLA_OPERSTATE, "operstate", SPEC_U8, .names = &link_operstates),
	SPEC_ATTR(IFLA_LINKMODE, "linkmode", SPEC_U8, .names = &link_modes),
	SPEC_ATTR(IFLA_LINKINFO, "linkinfo", SPEC_NEST, .set = &set_info),
	SPEC_ATTR(IFLA_NET_NS_PID, "net_ns_pid", SPEC_U32),
	SPEC_ATTR(IFLA_IFALIAS, "ifalias", SPEC_STRING, .max = 255),
	SPEC_ATTR(IFLA_NUM_VF, "num_vf", SPEC_U32),
	SPEC_ATTR(IFLA_VFINFO_LIST, "vfinfo_list", SPEC_NEST, .set = &spec_set_vf_list),
	SPEC_ATTR(IFLA_STATS64, "stats64", SPEC_STRUCT, .set = &set_stats64),
	SPEC_ATTR(IFLA_AF_SPEC, "af_spec", SPEC_BYFAMILY, .kinds = &link_af_spec),
	SPEC_ATTR(IFLA_GROUP, "group", SPEC_U32),
	SPEC_ATTR(IFLA_NET_NS_FD, "net_ns_fd", SPEC_U32),
	SPEC_ATTR(IFLA_EXT_MASK, "ext_mask", SPEC_U32, .names = &link_ext_mask),
	SPEC_ATTR(IFLA_PROMISCUITY, "promiscuity", SPEC_U32),
	SPEC_ATTR(IFLA_NUM_TX_QUEUES, "num_tx_queues", SPEC_U32),
	SPEC_ATTR(IFLA_NUM_RX_QUEUES, "num_rx_queues", SPEC_U32),
	SPEC_ATTR(IFLA_CARRIER, "carrier", SPEC_BOOL),
	SPEC_ATTR(IFLA_PHYS_PORT_ID, "phys_port_id", SPEC_HEX, .max = 32),
	SPEC_ATTR(IFLA_CARRIER_CHANGES, "carrier_changes", SPEC_U32),
	SPEC_ATTR(IFLA_PHYS_SWITCH_ID, "phys_switch_id", SPEC_HEX, .max = 32),
	SPEC_ATTR(IFLA_LINK_NETNSID, "link_netnsid", SPEC_S32),
	SPEC_ATTR(IFLA_PHYS_PORT_NAME, "phys_port_name", SPEC_STRING),
	SPEC_ATTR(IFLA_PROTO_DOWN, "proto_down", SPEC_BOOL),
	SPEC_ATTR(IFLA_GSO_MAX_SEGS, "gso_max_segs", SPEC_U32),
	SPEC_ATTR(IFLA_GSO_MAX_SIZE, "gso_max_size", SPEC_U32),
	SPEC_ATTR(IFLA_XDP, "xdp", SPEC_NEST, .set = &set_xdp),
	SPEC_ATTR(IFLA_EVENT, "event", SPEC_U32, .names = &link_events),
	SPEC_ATTR(IFLA_NEW_NETNSID, "new_netnsid", SPEC_S32),
	SPEC_ATTR(IFLA_TARGET_NETNSID, "target_netnsid", SPEC_S32),
	SPEC_ATTR(IFLA_CARRIER_UP_COUNT, "carrier_up_count", SPEC_U32),
	SPEC_ATTR(IFLA_CARRIER_DOWN_COUNT, "carrier_down_count", SPEC_U32),
	SPEC_ATTR(IFLA_NEW_IFINDEX, "new_ifindex", SPEC_S32),
	SPEC_ATTR(IFLA_MIN_MTU, "min_mtu", SPEC_U32),
	SPEC_ATTR(IFLA_MAX_MTU, "max_mtu", SPEC_U32),
	SPEC_ATTR(IFLA_PROP_LIST, "prop_list", SPEC_NEST, .set = &set_prop),
	SPEC_ATTR(IFLA_ALT_IFNAME, "alt_ifname", SPEC_STRING, .max = 127),
	SPEC_ATTR(IFLA_PERM_ADDRESS, "perm_address", SPEC_MAC),
	SPEC_ATTR(IFLA_PROTO_DOWN_REASON, "proto_down_reason", SPEC_NEST, .set = &set_down_reason),
	SPEC_ATTR(IFLA_PARENT_DEV_NAME, "parent_dev_name", SPEC_STRING),
	SPEC_ATTR(IFLA_PARENT_DEV_BUS_NAME, "parent_dev_bus_name", SPEC_STRING),
	SPEC_ATTR(IFLA_GRO_MAX_SIZE, "gro_max_size", SPEC_U32),
	SPEC_ATTR(IFLA_TSO_MAX_SIZE, "tso_max_size", SPEC_U32),
	SPEC_ATTR(IFLA_TSO_MAX_SEGS, "tso_max_segs", SPEC_U32),
	SPEC_ATTR(IFLA_ALLMULTI, "allmulti", SPEC_U32),
	SPEC_ATTR(COMPAT_IFLA_GSO_IPV4_MAX_SIZE, "gso_ipv4_max_size", SPEC_U32),
	SPEC_ATTR(COMPAT_IFLA_GRO_IPV4_MAX_SIZE, "gro_ipv4_max_size", SPEC_U32),
	SPEC_ATTR(COMPAT_IFLA_MAX_PACING_OFFLOAD_HORIZON, "max_pacing_offload_horizon", SPEC_U64),
	SPEC_ATTR(COMPAT_IFLA_NETNS_IMMUTABLE, "netns_immutable", SPEC_BOOL),
	SPEC_ATTR(COMPAT_IFLA_HEADROOM, "headroom", SPEC_U16),
	SPEC_ATTR(COMPAT_IFLA_TAILROOM, "tailroom", SPEC_U16),
};

const struct spec_set spec_set_link = {.field = link_fields,
                                       .nfield = SPEC_COUNT(link_fields),
                                       .attr = link_attrs,
                                       .nattr = SPEC_COUNT(link_attrs),
                                       .hdrlen = sizeof(struct ifinfomsg)};

const struct spec_msg spec_link = {.name = "link",
                                   .new_type = RTM_NEWLINK,
                                   .del_type = RTM_DELLINK,
                                   .get_type = RTM_GETLINK,
                                   .set_type = RTM_SETLINK,
                                   .hdrlen = sizeof(struct ifinfomsg),
                                   .set = &spec_set_link};
