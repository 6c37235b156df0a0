/* SPDX-License-Identifier: MIT */
/* The key path of every offset of every message in the input, and of what may be missing there. */
#include "messages.h"

static void paths(const struct spec_msg *spec, const struct nlmsghdr *h, size_t n)
{
	char *buf = malloc(n); /* exactly, so that one byte more is seen */

	if (!buf)
		return;
	for (uint32_t off = 0; off < h->nlmsg_len + 4; off += 2) {
		spec_path(spec, h, off, buf, n);
		if (n > 0 && !memchr(buf, 0, n))
			abort();
		spec_missing(spec, h, true, off, off & 127, buf, n);
	}
	spec_missing(spec, h, false, 0, h->nlmsg_pid, buf, n);
	free(buf);
}

static void one(const struct spec_msg *spec, struct nlmsghdr *h)
{
	paths(spec, h, 128);
	paths(spec, h, h->nlmsg_seq % 40);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	messages_each(data, size, one);
	return 0;
}
