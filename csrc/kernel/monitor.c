/* SPDX-License-Identifier: MIT */
#include "kernel/monitor.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

#define BIT(n)                   (UINT64_C(1) << (n))
#define BYTES(structure, member) ((uint32_t)(BIT(sizeof(((structure *)0)->member)) - 1) << offsetof(structure, member))

/* A link's AF_SPEC holds counters; what can be set there is announced by the netconf groups.
 * Routes: IPv4 has one place for each destination, tos, priority and table; IPv6 has one there for each device, too. */
const struct monitor_kind event_kinds[MONITOR_KINDS] = {
	{.name = "link",
         .table = &table_link,
         .groups = {RTNLGRP_LINK},
         .families = {AF_UNSPEC, AF_UNSPEC},
         .id_header = BYTES(struct ifinfomsg, ifi_index),
         .idle_header = BYTES(struct ifinfomsg, ifi_change),
         .memo = BIT(IFLA_IFNAME) | BIT(IFLA_ADDRESS),
         .idle = BIT(IFLA_STATS) | BIT(IFLA_STATS64) | BIT(IFLA_AF_SPEC) | BIT(IFLA_EVENT)},
	{.name = "bridge",
         .table = &table_link,
         .groups = {RTNLGRP_LINK},
         .families = {AF_BRIDGE, AF_BRIDGE},
         .id_header = BYTES(struct ifinfomsg, ifi_family) | BYTES(struct ifinfomsg, ifi_index),
         .idle_header = BYTES(struct ifinfomsg, ifi_change),
         .memo = BIT(IFLA_IFNAME) | BIT(IFLA_MASTER)},
	{.name = "addr",
         .table = &table_addr,
         .groups = {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR},
         .families = {AF_INET, AF_INET6},
         .id_header = BYTES(struct ifaddrmsg, ifa_family) | BYTES(struct ifaddrmsg, ifa_prefixlen) |
                      BYTES(struct ifaddrmsg, ifa_index),
         .id = BIT(IFA_ADDRESS) | BIT(IFA_LOCAL),
         .idle = BIT(IFA_CACHEINFO)},
	{.name = "route",
         .table = &table_route,
         .groups = {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE},
         .families = {AF_INET, AF_INET6},
         .id_header = BYTES(struct rtmsg, rtm_family) | BYTES(struct rtmsg, rtm_dst_len) |
                      BYTES(struct rtmsg, rtm_src_len) | BYTES(struct rtmsg, rtm_tos) | BYTES(struct rtmsg, rtm_table),
         .id = BIT(RTA_DST) | BIT(RTA_SRC) | BIT(RTA_TABLE) | BIT(RTA_PRIORITY),
         .memo = BIT(RTA_OIF) | BIT(RTA_GATEWAY) | BIT(RTA_VIA) | BIT(RTA_PREFSRC) | BIT(RTA_NH_ID),
         .idle = BIT(RTA_CACHEINFO)},
	{.name = "neigh",
         .table = &table_neigh,
         .groups = {RTNLGRP_NEIGH},
         .families = {AF_INET, AF_INET6},
         .id_header = BYTES(struct ndmsg, ndm_family) | BYTES(struct ndmsg, ndm_ifindex),
         .id = BIT(NDA_DST),
         .memo = BIT(NDA_LLADDR),
         .idle = BIT(NDA_CACHEINFO) | BIT(NDA_PROBES)},
	{.name = "fdb",
         .table = &table_neigh,
         .groups = {RTNLGRP_NEIGH},
         .families = {AF_BRIDGE, AF_BRIDGE},
         .id_header = BYTES(struct ndmsg, ndm_family) | BYTES(struct ndmsg, ndm_ifindex),
         .id = BIT(NDA_DST) | BIT(NDA_LLADDR) | BIT(NDA_VLAN) | BIT(NDA_PORT) | BIT(NDA_VNI) | BIT(NDA_IFINDEX) |
               BIT(NDA_MASTER) | BIT(NDA_SRC_VNI) | BIT(NDA_NH_ID),
         .idle = BIT(NDA_CACHEINFO)},
	{.name = "rule",
         .table = &table_rule,
         .groups = {RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE},
         .families = {AF_INET, AF_INET6},
         .id_header = BIT(sizeof(struct fib_rule_hdr)) - 1,
         .id = UINT64_MAX},
	{.name = "nsid",
         .table = &table_nsid,
         .groups = {RTNLGRP_NSID},
         .families = {AF_UNSPEC, AF_UNSPEC},
         .id_header = BYTES(struct rtgenmsg, rtgen_family),
         .id = BIT(NETNSA_NSID)},
};

