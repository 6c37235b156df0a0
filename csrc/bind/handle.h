/* SPDX-License-Identifier: MIT */
/* The handle: a NETLINK_ROUTE socket bound to one namespace for life, and the operations on it. */
#ifndef ZLNET_BIND_HANDLE_H
#define ZLNET_BIND_HANDLE_H

#include "kernel/error.h"
#include "kernel/netlink.h"
#include "tables/table.h"

#include <lua.h>

#define HANDLE_TYPE "zlnet.handle"

struct codec_keys;

struct handle {
	struct netlink_sock sock;
	struct netlink_reply reply; /* of the latest request; given back to its small size after use */
	int timeout;                /* milliseconds a request may take */
	uint64_t
		generation; /* of the process that opened it: a child has the same socket, and would take its answers */
};

/* One operation of the kernel's, as a method. */
struct handle_op {
	const char *name;
	const struct table_msg *table;
	uint16_t type;
	uint16_t flags;
	enum {
		OP_NEW,
		OP_ACT,
		OP_GET,
		OP_PICK,
		OP_DUMP
	} how; /* OP_PICK: one of a dump, where the kernel gets none by itself */
};

/* Make the metatable; leaves the stack as it was. */
void handle_open(lua_State *L);

/* core.open(target [, here]) -> handle | nil, err */
int handle_new(lua_State *L);

/* The same for a socket of another protocol, as userdata of another type and size, which begins with a struct handle
 * (the rest is zero): handle_free ends it. */
int handle_create(lua_State *L, const char *type, int protocol, size_t size);
void handle_free(struct handle *h);

/* The open handle at arg; raises for anything else. */
struct handle *handle_check(lua_State *L, int arg);

/* Raises where what is at arg was made by another process than this one, its parent. */
void handle_check_generation(lua_State *L, int arg, uint64_t generation, const char *what);

/* Encode the table at arg 2 (mode at arg 3 for OP_NEW) for op, whose answer is wanted for these keys (NULL: all), into
 * buf, CODEC_MAX bytes, aligned. Raises on wrong use. 0, or -errno with e filled when a link that it names is not
 * there. */
int handle_encode(lua_State *L, struct handle *h, const struct handle_op *op, const struct codec_keys *only, void *buf,
                  struct error *e);

/* Turn the kernel's refusal of request req into e. */
void handle_refusal(const struct handle_op *op, const struct nlmsghdr *req, const struct netlink_ack *ack,
                    struct error *e);

/* Whether req makes a link in another namespace than the handle's. */
bool handle_goes_elsewhere(const struct nlmsghdr *req);

/* Ask by name for the link that request req made, where the kernel did not echo it. The answer is in h->reply.
 * False when it cannot be asked for: made in another namespace, or under a name of the kernel's choice. */
bool handle_ask_created(struct handle *h, const struct nlmsghdr *req);

/* Push the deadline of a request beginning now. */
int64_t handle_deadline(const struct handle *h);

/* The dump of this name, or NULL. */
const struct handle_op *handle_dump_op(const char *name);

/* Add the methods of every op, with or without the dumps, to the table on top, each a closure of f over its op. */
void handle_set_ops(lua_State *L, lua_CFunction f, bool dumps);

#endif
