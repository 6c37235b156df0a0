/* SPDX-License-Identifier: MIT */
#include "bind/pollset.h"
#include "bind/error.h"
#include "kernel/pollset.h"

#include <lauxlib.h>
#include <limits.h>

#define READY_MAX 64

static struct pollset *check_open(lua_State *L, int arg)
{
	struct pollset *p = luaL_checkudata(L, arg, POLLSET_TYPE);

	if (p->fd < 0)
		luaL_argerror(L, arg, "closed pollset");
	return p;
}

int bind_pollset_new(lua_State *L)
{
	struct error e;
	struct pollset *p = lua_newuserdatauv(L, sizeof *p, 0);

	p->fd = p->alarm = -1;
	luaL_setmetatable(L, POLLSET_TYPE);
	return pollset_open(p, &e) < 0 ? bind_error_return(L, &e) : 1;
}

/* Milliseconds, rounded up; -1 for nil. */
static int opt_seconds(lua_State *L, int arg)
{
	lua_Number s = luaL_optnumber(L, arg, -1);

	if (s < 0)
		return lua_isnoneornil(L, arg) ? -1 : 0;
	return s > INT_MAX / 1000 ? INT_MAX : (int)(s * 1000 + 0.999);
}

/* p:add(fd) -> true | nil, err: until p:remove(fd), which goes before the descriptor is closed. */
static int p_add(lua_State *L)
{
	struct pollset *p = check_open(L, 1);
	struct error e;

	if (pollset_add(p, (int)luaL_checkinteger(L, 2), &e) < 0)
		return bind_error_return(L, &e);
	lua_pushboolean(L, 1);
	return 1;
}

static int p_remove(lua_State *L)
{
	pollset_remove(check_open(L, 1), (int)luaL_checkinteger(L, 2));
	return 0;
}

/* p:alarm(seconds): readable by then at the latest; nil: no alarm. */
static int p_alarm(lua_State *L)
{
	pollset_alarm(check_open(L, 1), opt_seconds(L, 2));
	return 0;
}

/* p:wait(seconds) -> those descriptors that are readable (some of them, when they are many) | nil, err */
static int p_wait(lua_State *L)
{
	struct pollset *p = check_open(L, 1);
	int ready[READY_MAX], ms = opt_seconds(L, 2);
	struct error e;

	int n = pollset_ready(p, ready, READY_MAX, ms);
	if (n < 0) {
		error_io(&e, -n, "epoll_wait", NULL);
		return bind_error_return(L, &e);
	}
	lua_createtable(L, n, 0);
	for (int i = 0; i < n; i++) {
		lua_pushinteger(L, ready[i]);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

static int p_pollfd(lua_State *L)
{
	lua_pushinteger(L, check_open(L, 1)->fd);
	return 1;
}

static int p_close(lua_State *L)
{
	pollset_close(luaL_checkudata(L, 1, POLLSET_TYPE));
	return 0;
}

void bind_pollset_open(lua_State *L)
{
	static const luaL_Reg methods[] = {{"add", p_add},   {"remove", p_remove}, {"alarm", p_alarm},
	                                   {"wait", p_wait}, {"pollfd", p_pollfd}, {"close", p_close},
	                                   {NULL, NULL}};

	luaL_newmetatable(L, POLLSET_TYPE);
	lua_pushcfunction(L, p_close);
	lua_setfield(L, -2, "__gc");
	lua_pushcfunction(L, p_close);
	lua_setfield(L, -2, "__close");
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
