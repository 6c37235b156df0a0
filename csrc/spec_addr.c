/* SPDX-License-Identifier: MIT */
/* RTM_*ADDR, struct ifaddrmsg. */
#include "spec.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

SPEC_NAMES(addr_flags, true,
           {
		   {IFA_F_SECONDARY, "secondary"}, /* IFA_F_TEMPORARY in IPv6 */
		   {IFA_F_NODAD, "nodad"},
		   {IFA_F_OPTIMISTIC, "optimistic"},
		   {IFA_F_DADFAILED, "dadfailed"},
		   {IFA_F_HOMEADDRESS, "homeaddress"},
		   {IFA_F_DEPRECATED, "deprecated"},
		   {IFA_F_TENTATIVE, "tentative"},
		   {IFA_F_PERMANENT, "permanent"},
		   {IFA_F_MANAGETEMPADDR, "managetempaddr"},
		   {IFA_F_NOPREFIXROUTE, "noprefixroute"},
		   {IFA_F_MCAUTOJOIN, "mcautojoin"},
		   {IFA_F_STABLE_PRIVACY, "stable_privacy"},
	   });

SPEC_NAMES(addr_protos, false, {{0, "unspec"}, {1, "kernel_lo"}, {2, "kernel_ra"}, {3, "kernel_ll"}});

static const struct spec_row cache_fields[] = {
	SPEC_FIELD(struct ifa_cacheinfo, ifa_prefered, "prefered", SPEC_U32),
	SPEC_FIELD(struct ifa_cacheinfo, ifa_valid, "valid", SPEC_U32),
	SPEC_FIELD(struct ifa_cacheinfo, cstamp, "cstamp", SPEC_U32),
	SPEC_FIELD(struct ifa_cacheinfo, tstamp, "tstamp", SPEC_U32),
};
/* A lifetime not given is infinite, which is all bits set. */
static const struct spec_set set_cache = {.field = cache_fields,
                                          .nfield = SPEC_COUNT(cache_fields),
                                          .hdrlen = sizeof(struct ifa_cacheinfo),
                                          .ones = offsetof(struct ifa_cacheinfo, cstamp)};

static const struct spec_row addr_fields[] = {
	SPEC_FIELD(struct ifaddrmsg, ifa_family, "family", SPEC_U8, .names = &spec_families),
	SPEC_FIELD(struct ifaddrmsg, ifa_prefixlen, "prefixlen", SPEC_U8),
	SPEC_FIELD(struct ifaddrmsg, ifa_flags, "flags", SPEC_U8, .names = &addr_flags, .twin = IFA_FLAGS),
	SPEC_FIELD(struct ifaddrmsg, ifa_scope, "scope", SPEC_U8, .names = &spec_scopes),
	SPEC_FIELD(struct ifaddrmsg, ifa_index, "index", SPEC_LINK),
};

static const struct spec_row addr_attrs[] = {
	SPEC_ATTR(IFA_ADDRESS, "address", SPEC_PREFIX, .off = offsetof(struct ifaddrmsg, ifa_prefixlen)),
	SPEC_ATTR(IFA_LOCAL, "local", SPEC_PREFIX, .off = offsetof(struct ifaddrmsg, ifa_prefixlen)),
	SPEC_ATTR(IFA_LABEL, "label", SPEC_STRING, .max = 15),
	SPEC_ATTR(IFA_BROADCAST, "broadcast", SPEC_IP),
	SPEC_ATTR(IFA_ANYCAST, "anycast", SPEC_IP),
	SPEC_ATTR(IFA_CACHEINFO, "cacheinfo", SPEC_STRUCT, .set = &set_cache),
	SPEC_ATTR(IFA_MULTICAST, "multicast", SPEC_IP),
	SPEC_ATTR(IFA_FLAGS, "flags", SPEC_U32, .names = &addr_flags),
	SPEC_ATTR(IFA_RT_PRIORITY, "rt_priority", SPEC_U32),
	SPEC_ATTR(IFA_TARGET_NETNSID, "target_netnsid", SPEC_S32),
	SPEC_ATTR(IFA_PROTO, "proto", SPEC_U8, .names = &addr_protos),
};
static const struct spec_set set_addr = {.field = addr_fields,
                                         .nfield = SPEC_COUNT(addr_fields),
                                         .attr = addr_attrs,
                                         .nattr = SPEC_COUNT(addr_attrs),
                                         .hdrlen = sizeof(struct ifaddrmsg)};

const struct spec_msg spec_addr = {.name = "addr",
                                   .new_type = RTM_NEWADDR,
                                   .del_type = RTM_DELADDR,
                                   .get_type = RTM_GETADDR,
                                   .hdrlen = sizeof(struct ifaddrmsg),
                                   .set = &set_addr};
