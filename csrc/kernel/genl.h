/* SPDX-License-Identifier: MIT */
/* Generic netlink: families by name. */
#ifndef ZLNET_KERNEL_GENL_H
#define ZLNET_KERNEL_GENL_H

#include "kernel/netlink.h"

struct genl_family {
	uint16_t id; /* the type of its messages */
	uint8_t version;
};

/* Ask for the family called name; the kernel loads its module where it has one. 0, or -errno with e filled: -ENOENT
 * when this kernel has no such family. */
int genl_resolve(struct netlink_sock *s, const char *name, int64_t deadline, struct genl_family *out, struct error *e);

#endif
