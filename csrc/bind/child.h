/* SPDX-License-Identifier: MIT */
/* Programs that we started, as Lua sees them: userdata "zlnet.child". */
#ifndef ZLNET_BIND_CHILD_H
#define ZLNET_BIND_CHILD_H

#include <lua.h>

#define CHILD_TYPE "zlnet.child"

/* Make the metatable; leaves the stack as it was. */
void bind_child_open(lua_State *L);

/* core.spawn{path, arguments…, env = {NAME = value}, stdin = text} -> child | nil, err. With pipes = true instead of a
 * text, child:write and child:read are there. */
int bind_child_new(lua_State *L);

/* core.begin_program(): child_begin_program. */
int bind_child_begin_program(lua_State *L);

struct child;

/* Push a child for a program that was started by others; from now on it is Lua's. */
void bind_child_take(lua_State *L, struct child *s);

#endif
