/* SPDX-License-Identifier: MIT */
/* RTM_*QDISC, RTM_*TCLASS, RTM_*TFILTER, struct tcmsg: traffic control. The options of kinds without a table are read
 * and written as they are. */
#include "tables/tc.h"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

TABLE_NAMES(tc_places, false,
            {
		    {TC_H_ROOT, "root"},
		    {TC_H_INGRESS, "ingress"}, /* clsact's, too */
		    {TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "clsact_ingress"},
		    {TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), "clsact_egress"},
	    });

static const struct table_row tc_fields[] = {
	TABLE_FIELD(struct tcmsg, tcm_family, "family", TABLE_U8, .names = &table_families),
	TABLE_FIELD(struct tcmsg, tcm_ifindex, "ifindex", TABLE_LINK),
	TABLE_FIELD(struct tcmsg, tcm_handle, "handle", TABLE_U32),
	TABLE_FIELD(struct tcmsg, tcm_parent, "parent", TABLE_U32, .names = &tc_places),
	TABLE_FIELD(struct tcmsg, tcm_info, "info", TABLE_U32, .told = true), /* references; a class' qdisc */
};

/* A filter's info is its priority, and what protocol it is for in network order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { PROTOCOL_AT = 0, PRIO_AT = 2 };
#else
enum { PROTOCOL_AT = 2, PRIO_AT = 0 };
#endif
static const struct table_row filter_fields[] = {
	TABLE_FIELD(struct tcmsg, tcm_family, "family", TABLE_U8, .names = &table_families),
	TABLE_FIELD(struct tcmsg, tcm_ifindex, "ifindex", TABLE_LINK),
	TABLE_FIELD(struct tcmsg, tcm_handle, "handle", TABLE_U32),
	TABLE_FIELD(struct tcmsg, tcm_parent, "parent", TABLE_U32, .names = &tc_places),
	{.key = "protocol", .len = 8, .type = TABLE_BE16, .off = offsetof(struct tcmsg, tcm_info) + PROTOCOL_AT},
	{.key = "prio", .len = 4, .type = TABLE_U16, .off = offsetof(struct tcmsg, tcm_info) + PRIO_AT},
};

#define TC_ATTRS(options_type, ...) \
	TABLE_ATTR(TCA_KIND, "kind", TABLE_STRING, .max = 15), \
		TABLE_ATTR(TCA_OPTIONS, "options", options_type, __VA_ARGS__), TABLE_SKIP(TCA_STATS), /* stats2 */ \
		TABLE_ATTR(TCA_XSTATS, "xstats", TABLE_HEX, .moves = true, .told = true), \
		TABLE_ATTR(TCA_STATS2, "stats2", TABLE_NEST, .set = &set_stats2, .moves = true, .told = true), \
		TABLE_ATTR(TCA_STAB, "stab", TABLE_NEST, .set = &table_set_unknown), \
		TABLE_ATTR(TCA_DUMP_INVISIBLE, "dump_invisible", TABLE_FLAG), \
		TABLE_ATTR(TCA_CHAIN, "chain", TABLE_U32), \
		TABLE_ATTR(TCA_HW_OFFLOAD, "hw_offload", TABLE_U8, .told = true), \
		TABLE_ATTR(TCA_INGRESS_BLOCK, "ingress_block", TABLE_U32), \
		TABLE_ATTR(TCA_EGRESS_BLOCK, "egress_block", TABLE_U32), \
		TABLE_ATTR(TCA_EXT_WARN_MSG, "ext_warn_msg", TABLE_STRING, .told = true)

static const struct table_row basic_fields[] = {
	TABLE_FIELD(struct gnet_stats_basic, bytes, "bytes", TABLE_U64),
	TABLE_FIELD(struct gnet_stats_basic, packets, "packets", TABLE_U32),
};
static const struct table_set set_basic = {.field = basic_fields,
                                           .nfield = TABLE_FIELDS(basic_fields),
                                           .hdrlen = TABLE_HEADER(sizeof(struct gnet_stats_basic))};
static const struct table_row queue_fields[] = {
	TABLE_FIELD(struct gnet_stats_queue, qlen, "qlen", TABLE_U32),
	TABLE_FIELD(struct gnet_stats_queue, backlog, "backlog", TABLE_U32),
	TABLE_FIELD(struct gnet_stats_queue, drops, "drops", TABLE_U32),
	TABLE_FIELD(struct gnet_stats_queue, requeues, "requeues", TABLE_U32),
	TABLE_FIELD(struct gnet_stats_queue, overlimits, "overlimits", TABLE_U32),
};
static const struct table_set set_queue = {.field = queue_fields,
                                           .nfield = TABLE_FIELDS(queue_fields),
                                           .hdrlen = TABLE_HEADER(sizeof(struct gnet_stats_queue))};
static const struct table_row stats2_attrs[] = {
	TABLE_ATTR(TCA_STATS_BASIC, "basic", TABLE_STRUCT, .set = &set_basic),
	TABLE_ATTR(TCA_STATS_QUEUE, "queue", TABLE_STRUCT, .set = &set_queue),
};
static const struct table_set set_stats2 = {.attr = stats2_attrs, .nattr = TABLE_ATTRS(stats2_attrs)};

static const struct table_kinds no_kinds = {0};

static const struct table_row qdisc_attrs[] = {TC_ATTRS(TABLE_BYKIND, .kinds = &table_qdisc_kinds)};
static const struct table_row tclass_attrs[] = {TC_ATTRS(TABLE_BYKIND, .kinds = &table_tclass_kinds)};
static const struct table_row tfilter_attrs[] = {TC_ATTRS(TABLE_BYKIND, .kinds = &no_kinds)};

#define TC_SET(fields, attrs) \
	{ \
		.field = (fields), .nfield = TABLE_FIELDS(fields), .attr = (attrs), .nattr = TABLE_ATTRS(attrs), \
		.hdrlen = TABLE_HEADER(sizeof(struct tcmsg)) \
	}
static const struct table_set set_qdisc = TC_SET(tc_fields, qdisc_attrs);
static const struct table_set set_tclass = TC_SET(tc_fields, tclass_attrs);
static const struct table_set set_tfilter = TC_SET(filter_fields, tfilter_attrs);

static const char *const qdisc_names[] = {"parent", "handle", NULL};
static const char *const tclass_names[] = {"handle", NULL};
static const char *const tfilter_names[] = {"prio", NULL}; /* without one the kernel deletes all */

const struct table_msg table_qdisc = {.name = "qdisc",
                                      .new_type = RTM_NEWQDISC,
                                      .del_type = RTM_DELQDISC,
                                      .get_type = RTM_GETQDISC,
                                      .hdrlen = TABLE_HEADER(sizeof(struct tcmsg)),
                                      .set = &set_qdisc,
                                      .names_one = qdisc_names};
const struct table_msg table_tclass = {.name = "tclass",
                                       .new_type = RTM_NEWTCLASS,
                                       .del_type = RTM_DELTCLASS,
                                       .get_type = RTM_GETTCLASS,
                                       .hdrlen = TABLE_HEADER(sizeof(struct tcmsg)),
                                       .set = &set_tclass,
                                       .names_one = tclass_names};
const struct table_msg table_tfilter = {.name = "tfilter",
                                        .new_type = RTM_NEWTFILTER,
                                        .del_type = RTM_DELTFILTER,
                                        .get_type = RTM_GETTFILTER,
                                        .hdrlen = TABLE_HEADER(sizeof(struct tcmsg)),
                                        .set = &set_tfilter,
                                        .names_one = tfilter_names};
