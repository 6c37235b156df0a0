/* SPDX-License-Identifier: MIT */
/* luaopen_zlnet_core: the module's table, and the few functions that need no object. */
#include "bind/address.h"
#include "bind/batch.h"
#include "bind/child.h"
#include "bind/error.h"
#include "bind/genl.h"
#include "bind/handle.h"
#include "bind/hash.h"
#include "bind/job.h"
#include "bind/maker.h"
#include "bind/monitor.h"
#include "bind/netns.h"
#include "bind/nft.h"
#include "bind/pollset.h"
#include "bind/process.h"
#include "codec/codec.h"
#include "kernel/netns.h"
#include "kernel/process.h"
#include "version.h"

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define POLL_MAX 1024

static int core_clock(lua_State *L)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9);
	return 1;
}

static int core_random(lua_State *L)
{
	uint32_t r = 0;

	/* a filter of system calls may refuse it; numbers from here only have to differ */
	if (getrandom(&r, sizeof r, 0) != sizeof r) {
		struct timespec t;
		clock_gettime(CLOCK_MONOTONIC, &t);
		r = ((uint32_t)t.tv_nsec ^ (uint32_t)getpid() << 12) * 2654435761U;
	}
	lua_pushinteger(L, r);
	return 1;
}

/* core.terminal(fd) -> its width in columns, nil when it is no terminal. One that does not tell has 80. */
static int core_terminal(lua_State *L)
{
	struct winsize w;

	if (ioctl((int)luaL_checkinteger(L, 1), TIOCGWINSZ, &w) < 0)
		return 0;
	lua_pushinteger(L, w.ws_col ? w.ws_col : 80);
	return 1;
}

/* --- sysctl --- */

/* A path below /proc/sys: what argument.sysctl_key makes of a key. Raises for one that is none or leads elsewhere. */
static const char *check_sysctl_path(lua_State *L, int arg)
{
	size_t len, part;
	const char *path = luaL_checklstring(L, arg, &len);

	luaL_argcheck(L, strlen(path) == len && len <= 255, arg, "a path of at most 255 bytes without NUL expected");
	for (const char *p = path;; p += part + 1) {
		part = strcspn(p, "/");
		luaL_argcheck(L, part > 2 || strncmp(p, "..", part), arg,
		              "a path has no empty part and no '.' or '..'");
		if (!p[part])
			return path;
	}
}

/* core.sysctl_write(key, value [, ns [, here]]): of the calling thread's namespace, or that of the handle ns. */
static int core_sysctl_write(lua_State *L)
{
	size_t len;
	struct error e;
	const char *path = check_sysctl_path(L, 1), *value = luaL_checklstring(L, 2, &len);

	int nsfd = lua_isnoneornil(L, 3) ? -1 : *bind_netns_check(L, 3);
	int home = lua_isnoneornil(L, 4) ? -1 : *bind_netns_check(L, 4);
	if (netns_sysctl_write(nsfd, home, path, value, len, &e) < 0)
		return bind_error_return(L, &e);
	lua_pushboolean(L, 1);
	return 1;
}

/* The value, without the newline at its end. */
static int core_sysctl_read(lua_State *L)
{
	char value[4096];
	struct error e;
	const char *path = check_sysctl_path(L, 1);
	ssize_t n = sysctl_read(path, value, sizeof value, &e);
	if (n < 0)
		return bind_error_return(L, &e);
	if (n > 0 && value[n - 1] == '\n')
		n--;
	lua_pushlstring(L, value, (size_t)n);
	return 1;
}

/* --- poll --- */

static short poll_events(lua_State *L, const char *s)
{
	short ev = 0;

	for (; *s; s++) {
		if (*s != 'r' && *s != 'w' && *s != 'p')
			luaL_error(L, "bad argument #1 to 'poll' (events: a string of 'r', 'w', 'p')");
		ev = (short)(ev | (*s == 'w' ? POLLOUT : *s == 'p' ? POLLPRI : POLLIN));
	}
	return ev;
}

