/* SPDX-License-Identifier: MIT */
/* IPCTNL_MSG_CT_*: connections which the kernel tracks, as far as finding and deleting them takes. */
#include "tables/nftables.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#define CT_TYPE(message) (NFNL_SUBSYS_CTNETLINK << 8 | (message))
#define CT_NEST(rows) \
	{ \
		.attr = (rows), .nattr = TABLE_ATTRS(rows) \
	}

static const struct table_row ip_attrs[] = {
	TABLE_ATTR(CTA_IP_V4_SRC, "v4_src", TABLE_IP4),
	TABLE_ATTR(CTA_IP_V4_DST, "v4_dst", TABLE_IP4),
	TABLE_ATTR(CTA_IP_V6_SRC, "v6_src", TABLE_IP6),
	TABLE_ATTR(CTA_IP_V6_DST, "v6_dst", TABLE_IP6),
};
static const struct table_set set_ip = CT_NEST(ip_attrs);

static const struct table_row proto_attrs[] = {
	TABLE_ATTR(CTA_PROTO_NUM, "num", TABLE_U8),
	TABLE_ATTR(CTA_PROTO_SRC_PORT, "src_port", TABLE_BE16),
	TABLE_ATTR(CTA_PROTO_DST_PORT, "dst_port", TABLE_BE16),
	TABLE_ATTR(CTA_PROTO_ICMP_ID, "icmp_id", TABLE_BE16),
	TABLE_ATTR(CTA_PROTO_ICMP_TYPE, "icmp_type", TABLE_U8),
	TABLE_ATTR(CTA_PROTO_ICMP_CODE, "icmp_code", TABLE_U8),
	TABLE_ATTR(CTA_PROTO_ICMPV6_ID, "icmpv6_id", TABLE_BE16),
	TABLE_ATTR(CTA_PROTO_ICMPV6_TYPE, "icmpv6_type", TABLE_U8),
	TABLE_ATTR(CTA_PROTO_ICMPV6_CODE, "icmpv6_code", TABLE_U8),
};
static const struct table_set set_proto = CT_NEST(proto_attrs);

static const struct table_row tuple_attrs[] = {
	TABLE_ATTR(CTA_TUPLE_IP, "tuple_ip", TABLE_NEST, .set = &set_ip),
	TABLE_ATTR(CTA_TUPLE_PROTO, "tuple_proto", TABLE_NEST, .set = &set_proto),
	TABLE_ATTR(CTA_TUPLE_ZONE, "tuple_zone", TABLE_BE16),
};
static const struct table_set set_tuple = CT_NEST(tuple_attrs);

TABLE_NAMES(status_flags, true,
            {
		    {IPS_EXPECTED, "expected"},
		    {IPS_SEEN_REPLY, "seen_reply"},
		    {IPS_ASSURED, "assured"},
		    {IPS_CONFIRMED, "confirmed"},
		    {IPS_SRC_NAT, "src_nat"},
		    {IPS_DST_NAT, "dst_nat"},
		    {IPS_SEQ_ADJUST, "seq_adj"},
		    {IPS_SRC_NAT_DONE, "src_nat_done"},
		    {IPS_DST_NAT_DONE, "dst_nat_done"},
		    {IPS_DYING, "dying"},
		    {IPS_FIXED_TIMEOUT, "fixed_timeout"},
		    {IPS_TEMPLATE, "template"},
		    {IPS_UNTRACKED, "untracked"},
		    {IPS_HELPER, "helper"},
		    {IPS_OFFLOAD, "offload"},
		    {IPS_HW_OFFLOAD, "hw_offload"},
	    });

/* Which parts of the tuples count when connections are listed (since 5.8) or deleted (since 6.9). The only numbers here
 * that are not big-endian. */
TABLE_NAMES(filter_flags, true,
            {
		    {1 << 0, "ip_src"},
		    {1 << 1, "ip_dst"},
		    {1 << 2, "zone"},
		    {1 << 3, "proto_num"},
		    {1 << 4, "proto_src_port"},
		    {1 << 5, "proto_dst_port"},
	    });
static const struct table_row filter_attrs[] = {
	TABLE_ATTR(1, "orig_flags", TABLE_U32, .names = &filter_flags),
	TABLE_ATTR(2, "reply_flags", TABLE_U32, .names = &filter_flags),
};
static const struct table_set set_filter = CT_NEST(filter_attrs);

static const struct table_row conntrack_attrs[] = {
	TABLE_ATTR(CTA_TUPLE_ORIG, "tuple_orig", TABLE_NEST, .set = &set_tuple),
	TABLE_ATTR(CTA_TUPLE_REPLY, "tuple_reply", TABLE_NEST, .set = &set_tuple),
	TABLE_ATTR(CTA_STATUS, "status", TABLE_BE32, .names = &status_flags),
	TABLE_ATTR(CTA_TIMEOUT, "timeout", TABLE_BE32),
	TABLE_ATTR(CTA_MARK, "mark", TABLE_BE32),
	TABLE_ATTR(CTA_USE, "use", TABLE_BE32),
	TABLE_ATTR(CTA_ID, "id", TABLE_BE32),
	TABLE_ATTR(CTA_TUPLE_MASTER, "tuple_master", TABLE_NEST, .set = &set_tuple),
	TABLE_ATTR(CTA_ZONE, "zone", TABLE_BE16),
	TABLE_ATTR(CTA_FILTER, "filter", TABLE_NEST, .set = &set_filter),
};

/* Families of addresses here, where nf_tables has its own. */
static const struct table_row conntrack_fields[] = {
	TABLE_FIELD(struct nfgenmsg, nfgen_family, "family", TABLE_U8, .names = &table_families),
};
static const struct table_set set_conntrack = {.field = conntrack_fields,
                                               .nfield = TABLE_FIELDS(conntrack_fields),
                                               .attr = conntrack_attrs,
                                               .nattr = TABLE_ATTRS(conntrack_attrs),
                                               .hdrlen = TABLE_HEADER(sizeof(struct nfgenmsg))};
const struct table_msg table_conntrack = {.name = "conntrack",
                                          .new_type = CT_TYPE(IPCTNL_MSG_CT_NEW),
                                          .del_type = CT_TYPE(IPCTNL_MSG_CT_DELETE),
                                          .get_type = CT_TYPE(IPCTNL_MSG_CT_GET),
                                          .hdrlen = TABLE_HEADER(sizeof(struct nfgenmsg)),
                                          .set = &set_conntrack};
