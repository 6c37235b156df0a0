/* SPDX-License-Identifier: MIT */
/* The maker: a named namespace under way. Lua's side of kernel/maker.h. */
#ifndef ZLNET_BIND_MAKER_H
#define ZLNET_BIND_MAKER_H

#include <lua.h>

/* Make the metatable; leaves the stack as it was. */
void bind_maker_open(lua_State *L);

/* core.make_netns(name) -> maker | nil, err: netns.create on a thread. A pollable. */
int bind_maker_new(lua_State *L);

#endif
