/* SPDX-License-Identifier: MIT */
/* Expressions, of which rules consist, found by their names, and the data that they work on. */
#include "tables/nftables.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>

#define NFT_NEST(rows) \
	{ \
		.attr = (rows), .nattr = TABLE_ATTRS(rows) \
	}
#define SREG(number)      TABLE_ATTR(number, "sreg", TABLE_BE32, .names = &table_nft_registers)
#define DREG(number)      TABLE_ATTR(number, "dreg", TABLE_BE32, .names = &table_nft_registers)
#define DATA(number, key) TABLE_ATTR(number, key, TABLE_NEST, .set = &table_set_nft_data)

/* Four registers of 16 bytes; or sixteen of 4, the first of which is the beginning of reg_1. */
TABLE_NAMES(table_nft_registers, false,
            {
		    {NFT_REG_VERDICT, "reg_verdict"},
		    {NFT_REG_1, "reg_1"},
		    {NFT_REG_2, "reg_2"},
		    {NFT_REG_3, "reg_3"},
		    {NFT_REG_4, "reg_4"},
		    {NFT_REG32_00, "reg32_00"},
		    {NFT_REG32_01, "reg32_01"},
		    {NFT_REG32_02, "reg32_02"},
		    {NFT_REG32_03, "reg32_03"},
		    {NFT_REG32_04, "reg32_04"},
		    {NFT_REG32_05, "reg32_05"},
		    {NFT_REG32_06, "reg32_06"},
		    {NFT_REG32_07, "reg32_07"},
		    {NFT_REG32_08, "reg32_08"},
		    {NFT_REG32_09, "reg32_09"},
		    {NFT_REG32_10, "reg32_10"},
		    {NFT_REG32_11, "reg32_11"},
		    {NFT_REG32_12, "reg32_12"},
		    {NFT_REG32_13, "reg32_13"},
		    {NFT_REG32_14, "reg32_14"},
		    {NFT_REG32_15, "reg32_15"},
	    });

/* --- data --- */

TABLE_NAMES(verdicts, false,
            {
		    {NF_DROP, "drop"},
		    {NF_ACCEPT, "accept"},
		    {NF_QUEUE, "queue"},
		    {(uint32_t)NFT_CONTINUE, "continue"},
		    {(uint32_t)NFT_BREAK, "break"},
		    {(uint32_t)NFT_JUMP, "jump"},
		    {(uint32_t)NFT_GOTO, "goto"},
		    {(uint32_t)NFT_RETURN, "return"},
	    });

static const struct table_row verdict_attrs[] = {
	TABLE_ATTR(NFTA_VERDICT_CODE, "code", TABLE_BE32, .names = &verdicts),
	TABLE_ATTR(NFTA_VERDICT_CHAIN, "chain", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_VERDICT_CHAIN_ID, "chain_id", TABLE_BE32),
};
static const struct table_set set_verdict = NFT_NEST(verdict_attrs);

static const struct table_row data_attrs[] = {
	TABLE_ATTR(NFTA_DATA_VALUE, "value", TABLE_DATA, .max = NFT_DATA_VALUE_MAXLEN),
	TABLE_ATTR(NFTA_DATA_VERDICT, "verdict", TABLE_NEST, .set = &set_verdict),
};
const struct table_set table_set_nft_data = NFT_NEST(data_attrs);

/* --- what reads the packet, and what is known of it --- */

TABLE_NAMES(payload_bases, false,
            {
		    {NFT_PAYLOAD_LL_HEADER, "link_layer_header"},
		    {NFT_PAYLOAD_NETWORK_HEADER, "network_header"},
		    {NFT_PAYLOAD_TRANSPORT_HEADER, "transport_header"},
		    {NFT_PAYLOAD_INNER_HEADER, "inner_header"},
	    });
static const struct table_row payload_attrs[] = {
	DREG(NFTA_PAYLOAD_DREG),
	TABLE_ATTR(NFTA_PAYLOAD_BASE, "base", TABLE_BE32, .names = &payload_bases),
	TABLE_ATTR(NFTA_PAYLOAD_OFFSET, "offset", TABLE_BE32),
	TABLE_ATTR(NFTA_PAYLOAD_LEN, "len", TABLE_BE32),
	SREG(NFTA_PAYLOAD_SREG),
	TABLE_ATTR(NFTA_PAYLOAD_CSUM_TYPE, "csum_type", TABLE_BE32),
	TABLE_ATTR(NFTA_PAYLOAD_CSUM_OFFSET, "csum_offset", TABLE_BE32),
	TABLE_ATTR(NFTA_PAYLOAD_CSUM_FLAGS, "csum_flags", TABLE_BE32),
};
static const struct table_set set_payload = NFT_NEST(payload_attrs);

