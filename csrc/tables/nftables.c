/* SPDX-License-Identifier: MIT */
/* NFT_MSG_*: tables, chains, rules, sets, elements, named objects, the generation. Numbers are big-endian. */
#include "tables/nftables.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define NFT_TYPE(message) (NFNL_SUBSYS_NFTABLES << 8 | (message))

TABLE_NAMES(table_nft_families, false,
            {
		    {NFPROTO_UNSPEC, "unspec"},
		    {NFPROTO_INET, "inet"},
		    {NFPROTO_IPV4, "ip"},
		    {NFPROTO_ARP, "arp"},
		    {NFPROTO_NETDEV, "netdev"},
		    {NFPROTO_BRIDGE, "bridge"},
		    {NFPROTO_IPV6, "ip6"},
	    });

TABLE_NAMES(table_flags, true, {{0x1, "dormant"}, {0x2, "owner"}, {0x4, "persist"}});
TABLE_NAMES(chain_flags, true, {{0x1, "base"}, {0x2, "hw_offload"}, {0x4, "binding"}});
TABLE_NAMES(policies, false, {{NF_DROP, "drop"}, {NF_ACCEPT, "accept"}});
TABLE_NAMES(set_policies, false, {{NFT_SET_POL_PERFORMANCE, "performance"}, {NFT_SET_POL_MEMORY, "memory"}});
TABLE_NAMES(elem_flags, true, {{NFT_SET_ELEM_INTERVAL_END, "interval_end"}, {NFT_SET_ELEM_CATCHALL, "catchall"}});

TABLE_NAMES(set_flags, true,
            {
		    {NFT_SET_ANONYMOUS, "anonymous"},
		    {NFT_SET_CONSTANT, "constant"},
		    {NFT_SET_INTERVAL, "interval"},
		    {NFT_SET_MAP, "map"},
		    {NFT_SET_TIMEOUT, "timeout"},
		    {NFT_SET_EVAL, "eval"},
		    {NFT_SET_OBJECT, "object"},
		    {NFT_SET_CONCAT, "concat"},
		    {NFT_SET_EXPR, "expr"},
	    });

/* The kernel keeps these numbers for nft, which gives them a meaning: nft(8) calls them data types. */
TABLE_NAMES(data_types, false,
            {
		    {4, "integer"},
		    {7, "ipv4_addr"},
		    {8, "ipv6_addr"},
		    {9, "ether_addr"},
		    {12, "inet_proto"},
		    {13, "inet_service"},
		    {19, "mark"},
		    {20, "iface_index"},
		    {35, "devgroup"},
		    {41, "ifname"},
		    {NFT_DATA_VERDICT, "verdict"},
	    });

TABLE_NAMES(object_types, false,
            {
		    {NFT_OBJECT_COUNTER, "counter"},
		    {NFT_OBJECT_QUOTA, "quota"},
		    {NFT_OBJECT_CT_HELPER, "ct_helper"},
		    {NFT_OBJECT_LIMIT, "limit"},
		    {NFT_OBJECT_CONNLIMIT, "connlimit"},
		    {NFT_OBJECT_TUNNEL, "tunnel"},
		    {NFT_OBJECT_CT_TIMEOUT, "ct_timeout"},
		    {NFT_OBJECT_SECMARK, "secmark"},
		    {NFT_OBJECT_CT_EXPECT, "ct_expect"},
		    {NFT_OBJECT_SYNPROXY, "synproxy"},
	    });

const struct table_row table_nfgen_fields[NFGEN_FIELDS] = {
	TABLE_FIELD(struct nfgenmsg, nfgen_family, "family", TABLE_U8, .names = &table_nft_families),
};

#define NFT_SET(rows) \
	{ \
		.field = table_nfgen_fields, .nfield = NFGEN_FIELDS, .attr = (rows), .nattr = TABLE_ATTRS(rows), \
		.hdrlen = TABLE_HEADER(sizeof(struct nfgenmsg)) \
	}
#define NFT_NEST(rows) \
	{ \
		.attr = (rows), .nattr = TABLE_ATTRS(rows) \
	}

/* --- tables --- */

static const struct table_row table_attrs[] = {
	TABLE_ATTR(NFTA_TABLE_NAME, "name", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_TABLE_FLAGS, "flags", TABLE_BE32, .names = &table_flags),
	TABLE_ATTR(NFTA_TABLE_USE, "use", TABLE_BE32),
	TABLE_ATTR(NFTA_TABLE_HANDLE, "handle", TABLE_BE64),
	TABLE_ATTR(NFTA_TABLE_USERDATA, "userdata", TABLE_BYTES, .max = NFT_USERDATA_MAXLEN),
	TABLE_ATTR(NFTA_TABLE_OWNER, "owner", TABLE_BE32),
};
static const struct table_set set_table = NFT_SET(table_attrs);
const struct table_msg table_nft_table = {.name = "table",
                                          .new_type = NFT_TYPE(NFT_MSG_NEWTABLE),
                                          .del_type = NFT_TYPE(NFT_MSG_DELTABLE),
                                          .get_type = NFT_TYPE(NFT_MSG_GETTABLE),
                                          .hdrlen = TABLE_HEADER(sizeof(struct nfgenmsg)),
                                          .set = &set_table};

