/* SPDX-License-Identifier: MIT */
/* What of a message tells one object from another, and one state of it from the next. */
#include "kernel/monitor.h"

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define BIT(n)       (UINT64_C(1) << (n))
#define DIGEST_DEPTH 4

static bool has(uint64_t set, const struct nlattr *a)
{
	uint16_t type = mnl_attr_get_type(a);

	return type < 64 && set >> type & 1;
}

/* Append the attributes of the set as they stand in the message; 0 when they do not fit. The kernel writes those of one
 * kind in one order. */
static size_t append(const struct monitor_kind *k, const struct nlmsghdr *h, uint64_t set, char *buf, size_t len)
{
	const struct nlattr *a;

	/* clang-format off */
	mnl_attr_for_each(a, h, k->table->hdrlen) {
		/* clang-format on */
		size_t room = MNL_ALIGN(a->nla_len);
		if (!has(set, a))
			continue;
		if (len + room > MONITOR_MAX)
			return 0;
		memset(buf + len, 0, room);
		memcpy(buf + len, a, a->nla_len);
		len += room;
	}
	return len;
}

/* FNV-1a; what is mixed in at the end spreads the last bytes, too. */
static uint64_t hash(uint64_t seed, const char *p, size_t n)
{
	uint64_t v = UINT64_C(0xcbf29ce484222325) ^ seed;

	for (size_t i = 0; i < n; i++)
		v = (v ^ (uint8_t)p[i]) * UINT64_C(0x100000001b3);
	v = (v ^ v >> 33) * UINT64_C(0xff51afd7ed558ccd);
	return v ^ v >> 33;
}

static uint64_t hash_attr(const struct nlattr *a)
{
	return hash((uint64_t)mnl_attr_get_type(a) << 16, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
}

/* Of next hops without their flags, which follow their links. */
static uint64_t hash_hops(const struct nlattr *a)
{
	const char *p = mnl_attr_get_payload(a);
	size_t len = mnl_attr_get_payload_len(a);
	uint64_t sum = 0;

	while (len >= sizeof(struct rtnexthop)) {
		struct rtnexthop hop;
		memcpy(&hop, p, sizeof hop);
		if (hop.rtnh_len < sizeof hop || hop.rtnh_len > len)
			break;
		sum += hash((uint64_t)hop.rtnh_hops << 32 | (uint32_t)hop.rtnh_ifindex, p + sizeof hop,
		            hop.rtnh_len - sizeof hop);
		size_t step = RTNH_ALIGN(hop.rtnh_len);
		if (step >= len)
			break;
		p += step;
		len -= step;
	}
	return sum;
}

/* Of all attributes but those which change by themselves. A sum, so that their order does not matter. */
static uint64_t digest_level(const struct table_level *at, uint64_t idle, unsigned depth)
{
	const struct nlattr *a = at->attrs;
	const char *end = (const char *)at->attrs + at->len;
	uint64_t sum = 0;

	for (; mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a)) {
		unsigned number = mnl_attr_get_type(a);
		const struct table_row *row = table_attr(at->set, number);
		if (has(idle, a) || (row && row->moves) || (!row && !table_unknown(at->set, number)))
			continue;
		const struct table_set *set = row && depth < DIGEST_DEPTH ? table_subset(at, row, number) : NULL;
		if (row && row->type == TABLE_NEXTHOPS) {
			sum += hash_hops(a);
		} else if (set && set->hdrlen == 0) {
			const struct table_level below = {set, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a),
			                                  at->family};
			uint64_t all = digest_level(&below, 0, depth + 1);
			sum += hash((uint64_t)number << 16, (const char *)&all, sizeof all);
		} else {
			sum += hash_attr(a);
		}
	}
	return sum;
}

static uint64_t digest(const struct monitor_kind *k, const struct nlmsghdr *h)
{
	const char *header = mnl_nlmsg_get_payload(h);
	size_t hdr = MNL_NLMSG_HDRLEN + MNL_ALIGN(k->table->hdrlen);
	const struct table_level top = {k->table->set, (const char *)h + hdr, h->nlmsg_len - hdr,
	                                *(const uint8_t *)header};
	uint64_t sum = digest_level(&top, k->idle, 0);

	for (size_t i = 0; i < k->table->hdrlen; i++)
		if (!(k->idle_header >> i & 1))
			sum += hash(i + 1, header + i, 1);
	return sum;
}

/* What tells routes apart which have destination, tos, priority and table in common. IPv4 has as many there as differ
 * in anything. IPv6 has one for each link and one with gateways, whose next hops come and go; those which routers
 * advertise differ by router. A next hop with an id of its own stands for all that it says. */
