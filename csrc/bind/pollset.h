/* SPDX-License-Identifier: MIT */
/* core.pollset: Lua's side of epoll.h. */
#ifndef ZLNET_BIND_POLLSET_H
#define ZLNET_BIND_POLLSET_H

#include <lua.h>

#define POLLSET_TYPE "zlnet.pollset"

/* Make the metatable; leaves the stack as it was. */
void bind_pollset_open(lua_State *L);

/* core.pollset() -> pollset | nil, err */
int bind_pollset_new(lua_State *L);

#endif
