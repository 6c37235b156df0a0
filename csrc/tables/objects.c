/* SPDX-License-Identifier: MIT */
/* Every object that there are tables of. */
#include "tables/genl.h"
#include "tables/nftables.h"
#include "tables/print.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

/* clang-format off */
const struct table_object table_objects[] = {
#define RTNETLINK(name) {#name, NETLINK_ROUTE, &table_##name},
	TABLE_RTNETLINK(RTNETLINK)
	{"nft.table", NETLINK_NETFILTER, &table_nft_table},
	{"nft.chain", NETLINK_NETFILTER, &table_nft_chain},
	{"nft.rule", NETLINK_NETFILTER, &table_nft_rule},
	{"nft.set", NETLINK_NETFILTER, &table_nft_set},
	{"nft.setelem", NETLINK_NETFILTER, &table_nft_setelem},
	{"nft.obj", NETLINK_NETFILTER, &table_nft_obj},
	{"nft.gen", NETLINK_NETFILTER, &table_nft_gen},
	{"conntrack", NETLINK_NETFILTER, &table_conntrack},
	/* With a second family operation_of has to know their numbers. */
	{"wireguard", NETLINK_GENERIC, &table_wireguard},
};
/* clang-format on */
const size_t table_objects_n = TABLE_COUNT(table_objects);

static const char *verb_of(const struct table_msg *m, uint16_t type)
{
	return type == m->new_type   ? "new"
	       : type == m->del_type ? "del"
	       : type == m->get_type ? "get"
	       : type == m->set_type ? "set"
	                             : NULL;
}

/* What tells the operation: the type; of generic netlink, whose types are the numbers of families, the command. */
static uint16_t operation_of(int protocol, const struct nlmsghdr *h)
{
	const uint8_t *cmd = mnl_nlmsg_get_payload(h);

	if (protocol != NETLINK_GENERIC)
		return h->nlmsg_type;
	return h->nlmsg_type != GENL_ID_CTRL && h->nlmsg_len > MNL_NLMSG_HDRLEN ? *cmd : 0;
}

const struct table_msg *table_of_message(int protocol, const struct nlmsghdr *h, const char **verb)
{
	uint16_t operation = operation_of(protocol, h);

	for (size_t i = 0; operation && i < table_objects_n; i++) {
		*verb = table_objects[i].protocol == protocol ? verb_of(table_objects[i].table, operation) : NULL;
		if (*verb)
			return table_objects[i].table;
	}
	return NULL;
}
