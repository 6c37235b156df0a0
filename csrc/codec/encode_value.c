/* SPDX-License-Identifier: MIT */
/* One Lua value to the bytes of one attribute or field. Everything here may raise. */
#include "codec/encode.h"

#include "codec/text.h"

#include <arpa/inet.h>
#include <endian.h>
#include <lauxlib.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define MAC_BYTES_MAX 32 /* the kernel's MAX_ADDR_LEN */

/* Names given as text are looked up in the table of the row, which is short. */
static const struct table_name *name_find(const struct table_names *names, const char *s, size_t len)
{
	for (size_t i = 0; i < names->n; i++)
		if (strlen(names->v[i].name) == len && memcmp(names->v[i].name, s, len) == 0)
			return &names->v[i];
	return NULL;
}

const char *enc_text(struct enc *e, size_t *len)
{
	/* numbers are not converted: 1 for "1" is a mistake more often than not */
	if (lua_type(e->L, -1) != LUA_TSTRING)
		enc_fail(e, "string expected, got %s", luaL_typename(e->L, -1));
	return lua_tolstring(e->L, -1, len);
}

static uint64_t value_integer(struct enc *e, lua_Integer min, lua_Integer max)
{
	int exact = 0;
	lua_Integer i = 0;

	if (lua_type(e->L, -1) == LUA_TNUMBER)
		i = lua_tointegerx(e->L, -1, &exact);
	else
		enc_fail(e, "integer expected, got %s", luaL_typename(e->L, -1));
	if (!exact || i < min || i > max)
		enc_fail(e, "integer from %I to %I expected", (LUAI_UACINT)min, (LUAI_UACINT)max);
	return (uint64_t)i;
}

/* {up=true, multicast=false}: value gets the true ones, mask those named at all. */
static void value_bits(struct enc *e, const struct table_names *names, lua_Integer max, uint64_t *value, uint64_t *mask)
{
	lua_State *L = e->L;

	*value = *mask = 0;
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		const struct table_name *bit = NULL;
		size_t len;

		if (lua_type(L, -2) != LUA_TSTRING)
			enc_fail(e, "names of flags expected as keys, got a %s", luaL_typename(L, -2));
		const char *key = lua_tolstring(L, -2, &len);

		if (strcmp(key, "unknown") == 0) { /* as decoded: what has no name here */
			uint64_t rest = value_integer(e, 0, max);

			*value |= rest;
			*mask |= rest;
			continue;
		}
		bit = name_find(names, key, len);
		if (!bit)
			enc_fail(e, "unknown flag '%s'", key);
		if (!lua_isboolean(L, -1))
			enc_fail(e, "flag '%s': boolean expected, got %s", key, luaL_typename(L, -1));
		if (lua_toboolean(L, -1))
			*value |= bit->value;
		*mask |= bit->value;
	}
}

static lua_Integer number_max(const struct table_row *row)
{
	switch (row->type) {
	case TABLE_BOOL:
		return 1;
	case TABLE_U8:
		return UINT8_MAX;
	case TABLE_U16:
	case TABLE_BE16:
		return UINT16_MAX;
	case TABLE_S32:
	case TABLE_BES32:
	case TABLE_LINK: /* an index is an int in the kernel */
		return INT32_MAX;
	case TABLE_U64: /* an integer of Lua's is signed: those from 2^63 on are negative, as they are when read */
	case TABLE_BE64:
		return LUA_MAXINTEGER;
	default:
		return UINT32_MAX;
	}
}

static lua_Integer number_min(const struct table_row *row)
{
	bool wide = row->type == TABLE_U64 || row->type == TABLE_BE64;

	return wide ? LUA_MININTEGER : row->type == TABLE_S32 || row->type == TABLE_BES32 ? INT32_MIN : 0;
}

