/* SPDX-License-Identifier: MIT */
#include "bind/monitor.h"
#include "bind/error.h"
#include "bind/handle.h"
#include "bind/netns.h"
#include "codec/codec.h"
#include "kernel/monitor.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/process.h"

#include <errno.h>
#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#define DUMP_TIMEOUT 30000 /* ms */
#define DISCARD_MAX  100000

struct monitor {
	struct netlink_sock hears, asks;
	struct netlink_reply heard, answer;
	size_t at;           /* of the next message in heard */
	uint64_t generation; /* of the process, as a handle's */
	bool all_nsid;
	bool kinds[MONITOR_KINDS];
	bool some[MONITOR_KINDS]; /* only these keys of the kind's objects */
	struct codec_keys keys[MONITOR_KINDS];
};

static struct monitor *check_open(lua_State *L, int arg)
{
	struct monitor *m = luaL_checkudata(L, arg, MONITOR_TYPE);

	if (m->hears.fd < 0)
		luaL_argerror(L, arg, "closed monitor");
	handle_check_generation(L, arg, m->generation, "monitor");
	return m;
}

/* The number of the group whose name is at idx; complains about the argument arg. */
static unsigned check_group(lua_State *L, int idx, int arg)
{
	const struct monitor_kind *k = lua_type(L, idx) == LUA_TSTRING ? monitor_find(lua_tostring(L, idx)) : NULL;

	if (k)
		return (unsigned)(k - event_kinds);
	lua_pushfstring(L, "group '%s': one of", luaL_tolstring(L, idx, NULL));
	for (unsigned i = 0; i < MONITOR_KINDS; i++) {
		lua_pushfstring(L, " %s%s", event_kinds[i].name, i + 1 < MONITOR_KINDS ? "," : " expected");
		lua_concat(L, 2);
	}
	return (unsigned)luaL_argerror(L, arg, lua_tostring(L, -1));
}

/* --- making one --- */

static void check_groups(lua_State *L, int arg, struct monitor *m)
{
	luaL_checktype(L, arg, LUA_TTABLE);
	lua_Integer n = luaL_len(L, arg);
	luaL_argcheck(L, n > 0, arg, "a list of groups expected");
	for (lua_Integer i = 1; i <= n; i++) {
		lua_geti(L, arg, i);
		m->kinds[check_group(L, -1, arg)] = true;
		lua_pop(L, 1);
	}
}

/* options.keys = { group = { key, … }, … } */
static void check_keys(lua_State *L, int arg, struct monitor *m)
{
	luaL_checktype(L, -1, LUA_TTABLE);
	lua_replace(L, arg); /* what codec_keys complains about is at the caller's place then */
	lua_pushnil(L);
	while (lua_next(L, arg)) {
		unsigned i = check_group(L, -2, arg);
		m->some[i] = true;
		codec_keys(L, lua_gettop(L), event_kinds[i].table, &m->keys[i]);
		lua_pop(L, 1);
	}
}

/* Returns the size of the receive buffer to ask for, 0 for the system's. */
static int check_options(lua_State *L, int arg, struct monitor *m)
{
	lua_Integer bytes = 0;

	if (lua_isnoneornil(L, arg))
		return 0;
	luaL_checktype(L, arg, LUA_TTABLE);
	lua_pushnil(L);
	while (lua_next(L, arg)) {
		const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
		if (strcmp(key, "rcvbuf") == 0) {
			int isint;
			bytes = lua_tointegerx(L, -1, &isint);
			if (!isint || bytes < 1024 || bytes > INT_MAX / 2)
				luaL_argerror(L, arg, "rcvbuf: an integer from 1024 to 1073741823 expected");
		} else if (strcmp(key, "all_nsid") == 0) {
			luaL_checktype(L, -1, LUA_TBOOLEAN);
			m->all_nsid = lua_toboolean(L, -1);
		} else if (strcmp(key, "keys") != 0) {
			luaL_argerror(L, arg, lua_pushfstring(L, "unknown option '%s'", luaL_tolstring(L, -2, NULL)));
		}
		lua_pop(L, 1);
	}
	if (lua_getfield(L, arg, "keys") != LUA_TNIL)
		check_keys(L, arg, m);
	else
		lua_pop(L, 1);
	return (int)bytes;
}

