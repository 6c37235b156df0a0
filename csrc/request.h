/* SPDX-License-Identifier: MIT */
/* One request through a handle, and what comes back. */
#ifndef ZLNET_REQUEST_H
#define ZLNET_REQUEST_H

#include <lua.h>

/* handle:OP(…), a closure over its struct handle_op. */
int handle_request(lua_State *L);

#endif
