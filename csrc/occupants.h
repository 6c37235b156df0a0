/* SPDX-License-Identifier: MIT */
/* Who uses the namespaces that ours has numbers for (nsids): processes that live there, or have one open. No Lua. */
#ifndef ZLNET_OCCUPANTS_H
#define ZLNET_OCCUPANTS_H

#include "nl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct zerr;

enum occupant_how {
	OCCUPANT_LIVES,  /* a task of the process is in the namespace */
	OCCUPANT_OPENS,  /* the process has a descriptor of the namespace */
	OCCUPANT_UNSEEN, /* it cannot be seen what the process uses; nsid means nothing */
};

struct occupant {
	enum occupant_how how;
	int32_t nsid;
	pid_t pid;
};

/* malloc'd, freed by occupants_free; zero-initialise. A namespace may be there several times. */
struct occupants {
	struct occupant *v;
	size_t n, cap;
	bool all; /* no process was missed */
};

/* Look at every task that /proc shows, with descriptors also at what other processes have open; s is a socket of our
 * namespace. 0 or -errno with e filled. */
int occupants_find(struct nl_sock *s, bool descriptors, struct occupants *list, struct zerr *e);
void occupants_free(struct occupants *list);

#endif
