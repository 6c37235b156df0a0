/* SPDX-License-Identifier: MIT */
/* The two ends of encoding: bytes into the message, never more than it holds, and the error which says where it went wrong. */
#include "codec/encode.h"

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

struct nlattr *enc_nest(struct enc *e, uint16_t type)
{
	struct nlattr *nest = enc_reserve(e, MNL_ATTR_HDRLEN);

	nest->nla_type = type | NLA_F_NESTED;
	return nest; /* its length comes with mnl_attr_nest_end */
}
