/* SPDX-License-Identifier: MIT */
#include "bind/netns.h"
#include "bind/error.h"
#include "bind/process.h"
#include "kernel/lock.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/thread.h"

#include <errno.h>
#include <inttypes.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What others see of a handle is its first member. */
struct netns {
	int fd;
	struct lock lock;
};

int *bind_netns_push(lua_State *L)
{
	struct netns *ns = lua_newuserdatauv(L, sizeof *ns, 0);

	*ns = (struct netns){-1, LOCK_NONE};
	luaL_setmetatable(L, NAMESPACE_TYPE);
	return &ns->fd;
}

const int *bind_netns_check(lua_State *L, int arg)
{
	const int *fd = luaL_checkudata(L, arg, NAMESPACE_TYPE);

	if (*fd < 0)
		luaL_argerror(L, arg, "closed namespace handle");
	return fd;
}

/* --- targets --- */

static void check_string_target(lua_State *L, int arg)
{
	size_t len;
	const char *s = lua_tolstring(L, arg, &len);

	if (strlen(s) != len)
		luaL_argerror(L, arg, "target contains a NUL byte");
	if (!strchr(s, '/') && !netns_name_ok(s, len))
		luaL_argerror(L, arg, "target is not a namespace name (1 to 255 bytes, not '.' or '..')");
}

static void check_table_target(lua_State *L, int arg)
{
	int isint;

	lua_getfield(L, arg, "fd");
	lua_Integer fd = lua_tointegerx(L, -1, &isint);
	if (!isint || fd < 0 || fd > INT32_MAX)
		luaL_argerror(L, arg, "target.fd is not a descriptor");
	lua_pop(L, 1);
	lua_pushnil(L);
	while (lua_next(L, arg)) {
		if (lua_type(L, -2) != LUA_TSTRING || strcmp(lua_tostring(L, -2), "fd"))
			luaL_argerror(L, arg, "a table as target has the one key 'fd'");
		lua_pop(L, 1);
	}
}

void bind_netns_check_target(lua_State *L, int arg)
{
	luaL_Stream *file;

	switch (lua_type(L, arg)) {
	case LUA_TNONE:
	case LUA_TNIL:
		return;
	case LUA_TNUMBER:
		bind_process_check_pid(L, arg);
		return;
	case LUA_TSTRING:
		check_string_target(L, arg);
		return;
	case LUA_TTABLE:
		check_table_target(L, arg);
		return;
	case LUA_TUSERDATA:
		if (luaL_testudata(L, arg, NAMESPACE_TYPE)) {
			bind_netns_check(L, arg);
			return;
		}
		file = luaL_testudata(L, arg, LUA_FILEHANDLE);
		if (file && file->closef)
			return;
		if (file)
			luaL_argerror(L, arg, "target is a closed file");
	}
	luaL_typeerror(L, arg, "target (pid, path, name, namespace handle, {fd=} or open file)");
}

int bind_netns_target(lua_State *L, int arg, struct error *e)
{
	const int *ns;

	switch (lua_type(L, arg)) {
	case LUA_TNUMBER:
		return netns_open_pid((pid_t)lua_tointeger(L, arg), e);
	case LUA_TSTRING:
		if (strchr(lua_tostring(L, arg), '/'))
			return netns_open_path(lua_tostring(L, arg), e);
		return netns_open_name(lua_tostring(L, arg), e);
	case LUA_TTABLE:
		lua_pushliteral(L, "fd");
		lua_rawget(L, arg); /* the check saw it without metamethods' help or raised */
		int fd = (int)lua_tointeger(L, -1);
		lua_pop(L, 1);
		return netns_open_fd(fd, e);
	case LUA_TUSERDATA:
		ns = luaL_testudata(L, arg, NAMESPACE_TYPE);
		if (ns)
			return netns_open_fd(*ns, e);
		return netns_open_fd(fileno(((luaL_Stream *)lua_touserdata(L, arg))->f), e);
	default:
		return netns_open_self(e);
	}
}

/* --- methods --- */

static int ns_open(lua_State *L)
{
	struct error e;

	lua_settop(L, 1);
	bind_netns_check_target(L, 1);
	int *fd = bind_netns_push(L);
	*fd = bind_netns_target(L, 1, &e);
	return *fd < 0 ? bind_error_return(L, &e) : 1;
}

static int ns_new(lua_State *L)
{
	struct error e;
	int *fd = bind_netns_push(L);

	*fd = netns_new(&e);
	return *fd < 0 ? bind_error_return(L, &e) : 1;
}

static const char *check_name(lua_State *L, int arg)
{
	size_t len;
	const char *name = luaL_checklstring(L, arg, &len);

	if (!netns_name_ok(name, len))
		luaL_argerror(L, arg, "not a namespace name (1 to 255 bytes, no '/', no NUL, not '.' or '..')");
	return name;
}

static int ns_create(lua_State *L)
{
	struct error e;
	const char *name = check_name(L, 1);
	int *fd = bind_netns_push(L);
	int rc = netns_create(name, &e);

	if (rc == 0) {
		*fd = netns_open_name(name, &e);
		rc = *fd;
		if (rc < 0) {
			struct error ignored;
			netns_delete(name, &ignored);
		}
	}
	return rc < 0 ? bind_error_return(L, &e) : 1;
}

static int ns_delete(lua_State *L)
{
	struct error e;

	if (netns_delete(check_name(L, 1), &e) < 0)
		return bind_error_return(L, &e);
	lua_pushboolean(L, 1);
	return 1;
}

