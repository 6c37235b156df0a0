/* SPDX-License-Identifier: MIT */
/* A lock on a network namespace, for those who may administer it; the kernel gives it back when its holder ends. No
 * Lua. */
#ifndef ZLNET_LOCK_H
#define ZLNET_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct error;

/* Two flocks. The first is on a sysctl file of the namespace that only CAP_NET_ADMIN over it, or the machine's root,
 * opens: no other process can make its holders wait. But a /proc that is mounted anew has other files. So the second is
 * on the namespace's own file, which everyone sees, and which every user may open and lock: it is waited for a moment
 * only. */
struct lock {
	int file; /* descriptor of the first, -1 when there is none: then the second is all, and is waited for */
	int ns;   /* the namespace's, borrowed */
};

#define LOCK_NONE \
	{ \
		-1, -1 \
	}

/* Take the lock, or change how it is held. 0; -EAGAIN when the deadline (netlink_now's milliseconds) is over, for an
 * exclusive lock also when the second flock cannot be had; or another -errno, with e filled. A lock that was held may
 * be lost then. */
int lock_take(struct lock *l, int nsfd, bool exclusive, int64_t deadline, struct error *e);

/* Idempotent. Never fails. */
void lock_release(struct lock *l);

#endif
