/* SPDX-License-Identifier: MIT */
#include "bind/handle.h"
#include "bind/error.h"
#include "bind/netns.h"
#include "bind/request.h"
#include "codec/codec.h"
#include "kernel/netns.h"
#include "kernel/process.h"

#include <errno.h>
#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#ifndef IFLA_ALT_IFNAME
#define IFLA_ALT_IFNAME 53
#endif
#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

#define RCVBUF_MIN      16384
#define DEFAULT_TIMEOUT 30000 /* ms: the kernel answers in microseconds, save where thousands wait for its lock */

#define NEW(noun, s, t, extra) \
	{ \
		"new" noun, &s, t, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL | (extra), OP_NEW \
	}
#define DEL(noun, s, t) \
	{ \
		"del" noun, &s, t, NLM_F_ACK, OP_ACT \
	}
#define GET(noun, s, t) \
	{ \
		"get" noun, &s, t, NLM_F_ACK, OP_GET \
	}
#define PICK(noun, s, t) \
	{ \
		"get" noun, &s, t, NLM_F_DUMP | NLM_F_ACK, OP_PICK \
	}
#define DUMP(noun, s, t) \
	{ \
		"get" noun "s", &s, t, NLM_F_DUMP | NLM_F_ACK, OP_DUMP \
	}

static const struct handle_op ops[] = {
	NEW("link", table_link, RTM_NEWLINK, NLM_F_ECHO),
	{"setlink", &table_link, RTM_SETLINK, NLM_F_ACK, OP_ACT},
	DEL("link", table_link, RTM_DELLINK),
	GET("link", table_link, RTM_GETLINK),
	DUMP("link", table_link, RTM_GETLINK),
	{"newlinkprop", &table_link, RTM_NEWLINKPROP, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, OP_ACT},
	{"dellinkprop", &table_link, RTM_DELLINKPROP, NLM_F_ACK, OP_ACT},
	NEW("addr", table_addr, RTM_NEWADDR, 0),
	DEL("addr", table_addr, RTM_DELADDR),
	PICK("addr", table_addr, RTM_GETADDR),
	DUMP("addr", table_addr, RTM_GETADDR),
	NEW("route", table_route, RTM_NEWROUTE, 0),
	DEL("route", table_route, RTM_DELROUTE),
	GET("route", table_route, RTM_GETROUTE),
	DUMP("route", table_route, RTM_GETROUTE),
	NEW("neigh", table_neigh, RTM_NEWNEIGH, 0),
	DEL("neigh", table_neigh, RTM_DELNEIGH),
	GET("neigh", table_neigh, RTM_GETNEIGH),
	DUMP("neigh", table_neigh, RTM_GETNEIGH),
	NEW("rule", table_rule, RTM_NEWRULE, 0),
	DEL("rule", table_rule, RTM_DELRULE),
	PICK("rule", table_rule, RTM_GETRULE),
	DUMP("rule", table_rule, RTM_GETRULE),
	NEW("nexthop", table_nexthop, RTM_NEWNEXTHOP, 0),
	DEL("nexthop", table_nexthop, RTM_DELNEXTHOP),
	GET("nexthop", table_nexthop, RTM_GETNEXTHOP),
	DUMP("nexthop", table_nexthop, RTM_GETNEXTHOP),
	GET("netconf", table_netconf, RTM_GETNETCONF),
	DUMP("netconf", table_netconf, RTM_GETNETCONF),
	NEW("qdisc", table_qdisc, RTM_NEWQDISC, 0),
	DEL("qdisc", table_qdisc, RTM_DELQDISC),
	DUMP("qdisc", table_qdisc, RTM_GETQDISC),
	NEW("tclass", table_tclass, RTM_NEWTCLASS, 0),
	DEL("tclass", table_tclass, RTM_DELTCLASS),
	DUMP("tclasse", table_tclass, RTM_GETTCLASS),
	NEW("tfilter", table_tfilter, RTM_NEWTFILTER, 0),
	DEL("tfilter", table_tfilter, RTM_DELTFILTER),
	DUMP("tfilter", table_tfilter, RTM_GETTFILTER),
	NEW("nsid", table_nsid, RTM_NEWNSID, 0),
	GET("nsid", table_nsid, RTM_GETNSID),
	DUMP("nsid", table_nsid, RTM_GETNSID),
};

