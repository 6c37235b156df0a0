/* SPDX-License-Identifier: MIT */
/* Errors as Lua sees them: a table with the metatable "zlnet.error" (design: kind, errno, code, op, message, attr,
 * link). */
#ifndef ZLNET_BIND_ERROR_H
#define ZLNET_BIND_ERROR_H

#include "kernel/error.h"

#include <lua.h>

#define ERROR_TYPE "zlnet.error"

/* Make the metatable; leaves the stack as it was. */
void bind_error_open(lua_State *L);

/* Push the error table alone. May raise for memory only. */
void bind_error_push(lua_State *L, const struct error *e);

/* Push nil, err; returns 2, the number of results. */
int bind_error_return(lua_State *L, const struct error *e);

/* core.error{…}: the same from Lua: gives the table its metatable, fills errno and code from each other. */
int bind_error_new(lua_State *L);

#endif