static uint64_t route_apart(const struct nlmsghdr *h)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(h);
	const uint64_t hop = BIT(RTA_OIF) | BIT(RTA_GATEWAY) | BIT(RTA_VIA) | BIT(RTA_MULTIPATH) | BIT(RTA_ENCAP_TYPE) |
	                     BIT(RTA_ENCAP);
	const uint64_t ipv4 = hop | BIT(RTA_PREFSRC) | BIT(RTA_METRICS) | BIT(RTA_FLOW) | BIT(RTA_NH_ID);
	bool has_id = false, gateways = false;
	uint64_t sum = 0, set = rtm->rtm_family == AF_INET6 ? BIT(RTA_OIF) | BIT(RTA_GATEWAY) | BIT(RTA_NH_ID) : ipv4;
	const struct nlattr *a;

	/* clang-format off */
	mnl_attr_for_each(a, h, sizeof *rtm) {
		/* clang-format on */
		has_id = has_id || mnl_attr_get_type(a) == RTA_NH_ID;
		gateways = gateways || has(BIT(RTA_GATEWAY) | BIT(RTA_VIA) | BIT(RTA_MULTIPATH), a);
	}
	if (rtm->rtm_family == AF_INET6 && gateways && !has_id && rtm->rtm_protocol != RTPROT_RA)
		return 1;
	if (has_id)
		set &= ~hop;
	/* clang-format off */
	mnl_attr_for_each(a, h, sizeof *rtm) {
		/* clang-format on */
		if (has(set, a))
			sum += mnl_attr_get_type(a) == RTA_MULTIPATH ? hash_hops(a) : hash_attr(a);
	}
	sum += rtm->rtm_type;
	return rtm->rtm_family == AF_INET6 ? sum
	                                   : sum + ((uint64_t)rtm->rtm_protocol << 8 | (uint64_t)rtm->rtm_scope << 16);
}

/* Forwarding entries: a bridge has one for each address and VLAN, whose port changes; a vxlan link has one for each
 * unicast address, whose remote changes, and several for the others. Returns the attributes that identify the one in h.
 */
static uint64_t fdb_id(uint64_t id, const struct nlmsghdr *h, char *header)
{
	static const char zero[6];
	const struct nlattr *a;
	bool many = false;

	/* clang-format off */
	mnl_attr_for_each(a, h, sizeof(struct ndmsg)) {
		/* clang-format on */
		const char *address = mnl_attr_get_payload(a);
		if (mnl_attr_get_type(a) == NDA_MASTER)
			memset(header + offsetof(struct ndmsg, ndm_ifindex), 0, sizeof((struct ndmsg *)0)->ndm_ifindex);
		if (mnl_attr_get_type(a) == NDA_LLADDR && mnl_attr_get_payload_len(a) == sizeof zero)
			many = address[0] & 1 || memcmp(address, zero, sizeof zero) == 0;
	}
	return many ? id | MONITOR_FDB_REMOTE : id;
}

size_t monitor_key(const struct monitor_kind *k, const struct nlmsghdr *h, char buf[MONITOR_MAX])
{
	const char *header = mnl_nlmsg_get_payload(h);
	size_t len = MNL_ALIGN(k->table->hdrlen);
	uint64_t id = k->id, apart;

	memset(buf, 0, len);
	for (size_t i = 0; i < k->table->hdrlen; i++)
		if (k->id_header >> i & 1)
			buf[i] = header[i];
	if (k->table == &table_neigh && header[0] == AF_BRIDGE)
		id = fdb_id(id, h, buf);
	len = append(k, h, id, buf, len);
	if (!k->apart || len == 0 || len + sizeof apart > MONITOR_MAX)
		return k->apart ? 0 : len;
	apart = route_apart(h);
	memcpy(buf + len, &apart, sizeof apart);
	return len + sizeof apart;
}

size_t monitor_value(const struct monitor_kind *k, const struct nlmsghdr *h, char buf[MONITOR_MAX])
{
	uint64_t sum = digest(k, h);
	size_t header = MNL_ALIGN(k->table->hdrlen);

	memcpy(buf, &sum, sizeof sum);
	memcpy(buf + sizeof sum, mnl_nlmsg_get_payload(h), header);
	for (size_t i = 0; i < k->table->hdrlen; i++)
		if (k->idle_header >> i & 1)
			buf[sizeof sum + i] = 0;
	return append(k, h, k->memo, buf, sizeof sum + header);
}

struct nlmsghdr *monitor_gone(const struct monitor_kind *k, const char *key, size_t key_len, const char *value,
                              size_t value_len, void *buf)
{
	size_t header = MNL_ALIGN(k->table->hdrlen), skip = sizeof(uint64_t) + header;

	if (k->apart)
		key_len = key_len < MONITOR_APART ? 0 : key_len - MONITOR_APART;
	if (key_len < header || value_len < skip || key_len > MONITOR_MAX || value_len > MONITOR_MAX)
		return NULL;
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	char *p = mnl_nlmsg_get_payload(h);
	h->nlmsg_type = k->table->del_type;
	memcpy(p, value + sizeof(uint64_t), header);
	memcpy(p + header, key + header, key_len - header);
	memcpy(p + key_len, value + skip, value_len - skip);
	h->nlmsg_len += (uint32_t)(key_len + value_len - skip);
	return h;
}
