/* SPDX-License-Identifier: MIT */
/* Who uses the namespaces that ours has numbers for (nsids): processes that live there, or have one open. No Lua. */
#ifndef ZLNET_KERNEL_NETNS_USERS_H
#define ZLNET_KERNEL_NETNS_USERS_H

#include "kernel/netlink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

enum netns_user_how {
	NETNS_USER_LIVES,  /* a task of the process is in the namespace */
	NETNS_USER_OPENS,  /* the process has a descriptor of the namespace */
	NETNS_USER_UNSEEN, /* it cannot be seen what the process uses; nsid means nothing */
};

struct netns_user {
	enum netns_user_how how;
	int32_t nsid;
	pid_t pid;
};

/* malloc'd, freed by netns_users_free; zero-initialise. A namespace may be there several times. */
struct netns_users {
	struct netns_user *v;
	size_t n, cap;
	bool all; /* no process was missed */
};

/* Look at every task that /proc shows, with descriptors also at what other processes have open; s is a socket of our
 * namespace. 0 or -errno with e filled. */
int netns_users_find(struct netlink_sock *s, bool descriptors, struct netns_users *list, struct error *e);
void netns_users_free(struct netns_users *list);

#endif
