/* SPDX-License-Identifier: MIT */
/* Cuts an input into messages, each in room of exactly its size, with the tables for its type. */
#ifndef ZLNET_FUZZ_MESSAGES_H
#define ZLNET_FUZZ_MESSAGES_H

#include "../../csrc/tables/nftables.h"

#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline const struct table_msg *messages_spec(uint16_t type)
{
	static const struct table_msg *const specs[] = {&table_link,  &table_addr, &table_route,
	                                                &table_neigh, &table_rule, &table_nsid};
	static const struct table_msg *const netfilter[] = {&table_nft_table, &table_nft_chain,   &table_nft_rule,
	                                                    &table_nft_set,   &table_nft_setelem, &table_nft_obj,
	                                                    &table_nft_gen,   &table_conntrack};

	for (size_t i = 0; i < TABLE_COUNT(specs); i++)
		if (type / 4 == specs[i]->new_type / 4)
			return specs[i];
	for (size_t i = 0; i < TABLE_COUNT(netfilter); i++) /* by the subsystem, and the object's three operations */
		if (type == netfilter[i]->get_type || (type && type == netfilter[i]->new_type))
			return netfilter[i];
	return &table_link;
}

static inline void messages_each(const uint8_t *data, size_t size,
                                 void (*f)(const struct table_msg *, struct nlmsghdr *))
{
	while (size >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr head;
		memcpy(&head, data, sizeof head);
		size_t len = head.nlmsg_len < sizeof head || head.nlmsg_len > size ? size : head.nlmsg_len;
		struct nlmsghdr *h = malloc(len);
		if (!h)
			return;
		memcpy(h, data, len);
		h->nlmsg_len = (uint32_t)len; /* the engine hands on whole messages only */
		f(messages_spec(h->nlmsg_type), h);
		free(h);
		len = MNL_ALIGN(len);
		if (len >= size)
			return;
		data += len;
		size -= len;
	}
}

#endif
