/* SPDX-License-Identifier: MIT */
/* A queue of requests done on a thread of its own, with a socket of its own, while the caller goes on. No Lua. */
#ifndef ZLNET_KERNEL_JOB_H
#define ZLNET_KERNEL_JOB_H

#include "kernel/error.h"
#include "kernel/netlink.h"
#include "kernel/thread.h"

/* done, an eventfd, is readable when the thread has nothing more to do; the rest is the thread's until job_end has
 * returned. */
struct job {
	int done, nsfd;
	struct thread thread;
	bool running;
	atomic_bool cancel;
	struct queue_pace pace;
	struct netlink_sock sock;
	struct queue queue;
	struct netlink_reply reply;
	int rc;
	struct error e; /* where rc < 0 */
};

/* Begin with what is in queue, which is taken (and empty then), in the namespace of the socket like. NULL with e filled
 * when that fails: the queue is as it was. */
struct job *job_start(int like, struct queue *queue, const struct queue_pace *pace, struct error *e);

/* Wait for the end; idempotent. */
void job_end(struct job *t);

/* Send nothing more, wait for the request under way, free all. NULL is none. */
void job_free(struct job *t);

#endif
