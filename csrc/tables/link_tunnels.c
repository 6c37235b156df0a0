/* SPDX-License-Identifier: MIT */
/* The kinds which carry packets in packets. */
#include "tables/table.h"

#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/ip6_tunnel.h>

#include "tables/kinds.h"
#include "tables/uapi_compat.h"

TABLE_NAMES(dont_fragment, false, {{VXLAN_DF_UNSET, "unset"}, {VXLAN_DF_SET, "set"}, {VXLAN_DF_INHERIT, "inherit"}});
TABLE_NAMES(label_policies, false, {{0, "fixed"}, {1, "inherit"}});

static const struct table_row port_range_fields[] = {
	TABLE_FIELD(struct ifla_vxlan_port_range, low, "low", TABLE_BE16),
	TABLE_FIELD(struct ifla_vxlan_port_range, high, "high", TABLE_BE16),
};
static const struct table_set set_port_range = {.field = port_range_fields,
                                                .nfield = TABLE_FIELDS(port_range_fields),
                                                .hdrlen = TABLE_HEADER(sizeof(struct ifla_vxlan_port_range))};

static const struct table_row vxlan_attrs[] = {
	TABLE_ATTR(IFLA_VXLAN_ID, "id", TABLE_U32),
	TABLE_ATTR(IFLA_VXLAN_GROUP, "group", TABLE_IP4),
	TABLE_ATTR(IFLA_VXLAN_LINK, "link", TABLE_LINK),
	TABLE_ATTR(IFLA_VXLAN_LOCAL, "local", TABLE_IP4),
	TABLE_ATTR(IFLA_VXLAN_TTL, "ttl", TABLE_U8),
	TABLE_ATTR(IFLA_VXLAN_TOS, "tos", TABLE_U8),
	TABLE_ATTR(IFLA_VXLAN_LEARNING, "learning", TABLE_BOOL),
	TABLE_ATTR(IFLA_VXLAN_AGEING, "ageing", TABLE_U32),
	TABLE_ATTR(IFLA_VXLAN_LIMIT, "limit", TABLE_U32),
	TABLE_ATTR(IFLA_VXLAN_PORT_RANGE, "port_range", TABLE_STRUCT, .set = &set_port_range),
	TABLE_ATTR(IFLA_VXLAN_PROXY, "proxy", TABLE_BOOL),
	TABLE_ATTR(IFLA_VXLAN_RSC, "rsc", TABLE_BOOL),
	TABLE_ATTR(IFLA_VXLAN_L2MISS, "l2miss", TABLE_BOOL),
	TABLE_ATTR(IFLA_VXLAN_L3MISS, "l3miss", TABLE_BOOL),
	TABLE_ATTR(IFLA_VXLAN_PORT, "port", TABLE_BE16),
	TABLE_ATTR(IFLA_VXLAN_GROUP6, "group6", TABLE_IP6),
	TABLE_ATTR(IFLA_VXLAN_LOCAL6, "local6", TABLE_IP6),
	TABLE_ATTR(IFLA_VXLAN_UDP_CSUM, "udp_csum", TABLE_BOOL),
	TABLE_ATTR(IFLA_VXLAN_UDP_ZERO_CSUM6_TX, "udp_zero_csum6_tx", TABLE_BOOL),
	TABLE_ATTR(IFLA_VXLAN_UDP_ZERO_CSUM6_RX, "udp_zero_csum6_rx", TABLE_BOOL),
	TABLE_ATTR(IFLA_VXLAN_REMCSUM_TX, "remcsum_tx", TABLE_BOOL, .not_zero = true),
	TABLE_ATTR(IFLA_VXLAN_REMCSUM_RX, "remcsum_rx", TABLE_BOOL, .not_zero = true),
	TABLE_ATTR(IFLA_VXLAN_GBP, "gbp", TABLE_FLAG),
	TABLE_ATTR(IFLA_VXLAN_REMCSUM_NOPARTIAL, "remcsum_nopartial", TABLE_FLAG),
	TABLE_ATTR(IFLA_VXLAN_COLLECT_METADATA, "collect_metadata", TABLE_BOOL),
	TABLE_ATTR(IFLA_VXLAN_LABEL, "label", TABLE_BE32),
	TABLE_ATTR(IFLA_VXLAN_GPE, "gpe", TABLE_FLAG),
	TABLE_ATTR(IFLA_VXLAN_TTL_INHERIT, "ttl_inherit", TABLE_FLAG),
	TABLE_ATTR(IFLA_VXLAN_DF, "df", TABLE_U8, .names = &dont_fragment),
	TABLE_ATTR(IFLA_VXLAN_VNIFILTER, "vnifilter", TABLE_BOOL),
	TABLE_ATTR(COMPAT_IFLA_VXLAN_LOCALBYPASS, "localbypass", TABLE_BOOL),
	TABLE_ATTR(COMPAT_IFLA_VXLAN_LABEL_POLICY, "label_policy", TABLE_U32, .names = &label_policies),
	TABLE_ATTR(COMPAT_IFLA_VXLAN_RESERVED_BITS, "reserved_bits", TABLE_HEX, .max = 8),
	TABLE_ATTR(COMPAT_IFLA_VXLAN_MC_ROUTE, "mc_route", TABLE_BOOL),
};
const struct table_set table_set_vxlan = {.attr = vxlan_attrs, .nattr = TABLE_ATTRS(vxlan_attrs)};

