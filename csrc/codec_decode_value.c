/* SPDX-License-Identifier: MIT */
/* The bytes of one attribute or field to one Lua value. */
#include "codec_decode.h"

#include "codec_text.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>
#include <sys/socket.h>

static bool number_load(const struct spec_row *row, const uint8_t *p, size_t len, lua_Integer *out)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (row->type) {
	case SPEC_U8:
	case SPEC_BOOL:
		if (len < 1)
			return false;
		*out = *p;
		return true;
	case SPEC_U16:
	case SPEC_BE16:
		if (len < sizeof(u16))
			return false;
		memcpy(&u16, p, sizeof(u16));
		*out = row->type == SPEC_BE16 ? ntohs(u16) : u16;
		return true;
	case SPEC_U64:
	case SPEC_BE64:
		if (len >= sizeof(u64)) {
			memcpy(&u64, p, sizeof(u64));
			*out = (lua_Integer)(row->type == SPEC_BE64 ? be64toh(u64) : u64);
			return true;
		}
		/* the kernel shortens some which fit */
		/* fall through */
	default:
		if (len < sizeof(u32))
			return false;
		memcpy(&u32, p, sizeof(u32));
		if (row->type == SPEC_BE32)
			u32 = ntohl(u32);
		*out = row->type == SPEC_S32 ? (lua_Integer)(int32_t)u32 : (lua_Integer)u32;
		return true;
	}
}

static void dec_bits(lua_State *L, const struct spec_names *names, uint32_t word)
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

bool dec_number(lua_State *L, const struct spec_row *row, const uint8_t *p, size_t len)
{
	const struct spec_names *names = row->names;
	lua_Integer value;

	if (!number_load(row, p, len, &value))
		return false;
	if (row->type == SPEC_BOOL) {
		lua_pushboolean(L, value != 0);
		return true;
	}
	if (names && names->bits) {
		dec_bits(L, names, (uint32_t)value);
		return true;
	}
	for (unsigned i = 0; names && i < names->n; i++)
		if (names->v[i].value == (uint32_t)value) {
			lua_pushstring(L, names->v[i].name);
			return true;
		}
	lua_pushinteger(L, value);
	return true;
}

static bool dec_ip(lua_State *L, int family, const uint8_t *p, size_t len)
{
	char text[TEXT_MAX];

	if (len < text_ip_size(family) || !text_ip(text, family, p))
		return false;
	lua_pushstring(L, text);
	return true;
}

bool dec_text(lua_State *L, const struct spec_row *row, const uint8_t *p, size_t len)
{
	char text[TEXT_MAX];
	uint16_t family;

	switch (row->type) {
	case SPEC_STRING:
	case SPEC_IFNAME:
		lua_pushlstring(L, (const char *)p, strnlen((const char *)p, len));
		return true;
	case SPEC_MAC:
	case SPEC_HEX:
		if (len == 0 || len > TEXT_BYTES_MAX) /* links without an address have one of no bytes */
			return false;
		lua_pushlstring(L, text, text_hex(text, p, len, row->type == SPEC_MAC ? ':' : '\0'));
		return true;
	case SPEC_IP4:
		return dec_ip(L, AF_INET, p, len);
	case SPEC_IP6:
		return dec_ip(L, AF_INET6, p, len);
	case SPEC_VIA:
		if (len < sizeof(family))
			return false;
		memcpy(&family, p, sizeof(family));
		return dec_ip(L, family, p + sizeof(family), len - sizeof(family));
	default: /* of the family which the length says, for the bridge's entries carry either */
		return dec_ip(L, len >= 16 ? AF_INET6 : AF_INET, p, len);
	}
}
