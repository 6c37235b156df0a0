/* SPDX-License-Identifier: MIT */
/* Which of the namespaces that ours has numbers for (nsids) a process lives in. No Lua. */
#ifndef ZLNET_KERNEL_NETNS_USERS_H
#define ZLNET_KERNEL_NETNS_USERS_H

#include "kernel/netlink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

/* A process of the namespace that has this number here; -1: a process whose namespace could not be seen. */
struct netns_user {
	int32_t nsid;
	pid_t pid;
};

/* malloc'd, freed by netns_users_free; zero-initialise. One process for each namespace, and all that could not be seen. */
struct netns_users {
	struct netns_user *v;
	size_t n;
};

/* Look at every process that /proc shows; s is a socket of our namespace. 0 or -errno with e filled. */
int netns_users_find(struct netlink_sock *s, struct netns_users *list, struct error *e);
void netns_users_free(struct netns_users *list);

#endif
