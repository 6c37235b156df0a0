/* SPDX-License-Identifier: MIT */
/* The batch: operations queued for one datagram, with one result each. */
#ifndef ZLNET_BATCH_H
#define ZLNET_BATCH_H

#include <lua.h>

#define BATCH_TYPE "zlnet.batch"

/* Make the metatable; leaves the stack as it was. */
void batch_open(lua_State *L);

/* handle:batch() -> batch */
int batch_new(lua_State *L);

#endif
