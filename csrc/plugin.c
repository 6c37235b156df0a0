/* SPDX-License-Identifier: MIT */
/* A script with all that it requires as a program of its own. It is started anew for each container: the interpreter's
 * libraries and the search for modules would take longer than what it does itself, and it depends on no variable of the
 * environment. */
#include "child.h"
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

/* What was done already, for the script: a table with text, and with path and child where a program was started. */
static void push_ahead(lua_State *L, struct plugin_ahead *a)
{
	lua_createtable(L, 0, 3);
	lua_pushlstring(L, a->text, a->length);
	lua_setfield(L, -2, "text");
	if (!a->started)
		return;
	lua_pushstring(L, a->path);
	lua_setfield(L, -2, "path");
	child_take(L, &a->child);
	lua_setfield(L, -2, "child");
}

static int run(lua_State *L)
{
	struct plugin_ahead *a = lua_touserdata(L, 1);
	const struct plugin_chunk *c = plugin_chunks;

	luaL_openlibs(L);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
	for (; c->name; c++) {
		lua_pushlightuserdata(L, (void *)c);
		lua_pushcclosure(L, load_module, 1);
		lua_setfield(L, -2, c->name);
	}
	luaL_requiref(L, "zlnet.core", luaopen_zlnet_core, 0);
	if (luaL_loadbufferx(L, (const char *)c->code, c->size, "=plugin", "b") != LUA_OK)
		return lua_error(L);
	push_ahead(L, a);
	lua_call(L, 1, 0);
	return 0;
}

int main(void)
{
	static struct plugin_ahead ahead = {.child = SPAWN_NONE};

	plugin_ipam_start(&ahead);
	lua_State *L = luaL_newstate();
	if (!L)
		return EXIT_FAILURE;
	lua_gc(L, LUA_GCSTOP); /* it lives for some milliseconds */
	lua_pushcfunction(L, run);
	lua_pushlightuserdata(L, &ahead);
	if (lua_pcall(L, 1, 0, 0) == LUA_OK)
		return EXIT_SUCCESS;
	const char *message = luaL_tolstring(L, -1, NULL);
	lua_writestringerror("%s\n", message);
	return EXIT_FAILURE;
}
