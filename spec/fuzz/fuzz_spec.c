/* SPDX-License-Identifier: MIT */
/* The key path of every offset of every message in the input, and of what may be missing there. */
#include "messages.h"

static void paths(const struct table_msg *table, const struct nlmsghdr *h, size_t n)
{
	char *buf = malloc(n); /* exactly, so that one byte more is seen */

	if (!buf)
		return;
	for (uint32_t off = 0; off < h->nlmsg_len + 4; off += 2) {
		table_path(table, h, off, buf, n);
		if (n > 0 && !memchr(buf, 0, n))
			abort();
		table_missing(table, h, true, off, off & 127, buf, n);
	}
	table_missing(table, h, false, 0, h->nlmsg_pid, buf, n);
	free(buf);
}

static void one(const struct table_msg *table, struct nlmsghdr *h)
{
	paths(table, h, 128);
	paths(table, h, h->nlmsg_seq % 40);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	messages_each(data, size, one);
	return 0;
}
