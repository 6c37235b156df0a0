/* SPDX-License-Identifier: MIT */
/* Transactions of nf_tables: messages queued for one datagram, of which all are done or none. */
#include "bind/error.h"
#include "bind/nft.h"
#include "bind/reply.h"
#include "codec/codec.h"
#include "kernel/netlink.h"
#include "tables/nftables.h"

#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <string.h>

#define BATCH_TYPE "zlnet.nft.batch"

/* What changes the ruleset: in transactions alone. A rule has no name by which it could be there already. */
static const struct handle_op changes[] = {
	{"newtable", &table_nft_table, 0, NLM_F_CREATE | NLM_F_EXCL, OP_NEW},
	{"deltable", &table_nft_table, 0, 0, OP_ACT},
	{"newchain", &table_nft_chain, 0, NLM_F_CREATE | NLM_F_EXCL, OP_NEW},
	{"delchain", &table_nft_chain, 0, 0, OP_ACT},
	{"newrule", &table_nft_rule, 0, NLM_F_CREATE | NLM_F_APPEND, OP_NEW},
	{"delrule", &table_nft_rule, 0, 0, OP_ACT},
	{"newset", &table_nft_set, 0, NLM_F_CREATE | NLM_F_EXCL, OP_NEW},
	{"delset", &table_nft_set, 0, 0, OP_ACT},
	{"newsetelem", &table_nft_setelem, 0, NLM_F_CREATE | NLM_F_EXCL, OP_NEW},
	{"delsetelem", &table_nft_setelem, 0, 0, OP_ACT},
	{"newobj", &table_nft_obj, 0, NLM_F_CREATE | NLM_F_EXCL, OP_NEW},
	{"delobj", &table_nft_obj, 0, 0, OP_ACT},
};

struct batch {
	struct queue queue;
};

/* The handle is its first user value. */
int nft_batch_new(lua_State *L)
{
	nft_check(L, 1);
	struct batch *b = lua_newuserdatauv(L, sizeof *b, 1);
	memset(b, 0, sizeof *b);
	luaL_setmetatable(L, BATCH_TYPE);
	lua_pushvalue(L, 1);
	lua_setiuservalue(L, -2, 1);
	return 1;
}

static struct handle *batch_handle(lua_State *L)
{
	lua_getiuservalue(L, 1, 1);
	struct handle *h = luaL_testudata(L, -1, NFT_TYPE);
	if (!h || h->sock.fd < 0)
		luaL_argerror(L, 1, "batch of a closed handle");
	lua_pop(L, 1);
	return h;
}

/* "create" is refused where it is there, "add" is not; of rules "append" is the default. */
static uint16_t check_mode(lua_State *L, const struct handle_op *op)
{
	static const char *const modes[] = {"create", "add", "append", "insert", "replace", NULL};
	static const uint16_t flags[] = {NLM_F_CREATE | NLM_F_EXCL, NLM_F_CREATE, NLM_F_CREATE | NLM_F_APPEND,
	                                 NLM_F_CREATE, NLM_F_REPLACE};

	if (op->how != OP_NEW || lua_isnoneornil(L, 3))
		return op->flags;
	return flags[luaL_checkoption(L, 3, NULL, modes)];
}

/* batch:OP(t [, mode]) -> the batch, so that calls can follow each other. Wrong use raises and leaves it as it was. */
static int batch_add(lua_State *L)
{
	const struct handle_op *op = lua_touserdata(L, lua_upvalueindex(1));
	struct batch *b = luaL_checkudata(L, 1, BATCH_TYPE);
	_Alignas(8) char buf[CODEC_MAX];

	lua_settop(L, 3);
	const struct nlmsghdr *n = nft_encode(L, op, check_mode(L, op), buf);
	if (queue_add(&b->queue, n, &op, sizeof(const struct handle_op *)) < 0)
		return luaL_error(L, "not enough memory");
	lua_settop(L, 1);
	return 1;
}

static const struct handle_op *item_op(const struct queue *q, unsigned i)
{
	return *(const struct handle_op *const *)q->items[i].note;
}

static void push_item_error(lua_State *L, const struct queue *q, unsigned i)
{
	struct error e;

	handle_refusal(item_op(q, i), (const struct nlmsghdr *)(q->data + q->items[i].offset), &q->items[i].ack, &e);
	bind_error_push(L, &e);
	lua_pushinteger(L, (lua_Integer)i + 1);
	lua_setfield(L, -2, "item");
}

