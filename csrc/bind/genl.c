/* SPDX-License-Identifier: MIT */
#include "bind/genl.h"
#include "bind/error.h"
#include "bind/handle.h"
#include "bind/reply.h"
#include "codec/codec.h"
#include "kernel/genl.h"
#include "tables/genl.h"

#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/genetlink.h>
#include <string.h>

struct genl {
	struct handle handle; /* first: handle_free ends it */
	const struct table_msg *table;
	struct genl_family family;
};

static struct genl *genl_check(lua_State *L, int arg)
{
	struct genl *g = luaL_checkudata(L, arg, GENL_TYPE);

	if (g->handle.sock.fd < 0)
		luaL_argerror(L, arg, "closed handle");
	return g;
}

int genl_new(lua_State *L)
{
	struct error e;
	const char *name = luaL_checkstring(L, 2);
	const struct table_msg *table = table_genl_family(name);

	if (!table)
		return luaL_argerror(L, 2, lua_pushfstring(L, "family '%s': wireguard expected", name));
	lua_settop(L, 3);
	lua_remove(L, 2);
	int pushed = handle_create(L, GENL_TYPE, NETLINK_GENERIC, sizeof(struct genl));
	if (pushed != 1)
		return pushed;
	struct genl *g = lua_touserdata(L, -1);
	g->table = table;
	if (genl_resolve(&g->handle.sock, table->name, handle_deadline(&g->handle), &g->family, &e) < 0) {
		handle_free(&g->handle);
		return bind_error_return(L, &e);
	}
	return 1;
}

/* --- requests --- */

/* A reply_reader: an array of the messages. */
static void push_messages(lua_State *L, const struct netlink_reply *r, const void *ctx)
{
	const struct genl *g = ctx;
	const struct nlmsghdr *m = (const struct nlmsghdr *)r->data;
	int left = (int)r->len;
	lua_Integer n = 0;

	lua_newtable(L);
	for (; left > 0 && mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		codec_decode(L, g->table, m);
		lua_rawseti(L, -2, ++n);
	}
}

/* Send the table at arg 2 as this command; the answer is in the handle's reply. 0, or -1 with e filled. */
static int genl_request(lua_State *L, struct genl *g, const struct handle_op *op, struct error *e)
{
	_Alignas(8) char buf[CODEC_MAX];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	struct netlink_ack ack;

	luaL_checktype(L, 2, LUA_TTABLE);
	n->nlmsg_type = g->family.id;
	n->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | op->flags);
	codec_encode(L, 2, g->table, n, CODEC_MAX, NULL, NULL, NULL);
	struct genlmsghdr *header = mnl_nlmsg_get_payload(n);
	header->cmd = (uint8_t)op->type;
	header->version = g->family.version;
	g->handle.reply.len = 0;
	int rc = netlink_talk(&g->handle.sock, n, n->nlmsg_len, 1, handle_deadline(&g->handle), &g->handle.reply, &ack,
	                      e);
	if (rc == 0 && ack.err) {
		handle_refusal(op, n, &ack, e);
		rc = -1;
	}
	memset(buf, 0, sizeof buf); /* it may have held a key */
	return rc;
}

/* genl:dump(t) -> the messages of the answer | nil, err */
static int genl_dump(lua_State *L)
{
	struct genl *g = genl_check(L, 1);
	const struct handle_op op = {"getdevice", g->table, g->table->get_type, NLM_F_DUMP | NLM_F_ACK, OP_DUMP};
	struct error e;

	if (genl_request(L, g, &op, &e) < 0)
		return bind_error_return(L, &e);
	int pushed = reply_read(L, &g->handle.reply, push_messages, g);
	return pushed < 0 ? lua_error(L) : pushed;
}

/* genl:set(t) -> true | nil, err: one message, at most CODEC_MAX bytes */
static int genl_set(lua_State *L)
{
	struct genl *g = genl_check(L, 1);
	const struct handle_op op = {"setdevice", g->table, g->table->set_type, NLM_F_ACK, OP_ACT};
	struct error e;

	if (genl_request(L, g, &op, &e) < 0)
		return bind_error_return(L, &e);
	lua_pushboolean(L, 1);
	return 1;
}

static int genl_settimeout(lua_State *L)
{
	struct genl *g = genl_check(L, 1);
	lua_Number s = luaL_checknumber(L, 2);

	luaL_argcheck(L, s >= 0 && s <= INT_MAX / 1000, 2, "seconds are out of range");
	g->handle.timeout = (int)(s * 1000);
	return 0;
}

static int genl_close(lua_State *L)
{
	handle_free(luaL_checkudata(L, 1, GENL_TYPE));
	return 0;
}

static int genl_tostring(lua_State *L)
{
	const struct genl *g = luaL_checkudata(L, 1, GENL_TYPE);

	lua_pushfstring(L, "generic netlink family (%s)", g->handle.sock.fd < 0 ? "closed" : g->table->name);
	return 1;
}

void genl_open(lua_State *L)
{
	static const luaL_Reg methods[] = {{"dump", genl_dump},
	                                   {"set", genl_set},
	                                   {"settimeout", genl_settimeout},
	                                   {"close", genl_close},
	                                   {NULL, NULL}};
	static const luaL_Reg meta[] = {
		{"__gc", genl_close}, {"__close", genl_close}, {"__tostring", genl_tostring}, {NULL, NULL}};

	luaL_newmetatable(L, GENL_TYPE);
	luaL_setfuncs(L, meta, 0);
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
