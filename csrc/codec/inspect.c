/* SPDX-License-Identifier: MIT */
/* The codec by itself, for specs and fuzzing: bytes in, bytes out, nothing is sent. */
#include "codec/codec.h"

#include "tables/print.h"

#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <string.h>

static const struct table_msg *check_message(lua_State *L, int arg)
{
	const char *name = luaL_checkstring(L, arg);

	for (size_t i = 0; i < table_objects_n; i++)
		if (strcmp(table_objects[i].object, name) == 0)
			return table_objects[i].table;
	luaL_argerror(L, arg, "no such object");
	return NULL;
}

/* "newlink" and its like. */
static uint16_t check_type(lua_State *L, int arg, const struct table_msg *table)
{
	const char *op = luaL_checkstring(L, arg);
	uint16_t type = 0;

	if (strlen(op) > 3 && strcmp(op + 3, table->name) == 0)
		type = strncmp(op, "new", 3) == 0   ? table->new_type
		       : strncmp(op, "del", 3) == 0 ? table->del_type
		       : strncmp(op, "get", 3) == 0 ? table->get_type
		       : strncmp(op, "set", 3) == 0 ? table->set_type
		                                    : 0;
	if (type == 0)
		luaL_argerror(L, arg, "no such operation");
	return type;
}

/* A table of names to indices stands in for the kernel. */
struct resolver {
	lua_State *L;
	int table;
};

static int resolve(void *ctx, const char *name, uint32_t *index)
{
	struct resolver *r = ctx;

	lua_pushstring(r->L, name);
	lua_rawget(r->L, r->table);
	*index = (uint32_t)lua_tointeger(r->L, -1);
	lua_pop(r->L, 1);
	return *index > 0 ? 0 : -19; /* ENODEV */
}

/* encode(object, operation, t [, links]) -> message, or nil and the name which links does not have */
static int encode(lua_State *L)
{
	union {
		struct nlmsghdr nlh;
		char bytes[CODEC_MAX];
	} buffer;
	const struct table_msg *table = check_message(L, 1);
	uint16_t type = check_type(L, 2, table);
	struct resolver r = {L, 4};
	const char *name = NULL;
	int err;

	lua_settop(L, 4);
	mnl_nlmsg_put_header(&buffer);
	buffer.nlh.nlmsg_type = type;
	buffer.nlh.nlmsg_flags = NLM_F_REQUEST;
	err = codec_encode(L, 3, table, &buffer.nlh, sizeof(buffer), lua_istable(L, 4) ? resolve : NULL, &r, &name);
	if (err < 0) {
		lua_pushnil(L);
		lua_pushstring(L, name);
		return 2;
	}
	lua_pushlstring(L, buffer.bytes, buffer.nlh.nlmsg_len);
	return 1;
}

/* Bytes as a message, however malformed, in room of their own; its length is the string's. */
static struct nlmsghdr *check_bytes(lua_State *L, int arg)
{
	size_t len;
	const char *bytes = luaL_checklstring(L, arg, &len);
	struct nlmsghdr *nlh;

	luaL_argcheck(L, len >= sizeof(*nlh), arg, "shorter than the header of a message");
	nlh = lua_newuserdatauv(L, len, 0);
	memcpy(nlh, bytes, len);
	nlh->nlmsg_len = (uint32_t)len;
	return nlh;
}

/* decode(object, message [, keys]) -> t; with keys only these */
static int decode(lua_State *L)
{
	const struct table_msg *table = check_message(L, 1);
	struct codec_keys only;

	if (!lua_isnoneornil(L, 3))
		codec_keys(L, 3, table, &only);
	codec_decode_some(L, table, check_bytes(L, 2), lua_isnoneornil(L, 3) ? NULL : &only);
	return 1;
}

