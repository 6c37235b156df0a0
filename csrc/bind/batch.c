/* SPDX-License-Identifier: MIT */
#include "bind/batch.h"
#include "bind/error.h"
#include "bind/handle.h"
#include "bind/reply.h"
#include "bind/request.h"
#include "codec/codec.h"
#include "kernel/deletion.h"
#include "kernel/job.h"

#include <errno.h>
#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

static struct handle *batch_handle(lua_State *L, int arg)
{
	lua_getiuservalue(L, arg, 1);
	struct handle *h = luaL_testudata(L, -1, HANDLE_TYPE);
	if (!h || h->sock.fd < 0) {
		luaL_argerror(L, arg, "batch of a closed handle");
		return NULL;
	}
	handle_check_generation(L, arg, h->generation, "batch");
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

/* What is kept with a request. */
struct note {
	const struct handle_op *op;
	bool some; /* of the object that answers it only these keys are wanted */
	struct codec_keys only;
};
_Static_assert(sizeof(struct note) <= QUEUE_CONTEXT_MAX, "a note fits its place");

static const struct note *item_note(const struct queue *q, unsigned i)
{
	return (const struct note *)q->items[i].note;
}

/* batch:OP(t [, mode] [, keys]) -> the number of the operation | nil, err (a link that t names is not there).
 * Wrong use raises and leaves the batch as it was. */
static int batch_add(lua_State *L)
{
	struct note note = {.op = lua_touserdata(L, lua_upvalueindex(1))};
	struct batch *b = luaL_checkudata(L, 1, BATCH_TYPE);
	struct handle *h = batch_handle(L, 1);
	_Alignas(8) char buf[CODEC_MAX];
	struct error e;

	lua_settop(L, 4);
	luaL_checktype(L, 2, LUA_TTABLE);
	note.some = request_keys(L, note.op, &note.only) != NULL;
	if (handle_encode(L, h, note.op, note.some ? &note.only : NULL, buf, &e) < 0)
		return bind_error_return(L, &e);
	const struct nlattr *later = note.op->how == OP_NEW && note.op->table == &table_link
	                                     ? table_link_later((const struct nlmsghdr *)buf)
	                                     : NULL;
	if (later)
		luaL_argerror(L, 2,
		              lua_pushfstring(L,
		                              "%s: newlink does not set it, and a batch sends only that: add %s to it",
		                              table_attr(table_link.set, mnl_attr_get_type(later))->key,
		                              mnl_attr_get_type(later) == IFLA_PROP_LIST ? "newlinkprop" : "setlink"));
	if (queue_add(&b->queue, (const struct nlmsghdr *)buf, &note, sizeof note) < 0)
		return luaL_error(L, "not enough memory");
	lua_pushinteger(L, b->queue.n);
	return 1;
}

/* results[i] of one operation that was sent. */
static void push_result(lua_State *L, const struct queue *q, unsigned i)
{
	const struct queue_item *item = &q->items[i];
	struct error e;

	if (item->ack.err) {
		handle_refusal(item_note(q, i)->op, (const struct nlmsghdr *)(q->data + item->offset), &item->ack, &e);
		bind_error_push(L, &e);
	} else {
		lua_pushboolean(L, 1);
	}
}

/* Put the objects that the kernel sent (getters, echoed links) in place of their `true`. */
static void push_objects(lua_State *L, const struct queue *q, const struct netlink_reply *reply)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)reply->data;
	int left = (int)reply->len;

	for (; left > 0 && mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_seq >= q->n)
			continue;
		const struct note *note = item_note(q, m->nlmsg_seq);
		codec_decode_some(L, note->op->table, m, note->some ? &note->only : NULL);
		lua_rawseti(L, -2, (lua_Integer)m->nlmsg_seq + 1);
	}
}

/* A reply_reader. */
static void push_link(lua_State *L, const struct netlink_reply *r, const void *ctx)
{
	const struct note *note = ctx;

	codec_decode_some(L, &table_link, (const struct nlmsghdr *)r->data, note->some ? &note->only : NULL);
}

