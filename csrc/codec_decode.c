/* SPDX-License-Identifier: MIT */
/* Messages to Lua tables. The message is not trusted: every length is checked, what does not fit is skipped. Raises only when
 * Lua runs out of memory, and holds nothing then. */
#include "codec.h"

#include "codec_text.h"

#include <arpa/inet.h>
#include <endian.h>
#include <lauxlib.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define DEC_DEPTH 12 /* nests deeper than this are skipped */

struct dec {
	lua_State *L;
	int keys;   /* stack index of the table of keys */
	int family; /* the message's */
};

static void push_set(struct dec *d, const struct spec_set *set, const uint8_t *p, size_t len, int depth);

/* Keys are interned once and found by the address of their C string after that. */
static void push_key(struct dec *d, const char *key)
{
	lua_State *L = d->L;

	if (lua_rawgetp(L, d->keys, key) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	lua_pushstring(L, key);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, d->keys, key);
}

static bool number_load(const struct spec_row *row, const uint8_t *p, size_t len, lua_Integer *out)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (row->type) {
	case SPEC_U8:
	case SPEC_BOOL:
		if (len < 1)
			return false;
		*out = *p;
		return true;
	case SPEC_U16:
	case SPEC_BE16:
		if (len < sizeof(u16))
			return false;
		memcpy(&u16, p, sizeof(u16));
		*out = row->type == SPEC_BE16 ? ntohs(u16) : u16;
		return true;
	case SPEC_U64:
	case SPEC_BE64:
		if (len >= sizeof(u64)) {
			memcpy(&u64, p, sizeof(u64));
			*out = (lua_Integer)(row->type == SPEC_BE64 ? be64toh(u64) : u64);
			return true;
		}
		/* the kernel shortens some which fit */
		/* fall through */
	default:
		if (len < sizeof(u32))
			return false;
		memcpy(&u32, p, sizeof(u32));
		if (row->type == SPEC_BE32)
			u32 = ntohl(u32);
		*out = row->type == SPEC_S32 ? (lua_Integer)(int32_t)u32 : (lua_Integer)u32;
		return true;
	}
}

static void push_bits(struct dec *d, const struct spec_names *names, uint32_t word)
{
	lua_State *L = d->L;

	lua_createtable(L, 0, __builtin_popcount(word));
	for (unsigned i = 0; i < names->n && word != 0; i++) {
		if (!(word & names->v[i].value))
			continue;
		word &= ~names->v[i].value;
		push_key(d, names->v[i].name);
		lua_pushboolean(L, 1);
		lua_rawset(L, -3);
	}
	if (word != 0) {
		push_key(d, "unknown");
		lua_pushinteger(L, (lua_Integer)word);
		lua_rawset(L, -3);
	}
}

static bool push_number(struct dec *d, const struct spec_row *row, const uint8_t *p, size_t len)
{
	const struct spec_names *names = row->names;
	lua_Integer value;

	if (!number_load(row, p, len, &value))
		return false;
	if (row->type == SPEC_BOOL) {
		lua_pushboolean(d->L, value != 0);
		return true;
	}
	if (names && names->bits) {
		push_bits(d, names, (uint32_t)value);
		return true;
	}
	for (unsigned i = 0; names && i < names->n; i++)
		if (names->v[i].value == (uint32_t)value) {
			push_key(d, names->v[i].name);
			return true;
		}
	lua_pushinteger(d->L, value);
	return true;
}

static bool push_ip(struct dec *d, int family, const uint8_t *p, size_t len)
{
	char text[TEXT_MAX];

	if (len < text_ip_size(family) || !text_ip(text, family, p))
		return false;
	lua_pushstring(d->L, text);
	return true;
}

static bool push_text(struct dec *d, const struct spec_row *row, const uint8_t *p, size_t len)
{
	char text[TEXT_MAX];
	uint16_t family;

	switch (row->type) {
	case SPEC_STRING:
	case SPEC_IFNAME:
		lua_pushlstring(d->L, (const char *)p, strnlen((const char *)p, len));
		return true;
	case SPEC_MAC:
	case SPEC_HEX:
		if (len > TEXT_BYTES_MAX)
			return false;
		lua_pushlstring(d->L, text, text_hex(text, p, len, row->type == SPEC_MAC ? ':' : '\0'));
		return true;
	case SPEC_IP4:
		return push_ip(d, AF_INET, p, len);
	case SPEC_IP6:
		return push_ip(d, AF_INET6, p, len);
	case SPEC_VIA:
		if (len < sizeof(family))
			return false;
		memcpy(&family, p, sizeof(family));
		return push_ip(d, family, p + sizeof(family), len - sizeof(family));
	default: /* of the family which the length says, for the bridge's entries carry either */
		return push_ip(d, len >= 16 ? AF_INET6 : AF_INET, p, len);
	}
}

/* Arrays of settings: the first number belongs to the attribute row->off. */
static void push_conf(struct dec *d, const struct spec_row *row, const uint8_t *p, size_t len)
{
	const struct spec_set *set = row->set;
	size_t n = len / sizeof(uint32_t);

	lua_createtable(d->L, 0, set->nattr);
	for (size_t i = 0; i < n; i++) {
		const struct spec_row *setting = spec_attr(set, (unsigned)i + row->off);

		if (!setting)
			continue;
		push_key(d, setting->key);
		push_number(d, setting, p + i * sizeof(uint32_t), sizeof(uint32_t));
		lua_rawset(d->L, -3);
	}
}

