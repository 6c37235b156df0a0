/* SPDX-License-Identifier: MIT */
/* A Lua interpreter (host SCRIPT [WORD…]) that lets its script make things fail which hardly ever do. Global `fault`:
 *   fault.allocation(n)           from now on, the n-th allocation of the Lua state fails, also when tried again
 *   fault.malloc(n)               the same for malloc, calloc and realloc, of the core and of the C library for it
 *   fault.refuse(n, errno, all)   the kernel refuses the n-th netlink request with errno; all: and every later one
 *   fault.aside(f)                f(), in which nothing fails and nothing is counted
 *   fault.off() -> count, hit     all is well again; how many there were, and whether one was made to fail
 *   fault.resident() -> bytes of the Lua state */
#include <errno.h>
#include <lauxlib.h>
#include <linux/netlink.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum { NOTHING, ALLOCATION, MALLOC, REFUSE } armed;
static unsigned long at, count;
static bool all, hit;
static int refusal;

static size_t resident;

/* --- the Lua state's allocator --- */

static struct {
	void *p;
	size_t from, to;
	bool set;
} again; /* what Lua will ask for once more after it has collected all garbage */

static bool fails(void *p, size_t from, size_t to)
{
	if (armed != ALLOCATION)
		return false;
	if (again.set && again.p == p && again.from == from && again.to == to) {
		again.set = false;
		return true;
	}
	if (++count != at)
		return false;
	hit = again.set = true;
	again.p = p;
	again.from = from;
	again.to = to;
	return true;
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static void *allocate(void *ud, void *p, size_t from, size_t to)
{
	(void)ud;
	if (!p)
		from = 0;
	if (to == 0) {
		free(p);
		resident -= from;
		return NULL;
	}
	if (to > from && fails(p, from, to))
		return NULL;
	void *q = __libc_realloc(p, to);
	if (q)
		resident += to - from;
	return q;
}

/* --- everybody else's --- */

static bool malloc_fails(void)
{
	if (armed != MALLOC || ++count != at)
		return false;
	hit = true;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return malloc_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return malloc_fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return malloc_fails() ? NULL : __libc_realloc(p, size);
}

/* --- the kernel's refusals --- */

/* A type that rtnetlink does not know: the kernel itself answers, with EOPNOTSUPP, which becomes the errno that was
 * asked for on its way back. So nothing is done, and the answer is as real as can be. */
#define UNKNOWN_TYPE 0x3ff0

static struct {
	int fd;
	uint32_t seq;
} refused[256];
static unsigned n_refused;

static void refuse(int fd, char *buf, size_t len)
{
	struct nlmsghdr *h = (struct nlmsghdr *)buf;

	for (size_t left = len; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (++count != at && !(all && count > at))
			continue;
		hit = true;
		h->nlmsg_type = UNKNOWN_TYPE;
		refused[n_refused % 256].fd = fd;
		refused[n_refused++ % 256].seq = h->nlmsg_seq;
	}
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t tolen)
{
	static _Alignas(8) char copy[131072];

	if (armed == REFUSE && to && to->sa_family == AF_NETLINK && len <= sizeof copy) {
		memcpy(copy, buf, len);
		refuse(fd, copy, len);
		buf = copy;
	}
	return syscall(SYS_sendto, fd, buf, len, flags, to, tolen);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n = syscall(SYS_recvmsg, fd, msg, flags);

	if (n <= 0 || n_refused == 0)
		return n;
	size_t left = (size_t)n;
	for (struct nlmsghdr *h = msg->msg_iov[0].iov_base; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
		for (unsigned i = 0; i < n_refused && i < 256; i++)
			if (h->nlmsg_type == NLMSG_ERROR && refused[i].fd == fd && refused[i].seq == h->nlmsg_seq)
				((struct nlmsgerr *)NLMSG_DATA(h))->error = -refusal;
	return n;
}

/* --- for the script --- */

static void arm(lua_State *L, int what)
{
	at = (unsigned long)luaL_checkinteger(L, 1);
	count = 0;
	hit = all = again.set = false;
	n_refused = 0;
	armed = what;
}

static int fault_allocation(lua_State *L)
{
	arm(L, ALLOCATION);
	return 0;
}

static int fault_malloc(lua_State *L)
{
	arm(L, MALLOC);
	return 0;
}

static int fault_refuse(lua_State *L)
{
	refusal = (int)luaL_checkinteger(L, 2);
	arm(L, REFUSE);
	all = lua_toboolean(L, 3);
	return 0;
}

static int fault_aside(lua_State *L)
{
	int what = armed;

	armed = NOTHING;
	lua_settop(L, 1);
	lua_call(L, 0, 0);
	armed = what;
	return 0;
}

static int fault_off(lua_State *L)
{
	armed = NOTHING;
	n_refused = 0;
	lua_pushinteger(L, (lua_Integer)count);
	lua_pushboolean(L, hit);
	return 2;
}

static int fault_resident(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)resident);
	return 1;
}

static int traceback(lua_State *L)
{
	luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
	return 1;
}

static int run(lua_State *L)
{
	static const luaL_Reg functions[] = {{"allocation", fault_allocation},
	                                     {"malloc", fault_malloc},
	                                     {"refuse", fault_refuse},
	                                     {"aside", fault_aside},
	                                     {"off", fault_off},
	                                     {"resident", fault_resident},
	                                     {NULL, NULL}};
	int argc = (int)lua_tointeger(L, 1);
	char **argv = lua_touserdata(L, 2);

	luaL_openlibs(L);
	luaL_newlib(L, functions);
	lua_setglobal(L, "fault");
	lua_newtable(L);
	for (int i = 0; i < argc; i++) {
		lua_pushstring(L, argv[i]);
		lua_rawseti(L, -2, i - 1); /* the script is arg[0] */
	}
	lua_setglobal(L, "arg");
	if (luaL_loadfile(L, argv[1]) != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	return 0;
}

int main(int argc, char **argv)
{
	lua_State *L = lua_newstate(allocate, NULL);

	if (!L || argc < 2) {
		fprintf(stderr, "usage: %s SCRIPT [WORD…]\n", argv[0]);
		return 2;
	}
	lua_pushcfunction(L, traceback);
	lua_pushcfunction(L, run);
	lua_pushinteger(L, argc);
	lua_pushlightuserdata(L, argv);
	int status = lua_pcall(L, 2, 0, 1);
	if (status != LUA_OK)
		fprintf(stderr, "%s\n", lua_tostring(L, -1));
	lua_close(L);
	return status == LUA_OK ? 0 : 1;
}
