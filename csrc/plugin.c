/* SPDX-License-Identifier: MIT */
/* A script with all that it requires as a program of its own. It is started anew for each container: the interpreter's
 * libraries and the search for modules would take longer than what it does itself, and it depends on no variable of the
 * environment. */
#include "plugin.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

int luaopen_zlnet_core(lua_State *L); /* core.c */

static int load_module(lua_State *L)
{
	const struct plugin_chunk *c = lua_touserdata(L, lua_upvalueindex(1));

	if (luaL_loadbufferx(L, (const char *)c->code, c->size, c->name, "b") != LUA_OK)
		return lua_error(L);
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

static int run(lua_State *L)
{
	const struct plugin_chunk *c = plugin_chunks;

	luaL_openlibs(L);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
	lua_pushcfunction(L, luaopen_zlnet_core);
	lua_setfield(L, -2, "zlnet.core");
	for (; c->name; c++) {
		lua_pushlightuserdata(L, (void *)c);
		lua_pushcclosure(L, load_module, 1);
		lua_setfield(L, -2, c->name);
	}
	if (luaL_loadbufferx(L, (const char *)c->code, c->size, "=plugin", "b") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	return 0;
}

int main(void)
{
	lua_State *L = luaL_newstate();

	if (!L)
		return EXIT_FAILURE;
	lua_gc(L, LUA_GCSTOP); /* it lives for some milliseconds */
	lua_pushcfunction(L, run);
	if (lua_pcall(L, 0, 0, 0) == LUA_OK)
		return EXIT_SUCCESS;
	const char *message = luaL_tolstring(L, -1, NULL);
	lua_writestringerror("%s\n", message);
	return EXIT_FAILURE;
}
