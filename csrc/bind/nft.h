/* SPDX-License-Identifier: MIT */
/* The handle of nf_tables and of connection tracking: a NETLINK_NETFILTER socket in one namespace, and its transactions. */
#ifndef ZLNET_BIND_NFT_H
#define ZLNET_BIND_NFT_H

#include <lua.h>

/* Make the metatables; leaves the stack as it was. */
void nft_open(lua_State *L);

/* core.nft(target [, here]) -> handle | nil, err */
int nft_new(lua_State *L);

#endif