/* core.poll({{fd=, events=}, …}, timeout) -> positions that are ready. An interrupted wait returns none. */
static int core_poll(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_Integer n = luaL_len(L, 1);
	lua_Number seconds = luaL_optnumber(L, 2, -1);
	int ms = seconds < 0 ? -1 : seconds > INT_MAX / 1000 ? INT_MAX : (int)(seconds * 1000 + 0.999);
	struct error e;

	luaL_argcheck(L, n <= INT_MAX / (lua_Integer)sizeof(struct pollfd), 1, "too many descriptors");
	struct pollfd *p = lua_newuserdatauv(L, (size_t)(n ? n : 1) * sizeof *p, 0);
	for (lua_Integer i = 0; i < n; i++) {
		lua_geti(L, 1, i + 1);
		luaL_checktype(L, -1, LUA_TTABLE);
		lua_getfield(L, -1, "fd");
		p[i].fd = (int)luaL_checkinteger(L, -1);
		lua_getfield(L, -2, "events");
		p[i].events = poll_events(L, luaL_optstring(L, -1, "r"));
		p[i].revents = 0;
		lua_pop(L, 3);
	}
	int rc = poll(p, (nfds_t)n, ms);
	if (rc < 0 && errno != EINTR) {
		error_io(&e, errno, "poll", NULL);
		return bind_error_return(L, &e);
	}
	lua_newtable(L);
	for (lua_Integer i = 0, k = 0; rc > 0 && i < n; i++)
		if (p[i].revents) {
			lua_pushinteger(L, i + 1);
			lua_rawseti(L, -2, ++k);
		}
	return 1;
}

/* core.proc_is_ours() -> whether /proc is that of our pid namespace */
static int core_proc_is_ours(lua_State *L)
{
	lua_pushboolean(L, process_proc_is_ours());
	return 1;
}

/* core.proc_view() -> "all" | "partial" | "foreign": how much of our pid namespace /proc shows. */
static int core_proc_view(lua_State *L)
{
	static const char *const names[] = {
		[PROCESS_ALL] = "all", [PROCESS_PARTIAL] = "partial", [PROCESS_FOREIGN] = "foreign"};

	lua_pushstring(L, names[process_view()]);
	return 1;
}

/* core.pidns() -> inode of our pid namespace | nil, err */
static int core_pidns(lua_State *L)
{
	struct error e;
	uint64_t ino;

	if (process_pidns(&ino, &e) < 0)
		return bind_error_return(L, &e);
	lua_pushinteger(L, (lua_Integer)ino);
	return 1;
}

/* Add methods to those of a type: of objects that are made of it, which it does not know. */
static void add_methods(lua_State *L, const char *type, const luaL_Reg *methods)
{
	luaL_getmetatable(L, type);
	lua_getfield(L, -1, "__index");
	luaL_setfuncs(L, methods, 0);
	lua_pop(L, 2);
}

__attribute__((visibility("default"))) int luaopen_zlnet_core(lua_State *L);

int luaopen_zlnet_core(lua_State *L)
{
	static const luaL_Reg functions[] = {{"open", handle_new},
	                                     {"monitor", bind_monitor_new},
	                                     {"genl", genl_new},
	                                     {"nft", nft_new},
	                                     {"process", bind_process_new},
	                                     {"occupants", bind_process_netns_users},
	                                     {"make_netns", bind_maker_new},
	                                     {"spawn", bind_child_new},
	                                     {"begin_program", bind_child_begin_program},
	                                     {"proc_view", core_proc_view},
	                                     {"proc_is_ours", core_proc_is_ours},
	                                     {"pidns", core_pidns},
	                                     {"poll", core_poll},
	                                     {"pollset", bind_pollset_new},
	                                     {"sysctl_read", core_sysctl_read},
	                                     {"sysctl_write", core_sysctl_write},
	                                     {"clock", core_clock},
	                                     {"random", core_random},
	                                     {"hash", hash_of},
	                                     {"network", address_network},
	                                     {"address", address_text},
	                                     {"terminal", core_terminal},
	                                     {"error", bind_error_new},
	                                     {NULL, NULL}};
	static const luaL_Reg handle_methods[] = {{"batch", batch_new}, {"submit", bind_job_new}, {NULL, NULL}};

	bind_error_open(L);
	bind_process_open(L);
	bind_child_open(L);
	handle_open(L);
	batch_open(L);
	bind_job_open(L);
	bind_maker_open(L);
	add_methods(L, HANDLE_TYPE, handle_methods);
	genl_open(L);
	nft_open(L);
	bind_monitor_open(L);
	bind_pollset_open(L);
	luaL_newlib(L, functions);
	bind_netns_open(L);
	lua_setfield(L, -2, "netns");
	codec_lua_open(L);
	lua_setfield(L, -2, "codec");
	lua_pushboolean(L, 1);
	lua_setfield(L, -2, "supported");
	lua_pushliteral(L, ZLNET_VERSION);
	lua_setfield(L, -2, "version");
	return 1;
}
