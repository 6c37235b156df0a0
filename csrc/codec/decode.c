/* SPDX-License-Identifier: MIT */
/* Messages to Lua tables. The message is not trusted: every length is checked, what does not fit is skipped. Raises
 * only when Lua runs out of memory, and holds nothing then. */
#include "codec/decode.h"

#include "codec/text.h"

#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define DEC_DEPTH 12 /* nests deeper than this are skipped */
#define DEC_MPLS  28 /* AF_MPLS: its labels would look like addresses */

struct dec {
	lua_State *L;
	int keys;                      /* stack index of the arrays of keys, by set */
	int family;                    /* the message's */
	const struct codec_keys *only; /* of the message itself, or NULL */
};

static void push_set(struct dec *d, const struct table_set *set, const uint8_t *p, size_t len, int depth);

/* Pushes the array of the keys of a set: attributes by number + 1, fields after them. Every set's is made once and kept
 * in the registry, for looking up an array is a good deal cheaper than interning a string. */
static void push_keys(struct dec *d, const struct table_set *set)
{
	lua_State *L = d->L;

	if (lua_rawgetp(L, d->keys, set) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	lua_createtable(L, set->nattr + set->nfield, 0);
	for (int i = 0; i < set->nattr + set->nfield; i++) {
		const struct table_row *row = i < set->nattr ? &set->attr[i] : &set->field[i - set->nattr];

		lua_pushstring(L, row->key ? row->key : "");
		lua_rawseti(L, -2, i + 1);
	}
	lua_pushvalue(L, -1);
	lua_rawsetp(L, d->keys, set);
}

/* What has no row goes under "unknown", by its type as the message has it (a nest's may have NLA_F_NESTED in it), in
 * hexadecimal; a list where there are several. Into the table at the top of the stack. */
static void push_unknown(lua_State *L, unsigned type, const uint8_t *p, size_t len)
{
	luaL_Buffer b;

	luaL_checkstack(L, 8, NULL);
	if (lua_getfield(L, -1, "unknown") != LUA_TTABLE) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_setfield(L, -3, "unknown");
	}
	char *text = luaL_buffinitsize(L, &b, 2 * len + 1);
	luaL_pushresultsize(&b, text_hex(text, p, len, '\0'));
	if (lua_rawgeti(L, -2, type) == LUA_TNIL) {
		lua_pop(L, 1);
	} else {
		if (lua_type(L, -1) == LUA_TSTRING) { /* the first one becomes a list */
			lua_createtable(L, 2, 0);
			lua_insert(L, -2);
			lua_rawseti(L, -2, 1);
		}
		lua_insert(L, -2);
		lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	}
	lua_rawseti(L, -2, type);
	lua_pop(L, 1);
}

/* Whether it is attributes and nothing else. */
static bool is_nest(const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len;

	while (p < end && dec_attr_ok((const struct nlattr *)p, end))
		p += NLA_ALIGN(((const struct nlattr *)p)->nla_len);
	return p >= end;
}

/* Arrays of settings: the first number belongs to the attribute row->off. */
static void push_conf(struct dec *d, const struct table_row *row, const uint8_t *p, size_t len)
{
	lua_State *L = d->L;
	const struct table_set *set = row->set;
	size_t n = len / sizeof(uint32_t);

	push_keys(d, set);
	lua_createtable(L, 0, set->nattr);
	for (size_t i = 0; i < n; i++) {
		unsigned number = (unsigned)i + row->off;
		const struct table_row *setting = table_attr(set, number);

		if (!setting) {
			if (table_unknown(set, number))
				push_unknown(L, number, p + i * sizeof(uint32_t), sizeof(uint32_t));
			continue;
		}
		lua_rawgeti(L, -2, (lua_Integer)number + 1);
		dec_number(L, setting, p + i * sizeof(uint32_t), sizeof(uint32_t));
		lua_rawset(L, -3);
	}
	lua_remove(L, -2);
}

static void push_indexed(struct dec *d, const struct table_row *row, const struct nlattr *nest)
{
	const struct table_row *element = &row->set->attr[0];
	const struct nlattr *attr;
	lua_Integer n = 0;

	lua_newtable(d->L);
	dec_attrs(attr, dec_attr_payload(nest), dec_attr_len(nest))
	{
		if (dec_text(d->L, element, dec_attr_payload(attr), dec_attr_len(attr)))
			lua_rawseti(d->L, -2, ++n);
	}
}

static inline bool push_attr(struct dec *d, const struct table_level *at, const struct table_row *row,
                             const struct nlattr *attr, int depth);

