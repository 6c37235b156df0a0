/* SPDX-License-Identifier: MIT */
/* core.process and core.occupants: Lua's side of proc.h. */
#ifndef ZLNET_BIND_PROCESS_H
#define ZLNET_BIND_PROCESS_H

#include <lua.h>

#define PROCESS_TYPE "zlnet.process"

/* The largest number that Linux gives to a process (PID_MAX_LIMIT). */
#define PROCESS_PID_MAX 4194304

/* Raise unless the value at arg is an integer from 1 to PROCESS_PID_MAX. */
lua_Integer bind_process_check_pid(lua_State *L, int arg);

/* Make the metatables; leaves the stack as it was. */
void bind_process_open(lua_State *L);

/* core.process(pid) -> process | nil, err */
int bind_process_new(lua_State *L);

/* core.occupants(handle [, "descriptors"]) -> { lives = { [nsid] = pid, … }, opens = { [nsid] = pid, … }, unseen = {
 * pid, … }, all = boolean } | nil, err: a process for each namespace that the handle's has a number for and that a
 * process lives in, with "descriptors" one for each that another process has open, processes of which that cannot be
 * seen, and whether none was missed. The handle is of our own namespace. */
int bind_process_netns_users(lua_State *L);

#endif