struct handle *handle_check(lua_State *L, int arg)
{
	struct handle *h = luaL_checkudata(L, arg, HANDLE_TYPE);

	if (h->sock.fd < 0)
		luaL_argerror(L, arg, "closed handle");
	handle_check_generation(L, arg, h->generation, "handle");
	return h;
}

void handle_check_generation(lua_State *L, int arg, uint64_t generation, const char *what)
{
	if (generation != process_generation())
		luaL_argerror(L, arg, lua_pushfstring(L, "%s of the process that made this one by fork", what));
}

int64_t handle_deadline(const struct handle *h)
{
	return netlink_now() + h->timeout;
}

int handle_new(lua_State *L)
{
	return handle_create(L, HANDLE_TYPE, NETLINK_ROUTE, sizeof(struct handle));
}

int handle_create(lua_State *L, const char *type, int protocol, size_t size)
{
	struct error e;
	bool here = lua_isnoneornil(L, 1);

	lua_settop(L, 2);
	bind_netns_check_target(L, 1);
	int home = lua_isnil(L, 2) ? -1 : *bind_netns_check(L, 2);
	struct handle *h = lua_newuserdatauv(L, size, 0);
	memset(h, 0, size);
	h->sock.fd = -1;
	h->timeout = DEFAULT_TIMEOUT;
	h->generation = process_generation();
	luaL_setmetatable(L, type);
	int *ns = bind_netns_push(L); /* holds the descriptor meanwhile, whatever raises */
	int fd;
	const int *borrowed = luaL_testudata(L, 1, NAMESPACE_TYPE);
	if (here) {
		fd = netns_socket(-1, -1, protocol, &e);
	} else if (borrowed) {
		fd = netns_socket(*borrowed, home, protocol, &e);
	} else {
		*ns = bind_netns_target(L, 1, &e);
		fd = *ns < 0 ? *ns : netns_socket(*ns, home, protocol, &e);
	}
	if (fd < 0)
		return bind_error_return(L, &e);
	netlink_adopt(&h->sock, fd, protocol);
	bind_netns_close(ns);
	lua_pop(L, 1);
	return 1;
}

/* --- requests --- */