/* --- chains --- */

static const struct table_row devices_attrs[] = {
	TABLE_ATTR(1, "", TABLE_IFNAME), /* NFTA_DEVICE_NAME */
};
static const struct table_set set_devices = NFT_NEST(devices_attrs);

static const struct table_row hook_attrs[] = {
	TABLE_ATTR(NFTA_HOOK_HOOKNUM, "num", TABLE_BE32),
	TABLE_ATTR(NFTA_HOOK_PRIORITY, "priority", TABLE_BES32),
	TABLE_ATTR(NFTA_HOOK_DEV, "dev", TABLE_IFNAME),
	TABLE_ATTR(NFTA_HOOK_DEVS, "devs", TABLE_LIST, .set = &set_devices),
};
static const struct table_set set_hook = NFT_NEST(hook_attrs);

static const struct table_row counters_attrs[] = {
	TABLE_ATTR(NFTA_COUNTER_BYTES, "bytes", TABLE_BE64),
	TABLE_ATTR(NFTA_COUNTER_PACKETS, "packets", TABLE_BE64),
};
static const struct table_set set_counters = NFT_NEST(counters_attrs);

static const struct table_row chain_attrs[] = {
	TABLE_ATTR(NFTA_CHAIN_TABLE, "table", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_CHAIN_HANDLE, "handle", TABLE_BE64),
	TABLE_ATTR(NFTA_CHAIN_NAME, "name", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_CHAIN_HOOK, "hook", TABLE_NEST, .set = &set_hook),
	TABLE_ATTR(NFTA_CHAIN_POLICY, "policy", TABLE_BE32, .names = &policies),
	TABLE_ATTR(NFTA_CHAIN_USE, "use", TABLE_BE32),
	TABLE_ATTR(NFTA_CHAIN_TYPE, "type", TABLE_STRING),
	TABLE_ATTR(NFTA_CHAIN_COUNTERS, "counters", TABLE_NEST, .set = &set_counters),
	TABLE_ATTR(NFTA_CHAIN_FLAGS, "flags", TABLE_BE32, .names = &chain_flags),
	TABLE_ATTR(NFTA_CHAIN_ID, "id", TABLE_BE32),
	TABLE_ATTR(NFTA_CHAIN_USERDATA, "userdata", TABLE_BYTES, .max = NFT_USERDATA_MAXLEN),
};
static const struct table_set set_chain = NFT_SET(chain_attrs);
const struct table_msg table_nft_chain = {.name = "chain",
                                          .new_type = NFT_TYPE(NFT_MSG_NEWCHAIN),
                                          .del_type = NFT_TYPE(NFT_MSG_DELCHAIN),
                                          .get_type = NFT_TYPE(NFT_MSG_GETCHAIN),
                                          .hdrlen = TABLE_HEADER(sizeof(struct nfgenmsg)),
                                          .set = &set_chain};

/* --- rules --- */

static const struct table_row compat_attrs[] = {
	TABLE_ATTR(NFTA_RULE_COMPAT_PROTO, "proto", TABLE_BE32),
	TABLE_ATTR(NFTA_RULE_COMPAT_FLAGS, "flags", TABLE_BE32),
};
static const struct table_set set_compat = NFT_NEST(compat_attrs);

static const struct table_row rule_attrs[] = {
	TABLE_ATTR(NFTA_RULE_TABLE, "table", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_RULE_CHAIN, "chain", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_RULE_HANDLE, "handle", TABLE_BE64),
	TABLE_ATTR(NFTA_RULE_EXPRESSIONS, "expressions", TABLE_LIST, .set = &table_set_nft_exprs),
	TABLE_ATTR(NFTA_RULE_COMPAT, "compat", TABLE_NEST, .set = &set_compat),
	TABLE_ATTR(NFTA_RULE_POSITION, "position", TABLE_BE64),
	TABLE_ATTR(NFTA_RULE_USERDATA, "userdata", TABLE_BYTES, .max = NFT_USERDATA_MAXLEN),
	TABLE_ATTR(NFTA_RULE_ID, "id", TABLE_BE32),
	TABLE_ATTR(NFTA_RULE_POSITION_ID, "position_id", TABLE_BE32),
	TABLE_ATTR(NFTA_RULE_CHAIN_ID, "chain_id", TABLE_BE32),
};
static const struct table_set set_rule = NFT_SET(rule_attrs);
const struct table_msg table_nft_rule = {.name = "rule",
                                         .new_type = NFT_TYPE(NFT_MSG_NEWRULE),
                                         .del_type = NFT_TYPE(NFT_MSG_DELRULE),
                                         .get_type = NFT_TYPE(NFT_MSG_GETRULE),
                                         .hdrlen = TABLE_HEADER(sizeof(struct nfgenmsg)),
                                         .set = &set_rule};

