/* SPDX-License-Identifier: MIT */
#include "bind/maker.h"
#include "bind/error.h"
#include "bind/handle.h"
#include "bind/netns.h"
#include "kernel/maker.h"
#include "kernel/process.h"

#include <lauxlib.h>
#include <poll.h>

#define MAKER_TYPE "zlnet.maker"

struct bind_maker {
	struct maker *maker; /* NULL: closed */
	uint64_t generation; /* of the process that made it */
};

static struct maker *check_open(lua_State *L, int arg)
{
	struct bind_maker *m = luaL_checkudata(L, arg, MAKER_TYPE);

	if (!m->maker)
		luaL_argerror(L, arg, "closed maker");
	handle_check_generation(L, arg, m->generation, "maker");
	return m->maker;
}

int bind_maker_new(lua_State *L)
{
	size_t len;
	const char *name = luaL_checklstring(L, 1, &len);
	struct error e;

	luaL_argcheck(L, netns_name_ok(name, len), 1, "not a namespace name");
	struct bind_maker *m = lua_newuserdatauv(L, sizeof *m, 0);
	*m = (struct bind_maker){.generation = process_generation()};
	luaL_setmetatable(L, MAKER_TYPE);
	m->maker = maker_start(name, &e);
	return m->maker ? 1 : bind_error_return(L, &e);
}

static int m_done(lua_State *L)
{
	struct pollfd p = {.fd = check_open(L, 1)->done, .events = POLLIN};

	lua_pushboolean(L, poll(&p, 1, 0) == 1);
	return 1;
}

/* maker:result() -> the namespace's handle | nil, err. Waits; once only. */
static int m_result(lua_State *L)
{
	struct maker *m = check_open(L, 1);
	int *fd = bind_netns_push(L);
	struct error e;

	*fd = maker_end(m, &e);
	return *fd < 0 ? bind_error_return(L, &e) : 1;
}

static int m_pollfd(lua_State *L)
{
	lua_pushinteger(L, check_open(L, 1)->done);
	return 1;
}

static int m_events(lua_State *L)
{
	check_open(L, 1);
	lua_pushliteral(L, "r");
	return 1;
}

static int m_timeout(lua_State *L)
{
	check_open(L, 1);
	lua_pushnil(L);
	return 1;
}

static int m_close(lua_State *L)
{
	struct bind_maker *m = luaL_checkudata(L, 1, MAKER_TYPE);

	if (m->maker && m->generation != process_generation())
		maker_forget(m->maker);
	maker_free(m->maker);
	m->maker = NULL;
	return 0;
}

void bind_maker_open(lua_State *L)
{
	static const luaL_Reg methods[] = {{"done", m_done},     {"result", m_result},   {"pollfd", m_pollfd},
	                                   {"events", m_events}, {"timeout", m_timeout}, {"close", m_close},
	                                   {NULL, NULL}};
	static const luaL_Reg meta[] = {{"__gc", m_close}, {"__close", m_close}, {NULL, NULL}};

	luaL_newmetatable(L, MAKER_TYPE);
	luaL_setfuncs(L, meta, 0);
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
