/* SPDX-License-Identifier: MIT */
#include "thread.h"
#include "zerr.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#ifndef THREAD_SHORT_STACK /* ThreadSanitizer needs more */
#define THREAD_SHORT_STACK (64 * 1024)
#endif

static int join_netns(int nsfd)
{
	switch (nsfd) {
	case THREAD_SAME_NETNS: /* a thread begins where its maker is */
		return 0;
	case THREAD_NEW_NETNS:
		return unshare(CLONE_NEWNET);
	default:
		return setns(nsfd, CLONE_NEWNET);
	}
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;

	if (join_netns(t->nsfd) < 0)
		t->rc = -errno;
	else
		t->f(t->arg);
	if (t->done >= 0)
		eventfd_write(t->done, 1); /* fails only where it is readable already */
	return NULL;
}

/* Signals are for the caller's threads: a handler here would see the wrong namespace. The ones the
 * processor raises stay open, so that a crash is a crash. */
static void signals_block(sigset_t *old)
{
	static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
		sigdelset(&all, synchronous[i]);
	pthread_sigmask(SIG_SETMASK, &all, old);
}

/* Takes attr. */
static int start(struct thread *t, pthread_attr_t *attr, struct zerr *e)
{
	sigset_t old;

	t->rc = 0;
	signals_block(&old);
	int rc = pthread_create(&t->id, attr, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL); /* the caller can be interrupted while it waits */
	pthread_attr_destroy(attr);
	return rc ? zerr_io(e, rc, "thread", "namespace thread") : 0;
}

int thread_end(struct thread *t, struct zerr *e)
{
	pthread_join(t->id, NULL);
	return t->rc < 0 ? zerr_netlink(e, -t->rc, t->nsfd == THREAD_NEW_NETNS ? "unshare" : "setns", NULL) : 0;
}

int thread_start(struct thread *t, int nsfd, int done, void (*f)(void *), void *arg, struct zerr *e)
{
	pthread_attr_t attr;
	int rc = pthread_attr_init(&attr);

	*t = (struct thread){.nsfd = nsfd, .done = done, .f = f, .arg = arg};
	if (rc)
		return zerr_io(e, rc, "thread", "namespace thread");
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	return start(t, &attr, e);
}

int thread_run(int nsfd, void (*f)(void *), void *arg, struct zerr *e)
{
	struct thread t;
	int rc = thread_start(&t, nsfd, -1, f, arg, e);

	return rc < 0 ? rc : thread_end(&t, e);
}

/* A new thread starts on an idle processor, and waking that one up, then ours again, takes longer than all that a short
 * visit does. So the caller stays on its processor, and the thread inherits that. An unrestricted caller gets every
 * processor back, also those that come later; the mask is put back where one was set. */
static bool affinity_narrow(cpu_set_t *old)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof *old, old) < 0)
		return false;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof one, &one) == 0;
}

static void affinity_restore(cpu_set_t *old)
{
	static _Atomic long
		online; /* asking reads a file; an old number only means that a mask is put back as it was */

	if (!online)
		online = sysconf(_SC_NPROCESSORS_ONLN);
	if (CPU_COUNT(old) >= online)
		memset(old, 0xff, sizeof *old);
	sched_setaffinity(0, sizeof *old, old);
}

/* The stack is kept, where no other thread of the process uses it at the moment, because mapping a new one costs half of
 * the visit. */
int thread_short(int nsfd, void (*f)(void *), void *arg, struct zerr *e)
{
	static _Alignas(4096) char stack[THREAD_SHORT_STACK];
	static pthread_mutex_t stack_lock = PTHREAD_MUTEX_INITIALIZER;
	struct thread t = {.nsfd = nsfd, .done = -1, .f = f, .arg = arg};
	pthread_attr_t attr;
	cpu_set_t cpus;
	int rc = pthread_attr_init(&attr);

	if (rc)
		return zerr_io(e, rc, "thread", "namespace thread");
	bool own = pthread_mutex_trylock(&stack_lock) == 0;
	if (!own || pthread_attr_setstack(&attr, stack, sizeof stack) != 0)
		pthread_attr_setstacksize(&attr, 2 * THREAD_SHORT_STACK);
	bool narrow = affinity_narrow(&cpus);
	rc = start(&t, &attr, e);
	if (rc == 0)
		rc = thread_end(&t, e);
	if (narrow)
		affinity_restore(&cpus);
	if (own)
		pthread_mutex_unlock(&stack_lock);
	return rc;
}