/* decode_all(object, messages, keys) -> a list: messages one after the other, as handle:picture gives them */
static int decode_all(lua_State *L)
{
	const struct table_msg *table = check_message(L, 1);
	size_t len;
	const char *bytes = luaL_checklstring(L, 2, &len);
	struct codec_keys only;
	lua_Integer n = 0;

	codec_keys(L, 3, table, &only);
	luaL_argcheck(L, len <= INT_MAX, 2, "too long");
	const struct nlmsghdr *m = (const struct nlmsghdr *)bytes; /* strings of Lua's are aligned */
	lua_newtable(L);
	for (int left = (int)len; left > 0 && mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		codec_decode_some(L, table, m, &only);
		lua_rawseti(L, -2, ++n);
	}
	return 1;
}

/* trim(object, message, keys) -> what of the message is kept for these */
static int trim(lua_State *L)
{
	const struct table_msg *table = check_message(L, 1);
	struct nlmsghdr *nlh = check_bytes(L, 2);
	struct codec_keys only;
	size_t len;

	codec_keys(L, 3, table, &only);
	len = codec_trim(nlh, nlh, table, &only);
	lua_pushlstring(L, (const char *)nlh, len);
	return 1;
}

/* path(object, message, offset) -> key path of the attribute there;
 * path(object, message, offset or nil, type) -> that of the one which is missing */
static int path(lua_State *L)
{
	const struct table_msg *table = check_message(L, 1);
	uint32_t off = (uint32_t)luaL_optinteger(L, 3, 0);
	const struct nlmsghdr *nlh;
	char buf[128];

	lua_settop(L, 4);
	nlh = check_bytes(L, 2);
	if (lua_isnoneornil(L, 4))
		table_path(table, nlh, off, buf, sizeof(buf));
	else
		table_missing(table, nlh, !lua_isnil(L, 3), off, (uint32_t)luaL_checkinteger(L, 4), buf, sizeof(buf));
	lua_pushstring(L, buf);
	return 1;
}

static void print_line(void *ctx, const char *path, const char *value)
{
	lua_State *L = ctx;

	lua_pushstring(L, value);
	lua_setfield(L, -2, path);
}

/* print(object, message) -> what ZLNET_DEBUG=netlink would print: value by key path */
static int print(lua_State *L)
{
	const struct table_msg *table = check_message(L, 1);
	const struct nlmsghdr *nlh = check_bytes(L, 2);

	lua_newtable(L);
	table_print(table, nlh, print_line, L);
	return 1;
}

static const char *const types[] = {[TABLE_NONE] = "none",        [TABLE_U8] = "u8",
                                    [TABLE_U16] = "u16",          [TABLE_U32] = "u32",
                                    [TABLE_U64] = "u64",          [TABLE_S32] = "s32",
                                    [TABLE_BE16] = "be16",        [TABLE_BE32] = "be32",
                                    [TABLE_BE64] = "be64",        [TABLE_BOOL] = "bool",
                                    [TABLE_FLAG] = "flag",        [TABLE_MASKED] = "masked",
                                    [TABLE_LINK] = "link",        [TABLE_STRING] = "string",
                                    [TABLE_IFNAME] = "ifname",    [TABLE_MAC] = "mac",
                                    [TABLE_HEX] = "hex",          [TABLE_IP] = "ip",
                                    [TABLE_IP4] = "ip4",          [TABLE_IP6] = "ip6",
                                    [TABLE_PREFIX] = "prefix",    [TABLE_VIA] = "via",
                                    [TABLE_STRUCT] = "struct",    [TABLE_NEST] = "nest",
                                    [TABLE_BYKIND] = "bykind",    [TABLE_BYFAMILY] = "byfamily",
                                    [TABLE_INDEXED] = "indexed",  [TABLE_CONF] = "conf",
                                    [TABLE_ARRAY] = "array",      [TABLE_NEXTHOPS] = "nexthops",
                                    [TABLE_LIST] = "list",        [TABLE_BES32] = "bes32",
                                    [TABLE_BYTES] = "bytes",      [TABLE_DATA] = "data",
                                    [TABLE_KEY] = "key",          [TABLE_ANYIP] = "anyip",
                                    [TABLE_SOCKADDR] = "sockaddr"};

