/* SPDX-License-Identifier: MIT */
/* Lua tables to messages. Everything here may raise; nothing is held which a raise would lose. */
#include "codec/encode.h"

#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>

static int enc_set(struct enc *e, const struct table_set *set, uint8_t *header, int table);
static int enc_attr(struct enc *e, const struct table_set *set, unsigned number, int table);

static void enc_want_table(struct enc *e)
{
	if (!lua_istable(e->L, -1))
		enc_fail(e, "table expected, got %s", luaL_typename(e->L, -1));
}

/* The number of elements of the list at the top of the stack, which must be one and nothing else. */
static lua_Integer enc_list(struct enc *e)
{
	lua_State *L = e->L;
	lua_Integer n;

	enc_want_table(e);
	n = (lua_Integer)lua_rawlen(L, -1);
	luaL_checkstack(L, 4, NULL);
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
		if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1 || lua_tointeger(L, -2) > n)
			enc_fail(e, "list expected");
	return n;
}

/* {from=…, to=…} at the top of the stack into a structure of the set. */
static int enc_struct(struct enc *e, const struct table_set *set, uint8_t *out)
{
	enc_want_table(e);
	memset(out, 0, set->hdrlen);
	memset(out, 0xff, set->ones);
	return enc_set(e, set, out, lua_gettop(e->L));
}

/* Whether the table says nothing but what the tables do not know. */
static bool only_unknown(lua_State *L, int table)
{
	bool only = lua_istable(L, table);
	int top = lua_gettop(L);

	luaL_checkstack(L, 4, NULL);
	for (lua_pushnil(L); only && lua_next(L, table); lua_pop(L, 1))
		only = lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "unknown") == 0;
	lua_settop(L, top);
	return only;
}

/* The nest of the kinds: which set it follows is said by the row before it, from the same table. */
static const struct table_set *enc_kind(struct enc *e, const struct table_set *set, unsigned number, int table)
{
	const struct table_row *row = &set->attr[number], *selector = table_attr(set, number - 1);
	const struct table_set *found = NULL;
	uint64_t value, mask;

	lua_pushstring(e->L, selector->key);
	if (lua_rawget(e->L, table) == LUA_TNIL)
		enc_fail(e, "needs '%s' beside it", selector->key);
	if (selector->type == TABLE_STRING)
		found = table_kind_set(row->kinds, lua_tostring(e->L, -1), lua_rawlen(e->L, -1));
	else if (enc_number(e, selector, &value, &mask) == 0)
		found = table_number_set(row->kinds, (int)value);
	if (!found && !only_unknown(e->L, lua_gettop(e->L) - 1))
		enc_fail(e, "nothing is known of what '%s' has here, and 'unknown' alone is taken",
		         lua_tostring(e->L, -1));
	lua_pop(e->L, 1);
	return found ? found : &table_set_unknown;
}

static int enc_nested(struct enc *e, const struct table_set *set, uint16_t type)
{
	struct nlattr *nest;
	uint8_t *header;
	int err;

	enc_want_table(e);
	nest = enc_nest(e, type);
	header = set->hdrlen > 0 ? enc_reserve(e, set->hdrlen) : NULL;
	err = enc_set(e, set, header, lua_gettop(e->L));
	mnl_attr_nest_end(e->nlh, nest);
	return err;
}

/* {"10.0.0.1", "10.0.0.2"} into attributes numbered from 0. */
static int enc_indexed(struct enc *e, const struct table_row *row, uint16_t type)
{
	const struct table_row *element = &row->set->attr[0];
	struct enc_bytes bytes;
	struct nlattr *nest;
	lua_Integer n;
	int err = 0;

	n = enc_list(e);
	nest = enc_nest(e, type);
	for (lua_Integer i = 1; i <= n && err == 0; i++) {
		e->path[e->depth - 1].index = i;
		lua_rawgeti(e->L, -1, i);
		err = enc_scalar(e, element, &bytes);
		enc_put(e, (uint16_t)(i - 1), bytes.p, bytes.len);
		lua_pop(e->L, 1);
	}
	e->path[e->depth - 1].index = 0;
	mnl_attr_nest_end(e->nlh, nest);
	return err;
}

