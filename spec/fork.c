/* SPDX-License-Identifier: MIT */
/* fork() for specs: fork() -> 0 in the child, its pid in the parent. The child is in a pid namespace of its own. */
#include <lauxlib.h>
#include <sched.h>
#include <unistd.h>

static int fork_apart(lua_State *L)
{
	if (unshare(CLONE_NEWPID) < 0)
		return luaL_error(L, "unshare");
	lua_pushinteger(L, fork());
	return 1;
}

int luaopen_fork(lua_State *L);
int luaopen_fork(lua_State *L)
{
	lua_pushcfunction(L, fork_apart);
	return 1;
}
