/* SPDX-License-Identifier: MIT */
/* IFLA_INFO_DATA and IFLA_INFO_SLAVE_DATA: which set belongs to which kind, and the sets of the smaller kinds. */
#include "tables/table.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include "tables/kinds.h"
#include "tables/uapi_compat.h"

/* veth: the peer is a whole link with a header of its own */

static const struct table_row veth_attrs[] = {
	TABLE_ATTR(VETH_INFO_PEER, "peer", TABLE_NEST, .set = &table_set_link),
};
static const struct table_set set_veth = {.attr = veth_attrs, .nattr = TABLE_ATTRS(veth_attrs)};

/* netkit */

TABLE_NAMES(netkit_modes, false, {{0, "l2"}, {1, "l3"}});
TABLE_NAMES(netkit_policies, false, {{0, "forward"}, {2, "blackhole"}});
TABLE_NAMES(netkit_scrubs, false, {{0, "none"}, {1, "default"}});

static const struct table_row netkit_attrs[] = {
	TABLE_ATTR(COMPAT_IFLA_NETKIT_PEER_INFO, "peer_info", TABLE_NEST, .set = &table_set_link),
	TABLE_ATTR(COMPAT_IFLA_NETKIT_PRIMARY, "primary", TABLE_BOOL),
	TABLE_ATTR(COMPAT_IFLA_NETKIT_POLICY, "policy", TABLE_U32, .names = &netkit_policies),
	TABLE_ATTR(COMPAT_IFLA_NETKIT_PEER_POLICY, "peer_policy", TABLE_U32, .names = &netkit_policies),
	TABLE_ATTR(COMPAT_IFLA_NETKIT_MODE, "mode", TABLE_U32, .names = &netkit_modes),
	TABLE_ATTR(COMPAT_IFLA_NETKIT_SCRUB, "scrub", TABLE_U32, .names = &netkit_scrubs),
	TABLE_ATTR(COMPAT_IFLA_NETKIT_PEER_SCRUB, "peer_scrub", TABLE_U32, .names = &netkit_scrubs),
	TABLE_ATTR(COMPAT_IFLA_NETKIT_HEADROOM, "headroom", TABLE_U16),
	TABLE_ATTR(COMPAT_IFLA_NETKIT_TAILROOM, "tailroom", TABLE_U16),
};
static const struct table_set set_netkit = {.attr = netkit_attrs, .nattr = TABLE_ATTRS(netkit_attrs)};

/* macvlan, macvtap */

TABLE_NAMES(macvlan_modes, false,
            {
		    {MACVLAN_MODE_PRIVATE, "private"},
		    {MACVLAN_MODE_VEPA, "vepa"},
		    {MACVLAN_MODE_BRIDGE, "bridge"},
		    {MACVLAN_MODE_PASSTHRU, "passthru"},
		    {MACVLAN_MODE_SOURCE, "source"},
	    });
TABLE_NAMES(macvlan_flags, true, {{MACVLAN_FLAG_NOPROMISC, "nopromisc"}, {MACVLAN_FLAG_NODST, "nodst"}});
TABLE_NAMES(macvlan_macaddr_modes, false,
            {
		    {MACVLAN_MACADDR_ADD, "add"},
		    {MACVLAN_MACADDR_DEL, "del"},
		    {MACVLAN_MACADDR_FLUSH, "flush"},
		    {MACVLAN_MACADDR_SET, "set"},
	    });

static const struct table_row macvlan_macaddr_attrs[] = {
	TABLE_ATTR(IFLA_MACVLAN_MACADDR, "macaddr", TABLE_MAC, .max = 6, .many = true),
};
static const struct table_set set_macvlan_macaddr = {.attr = macvlan_macaddr_attrs,
                                                     .nattr = TABLE_ATTRS(macvlan_macaddr_attrs)};