TABLE_NAMES(meta_keys, false,
            {
		    {NFT_META_LEN, "len"},
		    {NFT_META_PROTOCOL, "protocol"},
		    {NFT_META_PRIORITY, "priority"},
		    {NFT_META_MARK, "mark"},
		    {NFT_META_IIF, "iif"},
		    {NFT_META_OIF, "oif"},
		    {NFT_META_IIFNAME, "iifname"},
		    {NFT_META_OIFNAME, "oifname"},
		    {NFT_META_IFTYPE, "iftype"},
		    {NFT_META_OIFTYPE, "oiftype"},
		    {NFT_META_SKUID, "skuid"},
		    {NFT_META_SKGID, "skgid"},
		    {NFT_META_NFTRACE, "nftrace"},
		    {NFT_META_RTCLASSID, "rtclassid"},
		    {NFT_META_SECMARK, "secmark"},
		    {NFT_META_NFPROTO, "nfproto"},
		    {NFT_META_L4PROTO, "l4proto"},
		    {NFT_META_BRI_IIFNAME, "bri_iifname"},
		    {NFT_META_BRI_OIFNAME, "bri_oifname"},
		    {NFT_META_PKTTYPE, "pkttype"},
		    {NFT_META_CPU, "cpu"},
		    {NFT_META_IIFGROUP, "iifgroup"},
		    {NFT_META_OIFGROUP, "oifgroup"},
		    {NFT_META_CGROUP, "cgroup"},
		    {NFT_META_PRANDOM, "prandom"},
		    {NFT_META_SECPATH, "secpath"},
		    {NFT_META_IIFKIND, "iifkind"},
		    {NFT_META_OIFKIND, "oifkind"},
		    {NFT_META_BRI_IIFPVID, "bri_iifpvid"},
		    {NFT_META_BRI_IIFVPROTO, "bri_iifvproto"},
		    {NFT_META_TIME_NS, "time_ns"},
		    {NFT_META_TIME_DAY, "time_day"},
		    {NFT_META_TIME_HOUR, "time_hour"},
		    {NFT_META_SDIF, "sdif"},
		    {NFT_META_SDIFNAME, "sdifname"},
	    });
static const struct table_row meta_attrs[] = {
	DREG(NFTA_META_DREG),
	TABLE_ATTR(NFTA_META_KEY, "key", TABLE_BE32, .names = &meta_keys),
	SREG(NFTA_META_SREG),
};
static const struct table_set set_meta = NFT_NEST(meta_attrs);

TABLE_NAMES(ct_keys, false,
            {
		    {NFT_CT_STATE, "state"},
		    {NFT_CT_DIRECTION, "direction"},
		    {NFT_CT_STATUS, "status"},
		    {NFT_CT_MARK, "mark"},
		    {NFT_CT_SECMARK, "secmark"},
		    {NFT_CT_EXPIRATION, "expiration"},
		    {NFT_CT_HELPER, "helper"},
		    {NFT_CT_L3PROTOCOL, "l3protocol"},
		    {NFT_CT_SRC, "src"},
		    {NFT_CT_DST, "dst"},
		    {NFT_CT_PROTOCOL, "protocol"},
		    {NFT_CT_PROTO_SRC, "proto_src"},
		    {NFT_CT_PROTO_DST, "proto_dst"},
		    {NFT_CT_LABELS, "labels"},
		    {NFT_CT_PKTS, "pkts"},
		    {NFT_CT_BYTES, "bytes"},
		    {NFT_CT_AVGPKT, "avgpkt"},
		    {NFT_CT_ZONE, "zone"},
		    {NFT_CT_EVENTMASK, "eventmask"},
		    {NFT_CT_SRC_IP, "src_ip"},
		    {NFT_CT_DST_IP, "dst_ip"},
		    {NFT_CT_SRC_IP6, "src_ip6"},
		    {NFT_CT_DST_IP6, "dst_ip6"},
		    {NFT_CT_ID, "id"},
	    });
