/* SPDX-License-Identifier: MIT */
/* Every message of the input decoded into a Lua table, and that encoded again: a request, or an error which names a key.
 * Then some of its keys, from the message and from what is kept of it for them: the same number of them. */
#include "../../csrc/codec.h"
#include "messages.h"

#include <lauxlib.h>

static lua_State *L;

static int encode(lua_State *state)
{
	static _Alignas(8) char buf[CODEC_MAX];
	const struct spec_msg *spec = lua_touserdata(state, 1);
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	const char *failed;

	h->nlmsg_type = spec->new_type;
	codec_encode(state, 2, spec, h, sizeof buf, NULL, NULL, &failed);
	if (h->nlmsg_len > sizeof buf)
		abort();
	codec_decode(state, spec, h);
	return 0;
}

static int count(const struct spec_msg *spec, const struct nlmsghdr *h, const struct codec_keys *only)
{
	int n = 0;

	codec_decode_some(L, spec, h, only, false);
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
		n++;
	lua_pop(L, 1);
	return n;
}

static void trim(const struct spec_msg *spec, struct nlmsghdr *h)
{
	struct codec_keys only = {.field = UINT32_MAX};
	int n;

	for (unsigned i = 0; i < spec->set->nattr; i++)
		if (spec_attr(spec->set, i) && (h->nlmsg_seq >> i % 32 & 1))
			codec_keys_add(&only, spec->set, spec->set->attr[i].key, strlen(spec->set->attr[i].key));
	n = count(spec, h, &only);
	if (codec_trim(h, h, spec, &only) != h->nlmsg_len || count(spec, h, &only) != n)
		abort();
}

static void one(const struct spec_msg *spec, struct nlmsghdr *h)
{
	lua_settop(L, 0);
	codec_decode(L, spec, h);
	if (lua_gettop(L) != 1 || !lua_istable(L, 1))
		abort();
	lua_pushcfunction(L, encode);
	lua_pushlightuserdata(L, (void *)(uintptr_t)spec);
	lua_rotate(L, 1, 2); /* encode, spec, table */
	if (lua_pcall(L, 2, 0, 0) != LUA_OK && !lua_isstring(L, -1))
		abort();
	lua_settop(L, 0);
	trim(spec, h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!L)
		L = luaL_newstate();
	messages_each(data, size, one);
	return 0;
}
