/* SPDX-License-Identifier: MIT */
/* IFLA_INFO_DATA and IFLA_INFO_SLAVE_DATA: which set belongs to which kind, and the sets of the smaller kinds. */
#include "spec.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include "spec_kinds.h"
#include "uapi_compat.h"

/* veth: the peer is a whole link with a header of its own */

static const struct spec_row veth_attrs[] = {
	SPEC_ATTR(VETH_INFO_PEER, "peer", SPEC_NEST, .set = &spec_set_link),
};
static const struct spec_set set_veth = {.attr = veth_attrs, .nattr = SPEC_COUNT(veth_attrs)};

/* netkit */

SPEC_NAMES(netkit_modes, false, {{0, "l2"}, {1, "l3"}});
SPEC_NAMES(netkit_policies, false, {{0, "forward"}, {2, "blackhole"}});
SPEC_NAMES(netkit_scrubs, false, {{0, "none"}, {1, "default"}});

static const struct spec_row netkit_attrs[] = {
	SPEC_ATTR(COMPAT_IFLA_NETKIT_PEER_INFO, "peer_info", SPEC_NEST, .set = &spec_set_link),
	SPEC_ATTR(COMPAT_IFLA_NETKIT_PRIMARY, "primary", SPEC_BOOL),
	SPEC_ATTR(COMPAT_IFLA_NETKIT_POLICY, "policy", SPEC_U32, .names = &netkit_policies),
	SPEC_ATTR(COMPAT_IFLA_NETKIT_PEER_POLICY, "peer_policy", SPEC_U32, .names = &netkit_policies),
	SPEC_ATTR(COMPAT_IFLA_NETKIT_MODE, "mode", SPEC_U32, .names = &netkit_modes),
	SPEC_ATTR(COMPAT_IFLA_NETKIT_SCRUB, "scrub", SPEC_U32, .names = &netkit_scrubs),
	SPEC_ATTR(COMPAT_IFLA_NETKIT_PEER_SCRUB, "peer_scrub", SPEC_U32, .names = &netkit_scrubs),
	SPEC_ATTR(COMPAT_IFLA_NETKIT_HEADROOM, "headroom", SPEC_U16),
	SPEC_ATTR(COMPAT_IFLA_NETKIT_TAILROOM, "tailroom", SPEC_U16),
};
static const struct spec_set set_netkit = {.attr = netkit_attrs, .nattr = SPEC_COUNT(netkit_attrs)};

/* macvlan, macvtap */

SPEC_NAMES(macvlan_modes, false,
           {
		   {MACVLAN_MODE_PRIVATE, "private"},
		   {MACVLAN_MODE_VEPA, "vepa"},
		   {MACVLAN_MODE_BRIDGE, "bridge"},
		   {MACVLAN_MODE_PASSTHRU, "passthru"},
		   {MACVLAN_MODE_SOURCE, "source"},
	   });
SPEC_NAMES(macvlan_flags, true, {{MACVLAN_FLAG_NOPROMISC, "nopromisc"}, {MACVLAN_FLAG_NODST, "nodst"}});
SPEC_NAMES(macvlan_macaddr_modes, false,
           {
		   {MACVLAN_MACADDR_ADD, "add"},
		   {MACVLAN_MACADDR_DEL, "del"},
		   {MACVLAN_MACADDR_FLUSH, "flush"},
		   {MACVLAN_MACADDR_SET, "set"},
	   });

static const struct spec_row macvlan_macaddr_attrs[] = {
	SPEC_ATTR(IFLA_MACVLAN_MACADDR, "macaddr", SPEC_MAC, .max = 6, .many = true),
};
static const struct spec_set set_macvlan_macaddr = {.attr = macvlan_macaddr_attrs,
                                                    .nattr = SPEC_COUNT(macvlan_macaddr_attrs)};

