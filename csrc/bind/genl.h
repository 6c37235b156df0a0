/* SPDX-License-Identifier: MIT */
/* A family of generic netlink, spoken to through a socket in one namespace. */
#ifndef ZLNET_BIND_GENL_H
#define ZLNET_BIND_GENL_H

#include <lua.h>

#define GENL_TYPE "zlnet.genl"

/* Make the metatable; leaves the stack as it was. */
void genl_open(lua_State *L);

/* core.genl(target, family [, here]) -> object | nil, err */
int genl_new(lua_State *L);

#endif