const struct monitor_kind *monitor_find(const char *name)
{
	for (unsigned i = 0; i < MONITOR_KINDS; i++)
		if (strcmp(event_kinds[i].name, name) == 0)
			return &event_kinds[i];
	return NULL;
}

bool monitor_matches(const struct monitor_kind *k, const struct nlmsghdr *h)
{
	if (h->nlmsg_type != k->table->new_type && h->nlmsg_type != k->table->del_type)
		return false;
	if (mnl_nlmsg_get_payload_len(h) < MNL_ALIGN(k->table->hdrlen))
		return false;
	uint8_t family = *(const uint8_t *)mnl_nlmsg_get_payload(h); /* every header begins with it */
	return family == k->families[0] || family == k->families[1];
}

bool monitor_is_gone(const struct monitor_kind *k, const struct nlmsghdr *h)
{
	return h->nlmsg_type == k->table->del_type;
}

struct nlmsghdr *monitor_dump(const struct monitor_kind *k, void *buf)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	uint8_t *family = mnl_nlmsg_put_extra_header(h, k->table->hdrlen);

	h->nlmsg_type = k->table->get_type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP;
	*family = k->families[0] == k->families[1] ? k->families[0] : AF_UNSPEC;
	if (k->table == &table_link && *family == AF_UNSPEC)
		mnl_attr_put_u32_check(h, 64, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return h;
}

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

size_t monitor_key(const struct monitor_kind *k, const struct nlmsghdr *h, char buf[MONITOR_MAX])
{
	const char *header = mnl_nlmsg_get_payload(h);
	size_t len = MNL_ALIGN(k->table->hdrlen);
	uint64_t id = k->id;

	memset(buf, 0, len);
	for (size_t i = 0; i < k->table->hdrlen; i++)
		if (k->id_header >> i & 1)
			buf[i] = header[i];
	if (k->table == &table_route && header[0] == AF_INET6)
		id |= BIT(RTA_OIF);
	return append(k, h, id, buf, len);
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

/* Of the whole state. A sum, so that the order of attributes does not matter. */
static uint64_t digest(const struct monitor_kind *k, const struct nlmsghdr *h)
{
	const char *header = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	uint64_t sum = 0;

	for (size_t i = 0; i < k->table->hdrlen; i++)
		if (!(k->idle_header >> i & 1))
			sum += hash(i + 1, header + i, 1);
	/* clang-format off */
	mnl_attr_for_each(a, h, k->table->hdrlen)
		if (!has(k->idle, a))
			sum += hash((uint64_t)mnl_attr_get_type(a) << 16, mnl_attr_get_payload(a),
			            mnl_attr_get_payload_len(a));
	/* clang-format on */
	return sum;
}

size_t monitor_value(const struct monitor_kind *k, const struct nlmsghdr *h, char buf[MONITOR_MAX])
{
	uint64_t sum = digest(k, h);
	size_t header = MNL_ALIGN(k->table->hdrlen);

	memcpy(buf, &sum, sizeof sum);
	memcpy(buf + sizeof sum, mnl_nlmsg_get_payload(h), header);
	return append(k, h, k->memo, buf, sizeof sum + header);
}

struct nlmsghdr *monitor_gone(const struct monitor_kind *k, const char *key, size_t key_len, const char *value,
                              size_t value_len, void *buf)
{
	size_t header = MNL_ALIGN(k->table->hdrlen), skip = sizeof(uint64_t) + header;

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