/* {{…}, {…}} into attributes which are all of one number. */
static int enc_elements(struct enc *e, const struct table_row *row, uint16_t type, int table)
{
	struct nlattr *nest = NULL;
	lua_Integer n;
	int err = 0;

	n = enc_list(e);
	nest = enc_nest(e, type);
	for (lua_Integer i = 1; i <= n && err == 0; i++) {
		e->path[e->depth - 1].index = i;
		luaL_checkstack(e->L, 4, NULL);
		lua_rawgeti(e->L, -1, i);
		err = enc_attr(e, row->set, TABLE_LIST_NUMBER, table);
		lua_pop(e->L, 1);
	}
	e->path[e->depth - 1].index = 0;
	mnl_attr_nest_end(e->nlh, nest);
	return err;
}

/* {{id=…}, {id=…}} into structures one after the other. */
static int enc_array(struct enc *e, const struct table_row *row, uint16_t type)
{
	struct nlattr *attr = enc_nest(e, type);
	lua_Integer n = enc_list(e);
	int err = 0;

	attr->nla_type = type;
	for (lua_Integer i = 1; i <= n && err == 0; i++) {
		e->path[e->depth - 1].index = i;
		lua_rawgeti(e->L, -1, i);
		err = enc_struct(e, row->set, enc_reserve(e, row->set->hdrlen));
		lua_pop(e->L, 1);
	}
	e->path[e->depth - 1].index = 0;
	mnl_attr_nest_end(e->nlh, attr);
	return err;
}

/* {{gateway=…}, {gateway=…}} into structures with attributes, which say their lengths themselves. */
static int enc_nexthops(struct enc *e, const struct table_row *row, uint16_t type)
{
	struct nlattr *nest;
	lua_Integer n;
	int err = 0;

	n = enc_list(e);
	nest = enc_nest(e, type);
	nest->nla_type = type; /* not one that holds attributes directly */
	for (lua_Integer i = 1; i <= n && err == 0; i++) {
		struct rtnexthop *hop;

		e->path[e->depth - 1].index = i;
		lua_rawgeti(e->L, -1, i);
		enc_want_table(e);
		hop = enc_reserve(e, sizeof(*hop));
		err = enc_set(e, row->set, (uint8_t *)hop, lua_gettop(e->L));
		hop->rtnh_len = (unsigned short)((char *)e->nlh + e->nlh->nlmsg_len - (char *)hop);
		lua_pop(e->L, 1);
	}
	e->path[e->depth - 1].index = 0;
	mnl_attr_nest_end(e->nlh, nest);
	return err;
}

/* The value at the top of the stack as the attribute "number" of the set; table is where it came from. */
static int enc_attr(struct enc *e, const struct table_set *set, unsigned number, int table)
{
	const struct table_row *row = &set->attr[number];
	const uint16_t type = (uint16_t)number;
	struct enc_bytes bytes;
	uint8_t structure[TABLE_HEADER_MAX];
	int err;

	switch (row->type) {
	case TABLE_NEST:
	case TABLE_CONF:
		return enc_nested(e, row->set, type);
	case TABLE_BYKIND:
		return enc_nested(e, enc_kind(e, set, number, table), type);
	case TABLE_BYFAMILY: {
		const struct table_set *found = table_number_set(row->kinds, e->family);

		if (!found)
			enc_fail(e, "not in messages of this family");
		return enc_nested(e, found, type);
	}
	case TABLE_INDEXED:
		return enc_indexed(e, row, type);
	case TABLE_LIST:
		return enc_elements(e, row, type, table);
	case TABLE_ARRAY:
		return enc_array(e, row, type);
	case TABLE_NEXTHOPS:
		return enc_nexthops(e, row, type);
	case TABLE_STRUCT:
		err = enc_struct(e, row->set, structure);
		enc_put(e, type, structure, row->set->hdrlen);
		return err;
	case TABLE_FLAG:
		if (!lua_isboolean(e->L, -1))
			enc_fail(e, "boolean expected, got %s", luaL_typename(e->L, -1));
		if (lua_toboolean(e->L, -1))
			enc_put(e, type, NULL, 0);
		return 0;
	default:
		err = enc_scalar(e, row, &bytes);
		if (bytes.len > 0 || row->type == TABLE_STRING ||
		    row->type == TABLE_BYTES) /* the default prefix has no attribute */
			enc_put(e, type, bytes.p, bytes.len);
		return err;
	}
}

