/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_TABLES_TABLE_H
#define ZLNET_TABLES_TABLE_H

/* What the messages of rtnetlink look like, as constant tables. No Lua and no input or output here: the codec reads the
 * tables in both directions, error paths come from them too, and they are fuzzed on their own. */

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum table_type {
	TABLE_NONE,     /* a gap in a table which is indexed by the attribute's number */
	TABLE_LEFT_OUT, /* known, and of no use: what else it says is read elsewhere */
	/* numbers; with a table of names they are enumerations or words of flags */
	TABLE_U8,
	TABLE_U16,
	TABLE_U32,
	TABLE_U64,
	TABLE_S32,
	TABLE_BE16,
	TABLE_BE32,
	TABLE_BE64,
	TABLE_BES32,  /* signed, in network byte order */
	TABLE_BOOL,   /* u8 which is only ever 0 or 1 */
	TABLE_FLAG,   /* an attribute without payload: it is there or not */
	TABLE_MASKED, /* a word of flags followed by the word which says which of them are meant */
	TABLE_LINK,   /* the index of a link; a name is taken, too */
	/* text */
	TABLE_STRING,
	TABLE_IFNAME,
	TABLE_MAC,
	TABLE_HEX,
	TABLE_IP, /* either family, and it must be the message's */
	TABLE_IP4,
	TABLE_IP6,
	TABLE_PREFIX,   /* as TABLE_IP with "/length", which lives in the header at .off */
	TABLE_VIA,      /* struct rtvia: an address of any family */
	TABLE_BYTES,    /* any bytes, as a string of Lua's */
	TABLE_KEY,      /* a secret or public key of 32 bytes, as base64; no error shows it */
	TABLE_ANYIP,    /* an address of either family, whatever the message's */
	TABLE_SOCKADDR, /* "192.0.2.1:51820", "[2001:db8::1]:51820" */
	TABLE_DATA,     /* what nf_tables compares: an address, a "name", hexadecimal bytes, or a list of these */
	/* compounds */
	TABLE_STRUCT,   /* the header rows of .set, nothing after them */
	TABLE_NEST,     /* .set */
	TABLE_BYKIND,   /* a nest; .kinds are found by the string or number in the attribute numbered one below */
	TABLE_BYFAMILY, /* a nest; .kinds are found by the message's family */
	TABLE_INDEXED,  /* a nest which numbers its elements from 0; row 0 of .set is the element */
	TABLE_LIST,     /* a nest whose elements are all numbered 1; row 1 of .set is the element, and has no key */
	TABLE_CONF,     /* requests nest it as .set says, the kernel answers with an array of u32 */
	TABLE_ARRAY,    /* structures one after the other, each the header rows of .set */
	TABLE_NEXTHOPS, /* struct rtnexthop, each with attributes, as .set says */
};

struct table_name {
	uint32_t value;
	const char *name;
};

struct table_names {
	const struct table_name *v;
	uint16_t n;
	bool bits; /* a word of flags, else an enumeration */
};

/* One row is one attribute, or one field of a header or structure. */
struct table_row {
	const char *key;
	uint8_t type;      /* enum table_type */
	uint8_t len;       /* of the key: most rows that are not meant need no look at it */
	uint16_t off;      /* fields: offset. TABLE_PREFIX: offset of the length in the message's header */
	uint16_t max;      /* TABLE_STRING, TABLE_HEX: longest; TABLE_MAC: exact length; 0 is none */
	uint8_t twin;      /* fields too narrow for some values: the attribute of the same key which is not */
	bool many : 1;     /* the attribute is repeated: a list in Lua */
	bool moves : 1;    /* changes by itself: a timer, an age, a counter */
	bool told : 1;     /* the kernel alone sets it: no part of a request */
	bool not_new : 1;  /* set of what is there alone: no part of a request that makes something */
	bool not_zero : 1; /* 0, which is what a new one has, is refused by some kernels, or taken for 1 */
	union {
		const struct table_names *names;
		const struct table_set *set;
		const struct table_kinds *kinds;
	};
};

struct table_set {
	const struct table_row *field; /* of the header, in any order; TABLE_FIELDS(…) of them */
	const struct table_row *attr;  /* indexed by the attribute's number; TABLE_ATTRS(…) of them */
	uint16_t nfield, nattr;
	uint16_t hdrlen; /* not yet aligned; 0 without a header */
	uint8_t ones;    /* so many bytes of the header have all bits set unless a field says otherwise */
	uint8_t zero; /* an attribute that the kernel leaves out where it is 0, and would choose where it is not given
	               */
};

/* What selects a set: a string, or a number (a family, where 0 serves all that have no entry of their own). */
struct table_kind {
	const char *kind;
	int number;
	const struct table_set *set;
};

struct table_kinds {
	const struct table_kind *v;
	size_t n;
};

struct table_msg {
	const char *name;                                /* "link": operations are "newlink", "dellink" … */
	uint16_t new_type, del_type, get_type, set_type; /* RTM_*; 0 where there is none */
	size_t hdrlen;
	const struct table_set *set;
	const char *const *names_one; /* keys of which a delete has to say one; NULL at the end */
	bool name_alone;              /* a delete takes the first of them and nothing else */
};

/* The objects of rtnetlink. */
#define TABLE_RTNETLINK(X) \
	X(link) X(addr) X(route) X(neigh) X(rule) X(nsid) X(nexthop) X(netconf) X(qdisc) X(tclass) X(tfilter)
#define TABLE_DECLARE(name) extern const struct table_msg table_##name;
TABLE_RTNETLINK(TABLE_DECLARE)

/* Every object that there are tables of: "nft.rule", and over which protocol its messages go (NETLINK_ROUTE …). */
struct table_object {
	const char *object;
	int protocol;
	const struct table_msg *table;
};
extern const struct table_object table_objects[];
extern const size_t table_objects_n;

