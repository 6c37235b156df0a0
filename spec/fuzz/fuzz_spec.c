/* SPDX-License-Identifier: MIT */
/* The key path of every offset of every message in the input, and of what may be missing there; its values as text. */
#include "messages.h"

#include "tables/print.h"

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

static void value(void *ctx, const char *path, const char *text)
{
	(void)ctx;
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			abort();
	if (strlen(path) > 255)
		abort();
}

static void one(const struct table_msg *table, struct nlmsghdr *h)
{
	paths(table, h, 128);
	paths(table, h, h->nlmsg_seq % 40);
	table_print(table, h, value, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	messages_each(data, size, one);
	return 0;
}
