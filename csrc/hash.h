/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_HASH_H
#define ZLNET_HASH_H

#include <lua.h>

/* core.hash(text) -> integer: the stable 64-bit hash, see lua/zlnet/owner.lua. Standard C, for every platform. */
int hash_of(lua_State *L);

#endif
