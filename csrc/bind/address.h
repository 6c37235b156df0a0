/* SPDX-License-Identifier: MIT */
/* Addresses as text and bytes, for lists of thousands; in the same words as the codec's. */
#ifndef ZLNET_BIND_ADDRESS_H
#define ZLNET_BIND_ADDRESS_H

#include <lua.h>

/* core.network("10.1.2.3/24") -> "10.1.2.0/24", "inet"; without a length the address alone | nil: it is no such text */
int address_network(lua_State *L);

/* core.address(bytes) -> the text of 4 or 16 bytes | nil */
int address_text(lua_State *L);

#endif