static int number_link(struct enc *e, uint64_t *value)
{
	size_t len;
	const char *name = lua_tolstring(e->L, -1, &len);
	uint32_t index = 0;
	int err;

	/* names of 16 to 127 bytes are alternative ones */
	if (len == 0 || len > 127 || strlen(name) != len)
		enc_fail(e, "the index or the name of a link expected");
	if (!e->resolve)
		enc_fail(e, "the index of a link expected, names are not looked up here");
	err = e->resolve(e->ctx, name, &index);
	if (err < 0 && e->failed)
		*e->failed = name;
	*value = index;
	return err;
}

/* What stands for no link, but for all of them or the like. */
static bool place_name(lua_State *L, const struct table_names *names)
{
	size_t len;
	const char *s = lua_tolstring(L, -1, &len);

	return names && name_find(names, s, len);
}

int enc_number(struct enc *e, const struct table_row *row, uint64_t *value, uint64_t *mask)
{
	lua_State *L = e->L;
	lua_Integer max = number_max(row);
	const struct table_names *names = row->names;
	int type = lua_type(L, -1);

	*mask = (uint64_t)max;
	if (row->type == TABLE_BOOL && type == LUA_TBOOLEAN) {
		*value = (uint64_t)lua_toboolean(L, -1);
	} else if (row->type == TABLE_LINK && type == LUA_TSTRING && !place_name(L, names)) {
		return number_link(e, value);
	} else if (names && names->bits && type == LUA_TTABLE) {
		value_bits(e, names, max, value, mask);
		if (*value > (uint64_t)max)
			enc_fail(e, "flags which have no place here");
	} else if (names && names->bits && row->type == TABLE_MASKED) {
		/* a bare number would not say which flags are meant to stay as they are */
		enc_fail(e, "table of flags expected, got %s", luaL_typename(L, -1));
	} else if (names && !names->bits && type == LUA_TSTRING) {
		size_t len;
		const char *s = lua_tolstring(L, -1, &len);
		const struct table_name *name = name_find(names, s, len);

		if (!name)
			enc_fail(e, "unknown name '%s'", s);
		*value = name->value;
	} else {
		*value = value_integer(e, number_min(row), max);
	}
	return 0;
}

size_t enc_pack(const struct table_row *row, uint64_t value, void *out)
{
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;
	uint32_t u32 = (uint32_t)value;

	switch (row->type) {
	case TABLE_BOOL:
	case TABLE_U8:
		memcpy(out, &u8, sizeof(u8));
		return sizeof(u8);
	case TABLE_BE16:
		u16 = htons(u16);
		/* fall through */
	case TABLE_U16:
		memcpy(out, &u16, sizeof(u16));
		return sizeof(u16);
	case TABLE_BE64:
		value = htobe64(value);
		/* fall through */
	case TABLE_U64:
		memcpy(out, &value, sizeof(value));
		return sizeof(value);
	case TABLE_BE32:
	case TABLE_BES32:
		u32 = htonl(u32);
		/* fall through */
	default:
		memcpy(out, &u32, sizeof(u32));
		return sizeof(u32);
	}
}

static void scalar_text(struct enc *e, const struct table_row *row, struct enc_bytes *out)
{
	size_t len;
	const char *s = enc_text(e, &len);
	const char *fault;

	switch (row->type) {
	case TABLE_IFNAME:
		fault = text_ifname_fault(s, len);
		if (fault)
			enc_fail(e, "%s", fault);
		out->p = s;
		out->len = len + 1; /* with its NUL, as ip sends it */
		return;
	case TABLE_STRING:
		/* without NUL: an empty alias is one of no bytes */
		if (strlen(s) != len)
			enc_fail(e, "no NUL in this string");
		if (row->max > 0 && len > row->max)
			enc_fail(e, "at most %d bytes", (int)row->max);
		out->p = s;
		out->len = len;
		return;
	case TABLE_BYTES:
		if (len > row->max)
			enc_fail(e, "at most %d bytes", (int)row->max);
		out->p = s;
		out->len = len;
		return;
	case TABLE_KEY:
		out->len = TEXT_KEY_BYTES;
		if (!text_key_parse(out->room, s, len))
			enc_fail(e, "32 bytes in base64 expected");
		return;
	case TABLE_SOCKADDR:
		out->len = text_sockaddr_parse(out->room, s, len);
		if (out->len == 0)
			enc_fail(e, "ADDRESS:PORT or [ADDRESS]:PORT expected, got '%s'", s);
		return;
	case TABLE_MAC:
		out->len = text_hex_parse(out->room, s, len, ':');
		if (out->len == 0 || out->len > MAC_BYTES_MAX || (row->max > 0 && out->len != row->max))
			enc_fail(e, "link-layer address expected, got '%s'", s);
		return;
	default: /* TABLE_HEX */
		out->len = text_hex_parse(out->room, s, len, '\0');
		if (out->len == 0 || (row->max > 0 && out->len > row->max))
			enc_fail(e, "hexadecimal bytes expected, got '%s'", s);
	}
}