/* RTM_GETLINK by name into h->reply; -ENODEV when there is none. */
static int ask_link(struct handle *h, const char *name)
{
	_Alignas(8) char buf[256] = {0}; /* the padding of attributes stays zero */
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	struct netlink_ack ack;
	struct error e;

	n->nlmsg_type = RTM_GETLINK;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_nlmsg_put_extra_header(n, sizeof(struct ifinfomsg));
	if (!mnl_attr_put_strz_check(n, sizeof buf, strlen(name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name))
		return -ENODEV;
	mnl_attr_put_u32_check(n, sizeof buf, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	h->reply.len = 0;
	int rc = netlink_talk(&h->sock, n, n->nlmsg_len, 1, handle_deadline(h), &h->reply, &ack, &e);
	if (rc < 0)
		return rc;
	if (ack.err)
		return -ack.err;
	return h->reply.len >= NLMSG_HDRLEN + sizeof(struct ifinfomsg) ? 0 : -ENODEV;
}

static int resolve_link(void *ctx, const char *name, uint32_t *index)
{
	struct handle *h = ctx;
	int rc = ask_link(h, name);

	if (rc == 0) {
		const struct ifinfomsg *i = mnl_nlmsg_get_payload((const struct nlmsghdr *)h->reply.data);
		*index = (uint32_t)i->ifi_index;
	}
	return rc;
}

static uint16_t check_mode(lua_State *L, const struct handle_op *op)
{
	static const char *const modes[] = {"create", "replace", "append", "change", NULL};
	static const uint16_t flags[] = {NLM_F_CREATE | NLM_F_EXCL, NLM_F_CREATE | NLM_F_REPLACE,
	                                 NLM_F_CREATE | NLM_F_APPEND, NLM_F_REPLACE};

	if (op->how != OP_NEW)
		return op->flags;
	return (uint16_t)((op->flags & ~(NLM_F_CREATE | NLM_F_EXCL)) | flags[luaL_checkoption(L, 3, "create", modes)]);
}

static void not_found(struct error *e, const char *op, const char *name)
{
	error_netlink(e, ENODEV, op, NULL);
	e->kind = "not_found";
	strncpy(e->link, name, sizeof e->link - 1);
	e->link[sizeof e->link - 1] = 0;
}

/* Skip what a plain dump of links has no use for, unless the caller said what it wants. */
static void default_ext_mask(struct nlmsghdr *n, const struct handle_op *op, const struct codec_keys *only)
{
	const struct nlattr *a;

	if (only ? only->attr[IFLA_STATS64 / 64] >> IFLA_STATS64 % 64 & 1 : op->how == OP_GET)
		return; /* the counters are wanted */
	mnl_attr_for_each(a, n, sizeof(struct ifinfomsg)) if (mnl_attr_get_type(a) == IFLA_EXT_MASK) return;
	mnl_attr_put_u32_check(n, CODEC_MAX, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

int handle_encode(lua_State *L, struct handle *h, const struct handle_op *op, const struct codec_keys *only, void *buf,
                  struct error *e)
{
	const char *failed = NULL;
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);

	n->nlmsg_type = op->type;
	n->nlmsg_flags = NLM_F_REQUEST | check_mode(L, op);
	int rc = codec_encode(L, 2, op->table, n, CODEC_MAX, resolve_link, h, &failed);
	if (rc == -ENODEV)
		not_found(e, op->name, failed);
	else if (rc < 0)
		error_netlink(e, -rc, op->name, NULL);
	else if (op->table == &table_link && (op->how == OP_GET || op->how == OP_DUMP))
		default_ext_mask(n, op, only);
	else if (op->how == OP_PICK && n->nlmsg_len == NLMSG_HDRLEN + NLMSG_ALIGN(op->table->hdrlen))
		luaL_argerror(L, 2, "nothing is named that tells the object from others");
	return rc;
}

/* The name by which req meant a link, or NULL. */
static const char *request_ifname(const struct nlmsghdr *req)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, req,
	                  sizeof(struct ifinfomsg)) if (mnl_attr_get_type(a) == IFLA_IFNAME) return mnl_attr_get_str(a);
	return NULL;
}

void handle_refusal(const struct handle_op *op, const struct nlmsghdr *req, const struct netlink_ack *ack,
                    struct error *e)
{
	const char *name = op->table == &table_link ? request_ifname(req) : NULL;

	if (ack->err == ENODEV && name && op->how != OP_NEW) {
		not_found(e, op->name, name);
		return;
	}
	error_netlink(e, ack->err, op->name, ack->text);
	if (ack->has_off)
		table_path(op->table, req, ack->off, e->attr, sizeof e->attr);
	if (ack->has_miss && !e->attr[0])
		table_missing(op->table, req, ack->has_miss_nest, ack->miss_nest, ack->miss_type, e->attr,
		              sizeof e->attr);
	if (ack->err == ENODEV)
		e->kind = "not_found";
}

bool handle_goes_elsewhere(const struct nlmsghdr *req)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, req, sizeof(struct ifinfomsg)) switch (mnl_attr_get_type(a))
	{
	case IFLA_NET_NS_PID:
	case IFLA_NET_NS_FD:
	case IFLA_TARGET_NETNSID:
		return true;
	}
	return false;
}

