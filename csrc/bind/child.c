/* SPDX-License-Identifier: MIT */
#include "bind/child.h"
#include "bind/error.h"
#include "kernel/child.h"
#include "kernel/netlink.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 1024

/* The string at the top, without NUL in it; borrowed for as long as Lua keeps it. */
static char *check_word(lua_State *L, const char *what)
{
	size_t len;
	const char *s = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;

	if (!s || strlen(s) != len)
		luaL_error(L, "bad argument #1 to 'spawn' (%s: string without NUL expected)", what);
	return (char *)s;
}

/* Push a userdata with the words of the list at index 1, which keeps them alive: the path is the first. */
static char **push_argv(lua_State *L)
{
	lua_Integer n = luaL_len(L, 1);

	luaL_argcheck(L, n >= 1 && n <= WORDS_MAX, 1, "a path and its arguments expected");
	char **argv = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *argv, 0);
	for (lua_Integer i = 0; i < n; i++) {
		lua_geti(L, 1, i + 1);
		argv[i] = check_word(L, "argument");
		lua_pop(L, 1);
	}
	argv[n] = NULL;
	return argv;
}

/* Whether the table at idx has the name that an entry of the environment begins with. */
static bool is_replaced(lua_State *L, int idx, const char *entry)
{
	lua_pushlstring(L, entry, strcspn(entry, "="));
	bool found = lua_rawget(L, idx) != LUA_TNIL;
	lua_pop(L, 1);
	return found;
}

/* Push a userdata with our own environment and what the table at idx (or nil) puts in its place. The new entries are
 * kept alive by a table that is pushed before. */
static char **push_envp(lua_State *L, int idx)
{
	size_t own = 0, n = 0;
	lua_Integer more = 0;
	bool given = !lua_isnil(L, idx);

	if (given)
		luaL_checktype(L, idx, LUA_TTABLE);
	while (environ && environ[own])
		own++;
	lua_newtable(L);
	int kept = lua_gettop(L);
	for (lua_pushnil(L); given && lua_next(L, idx); lua_pop(L, 1)) {
		const char *value = check_word(L, "env");
		lua_pushvalue(L, -2);
		const char *name = check_word(L, "env");
		if (!*name || strchr(name, '='))
			luaL_error(L, "bad argument #1 to 'spawn' (env: '%s' is no name)", name);
		lua_pushfstring(L, "%s=%s", name, value);
		lua_rawseti(L, kept, ++more);
		lua_pop(L, 1);
	}
	if (!given)
		lua_pop(L, 1);
	char **envp = lua_newuserdatauv(L, (own + (size_t)more + 1) * sizeof *envp, 0);
	for (size_t i = 0; i < own; i++)
		if (!given || !is_replaced(L, idx, environ[i]))
			envp[n++] = environ[i];
	for (lua_Integer i = 1; i <= more; i++) {
		lua_rawgeti(L, kept, i);
		envp[n++] = (char *)lua_tostring(L, -1);
		lua_pop(L, 1);
	}
	envp[n] = NULL;
	return envp;
}

static const struct child none = CHILD_NONE;

void bind_child_take(lua_State *L, struct child *s)
{
	struct child *own = lua_newuserdatauv(L, sizeof *own, 0);

	*own = none;
	luaL_setmetatable(L, CHILD_TYPE);
	*own = *s;
	*s = none;
}

int bind_child_begin_program(lua_State *L)
{
	(void)L;
	child_begin_program();
	return 0;
}

int bind_child_new(lua_State *L)
{
	struct error e;
	size_t len = 0;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_getfield(L, 1, "env");
	bool has_text = lua_getfield(L, 1, "stdin") != LUA_TNIL;
	if (has_text && lua_type(L, -1) != LUA_TSTRING)
		luaL_error(L, "bad argument #1 to 'spawn' (stdin: a string expected)");
	const char *text = lua_tolstring(L, 3, &len);
	lua_getfield(L, 1, "pipes");
	bool piped = lua_toboolean(L, -1);
	if (piped && has_text)
		luaL_error(L, "bad argument #1 to 'spawn' (stdin: with pipes it is written later)");
	char **argv = push_argv(L);
	char **envp = push_envp(L, 2);
	struct child *s = lua_newuserdatauv(L, sizeof *s, 0);
	*s = none;
	luaL_setmetatable(L, CHILD_TYPE);
	int rc = piped ? child_pipes(s, &e) : child_files(s, text, len, &e);
	if (!rc)
		rc = child_start(s, argv[0], argv, envp, &e);
	if (rc < 0)
		child_close(s);
	return rc < 0 ? bind_error_return(L, &e) : 1;
}

