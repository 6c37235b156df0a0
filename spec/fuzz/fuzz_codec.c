/* SPDX-License-Identifier: MIT */
/* Every message of the input decoded into a Lua table, and that encoded again: a request, or an error which names a key. */
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!L)
		L = luaL_newstate();
	messages_each(data, size, one);
	return 0;
}