static const struct table_row ct_attrs[] = {
	DREG(NFTA_CT_DREG),
	TABLE_ATTR(NFTA_CT_KEY, "key", TABLE_BE32, .names = &ct_keys),
	TABLE_ATTR(NFTA_CT_DIRECTION, "direction", TABLE_U8),
	SREG(NFTA_CT_SREG),
};
static const struct table_set set_ct = NFT_NEST(ct_attrs);

TABLE_NAMES(fib_results, false,
            {{NFT_FIB_RESULT_OIF, "oif"}, {NFT_FIB_RESULT_OIFNAME, "oifname"}, {NFT_FIB_RESULT_ADDRTYPE, "addrtype"}});
TABLE_NAMES(fib_flags, true,
            {
		    {NFTA_FIB_F_SADDR, "saddr"},
		    {NFTA_FIB_F_DADDR, "daddr"},
		    {NFTA_FIB_F_MARK, "mark"},
		    {NFTA_FIB_F_IIF, "iif"},
		    {NFTA_FIB_F_OIF, "oif"},
		    {NFTA_FIB_F_PRESENT, "present"},
	    });
static const struct table_row fib_attrs[] = {
	DREG(NFTA_FIB_DREG),
	TABLE_ATTR(NFTA_FIB_RESULT, "result", TABLE_BE32, .names = &fib_results),
	TABLE_ATTR(NFTA_FIB_FLAGS, "flags", TABLE_BE32, .names = &fib_flags),
};
static const struct table_set set_fib = NFT_NEST(fib_attrs);

static const struct table_row immediate_attrs[] = {
	DREG(NFTA_IMMEDIATE_DREG),
	DATA(NFTA_IMMEDIATE_DATA, "data"),
};
static const struct table_set set_immediate = NFT_NEST(immediate_attrs);

/* --- what changes and compares --- */

TABLE_NAMES(cmp_ops, false,
            {
		    {NFT_CMP_EQ, "eq"},
		    {NFT_CMP_NEQ, "neq"},
		    {NFT_CMP_LT, "lt"},
		    {NFT_CMP_LTE, "lte"},
		    {NFT_CMP_GT, "gt"},
		    {NFT_CMP_GTE, "gte"},
	    });
static const struct table_row cmp_attrs[] = {
	SREG(NFTA_CMP_SREG),
	TABLE_ATTR(NFTA_CMP_OP, "op", TABLE_BE32, .names = &cmp_ops),
	DATA(NFTA_CMP_DATA, "data"),
};
static const struct table_set set_cmp = NFT_NEST(cmp_attrs);

TABLE_NAMES(range_ops, false, {{NFT_RANGE_EQ, "eq"}, {NFT_RANGE_NEQ, "neq"}});
static const struct table_row range_attrs[] = {
	SREG(NFTA_RANGE_SREG),
	TABLE_ATTR(NFTA_RANGE_OP, "op", TABLE_BE32, .names = &range_ops),
	DATA(NFTA_RANGE_FROM_DATA, "from_data"),
	DATA(NFTA_RANGE_TO_DATA, "to_data"),
};
static const struct table_set set_range = NFT_NEST(range_attrs);

TABLE_NAMES(bitwise_ops, false,
            {{NFT_BITWISE_MASK_XOR, "mask_xor"}, {NFT_BITWISE_LSHIFT, "lshift"}, {NFT_BITWISE_RSHIFT, "rshift"}});
static const struct table_row bitwise_attrs[] = {
	SREG(NFTA_BITWISE_SREG),
	DREG(NFTA_BITWISE_DREG),
	TABLE_ATTR(NFTA_BITWISE_LEN, "len", TABLE_BE32),
	DATA(NFTA_BITWISE_MASK, "mask"),
	DATA(NFTA_BITWISE_XOR, "xor"),
	TABLE_ATTR(NFTA_BITWISE_OP, "op", TABLE_BE32, .names = &bitwise_ops),
	DATA(NFTA_BITWISE_DATA, "data"),
};
static const struct table_set set_bitwise = NFT_NEST(bitwise_attrs);

TABLE_NAMES(byteorder_ops, false, {{NFT_BYTEORDER_NTOH, "ntoh"}, {NFT_BYTEORDER_HTON, "hton"}});
static const struct table_row byteorder_attrs[] = {
	SREG(NFTA_BYTEORDER_SREG),
	DREG(NFTA_BYTEORDER_DREG),
	TABLE_ATTR(NFTA_BYTEORDER_OP, "op", TABLE_BE32, .names = &byteorder_ops),
	TABLE_ATTR(NFTA_BYTEORDER_LEN, "len", TABLE_BE32),
	TABLE_ATTR(NFTA_BYTEORDER_SIZE, "size", TABLE_BE32),
};
static const struct table_set set_byteorder = NFT_NEST(byteorder_attrs);