static void push_list(struct dec *d, const struct table_row *row, const struct nlattr *nest, int depth)
{
	struct table_level at = {.set = row->set, .attrs = dec_attr_payload(nest), .len = dec_attr_len(nest)};
	const struct nlattr *attr;
	lua_Integer n = 0;

	luaL_checkstack(d->L, 4, NULL);
	lua_newtable(d->L);
	dec_attrs(attr, at.attrs, at.len)
	{
		const struct table_row *element = table_attr(row->set, dec_attr_type(attr));

		if (element && push_attr(d, &at, element, attr, depth))
			lua_rawseti(d->L, -2, ++n);
	}
}

static void push_array(struct dec *d, const struct table_set *set, const uint8_t *p, size_t len, int depth)
{
	lua_Integer n = 0;

	lua_newtable(d->L);
	for (; len >= set->hdrlen; p += set->hdrlen, len -= set->hdrlen) {
		push_set(d, set, p, set->hdrlen, depth);
		lua_rawseti(d->L, -2, ++n);
	}
}

static void push_nexthops(struct dec *d, const struct table_set *set, const uint8_t *p, size_t len, int depth)
{
	lua_Integer n = 0;

	lua_newtable(d->L);
	while (len >= sizeof(struct rtnexthop)) {
		struct rtnexthop hop;

		memcpy(&hop, p, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > len)
			return;
		push_set(d, set, p, hop.rtnh_len, depth);
		lua_rawseti(d->L, -2, ++n);
		size_t step = RTNH_ALIGN(hop.rtnh_len);

		if (step >= len)
			return;
		p += step;
		len -= step;
	}
}

/* Pushes the value of one attribute; false, and nothing pushed, when it is malformed or of no known set. */
static inline bool push_attr(struct dec *d, const struct table_level *at, const struct table_row *row,
                             const struct nlattr *attr, int depth)
{
	const uint8_t *p = dec_attr_payload(attr);
	size_t len = dec_attr_len(attr);
	const struct table_set *set;

	switch (row->type) {
	case TABLE_FLAG: /* vxlan answers some as a byte */
		lua_pushboolean(d->L, len == 0 || *p != 0);
		return true;
	case TABLE_STRUCT:
		push_set(d, row->set, p, len, depth + 1);
		return true;
	case TABLE_CONF:
		/* requests nest what answers line up */
		if (!(attr->nla_type & NLA_F_NESTED)) {
			push_conf(d, row, p, len);
			return true;
		}
		/* fall through */
	case TABLE_NEST:
	case TABLE_BYKIND:
	case TABLE_BYFAMILY:
		set = table_subset(at, row, dec_attr_type(attr));
		if (!set && is_nest(p, len))
			set = &table_set_unknown;
		if (!set || depth >= DEC_DEPTH)
			return false;
		push_set(d, set, p, len, depth + 1);
		return true;
	case TABLE_INDEXED:
		push_indexed(d, row, attr);
		return true;
	case TABLE_LIST:
		if (depth >= DEC_DEPTH)
			return false;
		push_list(d, row, attr, depth + 1);
		return true;
	case TABLE_ARRAY:
		push_array(d, row->set, p, len, depth + 1);
		return true;
	case TABLE_NEXTHOPS:
		push_nexthops(d, row->set, p, len, depth + 1);
		return true;
	case TABLE_IP:
	case TABLE_PREFIX:
		if (d->family == DEC_MPLS)
			return false;
		/* fall through */
	default:
		return dec_is_text(row) ? dec_text(d->L, row, p, len) : dec_number(d->L, row, p, len);
	}
}

/* Fields into the table at the top of the stack, with the keys right below it. */
static void push_fields(struct dec *d, const struct table_set *set, const uint8_t *p, size_t len, uint32_t only)
{
	lua_State *L = d->L;

	for (unsigned i = 0; i < set->nfield; i++) {
		const struct table_row *row = &set->field[i];
		size_t size = table_field_size(row);

		if (row->off + size > len || !(only >> i & 1))
			continue;
		lua_rawgeti(L, -2, set->nattr + (lua_Integer)i + 1);
		if (dec_is_text(row) ? dec_text(L, row, p + row->off, size) : dec_number(L, row, p + row->off, size))
			lua_rawset(L, -3);
		else
			lua_pop(L, 1);
	}
}

/* table, key, value -> table; the value becomes the last of the list which the table has under the key. */
static void append(lua_State *L)
{
	lua_pushvalue(L, -2);
	if (lua_rawget(L, -4) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -3);
		lua_pushvalue(L, -2);
		lua_rawset(L, -6);
	}
	lua_insert(L, -2);
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	lua_pop(L, 2);
}

