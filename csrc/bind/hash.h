/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_BIND_HASH_H
#define ZLNET_BIND_HASH_H

#include <lua.h>

/* core.hash(text) -> integer: the stable 64-bit hash, see lua/zlnet/record/names.lua. Standard C, for every platform.
 */
int hash_of(lua_State *L);

#endif
