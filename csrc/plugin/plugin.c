/* SPDX-License-Identifier: MIT */
/* A script with all that it requires as a program of its own. It is started anew for each container: the interpreter's
 * libraries and the search for modules would take longer than what it does itself, and it depends on no variable of the
 * environment. */
#include "plugin/plugin.h"
#include "bind/child.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

int luaopen_zlnet_core(lua_State *L); /* core.c */

/* require() of what is in here; there is no other place where a module could come from. */
static int require(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const struct plugin_chunk *c = plugin_chunks;

	lua_settop(L, 1);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	if (lua_getfield(L, 2, name) != LUA_TNIL)
		return 1;
	while (c->name && strcmp(c->name, name))
		c++;
	if (!c->name)
		return luaL_error(L, "module '%s' not found", name);
	if (luaL_loadbufferx(L, (const char *)c->code, c->size, name, "b") != LUA_OK)
		return lua_error(L);
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	lua_pushvalue(L, -1);
	lua_setfield(L, 2, name);
	return 1;
}

static const luaL_Reg libraries[] = {
	{LUA_GNAME, luaopen_base},       {LUA_TABLIBNAME, luaopen_table},  {LUA_IOLIBNAME, luaopen_io},
	{LUA_OSLIBNAME, luaopen_os},     {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},
	{LUA_UTF8LIBNAME, luaopen_utf8},
};

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
	bind_child_take(L, &a->child);
	lua_setfield(L, -2, "child");
}

static int run(lua_State *L)
{
	struct plugin_ahead *a = lua_touserdata(L, 1);
	const struct plugin_chunk *c = plugin_chunks;

	while (c->name)
		c++;
	for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
		luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
	lua_register(L, "require", require);
	luaL_requiref(L, "zlnet.core", luaopen_zlnet_core, 0);
	lua_settop(L, 0);
	if (luaL_loadbufferx(L, (const char *)c->code, c->size, "=plugin", "b") != LUA_OK)
		return lua_error(L);
	push_ahead(L, a);
	lua_call(L, 1, 0);
	return 0;
}

int main(void)
{
	static struct plugin_ahead ahead = {.child = CHILD_NONE};

	child_begin_program();
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