TABLE_NAMES(lookup_flags, true, {{NFT_LOOKUP_F_INV, "inv"}});
static const struct table_row lookup_attrs[] = {
	TABLE_ATTR(NFTA_LOOKUP_SET, "set", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	SREG(NFTA_LOOKUP_SREG),
	DREG(NFTA_LOOKUP_DREG),
	TABLE_ATTR(NFTA_LOOKUP_SET_ID, "set_id", TABLE_BE32),
	TABLE_ATTR(NFTA_LOOKUP_FLAGS, "flags", TABLE_BE32, .names = &lookup_flags),
};
static const struct table_set set_lookup = NFT_NEST(lookup_attrs);

/* --- what does something --- */

TABLE_NAMES(nat_types, false, {{NFT_NAT_SNAT, "snat"}, {NFT_NAT_DNAT, "dnat"}});
TABLE_NAMES(nat_flags, true,
            {
		    {NF_NAT_RANGE_MAP_IPS, "map_ips"},
		    {NF_NAT_RANGE_PROTO_SPECIFIED, "proto_specified"},
		    {NF_NAT_RANGE_PROTO_RANDOM, "proto_random"},
		    {NF_NAT_RANGE_PERSISTENT, "persistent"},
		    {NF_NAT_RANGE_PROTO_RANDOM_FULLY, "proto_random_fully"},
		    {NF_NAT_RANGE_PROTO_OFFSET, "proto_offset"},
		    {NF_NAT_RANGE_NETMAP, "netmap"},
	    });
static const struct table_row nat_attrs[] = {
	TABLE_ATTR(NFTA_NAT_TYPE, "type", TABLE_BE32, .names = &nat_types),
	TABLE_ATTR(NFTA_NAT_FAMILY, "family", TABLE_BE32, .names = &table_nft_families),
	TABLE_ATTR(NFTA_NAT_REG_ADDR_MIN, "reg_addr_min", TABLE_BE32, .names = &table_nft_registers),
	TABLE_ATTR(NFTA_NAT_REG_ADDR_MAX, "reg_addr_max", TABLE_BE32, .names = &table_nft_registers),
	TABLE_ATTR(NFTA_NAT_REG_PROTO_MIN, "reg_proto_min", TABLE_BE32, .names = &table_nft_registers),
	TABLE_ATTR(NFTA_NAT_REG_PROTO_MAX, "reg_proto_max", TABLE_BE32, .names = &table_nft_registers),
	TABLE_ATTR(NFTA_NAT_FLAGS, "flags", TABLE_BE32, .names = &nat_flags),
};
static const struct table_set set_nat = NFT_NEST(nat_attrs);

static const struct table_row masq_attrs[] = {
	TABLE_ATTR(NFTA_MASQ_FLAGS, "flags", TABLE_BE32, .names = &nat_flags),
	TABLE_ATTR(NFTA_MASQ_REG_PROTO_MIN, "reg_proto_min", TABLE_BE32, .names = &table_nft_registers),
	TABLE_ATTR(NFTA_MASQ_REG_PROTO_MAX, "reg_proto_max", TABLE_BE32, .names = &table_nft_registers),
};
static const struct table_set set_masq = NFT_NEST(masq_attrs);

static const struct table_row redir_attrs[] = {
	TABLE_ATTR(NFTA_REDIR_REG_PROTO_MIN, "reg_proto_min", TABLE_BE32, .names = &table_nft_registers),
	TABLE_ATTR(NFTA_REDIR_REG_PROTO_MAX, "reg_proto_max", TABLE_BE32, .names = &table_nft_registers),
	TABLE_ATTR(NFTA_REDIR_FLAGS, "flags", TABLE_BE32, .names = &nat_flags),
};
static const struct table_set set_redir = NFT_NEST(redir_attrs);

TABLE_NAMES(reject_types, false,
            {
		    {NFT_REJECT_ICMP_UNREACH, "icmp_unreach"},
		    {NFT_REJECT_TCP_RST, "tcp_rst"},
		    {NFT_REJECT_ICMPX_UNREACH, "icmpx_unreach"},
	    });
static const struct table_row reject_attrs[] = {
	TABLE_ATTR(NFTA_REJECT_TYPE, "type", TABLE_BE32, .names = &reject_types),
	TABLE_ATTR(NFTA_REJECT_ICMP_CODE, "icmp_code", TABLE_U8),
};
static const struct table_set set_reject = NFT_NEST(reject_attrs);

static const struct table_row counter_attrs[] = {
	TABLE_ATTR(NFTA_COUNTER_BYTES, "bytes", TABLE_BE64),
	TABLE_ATTR(NFTA_COUNTER_PACKETS, "packets", TABLE_BE64),
};
static const struct table_set set_counter = NFT_NEST(counter_attrs);

static const struct table_row limit_attrs[] = {
	TABLE_ATTR(NFTA_LIMIT_RATE, "rate", TABLE_BE64),   TABLE_ATTR(NFTA_LIMIT_UNIT, "unit", TABLE_BE64),
	TABLE_ATTR(NFTA_LIMIT_BURST, "burst", TABLE_BE32), TABLE_ATTR(NFTA_LIMIT_TYPE, "type", TABLE_BE32),
	TABLE_ATTR(NFTA_LIMIT_FLAGS, "flags", TABLE_BE32),
};
static const struct table_set set_limit = NFT_NEST(limit_attrs);

static const struct table_row log_attrs[] = {
	TABLE_ATTR(NFTA_LOG_GROUP, "group", TABLE_BE16),     TABLE_ATTR(NFTA_LOG_PREFIX, "prefix", TABLE_STRING),
	TABLE_ATTR(NFTA_LOG_SNAPLEN, "snaplen", TABLE_BE32), TABLE_ATTR(NFTA_LOG_QTHRESHOLD, "qthreshold", TABLE_BE16),
	TABLE_ATTR(NFTA_LOG_LEVEL, "level", TABLE_BE32),     TABLE_ATTR(NFTA_LOG_FLAGS, "flags", TABLE_BE32),
};
static const struct table_set set_log = NFT_NEST(log_attrs);

static const struct table_row objref_attrs[] = {
	TABLE_ATTR(NFTA_OBJREF_IMM_TYPE, "imm_type", TABLE_BE32),
	TABLE_ATTR(NFTA_OBJREF_IMM_NAME, "imm_name", TABLE_STRING),
	TABLE_ATTR(NFTA_OBJREF_SET_SREG, "set_sreg", TABLE_BE32, .names = &table_nft_registers),
	TABLE_ATTR(NFTA_OBJREF_SET_NAME, "set_name", TABLE_STRING),
	TABLE_ATTR(NFTA_OBJREF_SET_ID, "set_id", TABLE_BE32),
};
static const struct table_set set_objref = NFT_NEST(objref_attrs);

static const struct table_set set_notrack = {.nattr = 0};

static const struct table_kind expr_kinds_v[] = {
	{.kind = "bitwise", .set = &set_bitwise},
	{.kind = "byteorder", .set = &set_byteorder},
	{.kind = "cmp", .set = &set_cmp},
	{.kind = "counter", .set = &set_counter},
	{.kind = "ct", .set = &set_ct},
	{.kind = "fib", .set = &set_fib},
	{.kind = "immediate", .set = &set_immediate},
	{.kind = "limit", .set = &set_limit},
	{.kind = "log", .set = &set_log},
	{.kind = "lookup", .set = &set_lookup},
	{.kind = "masq", .set = &set_masq},
	{.kind = "meta", .set = &set_meta},
	{.kind = "nat", .set = &set_nat},
	{.kind = "notrack", .set = &set_notrack},
	{.kind = "objref", .set = &set_objref},
	{.kind = "payload", .set = &set_payload},
	{.kind = "range", .set = &set_range},
	{.kind = "redir", .set = &set_redir},
	{.kind = "reject", .set = &set_reject},
};
static const struct table_kinds expr_kinds = {expr_kinds_v, TABLE_COUNT(expr_kinds_v)};

static const struct table_row expr_attrs[] = {
	TABLE_ATTR(NFTA_EXPR_NAME, "name", TABLE_STRING),
	TABLE_ATTR(NFTA_EXPR_DATA, "data", TABLE_BYKIND, .kinds = &expr_kinds),
};
const struct table_set table_set_nft_expr = NFT_NEST(expr_attrs);

static const struct table_row exprs_attrs[] = {
	TABLE_ATTR(NFTA_LIST_ELEM, "", TABLE_NEST, .set = &table_set_nft_expr),
};
const struct table_set table_set_nft_exprs = NFT_NEST(exprs_attrs);
