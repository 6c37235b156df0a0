/* SPDX-License-Identifier: MIT */
#include "bind/nft.h"
#include "bind/error.h"
#include "bind/handle.h"
#include "bind/reply.h"
#include "codec/codec.h"
#include "kernel/aside.h"
#include "tables/nftables.h"

#include <errno.h>
#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <string.h>

#define GET(noun, t) \
	{ \
		"get" noun, &(t), 0, NLM_F_ACK, OP_GET \
	}
#define DUMP(noun, t) \
	{ \
		"get" noun "s", &(t), 0, NLM_F_DUMP | NLM_F_ACK, OP_DUMP \
	}

/* What asks for something, and what connection tracking is asked to do: one request each. */
static const struct handle_op requests[] = {
	GET("table", table_nft_table),
	DUMP("table", table_nft_table),
	GET("chain", table_nft_chain),
	DUMP("chain", table_nft_chain),
	GET("rule", table_nft_rule),
	DUMP("rule", table_nft_rule),
	GET("set", table_nft_set),
	DUMP("set", table_nft_set),
	GET("setelem", table_nft_setelem),
	DUMP("setelem", table_nft_setelem),
	GET("obj", table_nft_obj),
	DUMP("obj", table_nft_obj),
	GET("gen", table_nft_gen),
	DUMP("conntrack", table_conntrack),
	{"delconntrack", &table_conntrack, 0, NLM_F_ACK, OP_ACT},
};

static uint16_t op_type(const struct handle_op *op)
{
	switch (op->how) {
	case OP_NEW:
		return op->table->new_type;
	case OP_ACT:
		return op->table->del_type;
	default:
		return op->table->get_type;
	}
}

int nft_new(lua_State *L)
{
	return handle_create(L, NFT_TYPE, NETLINK_NETFILTER, sizeof(struct handle));
}

struct handle *nft_check(lua_State *L, int arg)
{
	struct handle *h = luaL_checkudata(L, arg, NFT_TYPE);

	if (h->sock.fd < 0)
		luaL_argerror(L, arg, "closed handle");
	return h;
}

struct nlmsghdr *nft_encode(lua_State *L, const struct handle_op *op, uint16_t flags, void *buf)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);

	luaL_checktype(L, 2, LUA_TTABLE);
	n->nlmsg_type = op_type(op);
	n->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	codec_encode(L, 2, op->table, n, CODEC_MAX, NULL, NULL, NULL);
	return n;
}

/* --- requests --- */

struct wanted {
	const struct handle_op *op;
	const struct codec_keys *only; /* or NULL */
};

/* Moves the elements of the message at the top of the stack to the list below it, which has n. */
static lua_Integer flatten(lua_State *L, lua_Integer n)
{
	if (lua_getfield(L, -1, "elements") == LUA_TTABLE) {
		lua_Integer len = (lua_Integer)lua_rawlen(L, -1);

		for (lua_Integer i = 1; i <= len; i++) {
			lua_rawgeti(L, -1, i);
			lua_rawseti(L, -4, ++n);
		}
	}
	lua_pop(L, 2);
	return n;
}

/* A reply_reader: a list of everything; of elements without the sets that they are in. */
static void push_list(lua_State *L, const struct netlink_reply *r, const void *ctx)
{
	const struct wanted *w = ctx;
	const struct nlmsghdr *m = (const struct nlmsghdr *)r->data;
	int left = (int)r->len;
	lua_Integer n = 0;

	lua_newtable(L);
	for (; left > 0 && mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		codec_decode_some(L, w->op->table, m, w->only);
		if (w->op->table == &table_nft_setelem)
			n = flatten(L, n);
		else
			lua_rawseti(L, -2, ++n);
	}
}

/* A reply_reader: the one object. */
static void push_one(lua_State *L, const struct netlink_reply *r, const void *ctx)
{
	const struct wanted *w = ctx;

	codec_decode_some(L, w->op->table, (const struct nlmsghdr *)r->data, w->only);
}

/* No subsystem of the kernel answers messages of this kind: then each is EINVAL, which could mean anything. */
static bool is_missing(struct handle *h, const struct handle_op *op)
{
	_Alignas(8) char buf[64] = {0};
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	struct netlink_ack ack;
	struct error e;

	if (op->table == &table_conntrack)
		return true; /* every dump of it is well-formed */
	n->nlmsg_type = table_nft_gen.get_type;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_nlmsg_put_extra_header(n, table_nft_gen.hdrlen);
	h->reply.len = 0;
	return netlink_talk(&h->sock, n, n->nlmsg_len, 1, handle_deadline(h), &h->reply, &ack, &e) == 0 &&
	       ack.err == EINVAL;
}

