/* SPDX-License-Identifier: MIT */
/* Which of the namespaces that ours has numbers for (nsids) a process lives in. No Lua. */
#ifndef ZLNET_OCCUPANTS_H
#define ZLNET_OCCUPANTS_H

#include "nl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct zerr;

/* A process of the namespace that has this number here; -1: a process whose namespace could not be seen. */
struct occupant {
	int32_t nsid;
	pid_t pid;
};

/* malloc'd, freed by occupants_free; zero-initialise. One process for each namespace, and all that could not be seen. */
struct occupants {
	struct occupant *v;
	size_t n;
};

/* Look at every process that /proc shows; s is a socket of our namespace. 0 or -errno with e filled. */
int occupants_find(struct nl_sock *s, struct occupants *list, struct zerr *e);
void occupants_free(struct occupants *list);

#endif
