/* SPDX-License-Identifier: MIT */
/* RTA_ENCAP: what a route wraps its packets in, of which the two that a tunnel link in metadata mode reads have rows. */
#include "spec.h"

#include <linux/lwtunnel.h>

SPEC_NAMES(spec_encap_types, false,
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

SPEC_NAMES(tunnel_flags, true, {{0x0001, "csum"}, {0x0004, "key"}, {0x0008, "seq"}});

static const struct spec_row ip_attrs[] = {
	SPEC_ATTR(LWTUNNEL_IP_ID, "id", SPEC_BE64),
	SPEC_ATTR(LWTUNNEL_IP_DST, "dst", SPEC_IP4),
	SPEC_ATTR(LWTUNNEL_IP_SRC, "src", SPEC_IP4),
	SPEC_ATTR(LWTUNNEL_IP_TTL, "ttl", SPEC_U8),
	SPEC_ATTR(LWTUNNEL_IP_TOS, "tos", SPEC_U8),
	SPEC_ATTR(LWTUNNEL_IP_FLAGS, "flags", SPEC_BE16, .names = &tunnel_flags),
};
static const struct spec_set set_ip = {.attr = ip_attrs, .nattr = SPEC_COUNT(ip_attrs)};

static const struct spec_row ip6_attrs[] = {
	SPEC_ATTR(LWTUNNEL_IP6_ID, "id", SPEC_BE64),
	SPEC_ATTR(LWTUNNEL_IP6_DST, "dst", SPEC_IP6),
	SPEC_ATTR(LWTUNNEL_IP6_SRC, "src", SPEC_IP6),
	SPEC_ATTR(LWTUNNEL_IP6_HOPLIMIT, "hoplimit", SPEC_U8),
	SPEC_ATTR(LWTUNNEL_IP6_TC, "tc", SPEC_U8),
	SPEC_ATTR(LWTUNNEL_IP6_FLAGS, "flags", SPEC_BE16, .names = &tunnel_flags),
};
static const struct spec_set set_ip6 = {.attr = ip6_attrs, .nattr = SPEC_COUNT(ip6_attrs)};

static const struct spec_kind encaps[] = {{"ip", LWTUNNEL_ENCAP_IP, &set_ip}, {"ip6", LWTUNNEL_ENCAP_IP6, &set_ip6}};
const struct spec_kinds spec_encaps = {encaps, SPEC_COUNT(encaps)};