/* One field of nf_tables' data, as text, into out; n bytes are left there. */
static size_t data_field(struct enc *e, uint8_t *out, size_t n)
{
	uint8_t bytes[TEXT_BYTES_MAX];
	size_t len, got;
	const char *s = enc_text(e, &len);

	got = text_data_parse(bytes, s, len);
	if (got == 0)
		enc_fail(e, "an address, hexadecimal bytes or a name in double quotes expected, got '%s'", s);
	if (got > n)
		enc_fail(e, "at most %d bytes", TEXT_BYTES_MAX);
	memcpy(out, bytes, got);
	return got;
}

/* Data is text, or a concatenation: a list, each field of which begins at a register of 4 bytes. */
static size_t enc_data(struct enc *e, uint8_t *out)
{
	lua_State *L = e->L;
	lua_Integer n;
	size_t len = 0;

	if (!lua_istable(L, -1))
		return data_field(e, out, TEXT_BYTES_MAX);
	n = (lua_Integer)lua_rawlen(L, -1);
	if (n == 0)
		enc_fail(e, "list of fields expected");
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, -1, i);
		size_t got = data_field(e, out + len, TEXT_BYTES_MAX - len), whole = (got + 3) & ~(size_t)3;

		memset(out + len + got, 0, whole - got);
		len += whole;
		lua_pop(L, 1);
	}
	return len;
}

int enc_scalar(struct enc *e, const struct table_row *row, struct enc_bytes *out)
{
	uint64_t value, mask;
	uint16_t family;
	size_t len;
	const char *s;
	int err;

	out->p = out->room;
	switch (row->type) {
	case TABLE_STRING:
	case TABLE_IFNAME:
	case TABLE_MAC:
	case TABLE_HEX:
	case TABLE_BYTES:
	case TABLE_KEY:
	case TABLE_SOCKADDR:
		scalar_text(e, row, out);
		return 0;
	case TABLE_ANYIP:
		s = enc_text(e, &len);
		out->len = text_ip_size(enc_ip(e, s, len, out->room, AF_UNSPEC));
		return 0;
	case TABLE_DATA:
		out->len = enc_data(e, out->room);
		return 0;
	case TABLE_IP:
		s = enc_text(e, &len);
		family = (uint16_t)enc_ip(e, s, len, out->room, AF_UNSPEC);
		enc_family(e, family);
		out->len = text_ip_size(family);
		return 0;
	case TABLE_IP4:
	case TABLE_IP6:
		s = enc_text(e, &len);
		out->len = text_ip_size(enc_ip(e, s, len, out->room, row->type == TABLE_IP4 ? AF_INET : AF_INET6));
		return 0;
	case TABLE_PREFIX:
		out->len = enc_prefix(e, row, out->room);
		return 0;
	case TABLE_VIA:
		s = enc_text(e, &len);
		family = (uint16_t)enc_ip(e, s, len, out->room + sizeof(family), AF_UNSPEC);
		memcpy(out->room, &family, sizeof(family));
		out->len = sizeof(family) + text_ip_size(family);
		return 0;
	default:
		err = enc_number(e, row, &value, &mask);
		out->len = enc_pack(row, value, out->room);
		if (row->type == TABLE_MASKED)
			out->len += enc_pack(row, mask, out->room + out->len);
		return err;
	}
}
