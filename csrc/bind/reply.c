/* SPDX-License-Identifier: MIT */
#include "bind/reply.h"

#include <lauxlib.h>
#include <string.h>

#define HOLD_LEAST 65536 /* bytes of a reply for which it is worth while */

struct reading {
	reply_reader *read;
	const void *ctx;
	struct netlink_reply reply;
};

static int reading_call(lua_State *L)
{
	const struct reading *r = lua_touserdata(L, 1);

	lua_settop(L, 0);
	r->read(L, &r->reply, r->ctx);
	return lua_gettop(L);
}

/* While a small heap gets a large result, the collector would go through what is there of it again and again, and find
 * all of it in use: so it is held. Not where the heap is larger already, for starting the collector again begins a
 * round through all of it, and where results are all that is made nothing else would make it run. */
static bool hold(lua_State *L, size_t len)
{
	bool large = len >= HOLD_LEAST && (size_t)lua_gc(L, LUA_GCCOUNT) < 2 * len / 1024;

	if (!large || lua_gc(L, LUA_GCISRUNNING) != 1)
		return false;
	lua_gc(L, LUA_GCSTOP);
	return true;
}

int reply_read(lua_State *L, struct netlink_reply *owner, reply_reader *read, const void *ctx)
{
	struct reading r = {.read = read, .ctx = ctx, .reply = *owner};
	int top = lua_gettop(L), status;

	luaL_checkstack(L, 2, NULL);
	memset(owner, 0, sizeof *owner);
	bool held = hold(L, r.reply.len);
	lua_pushcfunction(L, reading_call);
	lua_pushlightuserdata(L, &r);
	status = lua_pcall(L, 1, LUA_MULTRET, 0);
	if (held)
		lua_gc(L, LUA_GCRESTART);
	netlink_reply_free(owner); /* a finalizer's */
	*owner = r.reply;
	netlink_reply_shrink(owner);
	return status == LUA_OK ? lua_gettop(L) - top : -1;
}