static void push_indexed(struct dec *d, const struct spec_row *row, const struct nlattr *nest, int depth)
{
	const struct spec_row *element = &row->set->attr[0];
	const struct nlattr *attr;
	lua_Integer n = 0;

	(void)depth;
	lua_newtable(d->L);
	mnl_attr_for_each_nested(attr, nest)
		if (push_text(d, element, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr)))
			lua_rawseti(d->L, -2, ++n);
}

static void push_nexthops(struct dec *d, const struct spec_set *set, const uint8_t *p, size_t len, int depth)
{
	lua_Integer n = 0;

	lua_newtable(d->L);
	while (len >= sizeof(struct rtnexthop)) {
		struct rtnexthop hop;

		memcpy(&hop, p, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > len)
			return;
		push_set(d, set, p, hop.rtnh_len, depth);
		lua_rawseti(d->L, -2, ++n);
		size_t step = RTNH_ALIGN(hop.rtnh_len);

		if (step >= len)
			return;
		p += step;
		len -= step;
	}
}

/* Pushes the value of one attribute; false, and nothing pushed, when it is malformed or of no known set. */
static bool push_attr(struct dec *d, const struct spec_level *at, const struct spec_row *row, const struct nlattr *attr,
                      int depth)
{
	const uint8_t *p = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);
	const struct spec_set *set;

	switch (row->type) {
	case SPEC_FLAG:
		lua_pushboolean(d->L, 1);
		return true;
	case SPEC_STRUCT:
		push_set(d, row->set, p, len, depth + 1);
		return true;
	case SPEC_CONF:
		/* requests nest what answers line up */
		if (!(attr->nla_type & NLA_F_NESTED)) {
			push_conf(d, row, p, len);
			return true;
		}
		/* fall through */
	case SPEC_NEST:
	case SPEC_BYKIND:
	case SPEC_BYFAMILY:
		set = spec_subset(at, row, mnl_attr_get_type(attr));
		if (!set || depth >= DEC_DEPTH)
			return false;
		push_set(d, set, p, len, depth + 1);
		return true;
	case SPEC_INDEXED:
		push_indexed(d, row, attr, depth);
		return true;
	case SPEC_NEXTHOPS:
		push_nexthops(d, row->set, p, len, depth + 1);
		return true;
	case SPEC_STRING:
	case SPEC_IFNAME:
	case SPEC_MAC:
	case SPEC_HEX:
	case SPEC_IP:
	case SPEC_IP4:
	case SPEC_IP6:
	case SPEC_PREFIX:
	case SPEC_VIA:
		return push_text(d, row, p, len);
	default:
		return push_number(d, row, p, len);
	}
}

static void push_fields(struct dec *d, const struct spec_set *set, const uint8_t *p, size_t len)
{
	for (unsigned i = 0; i < set->nfield; i++) {
		const struct spec_row *row = &set->field[i];
		bool text = row->type == SPEC_MAC || row->type == SPEC_HEX || row->type == SPEC_IP4 || row->type == SPEC_IP6;

		if (row->off >= len)
			continue;
		size_t rest = len - row->off;

		push_key(d, row->key);
		if (text && row->max > 0 && rest > row->max)
			rest = row->max;
		if (text ? push_text(d, row, p + row->off, rest) : push_number(d, row, p + row->off, rest))
			lua_rawset(d->L, -3);
		else
			lua_pop(d->L, 1);
	}
}

/* The value at the top of the stack becomes the last of the list which the table below it has under the key. */
static void append(struct dec *d, const char *key)
{
	lua_State *L = d->L;

	push_key(d, key);
	lua_pushvalue(L, -1);
	if (lua_rawget(L, -4) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -2);
		lua_pushvalue(L, -2);
		lua_rawset(L, -6);
	}
	lua_pushvalue(L, -3);
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	lua_pop(L, 3);
}

static void push_set(struct dec *d, const struct spec_set *set, const uint8_t *p, size_t len, int depth)
{
	size_t hdr = MNL_ALIGN(set->hdrlen);
	const struct nlattr *attr;
	struct spec_level at = {.set = set, .attrs = p + hdr, .len = len > hdr ? len - hdr : 0, .family = d->family};
	int n = set->nfield;

	luaL_checkstack(d->L, 16, NULL);
	mnl_attr_for_each_payload(at.attrs, at.len)
		n++;
	lua_createtable(d->L, 0, n);
	push_fields(d, set, p, len < set->hdrlen ? len : set->hdrlen);
	mnl_attr_for_each_payload(at.attrs, at.len) {
		const struct spec_row *row = spec_attr(set, mnl_attr_get_type(attr));

		if (!row)
			continue;
		if (row->many) {
			if (push_attr(d, &at, row, attr, depth))
				append(d, row->key);
			continue;
		}
		push_key(d, row->key);
		if (push_attr(d, &at, row, attr, depth))
			lua_rawset(d->L, -3);
		else
			lua_pop(d->L, 1);
	}
}

void codec_decode(lua_State *L, const struct spec_msg *spec, const struct nlmsghdr *nlh)
{
	static const char keys = 'k'; /* its address is the registry's key */
	struct dec d = {.L = L};
	const uint8_t *payload = mnl_nlmsg_get_payload(nlh);
	size_t len = nlh->nlmsg_len > MNL_NLMSG_HDRLEN ? nlh->nlmsg_len - MNL_NLMSG_HDRLEN : 0;

	luaL_checkstack(L, 8, NULL);
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &keys) != LUA_TTABLE) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &keys);
	}
	d.keys = lua_gettop(L);
	d.family = len > 0 ? payload[0] : AF_UNSPEC;
	push_set(&d, spec->set, payload, len, 0);
	lua_remove(L, d.keys);
}