static const struct spec_row macvlan_attrs[] = {
	SPEC_ATTR(IFLA_MACVLAN_MODE, "mode", SPEC_U32, .names = &macvlan_modes),
	SPEC_ATTR(IFLA_MACVLAN_FLAGS, "flags", SPEC_U16, .names = &macvlan_flags),
	SPEC_ATTR(IFLA_MACVLAN_MACADDR_MODE, "macaddr_mode", SPEC_U32, .names = &macvlan_macaddr_modes),
	SPEC_ATTR(IFLA_MACVLAN_MACADDR, "macaddr", SPEC_MAC, .max = 6),
	SPEC_ATTR(IFLA_MACVLAN_MACADDR_DATA, "macaddr_data", SPEC_NEST, .set = &set_macvlan_macaddr),
	SPEC_ATTR(IFLA_MACVLAN_MACADDR_COUNT, "macaddr_count", SPEC_U32),
	SPEC_ATTR(IFLA_MACVLAN_BC_QUEUE_LEN, "bc_queue_len", SPEC_U32),
	SPEC_ATTR(IFLA_MACVLAN_BC_QUEUE_LEN_USED, "bc_queue_len_used", SPEC_U32),
	SPEC_ATTR(COMPAT_IFLA_MACVLAN_BC_CUTOFF, "bc_cutoff", SPEC_S32),
};
static const struct spec_set set_macvlan = {.attr = macvlan_attrs, .nattr = SPEC_COUNT(macvlan_attrs)};

/* ipvlan, ipvtap */

SPEC_NAMES(ipvlan_modes, false, {{IPVLAN_MODE_L2, "l2"}, {IPVLAN_MODE_L3, "l3"}, {IPVLAN_MODE_L3S, "l3s"}});
SPEC_NAMES(ipvlan_flags, true, {{IPVLAN_F_PRIVATE, "private"}, {IPVLAN_F_VEPA, "vepa"}});

static const struct spec_row ipvlan_attrs[] = {
	SPEC_ATTR(IFLA_IPVLAN_MODE, "mode", SPEC_U16, .names = &ipvlan_modes),
	SPEC_ATTR(IFLA_IPVLAN_FLAGS, "flags", SPEC_U16, .names = &ipvlan_flags),
};
static const struct spec_set set_ipvlan = {.attr = ipvlan_attrs, .nattr = SPEC_COUNT(ipvlan_attrs)};

/* vlan */

SPEC_NAMES(vlan_flags, true,
           {
		   {VLAN_FLAG_REORDER_HDR, "reorder_hdr"},
		   {VLAN_FLAG_GVRP, "gvrp"},
		   {VLAN_FLAG_LOOSE_BINDING, "loose_binding"},
		   {VLAN_FLAG_MVRP, "mvrp"},
		   {VLAN_FLAG_BRIDGE_BINDING, "bridge_binding"},
	   });

static const struct spec_row vlan_qos_fields[] = {
	SPEC_FIELD(struct ifla_vlan_qos_mapping, from, "from", SPEC_U32),
	SPEC_FIELD(struct ifla_vlan_qos_mapping, to, "to", SPEC_U32),
};
static const struct spec_set set_vlan_mapping = {.field = vlan_qos_fields,
                                                 .nfield = SPEC_COUNT(vlan_qos_fields),
                                                 .hdrlen = sizeof(struct ifla_vlan_qos_mapping)};

static const struct spec_row vlan_qos_attrs[] = {
	SPEC_ATTR(IFLA_VLAN_QOS_MAPPING, "mapping", SPEC_STRUCT, .set = &set_vlan_mapping, .many = true),
};
static const struct spec_set set_vlan_qos = {.attr = vlan_qos_attrs, .nattr = SPEC_COUNT(vlan_qos_attrs)};

static const struct spec_row vlan_attrs[] = {
	SPEC_ATTR(IFLA_VLAN_ID, "id", SPEC_U16),
	SPEC_ATTR(IFLA_VLAN_FLAGS, "flags", SPEC_MASKED, .names = &vlan_flags),
	SPEC_ATTR(IFLA_VLAN_EGRESS_QOS, "egress_qos", SPEC_NEST, .set = &set_vlan_qos),
	SPEC_ATTR(IFLA_VLAN_INGRESS_QOS, "ingress_qos", SPEC_NEST, .set = &set_vlan_qos),
	SPEC_ATTR(IFLA_VLAN_PROTOCOL, "protocol", SPEC_BE16, .names = &spec_vlan_protocols),
};
static const struct spec_set set_vlan = {.attr = vlan_attrs, .nattr = SPEC_COUNT(vlan_attrs)};