/* Both sockets, in the namespace nsfd (-1: the thread's own). */
static int open_sockets(struct monitor *m, int nsfd, int bytes, struct error *e)
{
	int fd = netns_socket(nsfd, -1, NETLINK_ROUTE, e);

	if (fd < 0)
		return fd;
	netlink_adopt(&m->hears, fd, NETLINK_ROUTE);
	fd = netns_socket(nsfd, -1, NETLINK_ROUTE, e);
	if (fd < 0)
		return fd;
	netlink_adopt(&m->asks, fd, NETLINK_ROUTE);
	int rc = bytes ? netlink_set_buffer(&m->hears, bytes) : 0;
	if (rc < 0)
		return error_io(e, -rc, "setsockopt", "receive buffer");
	rc = m->all_nsid ? netlink_listen_all(&m->hears) : 0;
	if (rc < 0)
		return error_io(e, -rc, "setsockopt", "every namespace");
	for (unsigned i = 0; i < MONITOR_KINDS; i++)
		for (unsigned g = 0; m->kinds[i] && g < 2 && event_kinds[i].groups[g]; g++) {
			rc = netlink_join(&m->hears, event_kinds[i].groups[g]);
			if (rc < 0)
				return error_io(e, -rc, "setsockopt", "multicast group of '%s'", event_kinds[i].name);
		}
	return 0;
}

int bind_monitor_new(lua_State *L)
{
	struct error e;
	bool here = lua_isnoneornil(L, 1);

	lua_settop(L, 3);
	bind_netns_check_target(L, 1);
	struct monitor *m = lua_newuserdatauv(L, sizeof *m, 0);
	memset(m, 0, sizeof *m);
	m->hears.fd = m->asks.fd = -1;
	m->generation = process_generation();
	luaL_setmetatable(L, MONITOR_TYPE);
	check_groups(L, 2, m);
	int bytes = check_options(L, 3, m);
	int *ns = bind_netns_push(L); /* holds the descriptor meanwhile, whatever raises */
	if (!here) {
		*ns = bind_netns_target(L, 1, &e);
		if (*ns < 0)
			return bind_error_return(L, &e);
	}
	if (open_sockets(m, *ns, bytes, &e) < 0) {
		netlink_close(&m->hears);
		netlink_close(&m->asks);
		return bind_error_return(L, &e);
	}
	bind_netns_close(ns);
	lua_pop(L, 1);
	return 1;
}

/* --- what is heard --- */

/* Push the event of a message. The kernel's own attribute of that name says why, under "cause". */
static void push_event(lua_State *L, const struct monitor *m, unsigned i, const struct nlmsghdr *h)
{
	const struct monitor_kind *k = &event_kinds[i];

	codec_decode_some(L, k->table, h, m->some[i] ? &m->keys[i] : NULL);
	if (lua_getfield(L, -1, "event") != LUA_TNIL)
		lua_setfield(L, -2, "cause");
	else
		lua_pop(L, 1);
	lua_pushfstring(L, "%s%s", monitor_verb(k, h), k->table->name);
	lua_setfield(L, -2, "event");
	if (h->nlmsg_flags & NLM_F_REPLACE && !monitor_is_gone(k, h)) {
		lua_pushboolean(L, 1);
		lua_setfield(L, -2, "replace");
	}
}

/* Push key and value, or nothing for an object too large to be remembered. Returns how many. */
static int push_memory(lua_State *L, const struct monitor_kind *k, const struct nlmsghdr *h)
{
	char key[MONITOR_MAX], value[MONITOR_MAX];
	size_t nkey = k->asked ? 0 : monitor_key(k, h, key), nvalue = nkey ? monitor_value(k, h, value) : 0;

	if (!nvalue)
		return 0;
	lua_pushlstring(L, key, nkey);
	lua_pushlstring(L, value, nvalue);
	return 2;
}

