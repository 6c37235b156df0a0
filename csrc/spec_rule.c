/* SPDX-License-Identifier: MIT */
/* RTM_*RULE, struct fib_rule_hdr. */
#include "spec.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "uapi_compat.h"

SPEC_NAMES(rule_actions, false,
           {
		   {FR_ACT_UNSPEC, "unspec"},
		   {FR_ACT_TO_TBL, "to_tbl"},
		   {FR_ACT_GOTO, "goto"},
		   {FR_ACT_NOP, "nop"},
		   {FR_ACT_BLACKHOLE, "blackhole"},
		   {FR_ACT_UNREACHABLE, "unreachable"},
		   {FR_ACT_PROHIBIT, "prohibit"},
	   });

SPEC_NAMES(rule_flags, true,
           {
		   {FIB_RULE_PERMANENT, "permanent"},
		   {FIB_RULE_INVERT, "invert"},
		   {FIB_RULE_UNRESOLVED, "unresolved"},
		   {FIB_RULE_IIF_DETACHED, "iif_detached"},
		   {FIB_RULE_OIF_DETACHED, "oif_detached"},
		   {FIB_RULE_FIND_SADDR, "find_saddr"},
	   });

static const struct spec_row uid_fields[] = {
	SPEC_FIELD(struct fib_rule_uid_range, start, "start", SPEC_U32),
	SPEC_FIELD(struct fib_rule_uid_range, end, "end", SPEC_U32),
};
static const struct spec_set set_uids = {
	.field = uid_fields, .nfield = SPEC_COUNT(uid_fields), .hdrlen = sizeof(struct fib_rule_uid_range)};

static const struct spec_row port_fields[] = {
	SPEC_FIELD(struct fib_rule_port_range, start, "start", SPEC_U16),
	SPEC_FIELD(struct fib_rule_port_range, end, "end", SPEC_U16),
};
static const struct spec_set set_ports = {
	.field = port_fields, .nfield = SPEC_COUNT(port_fields), .hdrlen = sizeof(struct fib_rule_port_range)};

static const struct spec_row rule_fields[] = {
	SPEC_FIELD(struct fib_rule_hdr, family, "family", SPEC_U8, .names = &spec_families),
	SPEC_FIELD(struct fib_rule_hdr, dst_len, "dst_len", SPEC_U8),
	SPEC_FIELD(struct fib_rule_hdr, src_len, "src_len", SPEC_U8),
	SPEC_FIELD(struct fib_rule_hdr, tos, "tos", SPEC_U8),
	SPEC_FIELD(struct fib_rule_hdr, table, "table", SPEC_U8, .names = &spec_tables, .twin = FRA_TABLE),
	SPEC_FIELD(struct fib_rule_hdr, action, "action", SPEC_U8, .names = &rule_actions),
	SPEC_FIELD(struct fib_rule_hdr, flags, "flags", SPEC_U32, .names = &rule_flags),
};

static const struct spec_row rule_attrs[] = {
	SPEC_ATTR(FRA_DST, "dst", SPEC_PREFIX, .off = offsetof(struct fib_rule_hdr, dst_len)),
	SPEC_ATTR(FRA_SRC, "src", SPEC_PREFIX, .off = offsetof(struct fib_rule_hdr, src_len)),
	SPEC_ATTR(FRA_IIFNAME, "iifname", SPEC_IFNAME),
	SPEC_ATTR(FRA_GOTO, "goto", SPEC_U32),
	SPEC_ATTR(FRA_PRIORITY, "priority", SPEC_U32),
	SPEC_ATTR(FRA_FWMARK, "fwmark", SPEC_U32),
	SPEC_ATTR(FRA_FLOW, "flow", SPEC_U32),
	SPEC_ATTR(FRA_TUN_ID, "tun_id", SPEC_BE64),
	/* of these two -1 says none */
	SPEC_ATTR(FRA_SUPPRESS_IFGROUP, "suppress_ifgroup", SPEC_S32),
	SPEC_ATTR(FRA_SUPPRESS_PREFIXLEN, "suppress_prefixlen", SPEC_S32),
	SPEC_ATTR(FRA_TABLE, "table", SPEC_U32, .names = &spec_tables),
	SPEC_ATTR(FRA_FWMASK, "fwmask", SPEC_U32),
	SPEC_ATTR(FRA_OIFNAME, "oifname", SPEC_IFNAME),
	SPEC_ATTR(FRA_L3MDEV, "l3mdev", SPEC_BOOL),
	SPEC_ATTR(FRA_UID_RANGE, "uid_range", SPEC_STRUCT, .set = &set_uids),
	SPEC_ATTR(FRA_PROTOCOL, "protocol", SPEC_U8, .names = &spec_protocols),
	SPEC_ATTR(FRA_IP_PROTO, "ip_proto", SPEC_U8),
	SPEC_ATTR(FRA_SPORT_RANGE, "sport_range", SPEC_STRUCT, .set = &set_ports),
	SPEC_ATTR(FRA_DPORT_RANGE, "dport_range", SPEC_STRUCT, .set = &set_ports),
	SPEC_ATTR(COMPAT_FRA_DSCP, "dscp", SPEC_U8),
	SPEC_ATTR(COMPAT_FRA_FLOWLABEL, "flowlabel", SPEC_BE32),
	SPEC_ATTR(COMPAT_FRA_FLOWLABEL_MASK, "flowlabel_mask", SPEC_BE32),
	SPEC_ATTR(COMPAT_FRA_SPORT_MASK, "sport_mask", SPEC_U16),
	SPEC_ATTR(COMPAT_FRA_DPORT_MASK, "dport_mask", SPEC_U16),
	SPEC_ATTR(COMPAT_FRA_DSCP_MASK, "dscp_mask", SPEC_U8),
};
static const struct spec_set set_rule = {.field = rule_fields,
                                         .nfield = SPEC_COUNT(rule_fields),
                                         .attr = rule_attrs,
                                         .nattr = SPEC_COUNT(rule_attrs),
                                         .hdrlen = sizeof(struct fib_rule_hdr)};

const struct spec_msg spec_rule = {.name = "rule",
                                   .new_type = RTM_NEWRULE,
                                   .del_type = RTM_DELRULE,
                                   .get_type = RTM_GETRULE,
                                   .hdrlen = sizeof(struct fib_rule_hdr),
                                   .set = &set_rule};
