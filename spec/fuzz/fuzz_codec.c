/* SPDX-License-Identifier: MIT */
/* Every message of the input decoded into a Lua table, and that encoded again: a request, or an error which names a
 * key. Then some of its keys, from the message and from what is kept of it for them: the same number of them. */
#include "../../csrc/codec/codec.h"
#include "messages.h"

#include <lauxlib.h>

static lua_State *L;

static int encode(lua_State *state)
{
	static _Alignas(8) char buf[CODEC_MAX];
	const struct table_msg *table = lua_touserdata(state, 1);
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	const char *failed;

	h->nlmsg_type = table->new_type;
	codec_encode(state, 2, table, h, sizeof buf, NULL, NULL, &failed);
	if (h->nlmsg_len > sizeof buf)
		abort();
	codec_decode(state, table, h);
	return 0;
}

static int count(const struct table_msg *table, const struct nlmsghdr *h, const struct codec_keys *only)
{
	int n = 0;

	codec_decode_some(L, table, h, only);
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
		n++;
	lua_pop(L, 1);
	return n;
}

static void trim(const struct table_msg *table, struct nlmsghdr *h)
{
	struct codec_keys only = {.field = UINT32_MAX};
	int n;

	for (unsigned i = 0; i < table->set->nattr; i++)
		if (table_attr(table->set, i) && (h->nlmsg_seq >> i % 32 & 1))
			codec_keys_add(&only, table->set, table->set->attr[i].key, strlen(table->set->attr[i].key));
	n = count(table, h, &only);
	if (codec_trim(h, h, table, &only) != h->nlmsg_len || count(table, h, &only) != n)
		abort();
}

static void one(const struct table_msg *table, struct nlmsghdr *h)
{
	lua_settop(L, 0);
	codec_decode(L, table, h);
	if (lua_gettop(L) != 1 || !lua_istable(L, 1))
		abort();
	lua_pushcfunction(L, encode);
	lua_pushlightuserdata(L, (void *)(uintptr_t)table);
	lua_rotate(L, 1, 2); /* encode, table, table */
	if (lua_pcall(L, 2, 0, 0) != LUA_OK && !lua_isstring(L, -1))
		abort();
	lua_settop(L, 0);
	trim(table, h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!L)
		L = luaL_newstate();
	messages_each(data, size, one);
	return 0;
}
