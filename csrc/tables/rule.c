/* SPDX-License-Identifier: MIT */
/* RTM_*RULE, struct fib_rule_hdr. */
#include "tables/table.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "tables/uapi_compat.h"

TABLE_NAMES(rule_actions, false,
            {
		    {FR_ACT_UNSPEC, "unspec"},
		    {FR_ACT_TO_TBL, "to_tbl"},
		    {FR_ACT_GOTO, "goto"},
		    {FR_ACT_NOP, "nop"},
		    {FR_ACT_BLACKHOLE, "blackhole"},
		    {FR_ACT_UNREACHABLE, "unreachable"},
		    {FR_ACT_PROHIBIT, "prohibit"},
	    });

TABLE_NAMES(rule_flags, true,
            {
		    {FIB_RULE_PERMANENT, "permanent"},
		    {FIB_RULE_INVERT, "invert"},
		    {FIB_RULE_UNRESOLVED, "unresolved"},
		    {FIB_RULE_IIF_DETACHED, "iif_detached"},
		    {FIB_RULE_OIF_DETACHED, "oif_detached"},
		    {FIB_RULE_FIND_SADDR, "find_saddr"},
	    });

static const struct table_row uid_fields[] = {
	TABLE_FIELD(struct fib_rule_uid_range, start, "start", TABLE_U32),
	TABLE_FIELD(struct fib_rule_uid_range, end, "end", TABLE_U32),
};
static const struct table_set set_uids = {.field = uid_fields,
                                          .nfield = TABLE_FIELDS(uid_fields),
                                          .hdrlen = TABLE_HEADER(sizeof(struct fib_rule_uid_range))};

static const struct table_row port_fields[] = {
	TABLE_FIELD(struct fib_rule_port_range, start, "start", TABLE_U16),
	TABLE_FIELD(struct fib_rule_port_range, end, "end", TABLE_U16),
};
static const struct table_set set_ports = {.field = port_fields,
                                           .nfield = TABLE_FIELDS(port_fields),
                                           .hdrlen = TABLE_HEADER(sizeof(struct fib_rule_port_range))};

static const struct table_row rule_fields[] = {
	TABLE_FIELD(struct fib_rule_hdr, family, "family", TABLE_U8, .names = &table_families),
	TABLE_FIELD(struct fib_rule_hdr, dst_len, "dst_len", TABLE_U8),
	TABLE_FIELD(struct fib_rule_hdr, src_len, "src_len", TABLE_U8),
	TABLE_FIELD(struct fib_rule_hdr, tos, "tos", TABLE_U8),
	TABLE_FIELD(struct fib_rule_hdr, table, "table", TABLE_U8, .names = &table_tables, .twin = FRA_TABLE),
	TABLE_FIELD(struct fib_rule_hdr, action, "action", TABLE_U8, .names = &rule_actions),
	TABLE_FIELD(struct fib_rule_hdr, flags, "flags", TABLE_U32, .names = &rule_flags),
};

static const struct table_row rule_attrs[] = {
	TABLE_ATTR(FRA_DST, "dst", TABLE_PREFIX, .off = offsetof(struct fib_rule_hdr, dst_len)),
	TABLE_ATTR(FRA_SRC, "src", TABLE_PREFIX, .off = offsetof(struct fib_rule_hdr, src_len)),
	TABLE_ATTR(FRA_IIFNAME, "iifname", TABLE_IFNAME),
	TABLE_ATTR(FRA_GOTO, "goto", TABLE_U32),
	TABLE_ATTR(FRA_PRIORITY, "priority", TABLE_U32),
	TABLE_ATTR(FRA_FWMARK, "fwmark", TABLE_U32),
	TABLE_ATTR(FRA_FLOW, "flow", TABLE_U32),
	TABLE_ATTR(FRA_TUN_ID, "tun_id", TABLE_BE64),
	/* of these two -1 says none */
	TABLE_ATTR(FRA_SUPPRESS_IFGROUP, "suppress_ifgroup", TABLE_S32),
	TABLE_ATTR(FRA_SUPPRESS_PREFIXLEN, "suppress_prefixlen", TABLE_S32),
	TABLE_ATTR(FRA_TABLE, "table", TABLE_U32, .names = &table_tables),
	TABLE_ATTR(FRA_FWMASK, "fwmask", TABLE_U32),
	TABLE_ATTR(FRA_OIFNAME, "oifname", TABLE_IFNAME),
	TABLE_ATTR(FRA_L3MDEV, "l3mdev", TABLE_BOOL),
	TABLE_ATTR(FRA_UID_RANGE, "uid_range", TABLE_STRUCT, .set = &set_uids),
	TABLE_ATTR(FRA_PROTOCOL, "protocol", TABLE_U8, .names = &table_protocols),
	TABLE_ATTR(FRA_IP_PROTO, "ip_proto", TABLE_U8),
	TABLE_ATTR(FRA_SPORT_RANGE, "sport_range", TABLE_STRUCT, .set = &set_ports),
	TABLE_ATTR(FRA_DPORT_RANGE, "dport_range", TABLE_STRUCT, .set = &set_ports),
	TABLE_ATTR(COMPAT_FRA_DSCP, "dscp", TABLE_U8),
	TABLE_ATTR(COMPAT_FRA_FLOWLABEL, "flowlabel", TABLE_BE32),
	TABLE_ATTR(COMPAT_FRA_FLOWLABEL_MASK, "flowlabel_mask", TABLE_BE32),
	TABLE_ATTR(COMPAT_FRA_SPORT_MASK, "sport_mask", TABLE_U16),
	TABLE_ATTR(COMPAT_FRA_DPORT_MASK, "dport_mask", TABLE_U16),
	TABLE_ATTR(COMPAT_FRA_DSCP_MASK, "dscp_mask", TABLE_U8),
};
static const struct table_set set_rule = {.field = rule_fields,
                                          .nfield = TABLE_FIELDS(rule_fields),
                                          .attr = rule_attrs,
                                          .nattr = TABLE_ATTRS(rule_attrs),
                                          .hdrlen = TABLE_HEADER(sizeof(struct fib_rule_hdr)),
                                          .zero = FRA_PRIORITY};

const struct table_msg table_rule = {.name = "rule",
                                     .new_type = RTM_NEWRULE,
                                     .del_type = RTM_DELRULE,
                                     .get_type = RTM_GETRULE,
                                     .hdrlen = TABLE_HEADER(sizeof(struct fib_rule_hdr)),
                                     .set = &set_rule};