static int kind_of(const struct monitor *m, const struct nlmsghdr *h)
{
	for (unsigned i = 0; i < MONITOR_KINDS; i++)
		if (m->kinds[i] && monitor_matches(&event_kinds[i], h))
			return (int)i;
	return -1;
}

/* The next message in hand that is meant, or NULL. */
static const struct nlmsghdr *next_message(struct monitor *m, int *kind)
{
	while (m->at < m->heard.len) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)(m->heard.data + m->at);
		if (!mnl_nlmsg_ok(h, (int)(m->heard.len - m->at)))
			break;
		m->at += MNL_ALIGN(h->nlmsg_len);
		*kind = kind_of(m, h);
		if (*kind >= 0)
			return h;
	}
	m->heard.len = m->at = 0;
	return NULL;
}

/* m:receive() -> event, group, key, value | nil (nothing waits) | nil, err (ENOBUFS: some were lost).
 * The key tells the object from others, the value this state of it from others; neither for very large ones. */
static int m_receive(lua_State *L)
{
	struct monitor *m = check_open(L, 1);
	const struct nlmsghdr *h;
	struct error e;
	int kind = 0;

	while (!(h = next_message(m, &kind))) {
		int rc = netlink_receive(&m->hears, &m->heard);
		m->at = 0;
		if (rc < 0) {
			m->heard.len = 0;
			error_io(&e, -rc, "receive", "netlink socket");
			return bind_error_return(L, &e);
		}
		if (rc == 0) {
			netlink_reply_shrink(&m->heard);
			lua_pushnil(L);
			return 1;
		}
	}
	/* a copy, for a finalizer that runs meanwhile may use the monitor, or close it */
	int nsid = m->heard.nsid;
	h = (const struct nlmsghdr *)lua_pushlstring(L, (const char *)h, h->nlmsg_len);
	push_event(L, m, (unsigned)kind, h);
	if (nsid != NETLINK_NSID_OWN) {
		lua_pushinteger(L, nsid);
		lua_setfield(L, -2, "nsid");
	}
	lua_pushstring(L, event_kinds[kind].name);
	return nsid != NETLINK_NSID_OWN ? 2 : 2 + push_memory(L, &event_kinds[kind], h);
}

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* m:discard() -> true | nil, err: forget all that waits. The kernel keeps quiet after a loss until nothing does, so
 * what is left over would be older than what is there. */
static int m_discard(lua_State *L)
{
	struct monitor *m = check_open(L, 1);
	struct error e;
	int rc;

	m->heard.len = m->at = 0;
	for (int n = 0; n < DISCARD_MAX; n++) {
		rc = netlink_receive(&m->hears, &m->heard);
		m->heard.len = 0;
		if (rc == 0 && !is_readable(m->hears.fd))
			break;
		if (rc < 0 && rc != -ENOBUFS) {
			error_io(&e, -rc, "receive", "netlink socket");
			return bind_error_return(L, &e);
		}
	}
	lua_pushboolean(L, 1);
	return 1;
}

/* --- what is there --- */

static int dump(struct monitor *m, unsigned kind, struct error *e)
{
	_Alignas(8) char buf[64];
	const struct monitor_kind *k = &event_kinds[kind];
	struct netlink_ack ack;
	int rc = 0;

	m->answer.len = 0;
	for (unsigned n = 0; n < monitor_dumps(k) && rc == 0; n++) {
		struct nlmsghdr *h = monitor_dump(k, n, buf);
		rc = netlink_talk(&m->asks, h, h->nlmsg_len, 1, netlink_now() + DUMP_TIMEOUT, &m->answer, &ack, e);
		if (rc == 0 && ack.err)
			rc = error_netlink(e, ack.err, "dump", ack.text);
	}
	return rc;
}

/* Whether the table at old has this value for this key, which are on top. Takes it away. */
static bool known(lua_State *L, int old)
{
	lua_pushvalue(L, -2);
	lua_rawget(L, old);
	bool same = lua_rawequal(L, -1, -2);
	lua_pop(L, 1);
	return same;
}

/* m:compare(group, picture) -> messages, picture | nil, err. The picture (key -> value) is what was there; the new one
 * is what is there now; the messages, for m:decode, are what the kernel would have sent meanwhile, deletions first. */
