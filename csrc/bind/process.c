/* SPDX-License-Identifier: MIT */
#include "bind/process.h"
#include "bind/error.h"
#include "bind/handle.h"
#include "bind/netns.h"
#include "kernel/netns.h"
#include "kernel/netns_users.h"
#include "kernel/process.h"

#include <errno.h>
#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

#define OCCUPANTS_TYPE "zlnet.occupants"

struct process {
	int pidfd;
	pid_t pid;
};

lua_Integer bind_process_check_pid(lua_State *L, int arg)
{
	lua_Integer pid = luaL_checkinteger(L, arg);

	if (pid < 1 || pid > PROCESS_PID_MAX)
		luaL_argerror(L, arg, "pid is out of range (1 to 4194304)");
	return pid;
}

static struct process *check_open(lua_State *L, int arg)
{
	struct process *p = luaL_checkudata(L, arg, PROCESS_TYPE);

	if (p->pidfd < 0)
		luaL_argerror(L, arg, "closed process handle");
	return p;
}

int bind_process_new(lua_State *L)
{
	struct error e;
	lua_Integer pid = bind_process_check_pid(L, 1);
	struct process *p = lua_newuserdatauv(L, sizeof *p, 0);

	p->pidfd = -1;
	p->pid = (pid_t)pid;
	luaL_setmetatable(L, PROCESS_TYPE);
	p->pidfd = process_pidfd(p->pid, &e);
	return p->pidfd < 0 ? bind_error_return(L, &e) : 1;
}

static int p_alive(lua_State *L)
{
	lua_pushboolean(L, process_check_alive(check_open(L, 1)->pidfd) != -ESRCH);
	return 1;
}

static int p_pid(lua_State *L)
{
	lua_pushinteger(L, check_open(L, 1)->pid);
	return 1;
}

/* p:number() -> the number it has for good | nil */
static int p_number(lua_State *L)
{
	uint64_t n = process_number(check_open(L, 1)->pidfd);

	if (n == 0 || n > LUA_MAXINTEGER)
		return 0;
	lua_pushinteger(L, (lua_Integer)n);
	return 1;
}

/* Read, then see that the process is still the same: then the file was its own. */
static int p_starttime(lua_State *L)
{
	const struct process *p = check_open(L, 1);
	uint64_t ticks;
	struct error e;
	int rc = process_starttime(p->pid, &ticks, &e);

	int alive = process_check_alive(p->pidfd);
	if (alive < 0)
		rc = error_io(&e, -alive, "starttime", "pid %d", (int)p->pid);
	if (rc < 0)
		return bind_error_return(L, &e);
	lua_pushinteger(L, (lua_Integer)ticks);
	return 1;
}

static int p_netns(lua_State *L)
{
	const struct process *p = check_open(L, 1);
	struct error e;
	int *fd = bind_netns_push(L);

	*fd = netns_open_process(p->pid, p->pidfd, &e);
	return *fd < 0 ? bind_error_return(L, &e) : 1;
}

/* p:left(ns) -> nil while the process lives in the namespace, else "ended" or "moved"; nil, too, when that cannot be
 * told. Takes no memory where it is nil. */
static int p_left(lua_State *L)
{
	const struct process *p = check_open(L, 1);
	struct netns_id then, now;
	struct error e;

	if (netns_identify(*bind_netns_check(L, 2), &then, &e) < 0)
		return 0;
	int fd = netns_open_process(p->pid, p->pidfd, &e);
	int rc = fd < 0 ? fd : netns_identify(fd, &now, &e);
	if (fd >= 0)
		close(fd);
	if (process_check_alive(p->pidfd) == -ESRCH)
		lua_pushliteral(L, "ended");
	else if (rc == 0 && (then.ino != now.ino || then.dev != now.dev))
		lua_pushliteral(L, "moved");
	else
		return 0;
	return 1;
}

static int p_pollfd(lua_State *L)
{
	lua_pushinteger(L, check_open(L, 1)->pidfd);
	return 1;
}

static int p_events(lua_State *L)
{
	lua_pushliteral(L, "r");
	return 1;
}

static int p_timeout(lua_State *L)
{
	lua_pushnil(L);
	return 1;
}

static int p_close(lua_State *L)
{
	struct process *p = luaL_checkudata(L, 1, PROCESS_TYPE);

	if (p->pidfd >= 0)
		close(p->pidfd);
	p->pidfd = -1;
	return 0;
}

static int netns_users_gc(lua_State *L)
{
	netns_users_free(lua_touserdata(L, 1));
	return 0;
}

int bind_process_netns_users(lua_State *L)
{
	static const char *const which[] = {"descriptors", NULL};
	static const char *const keys[] = {
		[NETNS_USER_LIVES] = "lives", [NETNS_USER_OPENS] = "opens", [NETNS_USER_UNSEEN] = "unseen"};
	struct error e;
	struct handle *h = handle_check(L, 1);
	bool descriptors = !lua_isnoneornil(L, 2) && luaL_checkoption(L, 2, NULL, which) == 0;
	struct netns_users *list = lua_newuserdatauv(L, sizeof *list, 0);

	memset(list, 0, sizeof *list);
	luaL_setmetatable(L, OCCUPANTS_TYPE);
	if (netns_users_find(&h->sock, descriptors, list, &e) < 0)
		return bind_error_return(L, &e);
	lua_createtable(L, 0, 4);
	int found = lua_gettop(L);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_setfield(L, found, keys[i]);
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct netns_user *o = &list->v[i];
		int to = found + 1 + (int)o->how;
		lua_pushinteger(L, o->pid);
		lua_rawseti(L, to, o->how == NETNS_USER_UNSEEN ? (lua_Integer)lua_rawlen(L, to) + 1 : o->nsid);
	}
	lua_pushboolean(L, list->all);
	lua_setfield(L, found, "all");
	netns_users_free(list);
	lua_settop(L, found);
	return 1;
}

void bind_process_open(lua_State *L)
{
	static const luaL_Reg methods[] = {{"alive", p_alive},         {"pid", p_pid},       {"number", p_number},
	                                   {"starttime", p_starttime}, {"netns", p_netns},   {"left", p_left},
	                                   {"pollfd", p_pollfd},       {"events", p_events}, {"timeout", p_timeout},
	                                   {"close", p_close},         {NULL, NULL}};

	luaL_newmetatable(L, OCCUPANTS_TYPE);
	lua_pushcfunction(L, netns_users_gc);
	lua_setfield(L, -2, "__gc");
	lua_pop(L, 1);
	luaL_newmetatable(L, PROCESS_TYPE);
	lua_pushcfunction(L, p_close);
	lua_setfield(L, -2, "__gc");
	lua_pushcfunction(L, p_close);
	lua_setfield(L, -2, "__close");
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
