/* SPDX-License-Identifier: MIT */
#include "bind/address.h"
#include "codec/text.h"

#include <lauxlib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Decimal digits without a leading zero, at most `most`; -1 when they are none. */
static int parse_length(const char *s, size_t len, int most)
{
	int n = 0;

	if (len == 0 || len > 3 || (len > 1 && s[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		n = n * 10 + (s[i] - '0');
	}
	return n <= most ? n : -1;
}

static void clear_host_bits(uint8_t *address, size_t size, int length)
{
	for (size_t i = 0; i < size; i++) {
		int bits = length - (int)i * 8;

		if (bits < 8)
			address[i] &= (uint8_t)(bits <= 0 ? 0 : 0xff << (8 - bits));
	}
}

int address_network(lua_State *L)
{
	size_t len;
	const char *s = luaL_checklstring(L, 1, &len);
	const char *slash = memchr(s, '/', len);
	size_t head = slash ? (size_t)(slash - s) : len;
	uint8_t address[16];
	char text[TEXT_MAX + 8];
	int family = text_ip_parse(address, s, head);
	size_t size = text_ip_size(family);
	int length = slash ? parse_length(slash + 1, len - head - 1, (int)size * 8) : (int)size * 8;

	if (family == 0 || length < 0)
		return 0;
	clear_host_bits(address, size, length);
	text_ip(text, family, address);
	size_t n = strlen(text);
	snprintf(text + n, sizeof text - n, "/%d", length);
	lua_pushstring(L, text);
	lua_pushstring(L, family == AF_INET ? "inet" : "inet6");
	return 2;
}

int address_text(lua_State *L)
{
	size_t len;
	const char *bytes = luaL_checklstring(L, 1, &len);
	char text[TEXT_MAX];

	if (!text_ip(text, len == 4 ? AF_INET : len == 16 ? AF_INET6 : AF_UNSPEC, bytes))
		return 0;
	lua_pushstring(L, text);
	return 1;
}