/* Pushes the first refusal, with "item", the number of the message that it is about; further ones are its "others".
 * False, and nothing pushed, when there is none. */
static bool push_refusals(lua_State *L, const struct queue *q)
{
	lua_Integer others = 0;
	bool first = true;

	for (unsigned i = 0; i < q->n; i++) {
		if (!q->items[i].ack.err)
			continue;
		push_item_error(L, q, i);
		if (!first)
			lua_rawseti(L, -2, ++others);
		else
			lua_newtable(L);
		first = false;
	}
	if (others > 0)
		lua_setfield(L, -2, "others");
	else if (!first)
		lua_pop(L, 1);
	return !first;
}

/* A reply_reader: a list of true, or of the objects which the kernel echoed; or nil and the first refusal. */
static void push_sent(lua_State *L, const struct netlink_reply *r, const void *ctx)
{
	const struct queue *q = ctx;
	const struct nlmsghdr *m = (const struct nlmsghdr *)r->data;
	int left = (int)r->len;

	lua_pushnil(L);
	if (push_refusals(L, q))
		return;
	lua_settop(L, 0);
	lua_createtable(L, (int)q->n, 0);
	for (unsigned i = 0; i < q->n; i++) {
		lua_pushboolean(L, 1);
		lua_rawseti(L, 1, (lua_Integer)i + 1);
	}
	for (; left > 0 && mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_seq >= q->n || m->nlmsg_type != item_op(q, m->nlmsg_seq)->table->new_type)
			continue;
		codec_decode(L, item_op(q, m->nlmsg_seq)->table, m);
		lua_rawseti(L, 1, (lua_Integer)m->nlmsg_seq + 1);
	}
}

static void set_echo(struct queue *q)
{
	for (unsigned i = 0; i < q->n; i++)
		((struct nlmsghdr *)(q->data + q->items[i].offset))->nlmsg_flags |= NLM_F_ECHO;
}

/* batch:send([{objects = true, generation = n}]) -> results | nil, err */
static int batch_send(lua_State *L)
{
	struct batch *b = luaL_checkudata(L, 1, BATCH_TYPE);
	struct handle *h = batch_handle(L);
	lua_Integer generation = 0;
	struct error e;
	bool objects = false;

	lua_settop(L, 2);
	if (!lua_isnil(L, 2)) {
		luaL_checktype(L, 2, LUA_TTABLE);
		lua_getfield(L, 2, "objects");
		objects = lua_toboolean(L, -1);
		lua_getfield(L, 2, "generation");
		generation = luaL_optinteger(L, -1, 0);
		luaL_argcheck(L, generation >= 0 && generation <= UINT32_MAX, 2, "generation is out of range");
	}
	struct queue queue = b->queue;

	memset(&b->queue, 0, sizeof b->queue);
	h->reply.len = 0;
	if (objects)
		set_echo(&queue);
	int rc = transaction_talk(&h->sock, &queue, (uint32_t)generation, handle_deadline(h), &h->reply, &e);
	if (rc < 0) {
		queue_free(&queue);
		return bind_error_return(L, &e);
	}
	int n = reply_read(L, &h->reply, push_sent, &queue);
	queue_free(&queue);
	return n < 0 ? lua_error(L) : n;
}

static int batch_len(lua_State *L)
{
	lua_pushinteger(L, ((struct batch *)luaL_checkudata(L, 1, BATCH_TYPE))->queue.n);
	return 1;
}

static int batch_gc(lua_State *L)
{
	queue_free(&((struct batch *)luaL_checkudata(L, 1, BATCH_TYPE))->queue);
	return 0;
}

void nft_batch_open(lua_State *L)
{
	static const luaL_Reg meta[] = {{"__gc", batch_gc}, {"__len", batch_len}, {NULL, NULL}};
	static const luaL_Reg methods[] = {{"send", batch_send}, {NULL, NULL}};

	luaL_newmetatable(L, BATCH_TYPE);
	luaL_setfuncs(L, meta, 0);
	luaL_newlib(L, methods);
	nft_set_ops(L, changes, sizeof changes / sizeof *changes, batch_add);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