static const struct table_row geneve_attrs[] = {
	TABLE_ATTR(IFLA_GENEVE_ID, "id", TABLE_U32),
	TABLE_ATTR(IFLA_GENEVE_REMOTE, "remote", TABLE_IP4),
	TABLE_ATTR(IFLA_GENEVE_TTL, "ttl", TABLE_U8),
	TABLE_ATTR(IFLA_GENEVE_TOS, "tos", TABLE_U8),
	TABLE_ATTR(IFLA_GENEVE_PORT, "port", TABLE_BE16),
	TABLE_ATTR(IFLA_GENEVE_COLLECT_METADATA, "collect_metadata", TABLE_FLAG),
	TABLE_ATTR(IFLA_GENEVE_REMOTE6, "remote6", TABLE_IP6),
	TABLE_ATTR(IFLA_GENEVE_UDP_CSUM, "udp_csum", TABLE_BOOL),
	TABLE_ATTR(IFLA_GENEVE_UDP_ZERO_CSUM6_TX, "udp_zero_csum6_tx", TABLE_BOOL),
	TABLE_ATTR(IFLA_GENEVE_UDP_ZERO_CSUM6_RX, "udp_zero_csum6_rx", TABLE_BOOL),
	TABLE_ATTR(IFLA_GENEVE_LABEL, "label", TABLE_BE32),
	TABLE_ATTR(IFLA_GENEVE_TTL_INHERIT, "ttl_inherit", TABLE_BOOL),
	TABLE_ATTR(IFLA_GENEVE_DF, "df", TABLE_U8, .names = &dont_fragment),
	TABLE_ATTR(IFLA_GENEVE_INNER_PROTO_INHERIT, "inner_proto_inherit", TABLE_FLAG),
	TABLE_ATTR(COMPAT_IFLA_GENEVE_PORT_RANGE, "port_range", TABLE_STRUCT, .set = &set_port_range),
};
const struct table_set table_set_geneve = {.attr = geneve_attrs, .nattr = TABLE_ATTRS(geneve_attrs)};

/* gre: the same attributes over IPv4 and over IPv6, but for the addresses */

TABLE_NAMES(gre_flags, true, {{0x8000, "csum"}, {0x4000, "routing"}, {0x2000, "key"}, {0x1000, "seq"}});
TABLE_NAMES(erspan_dirs, false, {{0, "ingress"}, {1, "egress"}});
TABLE_NAMES(encap_types, false, {{0, "none"}, {1, "fou"}, {2, "gue"}, {3, "mpls"}});
TABLE_NAMES(encap_flags, true,
            {
		    {TUNNEL_ENCAP_FLAG_CSUM, "csum"},
		    {TUNNEL_ENCAP_FLAG_CSUM6, "csum6"},
		    {TUNNEL_ENCAP_FLAG_REMCSUM, "remcsum"},
	    });