/* Ask for the created links that were not echoed. */
static void push_unechoed(lua_State *L, struct handle *h, const struct queue *q)
{
	for (unsigned i = 0; i < q->n; i++) {
		const struct nlmsghdr *req = (const struct nlmsghdr *)(q->data + q->items[i].offset);
		if (!q->items[i].answered || q->items[i].ack.err || !(req->nlmsg_flags & NLM_F_ECHO))
			continue;
		int is_true = lua_rawgeti(L, -1, (lua_Integer)i + 1) == LUA_TBOOLEAN;
		lua_pop(L, 1);
		if (!is_true || !handle_ask_created(h, req))
			continue;
		if (reply_read(L, &h->reply, push_link, item_note(q, i)) < 0)
			lua_error(L);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

static bool option(lua_State *L, int arg, const char *name, bool otherwise)
{
	bool value = lua_getfield(L, arg, name) == LUA_TNIL ? otherwise : lua_toboolean(L, -1);

	lua_pop(L, 1);
	return value;
}

/* The option wait: whether it is "gone", and not "memory", the default. */
static bool waits_until_gone(lua_State *L, int arg)
{
	static const char *const names[] = {"memory", "gone", NULL};

	if (lua_isnoneornil(L, arg))
		return false;
	lua_getfield(L, arg, "wait");
	bool gone = luaL_checkoption(L, -1, "memory", names) == 1;
	lua_pop(L, 1);
	return gone;
}

bool batch_options(lua_State *L, int arg, const struct handle *h, struct queue_pace *pace)
{
	*pace = (struct queue_pace){.timeout = h->timeout};
	if (lua_isnoneornil(L, arg))
		return true;
	luaL_checktype(L, arg, LUA_TTABLE);
	pace->stop_on_error = option(L, arg, "stop_on_error", false);
	return option(L, arg, "objects", true); /* false: they are not looked at, their result is true */
}

static int push_results(lua_State *L, const struct sent *s, const struct netlink_reply *reply)
{
	const struct queue *q = s->queue;
	lua_Integer failed = 0;

	lua_createtable(L, (int)q->n, 0);
	for (unsigned i = 0; i < q->n && q->items[i].answered; i++) {
		if (q->items[i].ack.err && !failed)
			failed = (lua_Integer)i + 1;
		push_result(L, q, i);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	if (s->objects) {
		push_objects(L, q, reply);
		if (s->handle && !s->error)
			push_unechoed(L, s->handle, q);
	}
	if (!failed)
		return 1;
	lua_pushinteger(L, failed);
	return 2;
}

/* A reply_reader. */
static void push_sent(lua_State *L, const struct netlink_reply *reply, const void *ctx)
{
	const struct sent *s = ctx;

	if (!s->error) {
		push_results(L, s, reply);
		return;
	}
	bind_error_return(L, s->error);
	if (s->queue->n > 0 && s->queue->items[0].answered) {
		lua_pop(L, push_results(L, s, reply) - 1);
		lua_setfield(L, -2, "results");
	}
}

int batch_read(lua_State *L, struct netlink_reply *owner, const struct sent *s)
{
	return reply_read(L, owner, push_sent, s);
}

/* The indexes of the links that the queue deletes, or those that the options at arg list where requests name groups,
 * without repetition. Raises unless all requests are dellink and each link is known by its index. */
static uint32_t *push_deleted(lua_State *L, int arg, const struct queue *q, size_t *n)
{
	size_t listed =
		lua_getfield(L, arg, "links") == LUA_TNIL ? 0 : (luaL_checktype(L, -1, LUA_TTABLE), lua_rawlen(L, -1));
	int list = lua_gettop(L);
	uint32_t *index = lua_newuserdatauv(L, (listed + q->n + 1) * sizeof *index, 0);

	*n = 0;
	for (size_t i = 1; i <= listed; i++) {
		lua_rawgeti(L, list, (lua_Integer)i);
		lua_Integer value = luaL_checkinteger(L, -1);
		luaL_argcheck(L, value > 0 && value <= INT_MAX, arg, "links: a list of indexes expected");
		index[(*n)++] = (uint32_t)value;
		lua_pop(L, 1);
	}
	for (unsigned i = 0; i < q->n; i++) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)(q->data + q->items[i].offset);
		const struct ifinfomsg *info = mnl_nlmsg_get_payload(h);
		luaL_argcheck(L, h->nlmsg_type == RTM_DELLINK, arg,
		              "wait: only a batch of dellink can wait until links are gone");
		luaL_argcheck(L, info->ifi_index || listed, arg,
		              "wait: a link is deleted by its index, or is one of links");
		if (info->ifi_index)
			index[(*n)++] = (uint32_t)info->ifi_index;
	}
	return index;
}

/* Send on a thread, or in a child, and wait for the announcement that all links are gone, or for the answer. */
static int send_until_gone(lua_State *L, struct batch *b, struct handle *h, struct queue_pace *pace)
{
	enum job_way way = option(L, 2, "child", false) ? JOB_CHILD : JOB_THREAD;
	struct sent sent = {.handle = h};
	struct deletion d;
	struct error e;
	size_t n;
	uint32_t *index = push_deleted(L, 2, &b->queue, &n);
	unsigned requests = b->queue.n;
	int rc, values;

	if (requests == 0) {
		lua_newtable(L);
		return 1;
	}
	rc = deletion_open(&d, h->sock.fd, index, n, &e);
	if (rc < 0)
		return bind_error_return(L, &e);
	struct job *job = job_start(h->sock.fd, &b->queue, pace, way, &e);
	rc = job ? deletion_wait(&d, job, netlink_now() + h->timeout, &e) : -1;
	deletion_close(&d);
	if (rc != 0 && job)
		job_release(job);
	if (rc < 0)
		return bind_error_return(L, &e);
	if (rc > 0) {
		lua_createtable(L, (int)requests, 0);
		for (unsigned i = 1; i <= requests; i++) {
			lua_pushboolean(L, 1);
			lua_rawseti(L, -2, i);
		}
		return 1;
	}
	job_end(job);
	sent.queue = &job->queue;
	sent.error = job->rc < 0 ? &job->e : NULL;
	values = batch_read(L, &job->reply, &sent);
	job_free(job);
	return values < 0 ? lua_error(L) : values;
}

/* batch:send([{stop_on_error=true, objects=false}]) -> results, number of the first failed operation or nil | nil, err
 */
static int batch_send(lua_State *L)
{
	struct batch *b = luaL_checkudata(L, 1, BATCH_TYPE);
	struct handle *h = batch_handle(L, 1);
	struct queue_pace pace;
	struct error e;
	bool objects = batch_options(L, 2, h, &pace);
	if (waits_until_gone(L, 2))
		return send_until_gone(L, b, h, &pace);
	struct queue queue = b->queue;
	struct sent sent = {.queue = &queue, .handle = h, .objects = objects};

	memset(&b->queue, 0, sizeof b->queue);
	h->reply.len = 0;
	if (queue_talk(&h->sock, &queue, &pace, &h->reply, &e) < 0)
		sent.error = &e;
	int n = batch_read(L, &h->reply, &sent);
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
