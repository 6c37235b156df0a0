/* SPDX-License-Identifier: MIT */
#include "kernel/monitor.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

#define BIT(n)                   (UINT64_C(1) << (n))
#define BYTES(structure, member) ((uint32_t)(BIT(sizeof(((structure *)0)->member)) - 1) << offsetof(structure, member))

/* A link's AF_SPEC holds counters; what can be set there is announced by the netconf groups. What else changes by
 * itself is marked in the tables. A route's flags follow its link, unannounced. */
const struct monitor_kind event_kinds[MONITOR_KINDS] = {
	{.name = "link",
         .table = &table_link,
         .groups = {RTNLGRP_LINK},
         .families = {AF_UNSPEC, AF_UNSPEC},
         .id_header = BYTES(struct ifinfomsg, ifi_index),
         .idle_header = BYTES(struct ifinfomsg, ifi_change),
         .memo = BIT(IFLA_IFNAME) | BIT(IFLA_ADDRESS),
         .idle = BIT(IFLA_AF_SPEC)},
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
         .id = BIT(IFA_ADDRESS) | BIT(IFA_LOCAL)},
	{.name = "route",
         .table = &table_route,
         .groups = {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE},
         .families = {AF_INET, AF_INET6},
         .id_header = BYTES(struct rtmsg, rtm_family) | BYTES(struct rtmsg, rtm_dst_len) |
                      BYTES(struct rtmsg, rtm_src_len) | BYTES(struct rtmsg, rtm_tos) | BYTES(struct rtmsg, rtm_table),
         .id = BIT(RTA_DST) | BIT(RTA_SRC) | BIT(RTA_TABLE) | BIT(RTA_PRIORITY),
         .apart = true,
         .idle_header = BYTES(struct rtmsg, rtm_flags),
         .memo = BIT(RTA_OIF) | BIT(RTA_GATEWAY) | BIT(RTA_VIA) | BIT(RTA_PREFSRC) | BIT(RTA_NH_ID)},
	{.name = "neigh",
         .table = &table_neigh,
         .groups = {RTNLGRP_NEIGH},
         .families = {AF_INET, AF_INET6},
         .id_header = BYTES(struct ndmsg, ndm_family) | BYTES(struct ndmsg, ndm_ifindex),
         .id = BIT(NDA_DST),
         .memo = BIT(NDA_LLADDR)},
	{.name = "fdb",
         .table = &table_neigh,
         .groups = {RTNLGRP_NEIGH},
         .families = {AF_BRIDGE, AF_BRIDGE},
         .id_header = BYTES(struct ndmsg, ndm_family) | BYTES(struct ndmsg, ndm_ifindex),
         .id = BIT(NDA_LLADDR) | BIT(NDA_VLAN) | BIT(NDA_MASTER) | BIT(NDA_SRC_VNI),
         .memo = MONITOR_FDB_REMOTE},
	/* a vxlan link with l2miss or l3miss lacks an entry, a neighbour's address is asked of user space */
	{.name = "miss",
         .table = &table_neigh,
         .groups = {RTNLGRP_NEIGH},
         .families = {AF_INET, AF_INET6},
         .asked = true},
	{.name = "rule",
         .table = &table_rule,
         .groups = {RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE},
         .families = {AF_INET, AF_INET6},
         .id_header = BIT(sizeof(struct fib_rule_hdr)) - 1,
         .id = UINT64_MAX},
	{.name = "nexthop",
         .table = &table_nexthop,
         .groups = {RTNLGRP_NEXTHOP},
         .any_family = true, /* a group has none */
         .idle_header = BYTES(struct nhmsg, nh_flags),
         .id = BIT(NHA_ID),
         .memo = BIT(NHA_OIF) | BIT(NHA_GATEWAY)},
	{.name = "netconf",
         .table = &table_netconf,
         .groups = {RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF},
         .families = {AF_INET, AF_INET6},
         .by_family = true,
         .id_header = BYTES(struct netconfmsg, ncm_family),
         .id = BIT(NETCONFA_IFINDEX)},
	{.name = "nsid",
         .table = &table_nsid,
         .groups = {RTNLGRP_NSID},
         .families = {AF_UNSPEC, AF_UNSPEC},
         .id_header = BYTES(struct rtgenmsg, rtgen_family),
         .id = BIT(NETNSA_NSID)},
};

_Static_assert(TABLE_COUNT(event_kinds) == MONITOR_KINDS, "every kind has its name");

const struct monitor_kind *monitor_find(const char *name)
{
	for (unsigned i = 0; i < MONITOR_KINDS; i++)
		if (strcmp(event_kinds[i].name, name) == 0)
			return &event_kinds[i];
	return NULL;
}

bool monitor_matches(const struct monitor_kind *k, const struct nlmsghdr *h)
{
	bool meant = k->asked ? h->nlmsg_type == k->table->get_type
	                      : h->nlmsg_type == k->table->new_type || h->nlmsg_type == k->table->del_type;

	if (!meant)
		return false;
	if (mnl_nlmsg_get_payload_len(h) < MNL_ALIGN(k->table->hdrlen))
		return false;
	uint8_t family = *(const uint8_t *)mnl_nlmsg_get_payload(h); /* every header begins with it */
	return k->any_family || family == k->families[0] || family == k->families[1];
}

const char *monitor_verb(const struct monitor_kind *k, const struct nlmsghdr *h)
{
	return k->asked ? "get" : monitor_is_gone(k, h) ? "del" : "new";
}

bool monitor_is_gone(const struct monitor_kind *k, const struct nlmsghdr *h)
{
	return h->nlmsg_type == k->table->del_type;
}

unsigned monitor_dumps(const struct monitor_kind *k)
{
	return k->asked ? 0 : k->by_family ? 2 : 1;
}

struct nlmsghdr *monitor_dump(const struct monitor_kind *k, unsigned n, void *buf)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	uint8_t *family = mnl_nlmsg_put_extra_header(h, k->table->hdrlen);

	h->nlmsg_type = k->table->get_type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP;
	*family = k->by_family || k->families[0] == k->families[1] ? k->families[n] : AF_UNSPEC;
	if (k->table == &table_link && *family == AF_UNSPEC)
		mnl_attr_put_u32_check(h, 64, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return h;
}