SPEC_NAMES(spec_vlan_protocols, false, {{0x8100, "8021q"}, {0x88a8, "8021ad"}});

/* vrf, and what it makes of its ports */

static const struct spec_row vrf_attrs[] = {
	SPEC_ATTR(IFLA_VRF_TABLE, "table", SPEC_U32),
};
static const struct spec_set set_vrf = {.attr = vrf_attrs, .nattr = SPEC_COUNT(vrf_attrs)};

/* tun: the kernel tells, but makes none over netlink */

SPEC_NAMES(tun_types, false, {{1, "tun"}, {2, "tap"}});

static const struct spec_row tun_attrs[] = {
	SPEC_ATTR(IFLA_TUN_OWNER, "owner", SPEC_U32),
	SPEC_ATTR(IFLA_TUN_GROUP, "group", SPEC_U32),
	SPEC_ATTR(IFLA_TUN_TYPE, "type", SPEC_U8, .names = &tun_types),
	SPEC_ATTR(IFLA_TUN_PI, "pi", SPEC_BOOL),
	SPEC_ATTR(IFLA_TUN_VNET_HDR, "vnet_hdr", SPEC_BOOL),
	SPEC_ATTR(IFLA_TUN_PERSIST, "persist", SPEC_BOOL),
	SPEC_ATTR(IFLA_TUN_MULTI_QUEUE, "multi_queue", SPEC_BOOL),
	SPEC_ATTR(IFLA_TUN_NUM_QUEUES, "num_queues", SPEC_U32),
	SPEC_ATTR(IFLA_TUN_NUM_DISABLED_QUEUES, "num_disabled_queues", SPEC_U32),
};
static const struct spec_set set_tun = {.attr = tun_attrs, .nattr = SPEC_COUNT(tun_attrs)};

/* which kind has which; kinds without data of their own (dummy, ifb, wireguard …) need no row */

static const struct spec_kind link_kinds[] = {
	{"veth", 0, &set_veth},
	{"bridge", 0, &spec_set_bridge},
	{"vxlan", 0, &spec_set_vxlan},
	{"macvlan", 0, &set_macvlan},
	{"macvtap", 0, &set_macvlan},
	{"ipvlan", 0, &set_ipvlan},
	{"ipvtap", 0, &set_ipvlan},
	{"vlan", 0, &set_vlan},
	{"vrf", 0, &set_vrf},
	{"bond", 0, &spec_set_bond},
	{"netkit", 0, &set_netkit},
	{"tun", 0, &set_tun},
	{"geneve", 0, &spec_set_geneve},
	{"gre", 0, &spec_set_gre},
	{"gretap", 0, &spec_set_gre},
	{"erspan", 0, &spec_set_gre},
	{"ip6gre", 0, &spec_set_ip6gre},
	{"ip6gretap", 0, &spec_set_ip6gre},
	{"ip6erspan", 0, &spec_set_ip6gre},
	{"ipip", 0, &spec_set_ipip},
	{"sit", 0, &spec_set_sit},
	{"ip6tnl", 0, &spec_set_ip6tnl},
	{"vti", 0, &spec_set_vti},
	{"vti6", 0, &spec_set_vti6},
	{"xfrm", 0, &spec_set_xfrm},
};
const struct spec_kinds spec_link_kinds = {link_kinds, SPEC_COUNT(link_kinds)};

static const struct spec_kind port_kinds[] = {
	{"bridge", 0, &spec_set_bridge_port},
	{"bond", 0, &spec_set_bond_port},
	{"vrf", 0, &set_vrf},
};
const struct spec_kinds spec_port_kinds = {port_kinds, SPEC_COUNT(port_kinds)};