#define TABLE_LIST_NUMBER 1 /* of every element of a TABLE_LIST */
#define TABLE_COUNT(a)    (sizeof(a) / sizeof((a)[0]))
/* What is kept by a row's place, in bits or arrays, ends here; so do the tables. */
#define TABLE_ATTRS_MAX  128
#define TABLE_FIELDS_MAX 32
#define TABLE_HEADER_MAX 256
#define TABLE_AT_MOST(n, max) \
	((n) + 0 * sizeof(struct { \
		       _Static_assert((n) <= (max), #max); \
		       int unused; \
	       }))
#define TABLE_ATTRS(a)  TABLE_AT_MOST(TABLE_COUNT(a), TABLE_ATTRS_MAX)
#define TABLE_FIELDS(a) TABLE_AT_MOST(TABLE_COUNT(a), TABLE_FIELDS_MAX)
#define TABLE_HEADER(n) TABLE_AT_MOST(n, TABLE_HEADER_MAX)
/* Rows. What follows the type are further members: .set = &…, .names = &… */
#define TABLE_ATTR(number, name, kind, ...) \
	[number] = {.key = (name), .len = sizeof(name) - 1, .type = (kind), __VA_ARGS__}
#define TABLE_SKIP(number) [number] = {.type = TABLE_LEFT_OUT}
#define TABLE_FIELD(structure, member, name, kind, ...) \
	{ \
		.key = (name), .len = sizeof(name) - 1, .type = (kind), .off = offsetof(structure, member), \
		__VA_ARGS__ \
	}
#define TABLE_NAMES(id, are_bits, ...) \
	static const struct table_name id##_v[] = __VA_ARGS__; \
	const struct table_names id = {id##_v, TABLE_COUNT(id##_v), are_bits}

/* The row of an attribute's number, or NULL. */
static inline const struct table_row *table_attr(const struct table_set *set, unsigned number)
{
	return number < set->nattr && set->attr[number].type > TABLE_LEFT_OUT ? &set->attr[number] : NULL;
}

/* Whether the tables say nothing at all of the number. */
static inline bool table_unknown(const struct table_set *set, unsigned number)
{
	return number >= set->nattr || set->attr[number].type == TABLE_NONE;
}

/* Bytes of the row as a field of a structure. */
static inline size_t table_field_size(const struct table_row *row)
{
	static const uint8_t sizes[] = {
		[TABLE_U8] = 1,   [TABLE_BOOL] = 1,  [TABLE_U16] = 2,    [TABLE_BE16] = 2, [TABLE_U32] = 4,
		[TABLE_S32] = 4,  [TABLE_BE32] = 4,  [TABLE_LINK] = 4,   [TABLE_IP4] = 4,  [TABLE_U64] = 8,
		[TABLE_BE64] = 8, [TABLE_BES32] = 4, [TABLE_MASKED] = 8, [TABLE_IP6] = 16,
	};
	bool fixed = row->type < sizeof(sizes) && sizes[row->type] > 0;

	return fixed ? sizes[row->type] : row->max; /* TABLE_MAC, TABLE_HEX */
}

/* Where a walk over one level of attributes stands. */
struct table_level {
	const struct table_set *set;
	const void *attrs; /* the first attribute */
	size_t len;        /* bytes of all of them */
	int family;        /* the message's */
};

/* The set which the nest "row" of this level follows, or NULL when the tables do not know it. */
const struct table_set *table_subset(const struct table_level *at, const struct table_row *row, unsigned number);
/* The same by what selects it. */
const struct table_set *table_kind_set(const struct table_kinds *kinds, const char *kind, size_t len);
const struct table_set *table_number_set(const struct table_kinds *kinds, int number);

/* Key path of the attribute at byte "off" of the request (as NLMSGERR_ATTR_OFFS counts), "" when there is none. */
void table_path(const struct table_msg *table, const struct nlmsghdr *req, uint32_t off, char *buf, size_t n);
/* Key path of the attribute "type" which is missing from the message or from the nest at nest_off. */
void table_missing(const struct table_msg *table, const struct nlmsghdr *req, bool has_nest, uint32_t nest_off,
                   uint32_t type, char *buf, size_t n);

/* Whether the object in h passes the filters of the dump request req which the kernel takes and does not always apply.
 */
bool table_dump_has(const struct table_msg *table, const struct nlmsghdr *req, const struct nlmsghdr *h);
/* Whether the object in h is the one that req describes, as far as it does. */
bool table_is(const struct table_msg *table, const struct nlmsghdr *req, const struct nlmsghdr *h);

/* The first attribute of the RTM_NEWLINK req which it does not set, or NULL. */
const struct nlattr *table_link_later(const struct nlmsghdr *req);
/* Moves what requests of the type set (RTM_SETLINK, RTM_NEWLINKPROP) out of the RTM_NEWLINK req, to the request
 * `later`, which has as much room and lacks only the link's index. False where there is nothing. */
bool table_link_split(struct nlmsghdr *req, struct nlmsghdr *later, uint16_t type);
/* Takes an attribute out of the message. */
void table_remove(struct nlmsghdr *req, struct nlattr *attr);

/* Shared between the files of tables. */
extern const struct table_set table_set_link, table_set_vf_list;
extern const struct table_set table_set_macvlan;
extern const struct table_set table_set_unknown; /* of a nest of which nothing is known */
extern const struct table_kinds table_link_kinds, table_port_kinds, table_encaps;
extern const struct table_names table_encap_types;
extern const struct table_set table_set_inet_conf, table_set_inet6_conf, table_set_bridge_port;
extern const struct table_names table_families, table_scopes, table_tables, table_protocols, table_route_types;

#endif
