/* SPDX-License-Identifier: MIT */
/* FNV-1a with 64 bits, then MurmurHash3's 64-bit finalizer. */
#include "bind/hash.h"

#include <lauxlib.h>
#include <stdint.h>

int hash_of(lua_State *L)
{
	size_t len;
	const char *p = luaL_checklstring(L, 1, &len);
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)p[i]) * UINT64_C(0x100000001b3);
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	lua_pushinteger(L, (lua_Integer)(h ^ h >> 33));
	return 1;
}
