/* SPDX-License-Identifier: MIT */
/* The kinds which carry packets in packets. */
#include "spec.h"

#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/ip6_tunnel.h>

#include "spec_kinds.h"
#include "uapi_compat.h"

SPEC_NAMES(dont_fragment, false, {{VXLAN_DF_UNSET, "unset"}, {VXLAN_DF_SET, "set"}, {VXLAN_DF_INHERIT, "inherit"}});
SPEC_NAMES(label_policies, false, {{0, "fixed"}, {1, "inherit"}});

static const struct spec_row port_range_fields[] = {
	SPEC_FIELD(struct ifla_vxlan_port_range, low, "low", SPEC_BE16),
	SPEC_FIELD(struct ifla_vxlan_port_range, high, "high", SPEC_BE16),
};
static const struct spec_set set_port_range = {.field = port_range_fields,
                                               .nfield = SPEC_COUNT(port_range_fields),
                                               .hdrlen = sizeof(struct ifla_vxlan_port_range)};

static const struct spec_row vxlan_attrs[] = {
	SPEC_ATTR(IFLA_VXLAN_ID, "id", SPEC_U32),
	SPEC_ATTR(IFLA_VXLAN_GROUP, "group", SPEC_IP4),
	SPEC_ATTR(IFLA_VXLAN_LINK, "link", SPEC_LINK),
	SPEC_ATTR(IFLA_VXLAN_LOCAL, "local", SPEC_IP4),
	SPEC_ATTR(IFLA_VXLAN_TTL, "ttl", SPEC_U8),
	SPEC_ATTR(IFLA_VXLAN_TOS, "tos", SPEC_U8),
	SPEC_ATTR(IFLA_VXLAN_LEARNING, "learning", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_AGEING, "ageing", SPEC_U32),
	SPEC_ATTR(IFLA_VXLAN_LIMIT, "limit", SPEC_U32),
	SPEC_ATTR(IFLA_VXLAN_PORT_RANGE, "port_range", SPEC_STRUCT, .set = &set_port_range),
	SPEC_ATTR(IFLA_VXLAN_PROXY, "proxy", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_RSC, "rsc", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_L2MISS, "l2miss", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_L3MISS, "l3miss", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_PORT, "port", SPEC_BE16),
	SPEC_ATTR(IFLA_VXLAN_GROUP6, "group6", SPEC_IP6),
	SPEC_ATTR(IFLA_VXLAN_LOCAL6, "local6", SPEC_IP6),
	SPEC_ATTR(IFLA_VXLAN_UDP_CSUM, "udp_csum", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_UDP_ZERO_CSUM6_TX, "udp_zero_csum6_tx", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_UDP_ZERO_CSUM6_RX, "udp_zero_csum6_rx", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_REMCSUM_TX, "remcsum_tx", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_REMCSUM_RX, "remcsum_rx", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_GBP, "gbp", SPEC_FLAG),
	SPEC_ATTR(IFLA_VXLAN_REMCSUM_NOPARTIAL, "remcsum_nopartial", SPEC_FLAG),
	SPEC_ATTR(IFLA_VXLAN_COLLECT_METADATA, "collect_metadata", SPEC_BOOL),
	SPEC_ATTR(IFLA_VXLAN_LABEL, "label", SPEC_BE32),
	SPEC_ATTR(IFLA_VXLAN_GPE, "gpe", SPEC_FLAG),
	SPEC_ATTR(IFLA_VXLAN_TTL_INHERIT, "ttl_inherit", SPEC_FLAG),
	SPEC_ATTR(IFLA_VXLAN_DF, "df", SPEC_U8, .names = &dont_fragment),
	SPEC_ATTR(IFLA_VXLAN_VNIFILTER, "vnifilter", SPEC_BOOL),
	SPEC_ATTR(COMPAT_IFLA_VXLAN_LOCALBYPASS, "localbypass", SPEC_BOOL),
	SPEC_ATTR(COMPAT_IFLA_VXLAN_LABEL_POLICY, "label_policy", SPEC_U32, .names = &label_policies),
	SPEC_ATTR(COMPAT_IFLA_VXLAN_RESERVED_BITS, "reserved_bits", SPEC_HEX, .max = 8),
	SPEC_ATTR(COMPAT_IFLA_VXLAN_MC_ROUTE, "mc_route", SPEC_BOOL),
};
const struct spec_set spec_set_vxlan = {.attr = vxlan_attrs, .nattr = SPEC_COUNT(vxlan_attrs)};

