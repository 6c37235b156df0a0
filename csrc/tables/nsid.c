/* SPDX-License-Identifier: MIT */
/* RTM_*NSID, struct rtgenmsg: the numbers by which namespaces know each other. */
#include "tables/table.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

static const struct table_row nsid_fields[] = {
	TABLE_FIELD(struct rtgenmsg, rtgen_family, "family", TABLE_U8, .names = &table_families),
};

static const struct table_row nsid_attrs[] = {
	TABLE_ATTR(NETNSA_NSID, "nsid", TABLE_S32), /* -1: not assigned */
	TABLE_ATTR(NETNSA_PID, "pid", TABLE_U32),
	TABLE_ATTR(NETNSA_FD, "fd", TABLE_U32),
	TABLE_ATTR(NETNSA_TARGET_NSID, "target_nsid", TABLE_S32),
	TABLE_ATTR(NETNSA_CURRENT_NSID, "current_nsid", TABLE_S32),
};
static const struct table_set set_nsid = {.field = nsid_fields,
                                          .nfield = TABLE_FIELDS(nsid_fields),
                                          .attr = nsid_attrs,
                                          .nattr = TABLE_ATTRS(nsid_attrs),
                                          .hdrlen = TABLE_HEADER(sizeof(struct rtgenmsg))};

const struct table_msg table_nsid = {.name = "nsid",
                                     .new_type = RTM_NEWNSID,
                                     .del_type = RTM_DELNSID,
                                     .get_type = RTM_GETNSID,
                                     .hdrlen = TABLE_HEADER(sizeof(struct rtgenmsg)),
                                     .set = &set_nsid};