/* --- sets and their elements --- */

static const struct table_row field_attrs[] = {
	TABLE_ATTR(NFTA_SET_FIELD_LEN, "len", TABLE_BE32), /* in bytes, whatever the header says */
};
static const struct table_set set_field = NFT_NEST(field_attrs);
static const struct table_row concat_attrs[] = {
	TABLE_ATTR(NFTA_LIST_ELEM, "", TABLE_NEST, .set = &set_field),
};
static const struct table_set set_concat = NFT_NEST(concat_attrs);

static const struct table_row desc_attrs[] = {
	TABLE_ATTR(NFTA_SET_DESC_SIZE, "size", TABLE_BE32),
	TABLE_ATTR(NFTA_SET_DESC_CONCAT, "concat", TABLE_LIST, .set = &set_concat),
};
static const struct table_set set_desc = NFT_NEST(desc_attrs);

static const struct table_row set_attrs[] = {
	TABLE_ATTR(NFTA_SET_TABLE, "table", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_SET_NAME, "name", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_SET_FLAGS, "flags", TABLE_BE32, .names = &set_flags),
	TABLE_ATTR(NFTA_SET_KEY_TYPE, "key_type", TABLE_BE32, .names = &data_types),
	TABLE_ATTR(NFTA_SET_KEY_LEN, "key_len", TABLE_BE32),
	TABLE_ATTR(NFTA_SET_DATA_TYPE, "data_type", TABLE_BE32, .names = &data_types),
	TABLE_ATTR(NFTA_SET_DATA_LEN, "data_len", TABLE_BE32),
	TABLE_ATTR(NFTA_SET_POLICY, "policy", TABLE_BE32, .names = &set_policies),
	TABLE_ATTR(NFTA_SET_DESC, "desc", TABLE_NEST, .set = &set_desc),
	TABLE_ATTR(NFTA_SET_ID, "id", TABLE_BE32),
	TABLE_ATTR(NFTA_SET_TIMEOUT, "timeout", TABLE_BE64),
	TABLE_ATTR(NFTA_SET_GC_INTERVAL, "gc_interval", TABLE_BE32),
	TABLE_ATTR(NFTA_SET_USERDATA, "userdata", TABLE_BYTES, .max = NFT_USERDATA_MAXLEN),
	TABLE_ATTR(NFTA_SET_OBJ_TYPE, "obj_type", TABLE_BE32, .names = &object_types),
	TABLE_ATTR(NFTA_SET_HANDLE, "handle", TABLE_BE64),
	TABLE_ATTR(NFTA_SET_EXPR, "expr", TABLE_NEST, .set = &table_set_nft_expr),
	TABLE_ATTR(NFTA_SET_EXPRESSIONS, "expressions", TABLE_LIST, .set = &table_set_nft_exprs),
};
static const struct table_set set_set = NFT_SET(set_attrs);
const struct table_msg table_nft_set = {.name = "set",
                                        .new_type = NFT_TYPE(NFT_MSG_NEWSET),
                                        .del_type = NFT_TYPE(NFT_MSG_DELSET),
                                        .get_type = NFT_TYPE(NFT_MSG_GETSET),
                                        .hdrlen = TABLE_HEADER(sizeof(struct nfgenmsg)),
                                        .set = &set_set};

static const struct table_row elem_attrs[] = {
	TABLE_ATTR(NFTA_SET_ELEM_KEY, "key", TABLE_NEST, .set = &table_set_nft_data),
	TABLE_ATTR(NFTA_SET_ELEM_DATA, "data", TABLE_NEST, .set = &table_set_nft_data),
	TABLE_ATTR(NFTA_SET_ELEM_FLAGS, "flags", TABLE_BE32, .names = &elem_flags),
	TABLE_ATTR(NFTA_SET_ELEM_TIMEOUT, "timeout", TABLE_BE64),
	TABLE_ATTR(NFTA_SET_ELEM_EXPIRATION, "expiration", TABLE_BE64),
	TABLE_ATTR(NFTA_SET_ELEM_USERDATA, "userdata", TABLE_BYTES, .max = NFT_USERDATA_MAXLEN),
	TABLE_ATTR(NFTA_SET_ELEM_EXPR, "expr", TABLE_NEST, .set = &table_set_nft_expr),
	TABLE_ATTR(NFTA_SET_ELEM_OBJREF, "objref", TABLE_STRING),
	TABLE_ATTR(NFTA_SET_ELEM_KEY_END, "key_end", TABLE_NEST, .set = &table_set_nft_data),
	TABLE_ATTR(NFTA_SET_ELEM_EXPRESSIONS, "expressions", TABLE_LIST, .set = &table_set_nft_exprs),
};
static const struct table_set set_elem = NFT_NEST(elem_attrs);
static const struct table_row elems_attrs[] = {
	TABLE_ATTR(NFTA_LIST_ELEM, "", TABLE_NEST, .set = &set_elem),
};
static const struct table_set set_elems = NFT_NEST(elems_attrs);