/* One attribute into the table at the top of the stack, with the keys right below it. */
static inline void push_row(struct dec *d, const struct table_level *at, const struct nlattr *attr, int depth)
{
	lua_State *L = d->L;
	unsigned number = dec_attr_type(attr);
	const struct table_row *row = &at->set->attr[number];

	lua_rawgeti(L, -2, (lua_Integer)number + 1);
	if (!push_attr(d, at, row, attr, depth)) {
		lua_pop(L, 1);
		if (dec_attr_len(attr) > 0)
			push_unknown(L, attr->nla_type, dec_attr_payload(attr), dec_attr_len(attr));
	} else if (row->many) {
		append(L);
	} else {
		lua_rawset(L, -3);
	}
}

/* What the kernel left out, into the table at the top of the stack, with the keys right below it. */
static void push_zero(lua_State *L, const struct table_set *set)
{
	lua_rawgeti(L, -2, set->zero + 1);
	lua_pushvalue(L, -1);
	if (lua_rawget(L, -3) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_pushinteger(L, 0);
		lua_rawset(L, -3);
	} else {
		lua_pop(L, 2);
	}
}

/* A route's lifetime is taken in seconds, and told in clock ticks, as one of the ages. */
static void push_expires(lua_State *L, const struct table_level *at)
{
	enum { TICKS = 100 }; /* USER_HZ */
	const struct nlattr *attr;
	struct rta_cacheinfo cache;

	dec_attrs(attr, at->attrs, at->len)
	{
		if (dec_attr_type(attr) != RTA_CACHEINFO || dec_attr_len(attr) < sizeof(cache))
			continue;
		memcpy(&cache, dec_attr_payload(attr), sizeof(cache));
		if (cache.rta_expires <= 0)
			continue;
		lua_pushinteger(L, ((lua_Integer)cache.rta_expires + TICKS - 1) / TICKS);
		lua_setfield(L, -2, "expires");
	}
}

/* Pushes the table of a header with its attributes. */
static void push_set(struct dec *d, const struct table_set *set, const uint8_t *p, size_t len, int depth)
{
	static const struct codec_keys all = {.attr = {UINT64_MAX, UINT64_MAX}, .field = UINT32_MAX, .unknown = true};
	lua_State *L = d->L;
	size_t hdr = NLA_ALIGN(set->hdrlen);
	const struct nlattr *attr;
	/* a structure which a newer kernel made longer has no attributes after it */
	size_t rest = (set->nattr > 0 || hdr == 0) && len > hdr ? len - hdr : 0;
	struct table_level at = {.set = set, .attrs = p + hdr, .len = rest, .family = d->family};
	const struct codec_keys *only = depth == 0 && d->only ? d->only : &all;
	int n = set->nfield;

	luaL_checkstack(L, 16, NULL);
	push_keys(d, set);
	dec_attrs(attr, at.attrs, at.len) n++;
	/* room for all, for growing costs more than counting */
	lua_createtable(L, 0, n < set->nfield + set->nattr ? n : set->nfield + set->nattr);
	push_fields(d, set, p, len < set->hdrlen ? len : set->hdrlen, only->field);
	dec_attrs(attr, at.attrs, at.len)
	{
		if (dec_wanted(set, only, dec_attr_type(attr))) {
			push_row(d, &at, attr, depth);
		} else if (only->unknown && table_unknown(set, dec_attr_type(attr))) {
			push_unknown(L, attr->nla_type, dec_attr_payload(attr), dec_attr_len(attr));
		}
	}
	if (set->zero && dec_wanted(set, only, set->zero))
		push_zero(L, set);
	if (set == table_route.set && dec_wanted(set, only, RTA_EXPIRES))
		push_expires(L, &at);
	lua_remove(L, -2);
}

void codec_decode_some(lua_State *L, const struct table_msg *table, const struct nlmsghdr *nlh,
                       const struct codec_keys *only)
{
	static const char keys = 'k'; /* its address is the registry's key */
	struct dec d = {.L = L, .only = only};
	const uint8_t *payload = mnl_nlmsg_get_payload(nlh);
	size_t len = nlh->nlmsg_len > MNL_NLMSG_HDRLEN ? nlh->nlmsg_len - MNL_NLMSG_HDRLEN : 0;

	luaL_checkstack(L, 8, NULL);
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &keys) != LUA_TTABLE) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &keys);
	}
	d.keys = lua_gettop(L);
	d.family = len > 0 ? payload[0] : AF_UNSPEC;
	push_set(&d, table->set, payload, len, 0);
	lua_remove(L, d.keys);
}

void codec_decode(lua_State *L, const struct table_msg *table, const struct nlmsghdr *nlh)
{
	codec_decode_some(L, table, nlh, NULL);
}
