/* SPDX-License-Identifier: MIT */
/* The handle of nf_tables and connection tracking, a NETLINK_NETFILTER socket in one namespace, and its transactions.
 */
#ifndef ZLNET_BIND_NFT_H
#define ZLNET_BIND_NFT_H

#include "bind/handle.h"

#include <lua.h>

#define NFT_TYPE "zlnet.nft"

/* Make the metatables; leaves the stack as it was. */
void nft_open(lua_State *L);

/* core.nft(target [, here]) -> handle | nil, err */
int nft_new(lua_State *L);

/* The open handle at arg; raises for anything else. */
struct handle *nft_check(lua_State *L, int arg);

/* The table at arg 2 as a request, in buf of CODEC_MAX bytes, aligned. Raises for what is no such table. */
struct nlmsghdr *nft_encode(lua_State *L, const struct handle_op *op, uint16_t flags, void *buf);

/* Add n methods to the table on top, each a closure of f over its op. */
void nft_set_ops(lua_State *L, const struct handle_op *ops, size_t n, lua_CFunction f);

/* nft:batch() -> batch */
int nft_batch_new(lua_State *L);

/* Make the metatable of batches; leaves the stack as it was. */
void nft_batch_open(lua_State *L);

#endif
