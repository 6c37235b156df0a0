/* SPDX-License-Identifier: MIT */
/* One request through a handle, and what comes back. */
#ifndef ZLNET_BIND_REQUEST_H
#define ZLNET_BIND_REQUEST_H

#include "bind/handle.h"
#include "codec/codec.h"

#include <lua.h>

/* handle:OP(…), a closure over its struct handle_op. */
int handle_request(lua_State *L);

/* handle:picture(getOPs, filter, keys) -> bytes | nil, err: what the dump has, as one string that is the same as long
 * as nothing of these keys changes. To see whether anything has is a good deal cheaper than to look at all of it. */
int handle_picture(lua_State *L);

/* The keys that the caller wants of each object, behind the operation's other arguments; NULL: all of them. Raises for
 * what is no key. */
const struct codec_keys *request_keys(lua_State *L, const struct handle_op *op, struct codec_keys *keys);

#endif
