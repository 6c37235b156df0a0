/* SPDX-License-Identifier: MIT */
/* The two ends of encoding: bytes into the message, never more than it holds, and the error which says where it went
 * wrong. */
#include "codec/encode.h"

#include "codec/text.h"

#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <stdarg.h>
#include <string.h>

_Noreturn void enc_fail(struct enc *e, const char *format, ...)
{
	lua_State *L = e->L;
	va_list args;
	int n = 0;

	luaL_checkstack(L, 4 * ENC_DEPTH, NULL);
	for (int i = 0; i < e->depth; i++) {
		lua_pushfstring(L, "%s%s", i > 0 ? "." : "", e->path[i].key);
		n++;
		if (e->path[i].index > 0) {
			lua_pushfstring(L, "[%I]", (LUAI_UACINT)e->path[i].index);
			n++;
		}
	}
	if (n > 0) {
		lua_pushliteral(L, ": ");
		n++;
	}
	va_start(args, format);
	lua_pushvfstring(L, format, args);
	va_end(args);
	lua_concat(L, n + 1);
	luaL_argerror(L, e->arg, lua_tostring(L, -1));
	__builtin_unreachable();
}

void *enc_reserve(struct enc *e, size_t n)
{
	uint8_t *at = (uint8_t *)e->nlh + e->nlh->nlmsg_len;
	size_t aligned = MNL_ALIGN(n);

	if (e->nlh->nlmsg_len + aligned > e->cap)
		enc_fail(e, "request too long");
	memset(at, 0, aligned);
	e->nlh->nlmsg_len += (uint32_t)aligned;
	return at;
}

/* libmnl's own puts are not for us: up to 1.0.4 they leave the padding as it was, which is to say anything. */
void enc_put(struct enc *e, uint16_t type, const void *p, size_t len)
{
	struct nlattr *attr = enc_reserve(e, MNL_ATTR_HDRLEN + len);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(MNL_ATTR_HDRLEN + len);
	if (len > 0)
		memcpy(mnl_attr_get_payload(attr), p, len);
}

/* The text at the top of the stack as an attribute. */
static void put_hex(struct enc *e, uint16_t type)
{
	size_t len;
	const char *s = enc_text(e, &len);

	if (len % 2 || len / 2 > UINT16_MAX - MNL_ATTR_HDRLEN)
		enc_fail(e, "hexadecimal bytes expected");
	struct nlattr *attr = enc_reserve(e, MNL_ATTR_HDRLEN + len / 2);
	uint8_t *to = mnl_attr_get_payload(attr);
	attr->nla_type = type;
	attr->nla_len = (uint16_t)(MNL_ATTR_HDRLEN + len / 2);
	for (size_t n; len > 0; len -= 2 * n, s += 2 * n, to += n) {
		n = len / 2 < TEXT_BYTES_MAX ? len / 2 : TEXT_BYTES_MAX;
		if (text_hex_parse(to, s, 2 * n, '\0') != n)
			enc_fail(e, "hexadecimal bytes expected");
	}
}

/* The least key of the table at the top that is above `after`; 65536 where there is none. Raises for what is no type.
 */
static lua_Integer next_type(struct enc *e, lua_Integer after)
{
	lua_State *L = e->L;
	lua_Integer least = UINT16_MAX + 1;

	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		lua_Integer type = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : -1;

		if (type < 0 || type > UINT16_MAX)
			enc_fail(e, "types of attributes expected as keys: integers from 0 to 65535");
		if (type > after && type < least)
			least = type;
	}
	return least;
}

void enc_unknown(struct enc *e)
{
	lua_State *L = e->L;

	luaL_checkstack(L, 8, NULL);
	if (!lua_istable(L, -1))
		enc_fail(e, "table expected, got %s", luaL_typename(L, -1));
	for (lua_Integer type = next_type(e, -1); type <= UINT16_MAX; type = next_type(e, type)) {
		e->path[e->depth - 1].index = type;
		lua_rawgeti(L, -1, type);
		lua_Integer n = lua_istable(L, -1) ? (lua_Integer)lua_rawlen(L, -1) : 0;
		if (!lua_istable(L, -1))
			put_hex(e, (uint16_t)type);
		for (lua_Integer i = 1; i <= n; i++) {
			lua_rawgeti(L, -1, i);
			put_hex(e, (uint16_t)type);
			lua_pop(L, 1);
		}
		lua_pop(L, 1);
	}
}

struct nlattr *enc_nest(struct enc *e, uint16_t type)
{
	struct nlattr *nest = enc_reserve(e, MNL_ATTR_HDRLEN);

	nest->nla_type = type | NLA_F_NESTED;
	return nest; /* its length comes with mnl_attr_nest_end */
}
