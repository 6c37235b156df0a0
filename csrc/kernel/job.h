/* SPDX-License-Identifier: MIT */
/* A queue of requests done on a thread of its own, with a socket of its own, while the caller goes on. No Lua. */
#ifndef ZLNET_KERNEL_JOB_H
#define ZLNET_KERNEL_JOB_H

#include "kernel/error.h"
#include "kernel/netlink.h"
#include "kernel/thread.h"

struct job_answers;

/* done, an eventfd, is readable when nothing more is sent; the rest is the thread's until job_end has returned. The
 * thread has a descriptor table of its own, so what it opens is seen by no other thread and leaves with it. */
struct job {
	int done, nsfd; /* nsfd: where it works, or -1: in the caller's namespace */
	struct thread thread;
	bool running, counted;
	atomic_bool cancel;
	atomic_bool left; /* by the first of caller and thread; the second one frees */
	struct queue_pace pace;
	struct queue queue;
	struct netlink_reply reply;
	int rc;
	struct error e; /* where rc < 0 */
	pid_t child;    /* in place of the thread, or 0 */
	struct job_answers *answers;
};

enum job_way {
	JOB_THREAD,
	/* A forked child in place of the thread: for a program that is to end before the last request returns, because
	 * a process does not end before its threads. It has none of the caller's files, standard ones included. Replies
	 * are not kept. A caller that lives on has it as a zombie after job_release. */
	JOB_CHILD,
};

/* Begin with what is in queue, which is taken (and empty then), in the namespace of the socket like. NULL with e filled
 * when that fails: the queue is as it was. */
struct job *job_start(int like, struct queue *queue, const struct queue_pace *pace, enum job_way way, struct error *e);

/* Wait for the end; idempotent. */
void job_end(struct job *t);

/* Leave it: all that was queued is still sent, and freed at the end. At most JOB_RELEASED_MAX threads are under way
 * like that; behind them it waits until another one ends. */
#define JOB_RELEASED_MAX 64
void job_release(struct job *t);

/* Send nothing more, wait for the request under way, free all. NULL is none. */
void job_free(struct job *t);

#endif