static int ns_list(lua_State *L)
{
	struct netns_names *names = lua_newuserdatauv(L, sizeof *names, 0);
	struct error e;

	memset(names, 0, sizeof *names);
	luaL_setmetatable(L, "zlnet.netns.names");
	if (netns_list(names, &e) < 0)
		return bind_error_return(L, &e);
	lua_createtable(L, (int)names->n, 0);
	for (size_t i = 0; i < names->n; i++) {
		lua_pushstring(L, names->name[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	netns_names_free(names);
	return 1;
}

static int names_gc(lua_State *L)
{
	netns_names_free(lua_touserdata(L, 1));
	return 0;
}

static int ns_id(lua_State *L)
{
	struct netns_id id;
	struct error e;

	if (netns_identify(*bind_netns_check(L, 1), &id, &e) < 0)
		return bind_error_return(L, &e);
	lua_createtable(L, 0, 2);
	lua_pushinteger(L, (lua_Integer)id.dev);
	lua_setfield(L, -2, "dev");
	lua_pushinteger(L, (lua_Integer)id.ino);
	lua_setfield(L, -2, "ino");
	return 1;
}

/* ns:number() -> the number that it has for good | nil */
static int ns_number(lua_State *L)
{
	struct netns_id id;
	struct error e;

	if (netns_identify(*bind_netns_check(L, 1), &id, &e) < 0 || !id.number || id.number > LUA_MAXINTEGER)
		return 0;
	lua_pushinteger(L, (lua_Integer)id.number);
	return 1;
}

static int ns_eq(lua_State *L)
{
	const int *a = luaL_testudata(L, 1, NAMESPACE_TYPE), *b = luaL_testudata(L, 2, NAMESPACE_TYPE);
	struct netns_id x, y;
	struct error e;

	lua_pushboolean(L, a && b && *a >= 0 && *b >= 0 && netns_identify(*a, &x, &e) == 0 &&
	                           netns_identify(*b, &y, &e) == 0 && x.ino == y.ino && x.dev == y.dev);
	return 1;
}

static int ns_fd(lua_State *L)
{
	lua_pushinteger(L, *bind_netns_check(L, 1));
	return 1;
}

static int ns_tostring(lua_State *L)
{
	const int *fd = luaL_checkudata(L, 1, NAMESPACE_TYPE);
	struct netns_id id;
	struct error e;

	if (*fd < 0 || netns_identify(*fd, &id, &e) < 0)
		lua_pushliteral(L, "netns (closed)");
	else
		lua_pushfstring(L, "netns (%I)", (LUAI_UACINT)id.ino);
	return 1;
}

void bind_netns_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int ns_close(lua_State *L)
{
	struct netns *ns = luaL_checkudata(L, 1, NAMESPACE_TYPE);

	lock_release(&ns->lock);
	bind_netns_close(&ns->fd);
	return 0;
}

/* ns:lock("shared"|"exclusive" [, seconds]): held until the handle is closed. */
static int ns_lock(lua_State *L)
{
	static const char *const modes[] = {"shared", "exclusive", NULL};
	struct netns *ns = (bind_netns_check(L, 1), lua_touserdata(L, 1));
	int exclusive = luaL_checkoption(L, 2, NULL, modes);
	lua_Number seconds = luaL_optnumber(L, 3, 0);
	struct error e;

	luaL_argcheck(L, seconds >= 0 && seconds <= INT_MAX, 3, "seconds are out of range");
	if (lock_take(&ns->lock, ns->fd, exclusive, netlink_now() + (int64_t)(seconds * 1000), &e) < 0)
		return bind_error_return(L, &e);
	lua_pushboolean(L, 1);
	return 1;
}

/* ns:unlock(): gives the lock back, also one that is not held. */
static int ns_unlock(lua_State *L)
{
	bind_netns_check(L, 1);
	lock_release(&((struct netns *)lua_touserdata(L, 1))->lock);
	return 0;
}

/* --- ns:run(f, ...) --- */

struct run {
	lua_State *L;
	int nargs, status;
};

/* On the thread. The caller waits, so the Lua state is ours alone; lua_pcall keeps every raise on this stack. */
static void run_body(void *arg)
{
	struct run *r = arg;

	r->status = lua_pcall(r->L, r->nargs, LUA_MULTRET, 0);
}

/* ns:run(f, ...): f's results; what f raises is raised again here, unchanged. */
static int ns_run(lua_State *L)
{
	int fd = *bind_netns_check(L, 1);
	struct run r = {.L = L, .nargs = lua_gettop(L) - 2};
	struct error e;

	luaL_checktype(L, 2, LUA_TFUNCTION);
	/* our own descriptor is not used after setns, so f may close the handle */
	if (thread_run(fd, run_body, &r, &e) < 0)
		return bind_error_return(L, &e);
	if (r.status != LUA_OK)
		return lua_error(L);
	return lua_gettop(L) - 1;
}

int bind_netns_open(lua_State *L)
{
	static const luaL_Reg methods[] = {{"id", ns_id},       {"number", ns_number}, {"fd", ns_fd},
	                                   {"run", ns_run},     {"lock", ns_lock},     {"unlock", ns_unlock},
	                                   {"close", ns_close}, {NULL, NULL}};
	static const luaL_Reg meta[] = {
		{"__gc", ns_close}, {"__close", ns_close}, {"__eq", ns_eq}, {"__tostring", ns_tostring}, {NULL, NULL}};
	static const luaL_Reg functions[] = {{"open", ns_open},     {"new", ns_new},   {"create", ns_create},
	                                     {"delete", ns_delete}, {"list", ns_list}, {NULL, NULL}};

	luaL_newmetatable(L, "zlnet.netns.names");
	lua_pushcfunction(L, names_gc);
	lua_setfield(L, -2, "__gc");
	lua_pop(L, 1);
	luaL_newmetatable(L, NAMESPACE_TYPE);
	luaL_setfuncs(L, meta, 0);
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
	luaL_newlib(L, functions);
	return 1;
}
