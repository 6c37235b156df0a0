/* SPDX-License-Identifier: MIT */
/* RTA_ENCAP: what a route wraps its packets in, of which the two that a tunnel link in metadata mode reads have rows.
 */
#include "tables/table.h"

#include <linux/lwtunnel.h>

TABLE_NAMES(table_encap_types, false,
            {
		    {LWTUNNEL_ENCAP_NONE, "none"},
		    {LWTUNNEL_ENCAP_MPLS, "mpls"},
		    {LWTUNNEL_ENCAP_IP, "ip"},
		    {LWTUNNEL_ENCAP_ILA, "ila"},
		    {LWTUNNEL_ENCAP_IP6, "ip6"},
		    {LWTUNNEL_ENCAP_SEG6, "seg6"},
		    {LWTUNNEL_ENCAP_BPF, "bpf"},
		    {LWTUNNEL_ENCAP_SEG6_LOCAL, "seg6local"},
		    {LWTUNNEL_ENCAP_RPL, "rpl"},
		    {LWTUNNEL_ENCAP_IOAM6, "ioam6"},
		    {LWTUNNEL_ENCAP_XFRM, "xfrm"},
	    });

TABLE_NAMES(tunnel_flags, true, {{0x0001, "csum"}, {0x0004, "key"}, {0x0008, "seq"}});

static const struct table_row ip_attrs[] = {
	TABLE_ATTR(LWTUNNEL_IP_ID, "id", TABLE_BE64),
	TABLE_ATTR(LWTUNNEL_IP_DST, "dst", TABLE_IP4),
	TABLE_ATTR(LWTUNNEL_IP_SRC, "src", TABLE_IP4),
	TABLE_ATTR(LWTUNNEL_IP_TTL, "ttl", TABLE_U8),
	TABLE_ATTR(LWTUNNEL_IP_TOS, "tos", TABLE_U8),
	TABLE_ATTR(LWTUNNEL_IP_FLAGS, "flags", TABLE_BE16, .names = &tunnel_flags),
};
static const struct table_set set_ip = {.attr = ip_attrs, .nattr = TABLE_ATTRS(ip_attrs)};

static const struct table_row ip6_attrs[] = {
	TABLE_ATTR(LWTUNNEL_IP6_ID, "id", TABLE_BE64),
	TABLE_ATTR(LWTUNNEL_IP6_DST, "dst", TABLE_IP6),
	TABLE_ATTR(LWTUNNEL_IP6_SRC, "src", TABLE_IP6),
	TABLE_ATTR(LWTUNNEL_IP6_HOPLIMIT, "hoplimit", TABLE_U8),
	TABLE_ATTR(LWTUNNEL_IP6_TC, "tc", TABLE_U8),
	TABLE_ATTR(LWTUNNEL_IP6_FLAGS, "flags", TABLE_BE16, .names = &tunnel_flags),
};
static const struct table_set set_ip6 = {.attr = ip6_attrs, .nattr = TABLE_ATTRS(ip6_attrs)};

static const struct table_kind encaps[] = {{"ip", LWTUNNEL_ENCAP_IP, &set_ip}, {"ip6", LWTUNNEL_ENCAP_IP6, &set_ip6}};
const struct table_kinds table_encaps = {encaps, TABLE_COUNT(encaps)};
