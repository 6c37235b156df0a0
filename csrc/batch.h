/* SPDX-License-Identifier: MIT */
/* The batch: operations queued for one datagram, with one result each. */
#ifndef ZLNET_BATCH_H
#define ZLNET_BATCH_H

#include "handle.h"

#include <lua.h>

#define BATCH_TYPE "zlnet.batch"

/* Make the metatable; leaves the stack as it was. */
void batch_open(lua_State *L);

/* handle:batch() -> batch */
int batch_new(lua_State *L);

/* What is queued. The handle is the batch's first user value, so it outlives the batch. */
struct batch {
	struct nl_queue queue;
};

/* Read the options of send and submit at arg: the pace, and whether objects are wanted. */
bool batch_options(lua_State *L, int arg, const struct handle *h, struct nl_pace *pace);

/* Push the results of a queue that was sent, and the number of the first failed operation: returns 1 or 2. h, to ask for
 * created links that were not echoed, may be NULL; reply may be its own. */
int batch_results(lua_State *L, struct handle *h, const struct nl_queue *q, const struct nl_reply *reply, bool objects);

/* Push nil and the error which ended the sending; it has the results of what was answered before under "results". */
int batch_failure(lua_State *L, const struct nl_queue *q, const struct nl_reply *reply, bool objects,
                  const struct zerr *e);

#endif
