/* SPDX-License-Identifier: MIT */
/* Errors as Lua sees them: a table with the metatable "zlnet.error" (design: kind, errno, code, op, message, attr, link). */
#ifndef ZLNET_ERROR_H
#define ZLNET_ERROR_H

#include "zerr.h"

#include <lua.h>

#define ERROR_TYPE "zlnet.error"

/* Make the metatable; leaves the stack as it was. */
void error_open(lua_State *L);

/* Push the error table alone. May raise for memory only. */
void error_push(lua_State *L, const struct zerr *e);

/* Push nil, err; returns 2, the number of results. */
int error_return(lua_State *L, const struct zerr *e);

/* core.error{…}: the same from Lua: gives the table its metatable, fills errno and code from each other. */
int error_new(lua_State *L);

#endif
