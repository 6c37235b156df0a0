/* SPDX-License-Identifier: MIT */
/* core.netns and the namespace handle: Lua's side of netns.h. */
#ifndef ZLNET_BIND_NETNS_H
#define ZLNET_BIND_NETNS_H

#include <lua.h>

struct error;

#define NAMESPACE_TYPE "zlnet.netns"

/* Make the metatable and push the table of functions. */
int bind_netns_open(lua_State *L);

/* The descriptor of the open namespace handle at arg, which keeps it; raises for anything else. */
const int *bind_netns_check(lua_State *L, int arg);

/* Raise unless the value at arg can be a target (design section 1). Nothing is opened. */
void bind_netns_check_target(lua_State *L, int arg);

/* Open the target at arg, which was checked: a new descriptor that the caller owns, or -errno with e filled.
 * nil is the calling thread's namespace. Never raises. */
int bind_netns_target(lua_State *L, int arg, struct error *e);

/* Close what *fd holds; idempotent. */
void bind_netns_close(int *fd);

/* Push a namespace handle that is closed; the caller stores a descriptor in *fd at once. May raise (memory). */
int *bind_netns_push(lua_State *L);

#endif
