/* SPDX-License-Identifier: MIT */
#include "bind/request.h"
#include "bind/error.h"
#include "bind/handle.h"
#include "bind/reply.h"
#include "codec/codec.h"

#include <errno.h>
#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* What a request wants of the objects which answer it. */
struct wish {
	const struct handle_op *op;
	const struct codec_keys *only; /* or NULL */
	const struct nlmsghdr *req;    /* what it describes is wanted, nothing else */
};

static const struct codec_keys *wish_keys(const struct wish *w, const struct nlmsghdr *m)
{
	return w->only || w->op->how != OP_DUMP ? w->only : codec_keys_dump(w->op->table, m);
}

/* An netlink_trim. */
static size_t wish_trim(void *to, const struct nlmsghdr *m, const void *ctx)
{
	const struct wish *w = ctx;

	if (w->op->how == OP_DUMP ? !table_dump_has(w->op->table, w->req, m)
	                          : w->op->how == OP_PICK && !table_is(w->op->table, w->req, m))
		return 0;
	return codec_trim(to, m, w->op->table, wish_keys(w, m));
}

/* A reply_reader: an array of everything. */
static void push_all(lua_State *L, const struct netlink_reply *r, const void *ctx)
{
	const struct wish *w = ctx;
	const struct nlmsghdr *first = (const struct nlmsghdr *)r->data, *m = first;
	int left = (int)r->len, n = 0;

	for (; left > 0 && mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left))
		n++;
	lua_createtable(L, n, 0);
	m = first;
	left = (int)r->len;
	for (int i = 1; i <= n; i++, m = mnl_nlmsg_next(m, &left)) {
		codec_decode_some(L, w->op->table, m, wish_keys(w, m));
		lua_rawseti(L, -2, i);
	}
}

/* A reply_reader: the one object. */
static void push_one(lua_State *L, const struct netlink_reply *r, const void *ctx)
{
	const struct wish *w = ctx;

	codec_decode_some(L, w->op->table, (const struct nlmsghdr *)r->data, w->only);
}

/* The dump in which to look for the object that req describes: of its family, an address on its link. */
static struct nlmsghdr *pick_dump(void *buf, const struct wish *w)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	const uint8_t *header = mnl_nlmsg_get_payload(w->req);
	uint8_t *dump = mnl_nlmsg_put_extra_header(n, w->op->table->hdrlen);

	n->nlmsg_type = w->req->nlmsg_type;
	n->nlmsg_flags = w->req->nlmsg_flags;
	dump[0] = header[0];
	if (w->op->table == &table_addr)
		((struct ifaddrmsg *)dump)->ifa_index = ((const struct ifaddrmsg *)header)->ifa_index;
	return n;
}

/* Send the request; what is wanted of the answer is in h->reply. */
static int ask(struct handle *h, struct nlmsghdr *n, const struct wish *wish, struct netlink_ack *ack, struct error *e)
{
	h->reply.len = 0;
	h->reply.trim = wish_trim;
	h->reply.trim_ctx = wish;
	int rc = netlink_talk(&h->sock, n, n->nlmsg_len, 1, handle_deadline(h), &h->reply, ack, e);
	h->reply.trim = NULL;
	return rc;
}

const struct codec_keys *request_keys(lua_State *L, const struct handle_op *op, struct codec_keys *keys)
{
	int arg = op->how == OP_NEW ? 4 : 3;

	if (op->how == OP_ACT || lua_isnil(L, arg))
		return NULL;
	codec_keys(L, arg, op->table, keys);
	return keys;
}

/* Send a request about the link `index`. 0, or -errno with e filled, also when the kernel refuses. */
static int tell_link(struct handle *h, struct nlmsghdr *n, int index, const struct wish *wish, struct error *e)
{
	struct netlink_ack ack;

	((struct ifinfomsg *)mnl_nlmsg_get_payload(n))->ifi_index = index;
	int rc = ask(h, n, wish, &ack, e);
	if (rc < 0 || !ack.err)
		return rc;
	handle_refusal(wish->op, n, &ack, e);
	return -ack.err;
}

/* The index of the link that req made; 0 where the kernel does not tell. */
static int made_index(struct handle *h, const struct nlmsghdr *req)
{
	if (h->reply.len == 0 && !handle_ask_created(h, req))
		return 0;
	return ((const struct ifinfomsg *)mnl_nlmsg_get_payload((const struct nlmsghdr *)h->reply.data))->ifi_index;
}

static struct nlmsghdr *link_request(void *buf, uint16_t type)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);

	mnl_nlmsg_put_extra_header(n, sizeof(struct ifinfomsg));
	n->nlmsg_type = type;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	return n;
}