static int m_compare(lua_State *L)
{
	enum { OLD = 3, MESSAGES, NOW };
	struct monitor *m = check_open(L, 1);
	unsigned kind = check_group(L, 2, 2);
	_Alignas(8) char buf[MONITOR_GONE_MAX];
	const struct monitor_kind *k = &event_kinds[kind];
	const struct nlmsghdr *h;
	size_t klen, vlen;
	struct error e;
	lua_Integer n = 0;

	luaL_checktype(L, OLD, LUA_TTABLE);
	lua_settop(L, OLD);
	lua_newtable(L);
	lua_newtable(L);
	lua_newtable(L); /* the new ones, which go behind */
	if (dump(m, kind, &e) < 0)
		return bind_error_return(L, &e);
	int left = (int)m->answer.len;
	const char *answer =
		left > 0 ? lua_pushlstring(L, m->answer.data, m->answer.len) : NULL; /* a copy, as in m_receive */
	netlink_reply_shrink(&m->answer);
	for (h = (const struct nlmsghdr *)answer; left > 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (!monitor_matches(k, h) || push_memory(L, k, h) == 0)
			continue;
		if (!known(L, OLD)) {
			lua_pushlstring(L, (const char *)h, h->nlmsg_len);
			lua_rawseti(L, NOW + 1, ++n);
		}
		lua_rawset(L, NOW);
	}
	lua_Integer gone = 0;
	lua_pushnil(L);
	while (lua_next(L, OLD)) {
		lua_pushvalue(L, -2);
		if (lua_rawget(L, NOW) == LUA_TNIL) {
			bool strings = lua_type(L, -3) == LUA_TSTRING && lua_type(L, -2) == LUA_TSTRING;
			luaL_argcheck(L, strings, OLD, "not a picture");
			const char *key = lua_tolstring(L, -3, &klen), *value = lua_tolstring(L, -2, &vlen);
			h = monitor_gone(k, key, klen, value, vlen, buf);
			luaL_argcheck(L, h, OLD, "not a picture of this group");
			lua_pushlstring(L, (const char *)h, h->nlmsg_len);
			lua_rawseti(L, MESSAGES, ++gone);
		}
		lua_pop(L, 2);
	}
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, NOW + 1, i);
		lua_rawseti(L, MESSAGES, gone + i);
	}
	lua_settop(L, NOW);
	return 2;
}

/* m:decode(group, message) -> event */
static int m_decode(lua_State *L)
{
	struct monitor *m = check_open(L, 1);
	unsigned kind = check_group(L, 2, 2);
	size_t len;
	const char *bytes = luaL_checklstring(L, 3, &len);
	struct nlmsghdr *h = lua_newuserdatauv(L, len, 0); /* aligned */

	memcpy(h, bytes, len);
	luaL_argcheck(L, len <= INT_MAX && mnl_nlmsg_ok(h, (int)len) && monitor_matches(&event_kinds[kind], h), 3,
	              "not a message of this group");
	push_event(L, m, kind, h);
	return 1;
}

static int m_pollfd(lua_State *L)
{
	lua_pushinteger(L, check_open(L, 1)->hears.fd);
	return 1;
}

static int m_close(lua_State *L)
{
	struct monitor *m = luaL_checkudata(L, 1, MONITOR_TYPE);

	netlink_close(&m->hears);
	netlink_close(&m->asks);
	netlink_reply_free(&m->heard);
	netlink_reply_free(&m->answer);
	return 0;
}

void bind_monitor_open(lua_State *L)
{
	static const luaL_Reg methods[] = {{"receive", m_receive},
	                                   {"discard", m_discard},
	                                   {"compare", m_compare},
	                                   {"decode", m_decode},
	                                   {"pollfd", m_pollfd},
	                                   {"close", m_close},
	                                   {NULL, NULL}};

	luaL_newmetatable(L, MONITOR_TYPE);
	lua_pushcfunction(L, m_close);
	lua_setfield(L, -2, "__gc");
	lua_pushcfunction(L, m_close);
	lua_setfield(L, -2, "__close");
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