static const struct spec_row geneve_attrs[] = {
	SPEC_ATTR(IFLA_GENEVE_ID, "id", SPEC_U32),
	SPEC_ATTR(IFLA_GENEVE_REMOTE, "remote", SPEC_IP4),
	SPEC_ATTR(IFLA_GENEVE_TTL, "ttl", SPEC_U8),
	SPEC_ATTR(IFLA_GENEVE_TOS, "tos", SPEC_U8),
	SPEC_ATTR(IFLA_GENEVE_PORT, "port", SPEC_BE16),
	SPEC_ATTR(IFLA_GENEVE_COLLECT_METADATA, "collect_metadata", SPEC_FLAG),
	SPEC_ATTR(IFLA_GENEVE_REMOTE6, "remote6", SPEC_IP6),
	SPEC_ATTR(IFLA_GENEVE_UDP_CSUM, "udp_csum", SPEC_BOOL),
	SPEC_ATTR(IFLA_GENEVE_UDP_ZERO_CSUM6_TX, "udp_zero_csum6_tx", SPEC_BOOL),
	SPEC_ATTR(IFLA_GENEVE_UDP_ZERO_CSUM6_RX, "udp_zero_csum6_rx", SPEC_BOOL),
	SPEC_ATTR(IFLA_GENEVE_LABEL, "label", SPEC_BE32),
	SPEC_ATTR(IFLA_GENEVE_TTL_INHERIT, "ttl_inherit", SPEC_BOOL),
	SPEC_ATTR(IFLA_GENEVE_DF, "df", SPEC_U8, .names = &dont_fragment),
	SPEC_ATTR(IFLA_GENEVE_INNER_PROTO_INHERIT, "inner_proto_inherit", SPEC_FLAG),
	SPEC_ATTR(COMPAT_IFLA_GENEVE_PORT_RANGE, "port_range", SPEC_STRUCT, .set = &set_port_range),
};
const struct spec_set spec_set_geneve = {.attr = geneve_attrs, .nattr = SPEC_COUNT(geneve_attrs)};

/* gre: the same attributes over IPv4 and over IPv6, but for the addresses */

SPEC_NAMES(gre_flags, true, {{0x8000, "csum"}, {0x4000, "routing"}, {0x2000, "key"}, {0x1000, "seq"}});
SPEC_NAMES(erspan_dirs, false, {{0, "ingress"}, {1, "egress"}});
SPEC_NAMES(encap_types, false, {{0, "none"}, {1, "fou"}, {2, "gue"}, {3, "mpls"}});
SPEC_NAMES(encap_flags, true,
           {
		   {TUNNEL_ENCAP_FLAG_CSUM, "csum"},
		   {TUNNEL_ENCAP_FLAG_CSUM6, "csum6"},
		   {TUNNEL_ENCAP_FLAG_REMCSUM, "remcsum"},
	   });
SPEC_NAMES(ip6_flags, true,
           {
		   {IP6_TNL_F_IGN_ENCAP_LIMIT, "ign_encap_limit"},
		   {IP6_TNL_F_USE_ORIG_TCLASS, "use_orig_tclass"},
		   {IP6_TNL_F_USE_ORIG_FLOWLABEL, "use_orig_flowlabel"},
		   {IP6_TNL_F_MIP6_DEV, "mip6_dev"},
		   {IP6_TNL_F_RCV_DSCP_COPY, "rcv_dscp_copy"},
		   {IP6_TNL_F_USE_ORIG_FWMARK, "use_orig_fwmark"},
		   {IP6_TNL_F_ALLOW_LOCAL_REMOTE, "allow_local_remote"},
		   /* what the kernel finds out by itself */
		   {0x10000, "cap_xmit"},
		   {0x20000, "cap_rcv"},
		   {0x40000, "cap_per_packet"},
	   });

