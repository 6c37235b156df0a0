/* SPDX-License-Identifier: MIT */
/* RTM_*NEXTHOP, struct nhmsg: next hops with numbers of their own, and groups of them. */
#include "tables/table.h"

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "tables/uapi_compat.h"

TABLE_NAMES(nexthop_flags, true,
            {
		    {RTNH_F_DEAD, "dead"},
		    {RTNH_F_ONLINK, "onlink"},
		    {RTNH_F_OFFLOAD, "offload"},
		    {RTNH_F_LINKDOWN, "linkdown"},
		    {RTNH_F_TRAP, "trap"},
	    });

TABLE_NAMES(group_types, false, {{NEXTHOP_GRP_TYPE_MPATH, "mpath"}, {NEXTHOP_GRP_TYPE_RES, "resilient"}});

/* Older headers have resvd1 where newer ones have weight_high. */
struct compat_nexthop_grp {
	uint32_t id;
	uint8_t weight, weight_high;
	uint16_t resvd2;
};
_Static_assert(sizeof(struct compat_nexthop_grp) == sizeof(struct nexthop_grp), "the same structure");

static const struct table_row member_fields[] = {
	TABLE_FIELD(struct compat_nexthop_grp, id, "id", TABLE_U32),
	TABLE_FIELD(struct compat_nexthop_grp, weight, "weight", TABLE_U8), /* less one, as a route's hops */
	TABLE_FIELD(struct compat_nexthop_grp, weight_high, "weight_high", TABLE_U8),
};
static const struct table_set set_member = {.field = member_fields,
                                            .nfield = TABLE_FIELDS(member_fields),
                                            .hdrlen = TABLE_HEADER(sizeof(struct nexthop_grp))};

static const struct table_row res_attrs[] = {
	TABLE_ATTR(NHA_RES_GROUP_BUCKETS, "buckets", TABLE_U16),
	/* in hundredths of a second */
	TABLE_ATTR(NHA_RES_GROUP_IDLE_TIMER, "idle_timer", TABLE_U32),
	TABLE_ATTR(NHA_RES_GROUP_UNBALANCED_TIMER, "unbalanced_timer", TABLE_U32),
	TABLE_ATTR(NHA_RES_GROUP_UNBALANCED_TIME, "unbalanced_time", TABLE_U64, .moves = true, .told = true),
};
static const struct table_set set_res = {.attr = res_attrs, .nattr = TABLE_ATTRS(res_attrs)};

static const struct table_row nexthop_fields[] = {
	TABLE_FIELD(struct nhmsg, nh_family, "family", TABLE_U8, .names = &table_families),
	TABLE_FIELD(struct nhmsg, nh_scope, "scope", TABLE_U8, .names = &table_scopes, .told = true),
	TABLE_FIELD(struct nhmsg, nh_protocol, "protocol", TABLE_U8, .names = &table_protocols),
	TABLE_FIELD(struct nhmsg, nh_flags, "flags", TABLE_U32, .names = &nexthop_flags),
};

static const struct table_row nexthop_attrs[] = {
	TABLE_ATTR(NHA_ID, "id", TABLE_U32),
	TABLE_ATTR(NHA_GROUP, "group", TABLE_ARRAY, .set = &set_member),
	TABLE_ATTR(NHA_GROUP_TYPE, "group_type", TABLE_U16, .names = &group_types),
	TABLE_ATTR(NHA_BLACKHOLE, "blackhole", TABLE_FLAG),
	TABLE_ATTR(NHA_OIF, "oif", TABLE_LINK),
	TABLE_ATTR(NHA_GATEWAY, "gateway", TABLE_IP),
	TABLE_ATTR(NHA_ENCAP_TYPE, "encap_type", TABLE_U16, .names = &table_encap_types),
	TABLE_ATTR(NHA_ENCAP, "encap", TABLE_BYKIND, .kinds = &table_encaps),
	/* of a dump: groups alone; of a master's links, and of them alone */
	TABLE_ATTR(NHA_GROUPS, "groups", TABLE_FLAG),
	TABLE_ATTR(NHA_MASTER, "master", TABLE_LINK),
	TABLE_ATTR(NHA_FDB, "fdb", TABLE_FLAG),
	TABLE_ATTR(NHA_RES_GROUP, "res_group", TABLE_NEST, .set = &set_res),
	TABLE_ATTR(COMPAT_NHA_OP_FLAGS, "op_flags", TABLE_U32, .told = true),
	TABLE_ATTR(COMPAT_NHA_HW_STATS_ENABLE, "hw_stats_enable", TABLE_U32),
	TABLE_ATTR(COMPAT_NHA_HW_STATS_USED, "hw_stats_used", TABLE_U32, .told = true),
};
static const struct table_set set_nexthop = {.field = nexthop_fields,
                                             .nfield = TABLE_FIELDS(nexthop_fields),
                                             .attr = nexthop_attrs,
                                             .nattr = TABLE_ATTRS(nexthop_attrs),
                                             .hdrlen = TABLE_HEADER(sizeof(struct nhmsg))};

static const char *const names_one[] = {"id", NULL};

const struct table_msg table_nexthop = {.name = "nexthop",
                                        .new_type = RTM_NEWNEXTHOP,
                                        .del_type = RTM_DELNEXTHOP,
                                        .get_type = RTM_GETNEXTHOP,
                                        .hdrlen = TABLE_HEADER(sizeof(struct nhmsg)),
                                        .set = &set_nexthop,
                                        .names_one = names_one,
                                        .name_alone = true};
