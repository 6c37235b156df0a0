/* SPDX-License-Identifier: MIT */
#include "bind/job.h"
#include "bind/batch.h"
#include "bind/error.h"
#include "bind/handle.h"
#include "kernel/job.h"
#include "kernel/process.h"

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <poll.h>

/* User values: the handle; the results, once they were asked for, and what goes with them. */
enum { HANDLE = 1, RESULTS, FAILED, USER_VALUES = FAILED };

struct bind_job {
	struct job *task; /* NULL: closed */
	uint64_t generation;
	bool objects, taken;
};

static struct bind_job *check_open(lua_State *L, int arg)
{
	struct bind_job *j = luaL_checkudata(L, arg, JOB_TYPE);

	if (!j->task)
		luaL_argerror(L, arg, "closed job");
	handle_check_generation(L, arg, j->generation, "job");
	return j;
}

int bind_job_new(lua_State *L)
{
	struct handle *h = handle_check(L, 1);
	struct batch *b = luaL_checkudata(L, 2, BATCH_TYPE);
	struct queue_pace pace;
	struct error e;

	lua_settop(L, 3);
	lua_getiuservalue(L, 2, 1);
	luaL_argcheck(L, lua_rawequal(L, -1, 1), 2, "batch of another handle");
	struct bind_job *j = lua_newuserdatauv(L, sizeof *j, USER_VALUES);
	*j = (struct bind_job){.generation = process_generation()};
	luaL_setmetatable(L, JOB_TYPE);
	lua_pushvalue(L, 1);
	lua_setiuservalue(L, -2, HANDLE);
	j->objects = batch_options(L, 3, h, &pace);
	j->task = job_start(h->sock.fd, &b->queue, &pace, JOB_THREAD, &e);
	return j->task ? 1 : bind_error_return(L, &e);
}

/* Whether the thread is done by the deadline (netlink_now's milliseconds; negative: whenever). 0, 1 or -errno. */
static int wait_done(const struct bind_job *j, int64_t deadline)
{
	struct pollfd p = {.fd = j->task->done, .events = POLLIN};
	int n;

	do {
		int64_t left = deadline < 0 ? -1 : deadline - netlink_now();
		n = poll(&p, 1, deadline < 0 ? -1 : left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n > 0;
}

/* Push what the task came to. The job is closed meanwhile: see reply_read. */
static int push_outcome(lua_State *L, struct bind_job *j)
{
	struct job *t = j->task;

	lua_getiuservalue(L, 1, HANDLE);
	struct handle *h = luaL_checkudata(L, -1, HANDLE_TYPE);
	lua_pop(L, 1);
	job_end(t);
	struct sent sent = {.queue = &t->queue,
	                    .handle = h->sock.fd < 0 ? NULL : h,
	                    .error = t->rc < 0 ? &t->e : NULL,
	                    .objects = j->objects};
	j->task = NULL;
	int n = batch_read(L, &t->reply, &sent);
	j->task = t;
	return n < 0 ? lua_error(L) : n;
}

/* job:result([seconds]): as batch:send, when it is done; nil, err (ETIMEDOUT) when it isn't by then. Again the same. */
static int j_result(lua_State *L)
{
	struct bind_job *j = check_open(L, 1);
	lua_Number seconds = luaL_optnumber(L, 2, -1);
	struct error e;

	luaL_argcheck(L, lua_isnoneornil(L, 2) || (seconds >= 0 && seconds <= INT_MAX), 2, "seconds are out of range");
	lua_settop(L, 1);
	int done = wait_done(j, seconds < 0 ? -1 : netlink_now() + (int64_t)(seconds * 1000));
	if (done <= 0) {
		error_io(&e, done < 0 ? -done : ETIMEDOUT, "poll", "the job is not done");
		return bind_error_return(L, &e);
	}
	if (!j->taken) {
		push_outcome(L, j);
		lua_settop(L, 3);
		lua_pushvalue(L, 2);
		lua_setiuservalue(L, 1, RESULTS);
		lua_pushvalue(L, 3);
		lua_setiuservalue(L, 1, FAILED);
		lua_settop(L, 1);
		j->taken = true;
	}
	lua_getiuservalue(L, 1, RESULTS);
	lua_getiuservalue(L, 1, FAILED);
	return 2;
}

static int j_done(lua_State *L)
{
	lua_pushboolean(L, wait_done(check_open(L, 1), 0) == 1);
	return 1;
}

static int j_pollfd(lua_State *L)
{
	lua_pushinteger(L, check_open(L, 1)->task->done);
	return 1;
}

static int j_events(lua_State *L)
{
	check_open(L, 1);
	lua_pushliteral(L, "r");
	return 1;
}

static int j_timeout(lua_State *L)
{
	check_open(L, 1);
	lua_pushnil(L);
	return 1;
}

/* job:close(): what has not been sent is not sent any more; waits for the operation under way. */
static int j_close(lua_State *L)
{
	struct bind_job *j = luaL_checkudata(L, 1, JOB_TYPE);

	if (j->task && j->generation != process_generation())
		j->task->running = false; /* its thread is the parent's */
	job_free(j->task);
	j->task = NULL;
	return 0;
}

void bind_job_open(lua_State *L)
{
	static const luaL_Reg methods[] = {{"result", j_result},   {"done", j_done},    {"pollfd", j_pollfd},
	                                   {"fd", j_pollfd},       {"getfd", j_pollfd}, {"events", j_events},
	                                   {"timeout", j_timeout}, {"close", j_close},  {NULL, NULL}};

	luaL_newmetatable(L, JOB_TYPE);
	lua_pushcfunction(L, j_close);
	lua_setfield(L, -2, "__gc");
	lua_pushcfunction(L, j_close);
	lua_setfield(L, -2, "__close");
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
