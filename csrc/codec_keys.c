/* SPDX-License-Identifier: MIT */
/* Which keys of a message a caller wants. */
#include "codec.h"

#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

const struct codec_keys *codec_keys_dump(const struct spec_msg *spec, const struct nlmsghdr *nlh)
{
	static const struct codec_keys link = {.attr = {~(UINT64_C(1) << IFLA_AF_SPEC), UINT64_MAX},
	                                       .field = UINT32_MAX};
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	/* the bridge's vlans are af_spec, too, and asked for by the family */
	return spec == &spec_link && nlh->nlmsg_len > MNL_NLMSG_HDRLEN && ifi->ifi_family == AF_UNSPEC ? &link : NULL;
}

/* Most keys differ in their first letter, which spares most calls of strcmp. */
static inline bool key_is(const char *a, const char *b)
{
	return a[0] == b[0] && strcmp(a, b) == 0;
}

bool codec_keys_add(struct codec_keys *keys, const struct spec_set *set, const char *key)
{
	bool found = false;

	for (unsigned i = 0; i < set->nfield; i++)
		if (key_is(set->field[i].key, key)) {
			keys->field |= UINT32_C(1) << i;
			found = true;
		}
	for (unsigned i = 0; i < set->nattr; i++)
		if (set->attr[i].type != SPEC_NONE && key_is(set->attr[i].key, key)) {
			keys->attr[i / 64] |= UINT64_C(1) << i % 64;
			found = true;
		}
	return found;
}

void codec_keys(lua_State *L, int idx, const struct spec_msg *spec, struct codec_keys *out)
{
	int arg = lua_absindex(L, idx);
	lua_Integer n;

	luaL_checktype(L, arg, LUA_TTABLE);
	memset(out, 0, sizeof(*out));
	n = (lua_Integer)lua_rawlen(L, arg);
	for (lua_Integer i = 1; i <= n; i++) {
		if (lua_rawgeti(L, arg, i) != LUA_TSTRING)
			luaL_argerror(L, arg, "list of keys expected");
		if (key_is(lua_tostring(L, -1), "unknown"))
			out->unknown = true;
		else if (!codec_keys_add(out, spec->set, lua_tostring(L, -1)))
			luaL_argerror(L, arg, lua_pushfstring(L, "unknown key '%s'", lua_tostring(L, -1)));
		lua_pop(L, 1);
	}
}
