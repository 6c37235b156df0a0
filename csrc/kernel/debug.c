/* SPDX-License-Identifier: MIT */
#include "kernel/debug.h"
#include "kernel/error.h"
#include "tables/print.h"

#include <libmnl/libmnl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STDERR 2

/* Is the word in the list with commas? */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, word, len) && (p[len] == ',' || p[len] == '\0'))
			return true;
	return false;
}

/* Threads may ask at once; all find the same. */
static bool wanted(void)
{
	static atomic_int known; /* 0: not asked yet */

	int k = atomic_load_explicit(&known, memory_order_relaxed);
	if (!k) {
		k = has_word(getenv("ZLNET_DEBUG"), "netlink") ? 2 : 1;
		atomic_store_explicit(&known, k, memory_order_relaxed);
	}
	return k == 2;
}

static void print_value(void *ctx, const char *path, const char *value)
{
	(void)ctx;
	dprintf(STDERR, "zlnet:     %s = %s\n", path, value);
}

static void print_answer(const struct nlmsghdr *h)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(h) >= sizeof err)
		memcpy(&err, mnl_nlmsg_get_payload(h), sizeof err);
	const char *code = err < 0 && err > -4096 ? error_code(-err) : NULL;
	dprintf(STDERR, "zlnet: < %s seq %u %s\n", h->nlmsg_type == NLMSG_DONE ? "done" : "ack", h->nlmsg_seq,
	        err == 0 || (h->nlmsg_type == NLMSG_DONE && err > 0) ? "ok"
	        : code                                               ? code
	                                                             : "error");
}

static void print_message(char direction, int protocol, const struct nlmsghdr *h)
{
	const char *verb;
	const struct table_msg *table = table_of_message(protocol, h, &verb);

	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
		print_answer(h);
	} else if (!table) {
		dprintf(STDERR, "zlnet: %c type %u seq %u flags %#x (%u bytes)\n", direction, h->nlmsg_type,
		        h->nlmsg_seq, h->nlmsg_flags, h->nlmsg_len);
	} else {
		dprintf(STDERR, "zlnet: %c %s%s seq %u flags %#x\n", direction, verb, table->name, h->nlmsg_seq,
		        h->nlmsg_flags);
		table_print(table, h, print_value, NULL);
	}
}

void debug_netlink(char direction, int protocol, const void *data, size_t len)
{
	const struct nlmsghdr *h = data;

	if (!wanted())
		return;
	for (size_t left = len; left >= sizeof *h && h->nlmsg_len >= sizeof *h && h->nlmsg_len <= left;) {
		print_message(direction, protocol, h);
		size_t step = MNL_ALIGN(h->nlmsg_len);
		left -= step <= left ? step : left;
		h = (const struct nlmsghdr *)((const char *)h + step);
	}
}
