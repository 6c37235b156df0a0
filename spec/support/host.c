/* SPDX-License-Identifier: MIT */
/* A Lua interpreter for `make asan` and `make tsan`: lua [-e CODE]… [SCRIPT [ARGUMENTS…]], linked with the sanitizers'
 * runtime. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#ifdef __SANITIZE_THREAD__
#include <pthread.h>

static void *nothing(void *arg)
{
	return arg;
}

/* ThreadSanitizer starts a thread of its own with the first that there is: now, before specs count them. */
__attribute__((constructor)) static void start_sanitizer(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, nothing, NULL) == 0)
		pthread_join(thread, NULL);
}
#endif

static int with_traceback(lua_State *L)
{
	luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
	return 1;
}

static int run(lua_State *L)
{
	int argc = (int)lua_tointeger(L, 1);
	char **argv = lua_touserdata(L, 2);
	int script = 1;

	luaL_openlibs(L);
	while (script + 1 < argc && strcmp(argv[script], "-e") == 0)
		script += 2;
	lua_createtable(L, argc, script);
	for (int i = 0; i < argc; i++) {
		lua_pushstring(L, argv[i]);
		lua_rawseti(L, -2, i - script); /* the script is arg[0] */
	}
	lua_setglobal(L, "arg");
	for (int i = 2; i < script; i += 2) {
		if (luaL_loadstring(L, argv[i]) != LUA_OK)
			return lua_error(L);
		lua_call(L, 0, 0);
	}
	if (script == argc)
		return 0;
	if (luaL_loadfile(L, argv[script]) != LUA_OK)
		return lua_error(L);
	luaL_checkstack(L, argc, NULL);
	for (int i = script + 1; i < argc; i++)
		lua_pushstring(L, argv[i]);
	lua_call(L, argc - script - 1, 0);
	return 0;
}

int main(int argc, char **argv)
{
	lua_State *L = luaL_newstate();
	int status;

	if (!L || argc < 2) {
		fprintf(stderr, "usage: %s [-e CODE] [SCRIPT [ARGUMENTS]]\n", argv[0]);
		return 2;
	}
	lua_pushcfunction(L, with_traceback);
	lua_pushcfunction(L, run);
	lua_pushinteger(L, argc);
	lua_pushlightuserdata(L, argv);
	status = lua_pcall(L, 2, 0, 1);
	if (status != LUA_OK)
		fprintf(stderr, "%s\n", lua_tostring(L, -1));
	lua_close(L);
	return status == LUA_OK ? 0 : 1;
}
