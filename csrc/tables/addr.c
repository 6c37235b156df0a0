/* SPDX-License-Identifier: MIT */
/* RTM_*ADDR, struct ifaddrmsg. */
#include "tables/table.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

TABLE_NAMES(addr_flags, true,
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

TABLE_NAMES(addr_protos, false, {{0, "unspec"}, {1, "kernel_lo"}, {2, "kernel_ra"}, {3, "kernel_ll"}});

static const struct table_row cache_fields[] = {
	TABLE_FIELD(struct ifa_cacheinfo, ifa_prefered, "prefered", TABLE_U32),
	TABLE_FIELD(struct ifa_cacheinfo, ifa_valid, "valid", TABLE_U32),
	TABLE_FIELD(struct ifa_cacheinfo, cstamp, "cstamp", TABLE_U32),
	TABLE_FIELD(struct ifa_cacheinfo, tstamp, "tstamp", TABLE_U32),
};
/* A lifetime not given is infinite, which is all bits set. */
static const struct table_set set_cache = {.field = cache_fields,
                                           .nfield = TABLE_FIELDS(cache_fields),
                                           .hdrlen = TABLE_HEADER(sizeof(struct ifa_cacheinfo)),
                                           .ones = offsetof(struct ifa_cacheinfo, cstamp)};

static const struct table_row addr_fields[] = {
	TABLE_FIELD(struct ifaddrmsg, ifa_family, "family", TABLE_U8, .names = &table_families),
	TABLE_FIELD(struct ifaddrmsg, ifa_prefixlen, "prefixlen", TABLE_U8),
	TABLE_FIELD(struct ifaddrmsg, ifa_flags, "flags", TABLE_U8, .names = &addr_flags, .twin = IFA_FLAGS),
	TABLE_FIELD(struct ifaddrmsg, ifa_scope, "scope", TABLE_U8, .names = &table_scopes),
	TABLE_FIELD(struct ifaddrmsg, ifa_index, "index", TABLE_LINK),
};

static const struct table_row addr_attrs[] = {
	TABLE_ATTR(IFA_ADDRESS, "address", TABLE_PREFIX, .off = offsetof(struct ifaddrmsg, ifa_prefixlen)),
	TABLE_ATTR(IFA_LOCAL, "local", TABLE_PREFIX, .off = offsetof(struct ifaddrmsg, ifa_prefixlen)),
	TABLE_ATTR(IFA_LABEL, "label", TABLE_STRING, .max = 15),
	TABLE_ATTR(IFA_BROADCAST, "broadcast", TABLE_IP),
	TABLE_ATTR(IFA_ANYCAST, "anycast", TABLE_IP),
	TABLE_ATTR(IFA_CACHEINFO, "cacheinfo", TABLE_STRUCT, .set = &set_cache, .moves = true),
	TABLE_ATTR(IFA_MULTICAST, "multicast", TABLE_IP),
	TABLE_ATTR(IFA_FLAGS, "flags", TABLE_U32, .names = &addr_flags),
	TABLE_ATTR(IFA_RT_PRIORITY, "rt_priority", TABLE_U32),
	TABLE_ATTR(IFA_TARGET_NETNSID, "target_netnsid", TABLE_S32),
	TABLE_ATTR(IFA_PROTO, "proto", TABLE_U8, .names = &addr_protos),
};
static const struct table_set set_addr = {.field = addr_fields,
                                          .nfield = TABLE_FIELDS(addr_fields),
                                          .attr = addr_attrs,
                                          .nattr = TABLE_ATTRS(addr_attrs),
                                          .hdrlen = TABLE_HEADER(sizeof(struct ifaddrmsg))};

static const char *const names_one[] = {"local", "address", NULL};

const struct table_msg table_addr = {.name = "addr",
                                     .new_type = RTM_NEWADDR,
                                     .del_type = RTM_DELADDR,
                                     .get_type = RTM_GETADDR,
                                     .hdrlen = TABLE_HEADER(sizeof(struct ifaddrmsg)),
                                     .set = &set_addr,
                                     .names_one = names_one};
