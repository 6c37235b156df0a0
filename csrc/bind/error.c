/* SPDX-License-Identifier: MIT */
#include "bind/error.h"

#include <lauxlib.h>
#include <string.h>

static void set_string(lua_State *L, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	lua_pushstring(L, value);
	lua_setfield(L, -2, key);
}

void bind_error_push(lua_State *L, const struct error *e)
{
	lua_createtable(L, 0, 7);
	set_string(L, "kind", e->kind);
	lua_pushinteger(L, e->err);
	lua_setfield(L, -2, "errno");
	set_string(L, "code", error_code(e->err));
	set_string(L, "op", e->op);
	set_string(L, "message", e->message);
	set_string(L, "attr", e->attr);
	set_string(L, "link", e->link);
	luaL_setmetatable(L, ERROR_TYPE);
}

int bind_error_return(lua_State *L, const struct error *e)
{
	lua_pushnil(L);
	bind_error_push(L, e);
	return 2;
}

int bind_error_new(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	if (lua_getfield(L, 1, "code") == LUA_TSTRING && lua_getfield(L, 1, "errno") == LUA_TNIL) {
		int err = error_number(lua_tostring(L, 2));
		if (err) {
			lua_pushinteger(L, err);
			lua_setfield(L, 1, "errno");
		}
	}
	lua_settop(L, 1);
	if (lua_getfield(L, 1, "code") == LUA_TNIL && lua_getfield(L, 1, "errno") == LUA_TNUMBER) {
		lua_pushvalue(L, 1);
		set_string(L, "code", error_code((int)lua_tointeger(L, 3)));
	}
	lua_settop(L, 1);
	luaL_setmetatable(L, ERROR_TYPE);
	return 1;
}

/* The field as a string, or NULL. Leaves one value on the stack, which keeps the string alive. */
static const char *field(lua_State *L, const char *key)
{
	lua_getfield(L, 1, key);
	return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* Begins as the messages of the origin do, the Rust module that zlnet replaces; people read the rest, programs branch
 * on kind and code. */
static int bind_error_tostring(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	const char *kind = field(L, "kind"), *op = field(L, "op"), *message = field(L, "message");
	const char *attr = field(L, "attr"), *code = field(L, "code"), *step = field(L, "step");
	const char *name = field(L, "link");
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	if (kind && !strcmp(kind, "not_found") && name) {
		luaL_addstring(&b, "link '");
		luaL_addstring(&b, name);
		luaL_addstring(&b, "' not found in current netns");
	} else {
		luaL_addstring(&b, kind && !strcmp(kind, "io") ? "io error: " : "netlink operation failed: ");
		if (op && kind && strcmp(kind, "io")) {
			luaL_addstring(&b, op);
			luaL_addstring(&b, ": ");
		}
		luaL_addstring(&b, message ? message : "unknown error");
		if (attr) {
			luaL_addstring(&b, " (at ");
			luaL_addstring(&b, attr);
			luaL_addchar(&b, ')');
		}
		if (code) {
			luaL_addstring(&b, " [");
			luaL_addstring(&b, code);
			luaL_addchar(&b, ']');
		}
	}
	if (step) {
		luaL_addstring(&b, ", step: ");
		luaL_addstring(&b, step);
	}
	luaL_pushresult(&b);
	return 1;
}

static int bind_error_concat(lua_State *L)
{
	luaL_tolstring(L, 1, NULL);
	luaL_tolstring(L, 2, NULL);
	lua_concat(L, 2);
	return 1;
}

void bind_error_open(lua_State *L)
{
	static const luaL_Reg meta[] = {
		{"__tostring", bind_error_tostring}, {"__concat", bind_error_concat}, {NULL, NULL}};

	luaL_newmetatable(L, ERROR_TYPE);
	luaL_setfuncs(L, meta, 0);
	lua_pop(L, 1);
}