static const struct table_row macvlan_attrs[] = {
	TABLE_ATTR(IFLA_MACVLAN_MODE, "mode", TABLE_U32, .names = &macvlan_modes),
	TABLE_ATTR(IFLA_MACVLAN_FLAGS, "flags", TABLE_U16, .names = &macvlan_flags),
	TABLE_ATTR(IFLA_MACVLAN_MACADDR_MODE, "macaddr_mode", TABLE_U32, .names = &macvlan_macaddr_modes),
	TABLE_ATTR(IFLA_MACVLAN_MACADDR, "macaddr", TABLE_MAC, .max = 6),
	TABLE_ATTR(IFLA_MACVLAN_MACADDR_DATA, "macaddr_data", TABLE_NEST, .set = &set_macvlan_macaddr),
	TABLE_ATTR(IFLA_MACVLAN_MACADDR_COUNT, "macaddr_count", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_MACVLAN_BC_QUEUE_LEN, "bc_queue_len", TABLE_U32),
	TABLE_ATTR(IFLA_MACVLAN_BC_QUEUE_LEN_USED, "bc_queue_len_used", TABLE_U32, .told = true),
	TABLE_ATTR(COMPAT_IFLA_MACVLAN_BC_CUTOFF, "bc_cutoff", TABLE_S32),
};
const struct table_set table_set_macvlan = {.attr = macvlan_attrs, .nattr = TABLE_ATTRS(macvlan_attrs)};

/* ipvlan, ipvtap */

TABLE_NAMES(ipvlan_modes, false, {{IPVLAN_MODE_L2, "l2"}, {IPVLAN_MODE_L3, "l3"}, {IPVLAN_MODE_L3S, "l3s"}});
TABLE_NAMES(ipvlan_flags, true, {{IPVLAN_F_PRIVATE, "private"}, {IPVLAN_F_VEPA, "vepa"}});

static const struct table_row ipvlan_attrs[] = {
	TABLE_ATTR(IFLA_IPVLAN_MODE, "mode", TABLE_U16, .names = &ipvlan_modes),
	TABLE_ATTR(IFLA_IPVLAN_FLAGS, "flags", TABLE_U16, .names = &ipvlan_flags),
};
static const struct table_set set_ipvlan = {.attr = ipvlan_attrs, .nattr = TABLE_ATTRS(ipvlan_attrs)};

/* vlan */

TABLE_NAMES(vlan_flags, true,
            {
		    {VLAN_FLAG_REORDER_HDR, "reorder_hdr"},
		    {VLAN_FLAG_GVRP, "gvrp"},
		    {VLAN_FLAG_LOOSE_BINDING, "loose_binding"},
		    {VLAN_FLAG_MVRP, "mvrp"},
		    {VLAN_FLAG_BRIDGE_BINDING, "bridge_binding"},
	    });

static const struct table_row vlan_qos_fields[] = {
	TABLE_FIELD(struct ifla_vlan_qos_mapping, from, "from", TABLE_U32),
	TABLE_FIELD(struct ifla_vlan_qos_mapping, to, "to", TABLE_U32),
};
static const struct table_set set_vlan_mapping = {.field = vlan_qos_fields,
                                                  .nfield = TABLE_FIELDS(vlan_qos_fields),
                                                  .hdrlen = TABLE_HEADER(sizeof(struct ifla_vlan_qos_mapping))};

static const struct table_row vlan_qos_attrs[] = {
	TABLE_ATTR(IFLA_VLAN_QOS_MAPPING, "mapping", TABLE_STRUCT, .set = &set_vlan_mapping, .many = true),
};
static const struct table_set set_vlan_qos = {.attr = vlan_qos_attrs, .nattr = TABLE_ATTRS(vlan_qos_attrs)};

static const struct table_row vlan_attrs[] = {
	TABLE_ATTR(IFLA_VLAN_ID, "id", TABLE_U16),
	TABLE_ATTR(IFLA_VLAN_FLAGS, "flags", TABLE_MASKED, .names = &vlan_flags),
	TABLE_ATTR(IFLA_VLAN_EGRESS_QOS, "egress_qos", TABLE_NEST, .set = &set_vlan_qos),
	TABLE_ATTR(IFLA_VLAN_INGRESS_QOS, "ingress_qos", TABLE_NEST, .set = &set_vlan_qos),
	TABLE_ATTR(IFLA_VLAN_PROTOCOL, "protocol", TABLE_BE16, .names = &table_vlan_protocols),
};
static const struct table_set set_vlan = {.attr = vlan_attrs, .nattr = TABLE_ATTRS(vlan_attrs)};