bool handle_ask_created(struct handle *h, const struct nlmsghdr *req)
{
	const char *name = request_ifname(req);

	return !handle_goes_elsewhere(req) && name && ask_link(h, name) == 0;
}

/* handle:timeout(seconds): how long a request may take before it fails with ETIMEDOUT. */
static int h_timeout(lua_State *L)
{
	struct handle *h = handle_check(L, 1);
	lua_Number s = luaL_checknumber(L, 2);

	luaL_argcheck(L, s >= 0 && s <= INT_MAX / 1000, 2, "seconds are out of range");
	h->timeout = (int)(s * 1000);
	return 0;
}

/* handle:setrcvbuf(bytes): room for answers that wait (SO_RCVBUF). Below its least an answer to one request would be
 * lost. */
static int h_setrcvbuf(lua_State *L)
{
	struct handle *h = handle_check(L, 1);
	lua_Integer bytes = luaL_checkinteger(L, 2);
	struct error e;

	luaL_argcheck(L, bytes >= RCVBUF_MIN && bytes <= INT_MAX / 2, 2,
	              "bytes are out of range (16384 to 1073741823)");
	int rc = netlink_set_buffer(&h->sock, (int)bytes);
	if (rc < 0) {
		error_io(&e, -rc, "setsockopt", "receive buffer");
		return bind_error_return(L, &e);
	}
	lua_pushboolean(L, 1);
	return 1;
}

static int h_fd(lua_State *L)
{
	lua_pushinteger(L, handle_check(L, 1)->sock.fd);
	return 1;
}

/* handle:netns() -> a handle of the namespace which the socket is in. Needs CAP_NET_ADMIN there. */
static int h_netns(lua_State *L)
{
	const struct handle *h = handle_check(L, 1);
	struct error e;
	int *fd = bind_netns_push(L);

	*fd = ioctl(h->sock.fd, SIOCGSKNS);
	if (*fd >= 0)
		return 1;
	error_io(&e, errno, "ioctl", "the socket's network namespace");
	return bind_error_return(L, &e);
}

void handle_free(struct handle *h)
{
	netlink_close(&h->sock);
	netlink_reply_free(&h->reply);
}

static int h_close(lua_State *L)
{
	handle_free(luaL_checkudata(L, 1, HANDLE_TYPE));
	return 0;
}

static int h_tostring(lua_State *L)
{
	const struct handle *h = luaL_checkudata(L, 1, HANDLE_TYPE);

	if (h->sock.fd < 0)
		lua_pushliteral(L, "netlink handle (closed)");
	else
		lua_pushfstring(L, "netlink handle (%d)", h->sock.fd);
	return 1;
}

const struct handle_op *handle_dump_op(const char *name)
{
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (ops[i].how == OP_DUMP && strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return NULL;
}

void handle_set_ops(lua_State *L, lua_CFunction f, bool dumps)
{
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		if (!dumps && ops[i].how >= OP_PICK)
			continue;
		lua_pushlightuserdata(L, (void *)(uintptr_t)&ops[i]);
		lua_pushcclosure(L, f, 1);
		lua_setfield(L, -2, ops[i].name);
	}
}

void handle_open(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{"settimeout", h_timeout}, {"setrcvbuf", h_setrcvbuf},  {"fd", h_fd}, {"netns", h_netns},
		{"close", h_close},        {"picture", handle_picture}, {NULL, NULL}};
	static const luaL_Reg meta[] = {
		{"__gc", h_close}, {"__close", h_close}, {"__tostring", h_tostring}, {NULL, NULL}};

	luaL_newmetatable(L, HANDLE_TYPE);
	luaL_setfuncs(L, meta, 0);
	luaL_newlib(L, methods);
	handle_set_ops(L, handle_request, true);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
