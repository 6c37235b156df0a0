/* SPDX-License-Identifier: MIT */
#include "batch.h"
#include "codec.h"
#include "error.h"
#include "handle.h"

#include <errno.h>
#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <string.h>

static struct handle *batch_handle(lua_State *L, int arg)
{
	lua_getiuservalue(L, arg, 1);
	struct handle *h = luaL_testudata(L, -1, HANDLE_TYPE);
	if (!h || h->sock.fd < 0)
		luaL_argerror(L, arg, "batch of a closed handle");
	lua_pop(L, 1);
	return h;
}

int batch_new(lua_State *L)
{
	handle_check(L, 1);
	struct batch *b = lua_newuserdatauv(L, sizeof *b, 1);
	memset(b, 0, sizeof *b);
	luaL_setmetatable(L, BATCH_TYPE);
	lua_pushvalue(L, 1);
	lua_setiuservalue(L, -2, 1);
	return 1;
}

/* batch:OP(t [, mode]) -> the number of the operation | nil, err (a link that t names is not there).
 * Wrong use raises and leaves the batch as it was. */
static int batch_add(lua_State *L)
{
	const struct handle_op *op = lua_touserdata(L, lua_upvalueindex(1));
	struct batch *b = luaL_checkudata(L, 1, BATCH_TYPE);
	struct handle *h = batch_handle(L, 1);
	_Alignas(8) char buf[CODEC_MAX];
	struct zerr e;

	lua_settop(L, 3);
	luaL_checktype(L, 2, LUA_TTABLE);
	if (handle_encode(L, h, op, buf, &e) < 0)
		return error_return(L, &e);
	if (nl_queue_add(&b->queue, (const struct nlmsghdr *)buf, op) < 0)
		return luaL_error(L, "not enough memory");
	lua_pushinteger(L, b->queue.n);
	return 1;
}

/* results[i] of one operation that was sent. */
static void push_result(lua_State *L, const struct nl_queue *q, unsigned i)
{
	const struct nl_item *item = &q->items[i];
	const struct handle_op *op = item->tag;
	struct zerr e;

	if (item->ack.err) {
		handle_refusal(op, (const struct nlmsghdr *)(q->data + item->offset), &item->ack, &e);
		error_push(L, &e);
	} else {
		lua_pushboolean(L, 1);
	}
}

/* Put the objects that the kernel sent (getters, echoed links) in place of their `true`. */
static void push_objects(lua_State *L, const struct nl_queue *q, const struct nl_reply *reply)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)reply->data;
	int left = (int)reply->len;

	for (; left > 0 && mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_seq >= q->n)
			continue;
		codec_decode(L, ((const struct handle_op *)q->items[m->nlmsg_seq].tag)->spec, m);
		lua_rawseti(L, -2, (lua_Integer)m->nlmsg_seq + 1);
	}
}

/* Ask for the created links that were not echoed. */
static void push_unechoed(lua_State *L, struct handle *h, const struct nl_queue *q)
{
	for (unsigned i = 0; i < q->n; i++) {
		const struct nlmsghdr *req = (const struct nlmsghdr *)(q->data + q->items[i].offset);
		if (!q->items[i].answered || q->items[i].ack.err || !(req->nlmsg_flags & NLM_F_ECHO))
			continue;
		int is_true = lua_rawgeti(L, -1, (lua_Integer)i + 1) == LUA_TBOOLEAN;
		lua_pop(L, 1);
		if (!is_true || !handle_ask_created(h, req))
			continue;
		codec_decode(L, &spec_link, (const struct nlmsghdr *)h->reply.data);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

static bool option(lua_State *L, int arg, const char *name, bool otherwise)
{
	bool value = lua_getfield(L, arg, name) == LUA_TNIL ? otherwise : lua_toboolean(L, -1);

	lua_pop(L, 1);
	return value;
}

bool batch_options(lua_State *L, int arg, const struct handle *h, struct nl_pace *pace)
{
	*pace = (struct nl_pace){.timeout = h->timeout};
	if (lua_isnoneornil(L, arg))
		return true;
	luaL_checktype(L, arg, LUA_TTABLE);
	pace->stop_on_error = option(L, arg, "stop_on_error", false);
	return option(L, arg, "objects", true); /* false: they are not looked at, their result is true */
}

int batch_results(lua_State *L, struct handle *h, const struct nl_queue *q, const struct nl_reply *reply, bool objects)
{
	lua_Integer failed = 0;

	lua_createtable(L, (int)q->n, 0);
	for (unsigned i = 0; i < q->n && q->items[i].answered; i++) {
		if (q->items[i].ack.err && !failed)
			failed = (lua_Integer)i + 1;
		push_result(L, q, i);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	if (objects) {
		push_objects(L, q, reply);
		if (h)
			push_unechoed(L, h, q);
	}
	if (!failed)
		return 1;
	lua_pushinteger(L, failed);
	return 2;
}

int batch_failure(lua_State *L, const struct nl_queue *q, const struct nl_reply *reply, bool objects,
                  const struct zerr *e)
{
	error_return(L, e);
	if (q->n > 0 && q->items[0].answered) {
		lua_pop(L, batch_results(L, NULL, q, reply, objects) - 1);
		lua_setfield(L, -2, "results");
	}
	return 2;
}

/* batch:send([{stop_on_error=true, objects=false}]) -> results, number of the first failed operation or nil | nil, err */
static int batch_send(lua_State *L)
{
	struct batch *b = luaL_checkudata(L, 1, BATCH_TYPE);
	struct handle *h = batch_handle(L, 1);
	struct nl_pace pace;
	struct zerr e;
	int n;

	bool objects = batch_options(L, 2, h, &pace);
	h->reply.len = 0;
	if (nl_queue_talk(&h->sock, &b->queue, &pace, &h->reply, &e) < 0)
		n = batch_failure(L, &b->queue, &h->reply, objects, &e);
	else
		n = batch_results(L, h, &b->queue, &h->reply, objects);
	nl_reply_shrink(&h->reply);
	nl_queue_free(&b->queue);
	return n;
}

static int batch_len(lua_State *L)
{
	lua_pushinteger(L, ((struct batch *)luaL_checkudata(L, 1, BATCH_TYPE))->queue.n);
	return 1;
}

static int batch_gc(lua_State *L)
{
	nl_queue_free(&((struct batch *)luaL_checkudata(L, 1, BATCH_TYPE))->queue);
	return 0;
}

void batch_open(lua_State *L)
{
	luaL_newmetatable(L, BATCH_TYPE);
	lua_pushcfunction(L, batch_gc);
	lua_setfield(L, -2, "__gc");
	lua_pushcfunction(L, batch_len);
	lua_setfield(L, -2, "__len");
	lua_newtable(L);
	handle_set_ops(L, batch_add, false);
	lua_pushcfunction(L, batch_send);
	lua_setfield(L, -2, "send");
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
