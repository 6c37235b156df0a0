/* SPDX-License-Identifier: MIT */
/* A named network namespace that is made by a thread, while the caller goes on: that takes the kernel up to tens of
 * milliseconds. No Lua. */
#ifndef ZLNET_KERNEL_MAKER_H
#define ZLNET_KERNEL_MAKER_H

#include "kernel/error.h"
#include "kernel/netns.h"
#include "kernel/thread.h"

/* done, an eventfd, is readable when the thread has nothing more to do; the rest is the thread's until maker_end. */
struct maker {
	int done, nsfd;
	bool running;
	struct thread thread;
	char name[NETNS_NAME_MAX + 1];
	int rc;
	struct error e; /* where rc < 0 */
};

/* name: as netns_name_ok takes it. NULL with e filled when no thread can be had. */
struct maker *maker_start(const char *name, struct error *e);

/* Wait for the end. The namespace's descriptor, which becomes the caller's, or -errno with e filled; once only. */
int maker_end(struct maker *m, struct error *e);

/* In a forked child: thread and namespace are the parent's. */
void maker_forget(struct maker *m);

/* Wait for the end; the namespace goes where maker_end has not given it away. NULL is none. */
void maker_free(struct maker *m);

#endif
