/* SPDX-License-Identifier: MIT */
/* Walks through the tasks (processes and their threads) that /proc lists, and says whether any can have been missed.
 * No Lua. */
#ifndef ZLNET_PROCESS_WALK_H
#define ZLNET_PROCESS_WALK_H

#include <sys/types.h>

struct error;

/* Look at one task; tid is pid for a process's first thread. 0: done. -ESRCH: the task has ended. Another -errno ends
 * the walk. */
typedef int process_look(void *arg, pid_t pid, pid_t tid);

/* Call look for every task, again and again, until none can have been missed: each is asked about right after the
 * kernel has listed it, and a chain of processes that fork and end is met sooner or later. Returns 1 when none was
 * missed, 0 when that cannot be said, or -errno with e filled. */
int process_walk(process_look *look, void *arg, struct error *e);

#endif
