/* SPDX-License-Identifier: MIT */
/* A queue of requests done on a thread of its own, with a socket of its own, while the caller goes on. No Lua. */
#ifndef ZLNET_TASK_H
#define ZLNET_TASK_H

#include "nl.h"
#include "thread.h"
#include "zerr.h"

/* done, an eventfd, is readable when the thread has nothing more to do; the rest is the thread's until task_end has
 * returned. */
struct task {
	int done, nsfd;
	struct thread thread;
	bool running;
	atomic_bool cancel;
	struct nl_pace pace;
	struct nl_sock sock;
	struct nl_queue queue;
	struct nl_reply reply;
	int rc;
	struct zerr e; /* where rc < 0 */
};

/* Begin with what is in queue, which is taken (and empty then), in the namespace of the socket like. NULL with e filled
 * when that fails: the queue is as it was. */
struct task *task_start(int like, struct nl_queue *queue, const struct nl_pace *pace, struct zerr *e);

/* Wait for the end; idempotent. */
void task_end(struct task *t);

/* Send nothing more, wait for the request under way, free all. NULL is none. */
void task_free(struct task *t);

#endif