#define GRE_ROWS(address) \
	SPEC_ATTR(IFLA_GRE_LINK, "link", SPEC_LINK), \
		SPEC_ATTR(IFLA_GRE_IFLAGS, "iflags", SPEC_BE16, .names = &gre_flags), \
		SPEC_ATTR(IFLA_GRE_OFLAGS, "oflags", SPEC_BE16, .names = &gre_flags), \
		SPEC_ATTR(IFLA_GRE_IKEY, "ikey", SPEC_BE32), SPEC_ATTR(IFLA_GRE_OKEY, "okey", SPEC_BE32), \
		SPEC_ATTR(IFLA_GRE_LOCAL, "local", address), SPEC_ATTR(IFLA_GRE_REMOTE, "remote", address), \
		SPEC_ATTR(IFLA_GRE_TTL, "ttl", SPEC_U8), SPEC_ATTR(IFLA_GRE_TOS, "tos", SPEC_U8), \
		SPEC_ATTR(IFLA_GRE_PMTUDISC, "pmtudisc", SPEC_BOOL), \
		SPEC_ATTR(IFLA_GRE_ENCAP_LIMIT, "encap_limit", SPEC_U8), \
		SPEC_ATTR(IFLA_GRE_FLOWINFO, "flowinfo", SPEC_BE32), \
		SPEC_ATTR(IFLA_GRE_FLAGS, "flags", SPEC_U32, .names = &ip6_flags), \
		SPEC_ATTR(IFLA_GRE_ENCAP_TYPE, "encap_type", SPEC_U16, .names = &encap_types), \
		SPEC_ATTR(IFLA_GRE_ENCAP_FLAGS, "encap_flags", SPEC_U16, .names = &encap_flags), \
		SPEC_ATTR(IFLA_GRE_ENCAP_SPORT, "encap_sport", SPEC_BE16), \
		SPEC_ATTR(IFLA_GRE_ENCAP_DPORT, "encap_dport", SPEC_BE16), \
		SPEC_ATTR(IFLA_GRE_COLLECT_METADATA, "collect_metadata", SPEC_FLAG), \
		SPEC_ATTR(IFLA_GRE_IGNORE_DF, "ignore_df", SPEC_BOOL), SPEC_ATTR(IFLA_GRE_FWMARK, "fwmark", SPEC_U32), \
		SPEC_ATTR(IFLA_GRE_ERSPAN_INDEX, "erspan_index", SPEC_U32), \
		SPEC_ATTR(IFLA_GRE_ERSPAN_VER, "erspan_ver", SPEC_U8), \
		SPEC_ATTR(IFLA_GRE_ERSPAN_DIR, "erspan_dir", SPEC_U8, .names = &erspan_dirs), \
		SPEC_ATTR(IFLA_GRE_ERSPAN_HWID, "erspan_hwid", SPEC_U16)

static const struct spec_row gre_attrs[] = {GRE_ROWS(SPEC_IP4)};
const struct spec_set spec_set_gre = {.attr = gre_attrs, .nattr = SPEC_COUNT(gre_attrs)};

static const struct spec_row ip6gre_attrs[] = {GRE_ROWS(SPEC_IP6)};
const struct spec_set spec_set_ip6gre = {.attr = ip6gre_attrs, .nattr = SPEC_COUNT(ip6gre_attrs)};

/* ipip, sit, ip6tnl: one numbering, but each has another width or family for something */

SPEC_NAMES(sit_flags, true, {{0x1, "isatap"}});

