/* SPDX-License-Identifier: MIT */
/* core.monitor: a socket that hears what the kernel announces, and one to ask what is there. What to make of both is
 * zlnet/monitor.lua's part. */
#ifndef ZLNET_BIND_MONITOR_H
#define ZLNET_BIND_MONITOR_H

#include <lua.h>

#define MONITOR_TYPE "zlnet.core.monitor"

/* Make the metatable; leaves the stack as it was. */
void bind_monitor_open(lua_State *L);

/* core.monitor(target, groups [, options]) -> monitor | nil, err */
int bind_monitor_new(lua_State *L);

#endif
