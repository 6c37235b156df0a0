/* SPDX-License-Identifier: MIT */
/* The batch: operations queued for one datagram, with one result each. */
#ifndef ZLNET_BIND_BATCH_H
#define ZLNET_BIND_BATCH_H

#include "bind/handle.h"

#include <lua.h>

#define BATCH_TYPE "zlnet.batch"

/* Make the metatable; leaves the stack as it was. */
void batch_open(lua_State *L);

/* handle:batch() -> batch */
int batch_new(lua_State *L);

/* What is queued. The handle is the batch's first user value, so it outlives the batch. */
struct batch {
	struct queue queue;
};

/* Read the options of send and submit at arg: the pace, and whether objects are wanted. */
bool batch_options(lua_State *L, int arg, const struct handle *h, struct queue_pace *pace);

/* What became of a queue. */
struct sent {
	const struct queue *queue;
	struct handle *handle;     /* to ask for created links that were not echoed; or NULL */
	const struct error *error; /* what ended the sending; or NULL */
	bool objects;              /* or true instead */
};

/* Pushes, as reply_read, the results and the number of the first failed operation, if any; or nil and the error, which
 * has the results of what was answered before under "results". The queue's owner must not get at it meanwhile. */
int batch_read(lua_State *L, struct netlink_reply *owner, const struct sent *s);

#endif
