/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_SPEC_H
#define ZLNET_SPEC_H

/* What the messages of rtnetlink look like, as constant tables. No Lua and no input or output here: the codec reads the
 * tables in both directions, error paths come from them too, and they are fuzzed on their own. */

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spec_type {
	SPEC_NONE, /* a gap in a table which is indexed by the attribute's number */
	/* numbers; with a table of names they are enumerations or words of flags */
	SPEC_U8,
	SPEC_U16,
	SPEC_U32,
	SPEC_U64,
	SPEC_S32,
	SPEC_BE16,
	SPEC_BE32,
	SPEC_BE64,
	SPEC_BOOL,   /* u8 which is only ever 0 or 1 */
	SPEC_FLAG,   /* an attribute without payload: it is there or not */
	SPEC_MASKED, /* a word of flags followed by the word which says which of them are meant */
	SPEC_LINK,   /* the index of a link; a name is taken, too */
	/* text */
	SPEC_STRING,
	SPEC_IFNAME,
	SPEC_MAC,
	SPEC_HEX,
	SPEC_IP, /* either family, and it must be the message's */
	SPEC_IP4,
	SPEC_IP6,
	SPEC_PREFIX, /* as SPEC_IP with "/length", which lives in the header at .off */
	SPEC_VIA,    /* struct rtvia: an address of any family */
	/* compounds */
	SPEC_STRUCT,   /* the header rows of .set, nothing after them */
	SPEC_NEST,     /* .set */
	SPEC_BYKIND,   /* a nest; .kinds are found by the string or number in the attribute numbered one below */
	SPEC_BYFAMILY, /* a nest; .kinds are found by the message's family */
	SPEC_INDEXED,  /* a nest which numbers its elements from 0; row 0 of .set is the element */
	SPEC_CONF,     /* requests nest it as .set says, the kernel answers with an array of u32 */
	SPEC_NEXTHOPS, /* struct rtnexthop, each with attributes, as .set says */
};

struct spec_name {
	uint32_t value;
	const char *name;
};

struct spec_names {
	const struct spec_name *v;
	uint16_t n;
	bool bits; /* a word of flags, else an enumeration */
};

/* One row is one attribute, or one field of a header or structure. */
struct spec_row {
	const char *key;
	uint8_t type;    /* enum spec_type */
	bool many : 1;   /* the attribute is repeated: a list in Lua */
	uint8_t len : 7; /* of the key: most rows that are not meant need no look at it */
	uint16_t off;    /* fields: offset. SPEC_PREFIX: offset of the length in the message's header */
	uint16_t max;    /* SPEC_STRING, SPEC_HEX: longest; SPEC_MAC: exact length; 0 is none */
	uint16_t twin;   /* fields too narrow for some values: the attribute of the same key which is not */
	union {
		const struct spec_names *names;
		const struct spec_set *set;
		const struct spec_kinds *kinds;
	};
};

struct spec_set {
	const struct spec_row *field; /* of the header, in any order; at most 32 */
	const struct spec_row *attr;  /* indexed by the attribute's number; at most 128 */
	uint16_t nfield, nattr;
	uint16_t hdrlen; /* not yet aligned; 0 without a header */
	uint8_t ones;    /* so many bytes of the header have all bits set unless a field says otherwise */
};

/* What selects a set: a string, or a number (a family, where 0 serves all that have no entry of their own). */
struct spec_kind {
	const char *kind;
	int number;
	const struct spec_set *set;
};

struct spec_kinds {
	const struct spec_kind *v;
	size_t n;
};

struct spec_msg {
	const char *name;                                /* "link": operations are "newlink", "dellink" … */
	uint16_t new_type, del_type, get_type, set_type; /* RTM_*; 0 where there is none */
	size_t hdrlen;
	const struct spec_set *set;
};

extern const struct spec_msg spec_link, spec_addr, spec_route, spec_neigh, spec_rule, spec_nsid;

#define SPEC_COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* Rows. What follows the type are further members: .set = &…, .names = &… */
#define SPEC_ATTR(number, name, kind, ...) \
	[number] = {.key = (name), .len = sizeof(name) - 1, .type = (kind), __VA_ARGS__}
#define SPEC_FIELD(structure, member, name, kind, ...) \
	{ \
		.key = (name), .len = sizeof(name) - 1, .type = (kind), .off = offsetof(structure, member), \
		__VA_ARGS__ \
	}
#define SPEC_NAMES(id, are_bits, ...) \
	static const struct spec_name id##_v[] = __VA_ARGS__; \
	const struct spec_names id = {id##_v, SPEC_COUNT(id##_v), are_bits}

/* The row of an attribute's number, or NULL. */
static inline const struct spec_row *spec_attr(const struct spec_set *set, unsigned number)
{
	return number < set->nattr && set->attr[number].type != SPEC_NONE ? &set->attr[number] : NULL;
}

/* Bytes of the row as a field of a structure. */
static inline size_t spec_field_size(const struct spec_row *row)
{
	static const uint8_t sizes[] = {
		[SPEC_U8] = 1,   [SPEC_BOOL] = 1,   [SPEC_U16] = 2,  [SPEC_BE16] = 2, [SPEC_U32] = 4,
		[SPEC_S32] = 4,  [SPEC_BE32] = 4,   [SPEC_LINK] = 4, [SPEC_IP4] = 4,  [SPEC_U64] = 8,
		[SPEC_BE64] = 8, [SPEC_MASKED] = 8, [SPEC_IP6] = 16,
	};
	bool fixed = row->type < sizeof(sizes) && sizes[row->type] > 0;

	return fixed ? sizes[row->type] : row->max; /* SPEC_MAC, SPEC_HEX */
}

/* Where a walk over one level of attributes stands. */
struct spec_level {
	const struct spec_set *set;
	const void *attrs; /* the first attribute */
	size_t len;        /* bytes of all of them */
	int family;        /* the message's */
};

/* The set which the nest "row" of this level follows, or NULL when the tables do not know it. */
const struct spec_set *spec_subset(const struct spec_level *at, const struct spec_row *row, unsigned number);
/* The same by what selects it. */
const struct spec_set *spec_kind_set(const struct spec_kinds *kinds, const char *kind, size_t len);
const struct spec_set *spec_number_set(const struct spec_kinds *kinds, int number);

/* Key path of the attribute at byte "off" of the request (as NLMSGERR_ATTR_OFFS counts), "" when there is none. */
void spec_path(const struct spec_msg *spec, const struct nlmsghdr *req, uint32_t off, char *buf, size_t n);
/* Key path of the attribute "type" which is missing from the message or from the nest at nest_off. */
void spec_missing(const struct spec_msg *spec, const struct nlmsghdr *req, bool has_nest, uint32_t nest_off,
                  uint32_t type, char *buf, size_t n);

/* Shared between the files of tables. */
extern const struct spec_set spec_set_link, spec_set_vf_list;
extern const struct spec_kinds spec_link_kinds, spec_port_kinds, spec_encaps;
extern const struct spec_names spec_encap_types;
extern const struct spec_set spec_set_inet_conf, spec_set_inet6_conf, spec_set_bridge_port;
extern const struct spec_names spec_families, spec_scopes, spec_tables, spec_protocols, spec_route_types;

#endif
