/* SPDX-License-Identifier: MIT */
/* A reply while it becomes Lua values. */
#ifndef ZLNET_BIND_REPLY_H
#define ZLNET_BIND_REPLY_H

#include "kernel/netlink.h"

#include <lua.h>

/* Makes values of r: pushes them. May raise. */
typedef void reply_reader(lua_State *L, const struct netlink_reply *r, const void *ctx);

/* Pushes what read pushes and returns how many values that is, or -1 with what read raised on top: the caller lets go
 * of what it holds, and raises that. The reply's memory is given back beyond a small working size. Any value made may
 * be the moment for a finalizer of the program's own, which may use the reply's owner, or close it: so *owner is empty
 * meanwhile. The owner has to be on the stack. */
int reply_read(lua_State *L, struct netlink_reply *owner, reply_reader *read, const void *ctx);

#endif