static int enc_many(struct enc *e, const struct table_set *set, unsigned number, int table)
{
	lua_Integer n;
	int err = 0;

	n = enc_list(e);
	for (lua_Integer i = 1; i <= n && err == 0; i++) {
		e->path[e->depth - 1].index = i;
		lua_rawgeti(e->L, -1, i);
		err = enc_attr(e, set, number, table);
		lua_pop(e->L, 1);
	}
	e->path[e->depth - 1].index = 0;
	return err;
}

/* Pushes the value at that index and makes the row's key the end of the path. */
static void enc_enter(struct enc *e, const struct table_row *row, int value)
{
	if (e->depth == ENC_DEPTH)
		enc_fail(e, "nested too deeply");
	e->path[e->depth].key = row->key;
	e->path[e->depth].index = 0;
	e->depth++;
	luaL_checkstack(e->L, 8, NULL);
	lua_pushvalue(e->L, value);
}

static void enc_leave(struct enc *e)
{
	lua_pop(e->L, 1);
	e->depth--;
}

/* The values of a table, left on the stack, and the index of each by its row. */
struct said {
	struct codec_keys keys;
	int field[TABLE_FIELDS_MAX], attr[TABLE_ATTRS_MAX], unknown;
};

/* Notes where the value of the rows is which `before` has not. */
static void said_at(struct said *said, const struct codec_keys *before, int index)
{
	uint64_t word;

	for (word = said->keys.field & ~before->field; word; word &= word - 1)
		said->field[__builtin_ctzll(word)] = index;
	for (int i = 0; i < TABLE_ATTRS_MAX / 64; i++)
		for (word = said->keys.attr[i] & ~before->attr[i]; word; word &= word - 1)
			said->attr[i * 64 + __builtin_ctzll(word)] = index;
}

/* What is read under it is written back: attributes which the tables do not know. */
static bool takes_unknown(const struct table_set *set, const char *key)
{
	bool attributes = set->nattr > 0 || set->hdrlen == 0;

	return attributes && strcmp(key, "unknown") == 0;
}

/* Pushes all values of the table and finds their rows; raises for a key without one. */
static void enc_values(struct enc *e, const struct table_set *set, int table, struct said *said)
{
	lua_State *L = e->L;

	memset(&said->keys, 0, sizeof(said->keys));
	said->unknown = 0;
	luaL_checkstack(L, 4, NULL);
	lua_pushnil(L);
	while (lua_next(L, table)) {
		const struct codec_keys before = said->keys;
		size_t len;

		if (lua_type(L, -2) != LUA_TSTRING)
			enc_fail(e, "names expected as keys, got a %s", luaL_typename(L, -2));
		const char *key = lua_tolstring(L, -2, &len);

		bool row = codec_keys_add(&said->keys, set, key, len);

		if (!row && !takes_unknown(set, key)) {
			if (e->depth < ENC_DEPTH) {
				e->path[e->depth].index = 0;
				e->path[e->depth++].key = key;
			}
			enc_fail(e, "unknown key");
		}
		lua_insert(L, -2);
		if (!row)
			said->unknown = lua_gettop(L) - 1;
		said_at(said, &before, lua_gettop(L) - 1);
		luaL_checkstack(L, 4, NULL);
	}
}

/* One field of the header. One which is too narrow leaves the value to the attribute of the same key. */
static int enc_field(struct enc *e, const struct table_set *set, const struct table_row *row, uint8_t *header,
                     struct said *said)
{
	const struct table_row *wide = row->twin > 0 ? &set->attr[row->twin] : NULL;
	struct enc_bytes bytes;
	int err;

