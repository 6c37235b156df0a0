/* SPDX-License-Identifier: MIT */
/* Which keys of a message a caller wants. */
#include "codec/decode.h"

#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define BIT(type) (UINT64_C(1) << (type))
#define LEFT_OUT  (BIT(IFLA_AF_SPEC) | BIT(IFLA_STATS64))

/* All of a link's but its settings and counters, which are longer than the rest; nor need IFLA_STATS and IFLA_MAP be
 * kept, which have no rows. */
static const struct codec_keys link_keys = {
	.attr = {~LEFT_OUT, UINT64_MAX},
	.kept = {~(LEFT_OUT | BIT(IFLA_STATS) | BIT(IFLA_MAP)), UINT64_MAX},
	.field = UINT32_MAX,
	.unknown = true,
};

const struct codec_keys *codec_keys_dump(const struct table_msg *table, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	bool link = table == &table_link && nlh->nlmsg_len > MNL_NLMSG_HDRLEN;

	/* the bridge's vlans are af_spec, too, and asked for by the family */
	return link && ifi->ifi_family == AF_UNSPEC ? &link_keys : NULL;
}

static inline bool row_is(const struct table_row *row, const char *key, size_t len)
{
	return row->len == len && memcmp(row->key, key, len) == 0;
}

static inline void mark(uint64_t bits[TABLE_ATTRS_MAX / 64], unsigned number)
{
	bits[number / 64] |= UINT64_C(1) << number % 64;
}

/* The rows of a key, -1 for none. No set has a key twice among its attributes. */
struct found {
	int field, attr;
};

static struct found find_rows(const struct table_set *set, const char *key, size_t len)
{
	struct found f = {-1, -1};

	for (unsigned i = 0; i < set->nfield && f.field < 0; i++)
		if (row_is(&set->field[i], key, len))
			f.field = (int)i;
	for (unsigned i = 0; i < set->nattr && f.attr < 0; i++)
		if (table_attr(set, i) && row_is(&set->attr[i], key, len))
			f.attr = (int)i;
	return f;
}

bool codec_keys_add(struct codec_keys *keys, const struct table_set *set, const char *key, size_t len)
{
	const struct found f = find_rows(set, key, len);

	if (f.field >= 0)
		keys->field |= UINT32_C(1) << f.field;
	if (f.attr >= 0) {
		mark(keys->attr, (unsigned)f.attr);
		mark(keys->kept, (unsigned)f.attr);
		if (set == table_route.set && f.attr == RTA_EXPIRES)
			mark(keys->kept, RTA_CACHEINFO);
		if (set->attr[f.attr].type == TABLE_BYKIND && f.attr > 0)
			mark(keys->kept, (unsigned)f.attr - 1);
	}
	return f.field >= 0 || f.attr >= 0;
}

void codec_keys(lua_State *L, int idx, const struct table_msg *table, struct codec_keys *out)
{
	int arg = lua_absindex(L, idx);
	lua_Integer n;

	luaL_checktype(L, arg, LUA_TTABLE);
	memset(out, 0, sizeof(*out));
	n = (lua_Integer)lua_rawlen(L, arg);
	for (lua_Integer i = 1; i <= n; i++) {
		size_t len;

		if (lua_rawgeti(L, arg, i) != LUA_TSTRING)
			luaL_argerror(L, arg, "list of keys expected");
		const char *key = lua_tolstring(L, -1, &len);

		if (strcmp(key, "unknown") == 0)
			out->unknown = true;
		else if (!codec_keys_add(out, table->set, key, len))
			luaL_argerror(L, arg, lua_pushfstring(L, "unknown key '%s'", key));
		lua_pop(L, 1);
	}
}

static inline bool kept(const struct codec_keys *only, const struct table_set *set, unsigned number)
{
	if (number < TABLE_ATTRS_MAX && only->kept[number / 64] >> number % 64 & 1)
		return true;
	return only->unknown && table_unknown(set, number);
}

size_t codec_trim(void *to, const struct nlmsghdr *nlh, const struct table_msg *table, const struct codec_keys *only)
{
	size_t len = nlh->nlmsg_len, hdr = NLMSG_HDRLEN + NLMSG_ALIGN(table->hdrlen);
	const uint8_t *begin = (const uint8_t *)nlh, *end = begin + len, *run = begin, *p = begin + hdr;
	uint8_t *at = to;

	if (!only || len < hdr) {
		memmove(to, nlh, len);
		return len;
	}
	/* runs of what is kept are moved together, up to p, which itself is still to be read */
	while (dec_attr_ok((const struct nlattr *)p, end)) {
		const struct nlattr *attr = (const struct nlattr *)p;
		const uint8_t *next = p + NLA_ALIGN(attr->nla_len);
		unsigned number = dec_attr_type(attr);

		if (!kept(only, table->set, number)) {
			memmove(at, run, (size_t)(p - run));
			at += p - run;
			run = next;
		}
		p = next;
	}
	if (p > end)
		p = end; /* the last one need not be padded */
	if (p > run) {
		memmove(at, run, (size_t)(p - run));
		at += p - run;
	}
	len = (size_t)(at - (uint8_t *)to);
	((struct nlmsghdr *)to)->nlmsg_len = (uint32_t)len;
	return len;
}