static const struct table_row setelem_attrs[] = {
	TABLE_ATTR(NFTA_SET_ELEM_LIST_TABLE, "table", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_SET_ELEM_LIST_SET, "set", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_SET_ELEM_LIST_ELEMENTS, "elements", TABLE_LIST, .set = &set_elems),
	TABLE_ATTR(NFTA_SET_ELEM_LIST_SET_ID, "set_id", TABLE_BE32),
};
static const struct table_set set_setelem = NFT_SET(setelem_attrs);
const struct table_msg table_nft_setelem = {.name = "setelem",
                                            .new_type = NFT_TYPE(NFT_MSG_NEWSETELEM),
                                            .del_type = NFT_TYPE(NFT_MSG_DELSETELEM),
                                            .get_type = NFT_TYPE(NFT_MSG_GETSETELEM),
                                            .hdrlen = TABLE_HEADER(sizeof(struct nfgenmsg)),
                                            .set = &set_setelem};

/* --- named objects, of which counters and quotas are known --- */

static const struct table_row quota_attrs[] = {
	TABLE_ATTR(NFTA_QUOTA_BYTES, "bytes", TABLE_BE64),
	TABLE_ATTR(NFTA_QUOTA_FLAGS, "flags", TABLE_BE32),
	TABLE_ATTR(NFTA_QUOTA_CONSUMED, "consumed", TABLE_BE64),
};
static const struct table_set set_quota = NFT_NEST(quota_attrs);
static const struct table_kind object_kinds_v[] = {
	{.kind = "counter", .number = NFT_OBJECT_COUNTER, .set = &set_counters},
	{.kind = "quota", .number = NFT_OBJECT_QUOTA, .set = &set_quota},
};
static const struct table_kinds object_kinds = {object_kinds_v, TABLE_COUNT(object_kinds_v)};

static const struct table_row obj_attrs[] = {
	TABLE_ATTR(NFTA_OBJ_TABLE, "table", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_OBJ_NAME, "name", TABLE_STRING, .max = NFT_NAME_MAXLEN - 1),
	TABLE_ATTR(NFTA_OBJ_TYPE, "type", TABLE_BE32, .names = &object_types),
	TABLE_ATTR(NFTA_OBJ_DATA, "data", TABLE_BYKIND, .kinds = &object_kinds),
	TABLE_ATTR(NFTA_OBJ_USE, "use", TABLE_BE32),
	TABLE_ATTR(NFTA_OBJ_HANDLE, "handle", TABLE_BE64),
	TABLE_ATTR(NFTA_OBJ_USERDATA, "userdata", TABLE_BYTES, .max = NFT_USERDATA_MAXLEN),
};
static const struct table_set set_obj = NFT_SET(obj_attrs);
const struct table_msg table_nft_obj = {.name = "obj",
                                        .new_type = NFT_TYPE(NFT_MSG_NEWOBJ),
                                        .del_type = NFT_TYPE(NFT_MSG_DELOBJ),
                                        .get_type = NFT_TYPE(NFT_MSG_GETOBJ),
                                        .hdrlen = TABLE_HEADER(sizeof(struct nfgenmsg)),
                                        .set = &set_obj};

/* --- the generation: another number after each change --- */

static const struct table_row gen_attrs[] = {
	TABLE_ATTR(NFTA_GEN_ID, "id", TABLE_BE32),
	TABLE_ATTR(NFTA_GEN_PROC_PID, "proc_pid", TABLE_BE32),
	TABLE_ATTR(NFTA_GEN_PROC_NAME, "proc_name", TABLE_STRING),
};
static const struct table_set set_gen = NFT_SET(gen_attrs);
const struct table_msg table_nft_gen = {.name = "gen",
                                        .get_type = NFT_TYPE(NFT_MSG_GETGEN),
                                        .hdrlen = TABLE_HEADER(sizeof(struct nfgenmsg)),
                                        .set = &set_gen};