	if (wide) {
		uint64_t value, mask;

		err = enc_number(e, wide, &value, &mask);
		if (value <= UINT8_MAX) {
			enc_pack(row, value, header + row->off);
			said->keys.attr[row->twin / 64] &= ~(UINT64_C(1) << row->twin % 64);
		}
		return err;
	}
	err = enc_scalar(e, row, &bytes);
	if (bytes.len != table_field_size(row))
		enc_fail(e, "%d bytes expected", (int)table_field_size(row));
	memcpy(header + row->off, bytes.p, bytes.len);
	return err;
}

/* An object that was read is made again, and deleted, without what the kernel alone sets; a request to set that is
 * refused. */
static bool leaves_out_told(struct enc *e)
{
	if (e->nlh->nlmsg_type == e->table->set_type)
		enc_fail(e, "the kernel alone sets it");
	return e->nlh->nlmsg_type == e->table->new_type || e->nlh->nlmsg_type == e->table->del_type;
}

static bool makes(const struct enc *e)
{
	return e->nlh->nlmsg_type == e->table->new_type && e->nlh->nlmsg_flags & NLM_F_CREATE;
}

/* The attribute at offset `at` of the message is its last. */
static bool leaves_out_new(const struct table_row *row, const struct nlmsghdr *nlh, uint32_t at)
{
	const struct nlattr *attr = (const struct nlattr *)((const char *)nlh + at);
	const char *p = mnl_attr_get_payload(attr);
	bool zero = true;

	if (row->not_new || !row->not_zero || at == nlh->nlmsg_len)
		return row->not_new;
	for (uint16_t i = 0; i < mnl_attr_get_payload_len(attr); i++)
		zero = zero && !p[i];
	return zero;
}

/* The table at index "table" by the set: fields into header, attributes after it, always in the order of the rows. */
static int enc_set(struct enc *e, const struct table_set *set, uint8_t *header, int table)
{
	struct said said;
	int err = 0, top = lua_gettop(e->L);

	enc_values(e, set, table, &said);
	for (uint64_t word = said.keys.field; word && err == 0; word &= word - 1) {
		const unsigned i = (unsigned)__builtin_ctzll(word);

		if (set->field[i].told && leaves_out_told(e))
			continue;
		enc_enter(e, &set->field[i], said.field[i]);
		err = enc_field(e, set, &set->field[i], header, &said);
		enc_leave(e);
	}
	if (header && header == e->hdr)
		e->family = header[0];
	for (unsigned i = 0; i < set->nattr && err == 0; i++) {
		if (!(said.keys.attr[i / 64] >> i % 64 & 1))
			continue;
		enc_enter(e, &set->attr[i], said.attr[i]);
		uint32_t len = e->nlh->nlmsg_len;
		if (set == &table_set_link && e->depth > 1)
			enc_require_end(e, i);
		err = set->attr[i].many ? enc_many(e, set, i, table) : enc_attr(e, set, i, table);
		if ((set->attr[i].told && leaves_out_told(e)) ||
		    (makes(e) && leaves_out_new(&set->attr[i], e->nlh, len)))
			e->nlh->nlmsg_len = len;
		enc_leave(e);
	}
	codec_defaults_nest(e, set, &said.keys);
	if (said.unknown && err == 0) {
		static const struct table_row unknown = {.key = "unknown"};

		enc_enter(e, &unknown, said.unknown);
		enc_unknown(e);
		enc_leave(e);
	}
	lua_settop(e->L, top);
	return err;
}

int codec_encode(lua_State *L, int idx, const struct table_msg *table, struct nlmsghdr *nlh, size_t cap,
                 codec_resolve resolve, void *ctx, const char **failed_name)
{
	struct enc e = {.L = L,
	                .arg = lua_absindex(L, idx),
	                .table = table,
	                .nlh = nlh,
	                .cap = cap,
	                .resolve = resolve,
	                .ctx = ctx,
	                .failed = failed_name};
	int top = lua_gettop(L);
	int err;

	luaL_checktype(L, e.arg, LUA_TTABLE);
	e.hdr = enc_reserve(&e, table->hdrlen);
	err = enc_set(&e, table->set, e.hdr, e.arg);
	if (err == 0)
		codec_defaults(&e);
	lua_settop(L, top);
	return err;
}
