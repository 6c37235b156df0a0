/* SPDX-License-Identifier: MIT */
/* For specs, what a host program may do to its process: fork() -> 0 in the child, its pid in the parent; the child is
 * in a pid namespace of its own. wait() waits for its end. powerless(): the calling thread gives up every capability.
 */
#include <lauxlib.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int fork_apart(lua_State *L)
{
	if (unshare(CLONE_NEWPID) < 0)
		return luaL_error(L, "unshare");
	lua_pushinteger(L, fork());
	return 1;
}

static int wait_for_child(lua_State *L)
{
	return wait(NULL) < 0 ? luaL_error(L, "wait") : 0;
}

static int powerless(lua_State *L)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capset, &h, none) < 0)
		return luaL_error(L, "capset");
	return 0;
}

int luaopen_process(lua_State *L);
int luaopen_process(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"fork", fork_apart}, {"wait", wait_for_child}, {"powerless", powerless}, {NULL, NULL}};

	luaL_newlib(L, functions);
	return 1;
}
