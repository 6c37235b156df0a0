/* SPDX-License-Identifier: MIT */
/* Threads that join a network namespace, do one thing there and end. The only file that calls setns, and that makes
 * threads. A calling thread never changes namespace. For visits of a few system calls see visitor.h. No Lua. */
#ifndef ZLNET_KERNEL_THREAD_H
#define ZLNET_KERNEL_THREAD_H

#include <pthread.h>

struct error;

/* In place of a namespace's descriptor. */
#define THREAD_NEW_NETNS  (-1) /* a new one of its own */
#define THREAD_SAME_NETNS (-2) /* the caller's */

/* Run f(arg) on a fresh thread in the namespace and wait for its end. It has every signal blocked that can be blocked.
 * 0 when f ran, else -errno with e filled, and f did not run. */
#define THREAD_STACK (1024 * 1024)
int thread_run(int nsfd, void (*f)(void *), void *arg, struct error *e);

/* The same without waiting. done, when not -1, is an eventfd that gets readable at the end. thread_end waits for that
 * and says whether f ran. All is owned by the caller, who keeps it until thread_end has returned. */
struct thread {
	int nsfd, done;
	int rc; /* -errno of joining */
	void (*f)(void *);
	void *arg;
	pthread_t id;
};
int thread_start(struct thread *t, int nsfd, int done, void (*f)(void *), void *arg, struct error *e);
int thread_end(struct thread *t, struct error *e);
/* In place of thread_end: it ends by itself, and t may be freed as soon as f returns. */
void thread_detach(struct thread *t);

/* Only on a thread of ours: give it a descriptor table of its own, in which `keep` is open and nothing else where the
 * kernel can do so (5.9). 0 or -errno. */
int thread_own_files(int keep);

/* Only on a thread of ours: go into the namespace of nsfd, which may also be the pidfd of a process there. 0 or -errno.
 */
int thread_join_netns(int nsfd);

#endif