TABLE_NAMES(ip6_flags, true,
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
	TABLE_ATTR(IFLA_GRE_LINK, "link", TABLE_LINK), \
		TABLE_ATTR(IFLA_GRE_IFLAGS, "iflags", TABLE_BE16, .names = &gre_flags), \
		TABLE_ATTR(IFLA_GRE_OFLAGS, "oflags", TABLE_BE16, .names = &gre_flags), \
		TABLE_ATTR(IFLA_GRE_IKEY, "ikey", TABLE_BE32), TABLE_ATTR(IFLA_GRE_OKEY, "okey", TABLE_BE32), \
		TABLE_ATTR(IFLA_GRE_LOCAL, "local", address), TABLE_ATTR(IFLA_GRE_REMOTE, "remote", address), \
		TABLE_ATTR(IFLA_GRE_TTL, "ttl", TABLE_U8), TABLE_ATTR(IFLA_GRE_TOS, "tos", TABLE_U8), \
		TABLE_ATTR(IFLA_GRE_PMTUDISC, "pmtudisc", TABLE_BOOL), \
		TABLE_ATTR(IFLA_GRE_ENCAP_LIMIT, "encap_limit", TABLE_U8), \
		TABLE_ATTR(IFLA_GRE_FLOWINFO, "flowinfo", TABLE_BE32), \
		TABLE_ATTR(IFLA_GRE_FLAGS, "flags", TABLE_U32, .names = &ip6_flags), \
		TABLE_ATTR(IFLA_GRE_ENCAP_TYPE, "encap_type", TABLE_U16, .names = &encap_types), \
		TABLE_ATTR(IFLA_GRE_ENCAP_FLAGS, "encap_flags", TABLE_U16, .names = &encap_flags), \
		TABLE_ATTR(IFLA_GRE_ENCAP_SPORT, "encap_sport", TABLE_BE16), \
		TABLE_ATTR(IFLA_GRE_ENCAP_DPORT, "encap_dport", TABLE_BE16), \
		TABLE_ATTR(IFLA_GRE_COLLECT_METADATA, "collect_metadata", TABLE_FLAG), \
		TABLE_ATTR(IFLA_GRE_IGNORE_DF, "ignore_df", TABLE_BOOL), \
		TABLE_ATTR(IFLA_GRE_FWMARK, "fwmark", TABLE_U32), \
		TABLE_ATTR(IFLA_GRE_ERSPAN_INDEX, "erspan_index", TABLE_U32), \
		TABLE_ATTR(IFLA_GRE_ERSPAN_VER, "erspan_ver", TABLE_U8), \
		TABLE_ATTR(IFLA_GRE_ERSPAN_DIR, "erspan_dir", TABLE_U8, .names = &erspan_dirs), \
		TABLE_ATTR(IFLA_GRE_ERSPAN_HWID, "erspan_hwid", TABLE_U16)

static const struct table_row gre_attrs[] = {GRE_ROWS(TABLE_IP4)};
const struct table_set table_set_gre = {.attr = gre_attrs, .nattr = TABLE_ATTRS(gre_attrs)};

static const struct table_row ip6gre_attrs[] = {GRE_ROWS(TABLE_IP6)};
const struct table_set table_set_ip6gre = {.attr = ip6gre_attrs, .nattr = TABLE_ATTRS(ip6gre_attrs)};

/* ipip, sit, ip6tnl: one numbering, but each has another width or family for something */

TABLE_NAMES(sit_flags, true, {{0x1, "isatap"}});

#define IPTUN_ROWS(address, ...) \
	TABLE_ATTR(IFLA_IPTUN_LINK, "link", TABLE_LINK), TABLE_ATTR(IFLA_IPTUN_LOCAL, "local", address), \
		TABLE_ATTR(IFLA_IPTUN_REMOTE, "remote", address), TABLE_ATTR(IFLA_IPTUN_TTL, "ttl", TABLE_U8), \
		TABLE_ATTR(IFLA_IPTUN_TOS, "tos", TABLE_U8), \
		TABLE_ATTR(IFLA_IPTUN_ENCAP_LIMIT, "encap_limit", TABLE_U8), \
		TABLE_ATTR(IFLA_IPTUN_FLOWINFO, "flowinfo", TABLE_BE32), \
		TABLE_ATTR(IFLA_IPTUN_FLAGS, "flags", __VA_ARGS__), TABLE_ATTR(IFLA_IPTUN_PROTO, "proto", TABLE_U8), \
		TABLE_ATTR(IFLA_IPTUN_PMTUDISC, "pmtudisc", TABLE_BOOL), \
		TABLE_ATTR(IFLA_IPTUN_6RD_PREFIX, "6rd_prefix", TABLE_IP6), \
		TABLE_ATTR(IFLA_IPTUN_6RD_RELAY_PREFIX, "6rd_relay_prefix", TABLE_IP4), \
		TABLE_ATTR(IFLA_IPTUN_6RD_PREFIXLEN, "6rd_prefixlen", TABLE_U16), \
		TABLE_ATTR(IFLA_IPTUN_6RD_RELAY_PREFIXLEN, "6rd_relay_prefixlen", TABLE_U16), \
		TABLE_ATTR(IFLA_IPTUN_ENCAP_TYPE, "encap_type", TABLE_U16, .names = &encap_types), \
		TABLE_ATTR(IFLA_IPTUN_ENCAP_FLAGS, "encap_flags", TABLE_U16, .names = &encap_flags), \
		TABLE_ATTR(IFLA_IPTUN_ENCAP_SPORT, "encap_sport", TABLE_BE16), \
		TABLE_ATTR(IFLA_IPTUN_ENCAP_DPORT, "encap_dport", TABLE_BE16), \
		TABLE_ATTR(IFLA_IPTUN_COLLECT_METADATA, "collect_metadata", TABLE_FLAG), \
		TABLE_ATTR(IFLA_IPTUN_FWMARK, "fwmark", TABLE_U32)

static const struct table_row ipip_attrs[] = {IPTUN_ROWS(TABLE_IP4, TABLE_U16)};
const struct table_set table_set_ipip = {.attr = ipip_attrs, .nattr = TABLE_ATTRS(ipip_attrs)};

static const struct table_row sit_attrs[] = {IPTUN_ROWS(TABLE_IP4, TABLE_U16, .names = &sit_flags)};
const struct table_set table_set_sit = {.attr = sit_attrs, .nattr = TABLE_ATTRS(sit_attrs)};

static const struct table_row ip6tnl_attrs[] = {IPTUN_ROWS(TABLE_IP6, TABLE_U32, .names = &ip6_flags)};
const struct table_set table_set_ip6tnl = {.attr = ip6tnl_attrs, .nattr = TABLE_ATTRS(ip6tnl_attrs)};

/* vti */

#define VTI_ROWS(address) \
	TABLE_ATTR(IFLA_VTI_LINK, "link", TABLE_LINK), TABLE_ATTR(IFLA_VTI_IKEY, "ikey", TABLE_BE32), \
		TABLE_ATTR(IFLA_VTI_OKEY, "okey", TABLE_BE32), TABLE_ATTR(IFLA_VTI_LOCAL, "local", address), \
		TABLE_ATTR(IFLA_VTI_REMOTE, "remote", address), TABLE_ATTR(IFLA_VTI_FWMARK, "fwmark", TABLE_U32)

static const struct table_row vti_attrs[] = {VTI_ROWS(TABLE_IP4)};
const struct table_set table_set_vti = {.attr = vti_attrs, .nattr = TABLE_ATTRS(vti_attrs)};

static const struct table_row vti6_attrs[] = {VTI_ROWS(TABLE_IP6)};
const struct table_set table_set_vti6 = {.attr = vti6_attrs, .nattr = TABLE_ATTRS(vti6_attrs)};

/* xfrm */

static const struct table_row xfrm_attrs[] = {
	TABLE_ATTR(IFLA_XFRM_LINK, "link", TABLE_LINK),
	TABLE_ATTR(IFLA_XFRM_IF_ID, "if_id", TABLE_U32),
	TABLE_ATTR(IFLA_XFRM_COLLECT_METADATA, "collect_metadata", TABLE_FLAG),
};
const struct table_set table_set_xfrm = {.attr = xfrm_attrs, .nattr = TABLE_ATTRS(xfrm_attrs)};
