/* SPDX-License-Identifier: MIT */
/* The moment at which links are gone. The kernel announces RTM_DELLINK when a link has left its namespace, its name and
 * its index are free and its other end is gone too; the request that deleted it returns only when the memory is free,
 * tens of milliseconds later. No Lua. */
#ifndef ZLNET_KERNEL_DELETION_H
#define ZLNET_KERNEL_DELETION_H

#include "kernel/netlink.h"

struct error;
struct job;

/* Links that are about to be deleted. index is borrowed and gets sorted; from 1 to n, without repetition. */
struct deletion {
	struct netlink_sock listener;
	struct netlink_reply reply;
	uint32_t *index;
	bool *gone; /* of index[i] */
	size_t n, missing;
	bool lost; /* announcements were dropped: only the answer to the request tells */
};

/* Listen in the namespace of socket like. Everything that is acquired is d's: deletion_close. 0 or -errno with e
 * filled. */
int deletion_open(struct deletion *d, int like, uint32_t *index, size_t n, struct error *e);

/* Wait until all links were announced (1), the job is done (0), or the deadline is over (-ETIMEDOUT, with e filled).
 * What had been announced by then is in d->gone. */
int deletion_wait(struct deletion *d, const struct job *job, int64_t deadline, struct error *e);

/* Idempotent. */
void deletion_close(struct deletion *d);

#endif
