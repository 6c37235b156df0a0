/* SPDX-License-Identifier: MIT */
/* RTM_*NSID, struct rtgenmsg: the numbers by which namespaces know each other. */
#include "spec.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

static const struct spec_row nsid_fields[] = {
	SPEC_FIELD(struct rtgenmsg, rtgen_family, "family", SPEC_U8, .names = &spec_families),
};

static const struct spec_row nsid_attrs[] = {
	SPEC_ATTR(NETNSA_NSID, "nsid", SPEC_S32), /* -1: not assigned */
	SPEC_ATTR(NETNSA_PID, "pid", SPEC_U32),
	SPEC_ATTR(NETNSA_FD, "fd", SPEC_U32),
	SPEC_ATTR(NETNSA_TARGET_NSID, "target_nsid", SPEC_S32),
	SPEC_ATTR(NETNSA_CURRENT_NSID, "current_nsid", SPEC_S32),
};
static const struct spec_set set_nsid = {.field = nsid_fields,
                                         .nfield = SPEC_COUNT(nsid_fields),
                                         .attr = nsid_attrs,
                                         .nattr = SPEC_COUNT(nsid_attrs),
                                         .hdrlen = sizeof(struct rtgenmsg)};

const struct spec_msg spec_nsid = {.name = "nsid",
                                   .new_type = RTM_NEWNSID,
                                   .del_type = RTM_DELNSID,
                                   .get_type = RTM_GETNSID,
                                   .hdrlen = sizeof(struct rtgenmsg),
                                   .set = &set_nsid};
