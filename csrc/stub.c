/* SPDX-License-Identifier: MIT */
/* zlnet.core where the platform is not Linux: just enough that the fourteen functions can say so. Standard C only. */
#include "bind/hash.h"
#include "version.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#define ERROR_TYPE "zlnet.error"

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* core.error{…}: the table becomes an error. */
static int bind_error_new(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	luaL_setmetatable(L, ERROR_TYPE);
	return 1;
}

static int bind_error_tostring(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_getfield(L, 1, "kind");
	lua_getfield(L, 1, "message");
	const char *kind = lua_tostring(L, -2), *message = lua_tostring(L, -1);
	const char *prefix = kind && !strcmp(kind, "io") ? "io error" : "netlink operation failed";

	lua_pushfstring(L, "%s: %s", prefix, message ? message : "unknown error");
	return 1;
}

static int bind_error_concat(lua_State *L)
{
	luaL_tolstring(L, 1, NULL);
	luaL_tolstring(L, 2, NULL);
	lua_concat(L, 2);
	return 1;
}

EXPORT int luaopen_zlnet_core(lua_State *L);

int luaopen_zlnet_core(lua_State *L)
{
	static const luaL_Reg meta[] = {
		{"__tostring", bind_error_tostring}, {"__concat", bind_error_concat}, {NULL, NULL}};
	static const luaL_Reg functions[] = {{"error", bind_error_new}, {"hash", hash_of}, {NULL, NULL}};

	luaL_newmetatable(L, ERROR_TYPE);
	luaL_setfuncs(L, meta, 0);
	lua_pop(L, 1);
	luaL_newlib(L, functions);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "supported");
	lua_pushliteral(L, ZLNET_VERSION);
	lua_setfield(L, -2, "version");
	return 1;
}
