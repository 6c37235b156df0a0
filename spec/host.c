/* SPDX-License-Identifier: MIT */
/* A Lua interpreter for `make asan`: lua SCRIPT [ARGUMENTS…], linked with the sanitizers' runtime. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

static int with_traceback(lua_State *L)
{
	luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
	return 1;
}

static int run(lua_State *L)
{
	int argc = (int)lua_tointeger(L, 1);
	char **argv = lua_touserdata(L, 2);

	luaL_openlibs(L);
	lua_createtable(L, argc, 1);
	for (int i = 0; i < argc; i++) {
		lua_pushstring(L, argv[i]);
		lua_rawseti(L, -2, i - 1); /* the script is arg[0] */
	}
	lua_setglobal(L, "arg");
	if (luaL_loadfile(L, argv[1]) != LUA_OK)
		return lua_error(L);
	luaL_checkstack(L, argc, NULL);
	for (int i = 2; i < argc; i++)
		lua_pushstring(L, argv[i]);
	lua_call(L, argc - 2, 0);
	return 0;
}

int main(int argc, char **argv)
{
	lua_State *L = luaL_newstate();
	int status;

	if (!L || argc < 2) {
		fprintf(stderr, "usage: %s SCRIPT [ARGUMENTS]\n", argv[0]);
		return 2;
	}
	lua_pushcfunction(L, with_traceback);
	lua_pushcfunction(L, run);
	lua_pushinteger(L, argc);
	lua_pushlightuserdata(L, argv);
	status = lua_pcall(L, 2, 0, 1);
	if (status != LUA_OK)
		fprintf(stderr, "%s\n", lua_tostring(L, -1));
	lua_close(L);
	return status == LUA_OK ? 0 : 1;
}
