/* SPDX-License-Identifier: MIT */
/* The bytes of one attribute or field to one Lua value. */
#include "codec/decode.h"

#include "codec/text.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>
#include <sys/socket.h>

static void push_bits(lua_State *L, const struct table_names *names, uint32_t word)
{
	lua_createtable(L, 0, __builtin_popcount(word));
	for (unsigned i = 0; i < names->n && word != 0; i++) {
		if (!(word & names->v[i].value))
			continue;
		word &= ~names->v[i].value;
		lua_pushboolean(L, 1);
		lua_setfield(L, -2, names->v[i].name);
	}
	if (word != 0) {
		lua_pushinteger(L, (lua_Integer)word);
		lua_setfield(L, -2, "unknown");
	}
}

/* Names are of 32 bits at most. */
static void push_named(lua_State *L, const struct table_names *names, uint32_t value)
{
	if (names->bits) {
		push_bits(L, names, value);
		return;
	}
	for (unsigned i = 0; i < names->n; i++)
		if (names->v[i].value == value) {
			lua_pushstring(L, names->v[i].name);
			return;
		}
	lua_pushinteger(L, value);
}

static inline bool push_number(lua_State *L, const struct table_row *row, lua_Integer value)
{
	if (row->names)
		push_named(L, row->names, (uint32_t)value);
	else
		lua_pushinteger(L, value);
	return true;
}

static inline bool push_u16(lua_State *L, const struct table_row *row, const uint8_t *p, size_t len)
{
	uint16_t u16;

	if (len < sizeof(u16))
		return false;
	memcpy(&u16, p, sizeof(u16));
	return push_number(L, row, row->type == TABLE_BE16 ? ntohs(u16) : u16);
}

static inline bool push_u32(lua_State *L, const struct table_row *row, const uint8_t *p, size_t len)
{
	uint32_t u32;

	if (len < sizeof(u32))
		return false;
	memcpy(&u32, p, sizeof(u32));
	if (row->type == TABLE_BE32 || row->type == TABLE_BES32)
		u32 = ntohl(u32);
	return push_number(L, row,
	                   row->type == TABLE_S32 || row->type == TABLE_BES32 ? (lua_Integer)(int32_t)u32
	                                                                      : (lua_Integer)u32);
}

static inline bool push_u64(lua_State *L, const struct table_row *row, const uint8_t *p, size_t len)
{
	uint64_t u64;

	if (len < sizeof(u64))
		return push_u32(L, row, p, len); /* the kernel shortens some which fit */
	memcpy(&u64, p, sizeof(u64));
	return push_number(L, row, (lua_Integer)(row->type == TABLE_BE64 ? be64toh(u64) : u64));
}

static bool push_ip(lua_State *L, int family, const uint8_t *p, size_t len)
{
	char text[TEXT_MAX];

	if (len < text_ip_size(family) || !text_ip(text, family, p))
		return false;
	lua_pushstring(L, text);
	return true;
}

static bool push_bytes(lua_State *L, const struct table_row *row, const uint8_t *p, size_t len)
{
	char text[TEXT_MAX];

	if (len == 0 || len > TEXT_BYTES_MAX) /* links without an address have one of no bytes */
		return false;
	lua_pushlstring(L, text, text_hex(text, p, len, row->type == TABLE_MAC ? ':' : '\0'));
	return true;
}

static bool push_key(lua_State *L, const uint8_t *p, size_t len)
{
	char text[TEXT_MAX];

	if (len < TEXT_KEY_BYTES)
		return false;
	lua_pushlstring(L, text, text_key(text, p));
	return true;
}

static bool push_sockaddr(lua_State *L, const uint8_t *p, size_t len)
{
	char text[TEXT_MAX];

	if (!text_sockaddr(text, p, len))
		return false;
	lua_pushstring(L, text);
	return true;
}

static bool push_via(lua_State *L, const uint8_t *p, size_t len)
{
	uint16_t family;

	if (len < sizeof(family))
		return false;
	memcpy(&family, p, sizeof(family));
	return push_ip(L, family, p + sizeof(family), len - sizeof(family));
}

bool dec_number(lua_State *L, const struct table_row *row, const uint8_t *p, size_t len)
{
	switch (row->type) {
	case TABLE_U8:
		return len >= 1 && push_number(L, row, *p);
	case TABLE_BOOL:
		if (len >= 1)
			lua_pushboolean(L, *p != 0);
		return len >= 1;
	case TABLE_U16:
	case TABLE_BE16:
		return push_u16(L, row, p, len);
	case TABLE_U64:
	case TABLE_BE64:
		return push_u64(L, row, p, len);
	default:
		return push_u32(L, row, p, len);
	}
}

bool dec_text(lua_State *L, const struct table_row *row, const uint8_t *p, size_t len)
{
	switch (row->type) {
	case TABLE_STRING:
	case TABLE_IFNAME:
		lua_pushlstring(L, (const char *)p, strnlen((const char *)p, len));
		return true;
	case TABLE_BYTES:
		lua_pushlstring(L, (const char *)p, len);
		return true;
	case TABLE_KEY:
		return push_key(L, p, len);
	case TABLE_SOCKADDR:
		return push_sockaddr(L, p, len);
	case TABLE_MAC:
	case TABLE_HEX:
	case TABLE_DATA:
		return push_bytes(L, row, p, len);
	case TABLE_IP4:
		return push_ip(L, AF_INET, p, len);
	case TABLE_IP6:
		return push_ip(L, AF_INET6, p, len);
	case TABLE_VIA:
		return push_via(L, p, len);
	default: /* of the family which the length says, for the bridge's entries carry either */
		return push_ip(L, len >= 16 ? AF_INET6 : AF_INET, p, len);
	}
}
