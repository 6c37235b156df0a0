/* SPDX-License-Identifier: MIT */
/* The job: a batch that is being done on a thread of its own. Lua's side of task.h. */
#ifndef ZLNET_BIND_JOB_H
#define ZLNET_BIND_JOB_H

#include <lua.h>

#define JOB_TYPE "zlnet.job"

/* Make the metatable; leaves the stack as it was. */
void bind_job_open(lua_State *L);

/* handle:submit(batch [, options]) -> job | nil, err */
int bind_job_new(lua_State *L);

#endif