/* What n leaves for later, of the link that it makes. 0, or -errno with e filled; then no new link is left. */
static int make_link_whole(struct handle *h, struct nlmsghdr *n, const struct wish *wish, struct error *e)
{
	static const uint16_t types[] = {RTM_SETLINK, RTM_NEWLINKPROP};
	_Alignas(8) char later[TABLE_COUNT(types)][CODEC_MAX], last[128];
	bool any[TABLE_COUNT(types)];
	struct error ignored;

	for (size_t i = 0; i < TABLE_COUNT(types); i++)
		any[i] = table_link_split(n, (struct nlmsghdr *)later[i], types[i]);
	int rc = tell_link(h, n, ((struct ifinfomsg *)mnl_nlmsg_get_payload(n))->ifi_index, wish, e);
	if (rc < 0)
		return rc;
	int index = made_index(h, n);
	for (size_t i = 0; i < TABLE_COUNT(types) && rc == 0; i++)
		if (any[i])
			rc = tell_link(h, (struct nlmsghdr *)later[i], index, wish, e);
	if (rc == 0)
		rc = tell_link(h, link_request(last, RTM_GETLINK), index, wish, e);
	if (rc < 0 && index && n->nlmsg_flags & NLM_F_EXCL)
		tell_link(h, link_request(last, RTM_DELLINK), index, wish, &ignored);
	return rc;
}

/* A link with attributes that RTM_NEWLINK passes over: they are sent behind it. */
static int make_link(lua_State *L, struct handle *h, struct nlmsghdr *n, const struct wish *wish)
{
	struct error e;

	if (handle_goes_elsewhere(n))
		luaL_argerror(L, 2,
		              lua_pushfstring(L, "%s: cannot be set where the link is made in another namespace",
		                              table_attr(table_link.set, mnl_attr_get_type(table_link_later(n)))->key));
	if (make_link_whole(h, n, wish, &e) < 0)
		return bind_error_return(L, &e);
	int pushed = reply_read(L, &h->reply, push_one, wish);
	return pushed < 0 ? lua_error(L) : pushed;
}

/* handle:OP(t [, mode [, keys]]), handle:getOP(t [, keys]), handle:getOPs([filter [, keys]]) */
int handle_request(lua_State *L)
{
	const struct handle_op *op = lua_touserdata(L, lua_upvalueindex(1));
	struct handle *h = handle_check(L, 1);
	_Alignas(8) char buf[CODEC_MAX];
	struct nlmsghdr *n = (struct nlmsghdr *)buf;
	struct netlink_ack ack;
	struct error e;
	struct codec_keys wanted;

	lua_settop(L, 4);
	const struct codec_keys *only = request_keys(L, op, &wanted);
	if (op->how == OP_DUMP && lua_isnil(L, 2)) {
		lua_newtable(L);
		lua_replace(L, 2);
	}
	luaL_checktype(L, 2, LUA_TTABLE);
	if (handle_encode(L, h, op, only, buf, &e) < 0)
		return bind_error_return(L, &e);
	const struct wish wish = {op, only, n};
	if (op->how == OP_NEW && op->table == &table_link && table_link_later(n))
		return make_link(L, h, n, &wish);
	_Alignas(8) char dump[128];
	if (ask(h, op->how == OP_PICK ? pick_dump(dump, &wish) : n, &wish, &ack, &e) < 0)
		return bind_error_return(L, &e);
	if (op->how == OP_PICK && !ack.err && h->reply.len == 0)
		ack.err = op->table == &table_addr ? EADDRNOTAVAIL : ENOENT;
	if (ack.err) {
		handle_refusal(op, n, &ack, &e);
		return bind_error_return(L, &e);
	}
	bool object = op->how != OP_ACT &&
	              (h->reply.len > 0 || (op->how == OP_NEW && op->table == &table_link && handle_ask_created(h, n)));
	if (op->how != OP_DUMP && !object) {
		lua_pushboolean(L, 1);
		return 1;
	}
	int pushed = reply_read(L, &h->reply, op->how == OP_DUMP ? push_all : push_one, &wish);
	return pushed < 0 ? lua_error(L) : pushed;
}

/* A reply_reader: the messages as they came, less what is different each time. */
static void push_picture(lua_State *L, const struct netlink_reply *r, const void *ctx)
{
	struct nlmsghdr *m = (struct nlmsghdr *)r->data;
	int left = (int)r->len;

	(void)ctx;
	for (; left > 0 && mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		m->nlmsg_seq = m->nlmsg_pid = m->nlmsg_flags = 0;
		memset((char *)m + m->nlmsg_len, 0, MNL_ALIGN(m->nlmsg_len) - m->nlmsg_len);
	}
	lua_pushlstring(L, r->data ? r->data : "", r->len);
}

int handle_picture(lua_State *L)
{
	struct handle *h = handle_check(L, 1);
	const struct handle_op *op = handle_dump_op(luaL_checkstring(L, 2));
	_Alignas(8) char buf[CODEC_MAX];
	struct netlink_ack ack;
	struct error e;
	struct codec_keys wanted;

	luaL_argcheck(L, op, 2, "getlinks, getroutes and their like expected");
	lua_settop(L, 4);
	lua_remove(L, 2);
	luaL_checktype(L, 2, LUA_TTABLE);
	codec_keys(L, 3, op->table, &wanted);
	if (handle_encode(L, h, op, &wanted, buf, &e) < 0)
		return bind_error_return(L, &e);
	const struct wish wish = {op, &wanted, (const struct nlmsghdr *)buf};
	if (ask(h, (struct nlmsghdr *)buf, &wish, &ack, &e) < 0)
		return bind_error_return(L, &e);
	if (ack.err) {
		handle_refusal(op, wish.req, &ack, &e);
		return bind_error_return(L, &e);
	}
	int pushed = reply_read(L, &h->reply, push_picture, NULL);
	return pushed < 0 ? lua_error(L) : pushed;
}