/* Push what can be read of an output, n bytes: child_size's, or an error's. */
static int push_output(lua_State *L, int fd, ssize_t n, struct error *e)
{
	luaL_Buffer b;

	if (n < 0)
		return (int)n;
	char *buf = luaL_buffinitsize(L, &b, (size_t)n);
	int rc = child_read(fd, buf, (size_t)n, e);
	luaL_pushresultsize(&b, rc < 0 ? 0 : (size_t)n);
	return rc;
}

static int set_output(lua_State *L, const char *key, struct child *s, int fd, struct error *e)
{
	int rc = push_output(L, fd, child_size(s, fd, e), e);

	if (rc >= 0)
		lua_setfield(L, -2, key);
	return rc;
}

/* Of a child with pipes: the standard input, once and all of it. child:write(text) -> true | nil, err. */
static int c_write(lua_State *L)
{
	struct child *s = luaL_checkudata(L, 1, CHILD_TYPE);
	struct error e;
	size_t len;
	const char *text = luaL_checklstring(L, 2, &len);

	luaL_argcheck(L, s->in >= 0, 1, "a child with pipes, not written to yet, expected");
	if (child_write(s, text, len, &e) < 0)
		return bind_error_return(L, &e);
	lua_pushboolean(L, true);
	return 1;
}

static int64_t check_deadline(lua_State *L, int idx)
{
	lua_Number seconds = luaL_checknumber(L, idx);

	luaL_argcheck(L, seconds >= 0 && seconds <= INT_MAX, idx, "seconds are out of range");
	return netlink_now() + (int64_t)(seconds * 1000);
}

/* Of a child with pipes: what it wrote to standard output since, as soon as there is something; "" when it has closed
 * it or ended. child:read(seconds) -> text | nil, err. */
static int c_read(lua_State *L)
{
	struct child *s = luaL_checkudata(L, 1, CHILD_TYPE);
	int64_t deadline = check_deadline(L, 2);
	struct error e;

	luaL_argcheck(L, s->piped && s->out >= 0, 1, "a child with pipes expected, not closed");
	return push_output(L, s->out, child_await(s, deadline, &e), &e) < 0 ? bind_error_return(L, &e) : 1;
}

/* child:wait(seconds) -> {status= or signal=, stdout=, stderr=} | nil, err. Past the seconds it is killed: ETIMEDOUT.
 * With pipes stdout is what was not read before. */
static int c_wait(lua_State *L)
{
	struct child *s = luaL_checkudata(L, 1, CHILD_TYPE);
	int64_t deadline = check_deadline(L, 2);
	struct error e;

	luaL_argcheck(L, s->out >= 0, 1, "closed child");
	if (child_wait(s, deadline, &e) < 0) {
		child_close(s);
		return bind_error_return(L, &e);
	}
	lua_createtable(L, 0, 3);
	lua_pushinteger(L, WIFSIGNALED(s->status) ? WTERMSIG(s->status) : WEXITSTATUS(s->status));
	lua_setfield(L, -2, WIFSIGNALED(s->status) ? "signal" : "status");
	if (set_output(L, "stdout", s, s->out, &e) < 0 || set_output(L, "stderr", s, s->err, &e) < 0)
		return bind_error_return(L, &e);
	return 1;
}

static int c_close(lua_State *L)
{
	child_close(luaL_checkudata(L, 1, CHILD_TYPE));
	return 0;
}

void bind_child_open(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{"write", c_write}, {"read", c_read}, {"wait", c_wait}, {"close", c_close}, {NULL, NULL}};

	luaL_newmetatable(L, CHILD_TYPE);
	lua_pushcfunction(L, c_close);
	lua_setfield(L, -2, "__gc");
	lua_pushcfunction(L, c_close);
	lua_setfield(L, -2, "__close");
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