TABLE_NAMES(table_vlan_protocols, false, {{0x8100, "8021q"}, {0x88a8, "8021ad"}});

/* vrf, and what it makes of its ports */

static const struct table_row vrf_attrs[] = {
	TABLE_ATTR(IFLA_VRF_TABLE, "table", TABLE_U32),
};
static const struct table_set set_vrf = {.attr = vrf_attrs, .nattr = TABLE_ATTRS(vrf_attrs)};

/* tun: the kernel tells, but makes none over netlink */

TABLE_NAMES(tun_types, false, {{1, "tun"}, {2, "tap"}});

static const struct table_row tun_attrs[] = {
	TABLE_ATTR(IFLA_TUN_OWNER, "owner", TABLE_U32),
	TABLE_ATTR(IFLA_TUN_GROUP, "group", TABLE_U32),
	TABLE_ATTR(IFLA_TUN_TYPE, "type", TABLE_U8, .names = &tun_types),
	TABLE_ATTR(IFLA_TUN_PI, "pi", TABLE_BOOL),
	TABLE_ATTR(IFLA_TUN_VNET_HDR, "vnet_hdr", TABLE_BOOL),
	TABLE_ATTR(IFLA_TUN_PERSIST, "persist", TABLE_BOOL),
	TABLE_ATTR(IFLA_TUN_MULTI_QUEUE, "multi_queue", TABLE_BOOL),
	TABLE_ATTR(IFLA_TUN_NUM_QUEUES, "num_queues", TABLE_U32),
	TABLE_ATTR(IFLA_TUN_NUM_DISABLED_QUEUES, "num_disabled_queues", TABLE_U32),
};
static const struct table_set set_tun = {.attr = tun_attrs, .nattr = TABLE_ATTRS(tun_attrs)};

/* which kind has which; kinds without data of their own (dummy, ifb, wireguard …) need no row */

static const struct table_kind link_kinds[] = {
	{"veth", 0, &set_veth},
	{"bridge", 0, &table_set_bridge},
	{"vxlan", 0, &table_set_vxlan},
	{"macvlan", 0, &table_set_macvlan},
	{"macvtap", 0, &table_set_macvlan},
	{"ipvlan", 0, &set_ipvlan},
	{"ipvtap", 0, &set_ipvlan},
	{"vlan", 0, &set_vlan},
	{"vrf", 0, &set_vrf},
	{"bond", 0, &table_set_bond},
	{"netkit", 0, &set_netkit},
	{"tun", 0, &set_tun},
	{"geneve", 0, &table_set_geneve},
	{"gre", 0, &table_set_gre},
	{"gretap", 0, &table_set_gre},
	{"erspan", 0, &table_set_gre},
	{"ip6gre", 0, &table_set_ip6gre},
	{"ip6gretap", 0, &table_set_ip6gre},
	{"ip6erspan", 0, &table_set_ip6gre},
	{"ipip", 0, &table_set_ipip},
	{"sit", 0, &table_set_sit},
	{"ip6tnl", 0, &table_set_ip6tnl},
	{"vti", 0, &table_set_vti},
	{"vti6", 0, &table_set_vti6},
	{"xfrm", 0, &table_set_xfrm},
};
const struct table_kinds table_link_kinds = {link_kinds, TABLE_COUNT(link_kinds)};

static const struct table_kind port_kinds[] = {
	{"bridge", 0, &table_set_bridge_port},
	{"bond", 0, &table_set_bond_port},
	{"vrf", 0, &set_vrf},
};
const struct table_kinds table_port_kinds = {port_kinds, TABLE_COUNT(port_kinds)};