static int nft_refusal(lua_State *L, struct handle *h, const struct handle_op *op, const struct nlmsghdr *req,
                       const struct netlink_ack *ack)
{
	struct error e;

	handle_refusal(op, req, ack, &e);
	if (ack->err == EINVAL && !ack->text[0] && !ack->has_off && op->how != OP_ACT && is_missing(h, op))
		error_netlink(&e, EINVAL, op->name,
		              op->table == &table_conntrack
		                      ? "this kernel has no conntrack netlink (CONFIG_NF_CT_NETLINK)"
		                      : "this kernel has no nf_tables (CONFIG_NF_TABLES)");
	return bind_error_return(L, &e);
}

/* nft:getOP(t [, keys]), nft:getOPs([filter [, keys]]), nft:delconntrack(t) */
static int nft_request(lua_State *L)
{
	const struct handle_op *op = lua_touserdata(L, lua_upvalueindex(1));
	struct handle *h = nft_check(L, 1);
	_Alignas(8) char buf[CODEC_MAX];
	struct codec_keys keys;
	struct netlink_ack ack;
	struct error e;
	struct wanted wanted = {.op = op};

	lua_settop(L, 3);
	if (lua_isnil(L, 2) && (op->how == OP_DUMP || op->table == &table_nft_gen)) {
		lua_newtable(L);
		lua_replace(L, 2);
	}
	if (!lua_isnil(L, 3)) {
		codec_keys(L, 3, op->table, &keys);
		wanted.only = &keys;
	}
	struct nlmsghdr *n = nft_encode(L, op, op->flags, buf);
	h->reply.len = 0;
	if (netlink_talk(&h->sock, n, n->nlmsg_len, 1, handle_deadline(h), &h->reply, &ack, &e) < 0)
		return bind_error_return(L, &e);
	if (ack.err)
		return nft_refusal(L, h, op, n, &ack);
	bool list = op->how == OP_DUMP || op->table == &table_nft_setelem;
	if (!list && h->reply.len == 0) {
		lua_pushboolean(L, 1);
		return 1;
	}
	int pushed = reply_read(L, &h->reply, list ? push_list : push_one, &wanted);
	return pushed < 0 ? lua_error(L) : pushed;
}

static int nft_settimeout(lua_State *L)
{
	struct handle *h = nft_check(L, 1);
	lua_Number s = luaL_checknumber(L, 2);

	luaL_argcheck(L, s >= 0 && s <= INT_MAX / 1000, 2, "seconds are out of range");
	h->timeout = (int)(s * 1000);
	return 0;
}

static int nft_fd(lua_State *L)
{
	lua_pushinteger(L, nft_check(L, 1)->sock.fd);
	return 1;
}

/* nft:leave([child]): closes the socket when the kernel has freed what was deleted through it. */
static int nft_leave(lua_State *L)
{
	struct handle *h = luaL_checkudata(L, 1, NFT_TYPE);

	if (h->sock.fd >= 0)
		aside_close(h->sock.fd, lua_toboolean(L, 2));
	h->sock.fd = -1;
	handle_free(h);
	return 0;
}

static int nft_close(lua_State *L)
{
	handle_free(luaL_checkudata(L, 1, NFT_TYPE));
	return 0;
}

static int nft_tostring(lua_State *L)
{
	const struct handle *h = luaL_checkudata(L, 1, NFT_TYPE);

	lua_pushfstring(L, h->sock.fd < 0 ? "nftables handle (closed)" : "nftables handle (%d)", h->sock.fd);
	return 1;
}

void nft_set_ops(lua_State *L, const struct handle_op *ops, size_t n, lua_CFunction f)
{
	for (size_t i = 0; i < n; i++) {
		lua_pushlightuserdata(L, (void *)(uintptr_t)&ops[i]);
		lua_pushcclosure(L, f, 1);
		lua_setfield(L, -2, ops[i].name);
	}
}

void nft_open(lua_State *L)
{
	static const luaL_Reg methods[] = {{"settimeout", nft_settimeout}, {"fd", nft_fd},
	                                   {"batch", nft_batch_new},       {"close", nft_close},
	                                   {"leave", nft_leave},           {NULL, NULL}};
	static const luaL_Reg meta[] = {
		{"__gc", nft_close}, {"__close", nft_close}, {"__tostring", nft_tostring}, {NULL, NULL}};

	luaL_newmetatable(L, NFT_TYPE);
	luaL_setfuncs(L, meta, 0);
	luaL_newlib(L, methods);
	nft_set_ops(L, requests, sizeof requests / sizeof *requests, nft_request);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
	nft_batch_open(L);
}