#define IPTUN_ROWS(address, ...) \
	SPEC_ATTR(IFLA_IPTUN_LINK, "link", SPEC_LINK), SPEC_ATTR(IFLA_IPTUN_LOCAL, "local", address), \
		SPEC_ATTR(IFLA_IPTUN_REMOTE, "remote", address), SPEC_ATTR(IFLA_IPTUN_TTL, "ttl", SPEC_U8), \
		SPEC_ATTR(IFLA_IPTUN_TOS, "tos", SPEC_U8), SPEC_ATTR(IFLA_IPTUN_ENCAP_LIMIT, "encap_limit", SPEC_U8), \
		SPEC_ATTR(IFLA_IPTUN_FLOWINFO, "flowinfo", SPEC_BE32), \
		SPEC_ATTR(IFLA_IPTUN_FLAGS, "flags", __VA_ARGS__), SPEC_ATTR(IFLA_IPTUN_PROTO, "proto", SPEC_U8), \
		SPEC_ATTR(IFLA_IPTUN_PMTUDISC, "pmtudisc", SPEC_BOOL), \
		SPEC_ATTR(IFLA_IPTUN_6RD_PREFIX, "6rd_prefix", SPEC_IP6), \
		SPEC_ATTR(IFLA_IPTUN_6RD_RELAY_PREFIX, "6rd_relay_prefix", SPEC_IP4), \
		SPEC_ATTR(IFLA_IPTUN_6RD_PREFIXLEN, "6rd_prefixlen", SPEC_U16), \
		SPEC_ATTR(IFLA_IPTUN_6RD_RELAY_PREFIXLEN, "6rd_relay_prefixlen", SPEC_U16), \
		SPEC_ATTR(IFLA_IPTUN_ENCAP_TYPE, "encap_type", SPEC_U16, .names = &encap_types), \
		SPEC_ATTR(IFLA_IPTUN_ENCAP_FLAGS, "encap_flags", SPEC_U16, .names = &encap_flags), \
		SPEC_ATTR(IFLA_IPTUN_ENCAP_SPORT, "encap_sport", SPEC_BE16), \
		SPEC_ATTR(IFLA_IPTUN_ENCAP_DPORT, "encap_dport", SPEC_BE16), \
		SPEC_ATTR(IFLA_IPTUN_COLLECT_METADATA, "collect_metadata", SPEC_FLAG), \
		SPEC_ATTR(IFLA_IPTUN_FWMARK, "fwmark", SPEC_U32)

static const struct spec_row ipip_attrs[] = {IPTUN_ROWS(SPEC_IP4, SPEC_U16)};
const struct spec_set spec_set_ipip = {.attr = ipip_attrs, .nattr = SPEC_COUNT(ipip_attrs)};

static const struct spec_row sit_attrs[] = {IPTUN_ROWS(SPEC_IP4, SPEC_U16, .names = &sit_flags)};
const struct spec_set spec_set_sit = {.attr = sit_attrs, .nattr = SPEC_COUNT(sit_attrs)};

static const struct spec_row ip6tnl_attrs[] = {IPTUN_ROWS(SPEC_IP6, SPEC_U32, .names = &ip6_flags)};
const struct spec_set spec_set_ip6tnl = {.attr = ip6tnl_attrs, .nattr = SPEC_COUNT(ip6tnl_attrs)};

/* vti */

#define VTI_ROWS(address) \
	SPEC_ATTR(IFLA_VTI_LINK, "link", SPEC_LINK), SPEC_ATTR(IFLA_VTI_IKEY, "ikey", SPEC_BE32), \
		SPEC_ATTR(IFLA_VTI_OKEY, "okey", SPEC_BE32), SPEC_ATTR(IFLA_VTI_LOCAL, "local", address), \
		SPEC_ATTR(IFLA_VTI_REMOTE, "remote", address), SPEC_ATTR(IFLA_VTI_FWMARK, "fwmark", SPEC_U32)

static const struct spec_row vti_attrs[] = {VTI_ROWS(SPEC_IP4)};
const struct spec_set spec_set_vti = {.attr = vti_attrs, .nattr = SPEC_COUNT(vti_attrs)};

static const struct spec_row vti6_attrs[] = {VTI_ROWS(SPEC_IP6)};
const struct spec_set spec_set_vti6 = {.attr = vti6_attrs, .nattr = SPEC_COUNT(vti6_attrs)};

/* xfrm */

static const struct spec_row xfrm_attrs[] = {
	SPEC_ATTR(IFLA_XFRM_LINK, "link", SPEC_LINK),
	SPEC_ATTR(IFLA_XFRM_IF_ID, "if_id", SPEC_U32),
	SPEC_ATTR(IFLA_XFRM_COLLECT_METADATA, "collect_metadata", SPEC_FLAG),
};
const struct spec_set spec_set_xfrm = {.attr = xfrm_attrs, .nattr = SPEC_COUNT(xfrm_attrs)};