static void push_set_rows(lua_State *L, int sets, const struct table_set *set);

/* table -> table; key = value of string, integer */
static void set_string(lua_State *L, const char *key, const char *value)
{
	lua_pushstring(L, value);
	lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, lua_Integer value)
{
	lua_pushinteger(L, value);
	lua_setfield(L, -2, key);
}

static void push_names(lua_State *L, const struct table_names *names)
{
	lua_newtable(L);
	for (unsigned i = 0; i < names->n; i++) {
		lua_pushstring(L, names->v[i].name);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_pushboolean(L, names->bits);
	lua_setfield(L, -2, "bits");
}

static void push_kinds(lua_State *L, int sets, const struct table_kinds *kinds)
{
	lua_newtable(L);
	for (size_t i = 0; i < kinds->n; i++) {
		lua_newtable(L);
		set_string(L, "kind", kinds->v[i].kind);
		set_integer(L, "number", kinds->v[i].number);
		push_set_rows(L, sets, kinds->v[i].set);
		lua_setfield(L, -2, "set");
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

static void push_row(lua_State *L, int sets, const struct table_row *row, const char *what, unsigned number)
{
	lua_newtable(L);
	set_string(L, "key", row->key);
	set_string(L, "type", types[row->type]);
	set_integer(L, what, number);
	set_integer(L, "max", row->max);
	lua_pushboolean(L, row->many);
	lua_setfield(L, -2, "many");
	lua_pushboolean(L, row->told || row->moves);
	lua_setfield(L, -2, "kernels"); /* no part of what a request sets */
	switch (row->type) {
	case TABLE_STRUCT:
	case TABLE_NEST:
	case TABLE_INDEXED:
	case TABLE_LIST:
	case TABLE_CONF:
	case TABLE_ARRAY:
	case TABLE_NEXTHOPS:
		push_set_rows(L, sets, row->set);
		lua_setfield(L, -2, "set");
		break;
	case TABLE_BYKIND:
	case TABLE_BYFAMILY:
		push_kinds(L, sets, row->kinds);
		lua_setfield(L, -2, "kinds");
		break;
	default:
		if (!row->names)
			break;
		push_names(L, row->names);
		lua_setfield(L, -2, "names");
	}
}

/* Pushes the list of a set's rows. A set is in "sets" before its rows are, for a veth's peer is a link again. */
static void push_set_rows(lua_State *L, int sets, const struct table_set *set)
{
	lua_Integer n = 0;

	luaL_checkstack(L, 10, NULL);
	if (lua_rawgetp(L, sets, set) == LUA_TTABLE)
		return;
	lua_pop(L, 1);
	lua_newtable(L);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, sets, set);
	for (unsigned i = 0; i < set->nfield; i++) {
		push_row(L, sets, &set->field[i], "offset", set->field[i].off);
		lua_rawseti(L, -2, ++n);
	}
	for (unsigned i = 0; i < set->nattr; i++) {
		if (!table_attr(set, i))
			continue;
		push_row(L, sets, &set->attr[i], "attribute", i);
		lua_rawseti(L, -2, ++n);
	}
}

/* rows(object) -> list of {key=, type=, offset= or attribute=, …} */
static int rows(lua_State *L)
{
	const struct table_msg *table = check_message(L, 1);

	lua_newtable(L);
	push_set_rows(L, lua_gettop(L), table->set);
	return 1;
}

int codec_lua_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"encode", encode}, {"decode", decode}, {"decode_all", decode_all},
	                                     {"trim", trim},     {"path", path},     {"print", print},
	                                     {"rows", rows},     {NULL, NULL}};

	luaL_newlib(L, functions);
	return 1;
}
