/* SPDX-License-Identifier: MIT */
#include "kernel/thread.h"
#include "kernel/error.h"

#include <errno.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int thread_join_netns(int nsfd)
{
	int rc = 0;

	if (nsfd == THREAD_NEW_NETNS)
		rc = unshare(CLONE_NEWNET);
	else if (nsfd != THREAD_SAME_NETNS) /* a thread begins where its maker is */
		rc = setns(nsfd, CLONE_NEWNET);
	return rc < 0 ? -errno : 0;
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	int done = t->done;

	t->rc = thread_join_netns(t->nsfd);
	if (t->rc == 0)
		t->f(t->arg);
	if (done >= 0)
		eventfd_write(done, 1); /* fails only where it is readable already */
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
static int start(struct thread *t, pthread_attr_t *attr, struct error *e)
{
	sigset_t old;

	t->rc = 0;
	signals_block(&old);
	int rc = pthread_create(&t->id, attr, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL); /* the caller can be interrupted while it waits */
	pthread_attr_destroy(attr);
	return rc ? error_io(e, rc, "thread", "namespace thread") : 0;
}

int thread_end(struct thread *t, struct error *e)
{
	pthread_join(t->id, NULL);
	return t->rc < 0 ? error_netlink(e, -t->rc, t->nsfd == THREAD_NEW_NETNS ? "unshare" : "setns", NULL) : 0;
}

void thread_detach(struct thread *t)
{
	pthread_detach(t->id);
}

int thread_own_files(int keep)
{
	unsigned fd = (unsigned)keep;

	if (syscall(SYS_close_range, fd + 1, ~0U, CLOSE_RANGE_UNSHARE) < 0)
		return unshare(CLONE_FILES) < 0 ? -errno : 0;
	if (fd > 0)
		syscall(SYS_close_range, 0, fd - 1, 0);
	return 0;
}

int thread_start(struct thread *t, int nsfd, int done, void (*f)(void *), void *arg, struct error *e)
{
	pthread_attr_t attr;
	int rc = pthread_attr_init(&attr);

	*t = (struct thread){.nsfd = nsfd, .done = done, .f = f, .arg = arg};
	if (rc)
		return error_io(e, rc, "thread", "namespace thread");
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	return start(t, &attr, e);
}

int thread_run(int nsfd, void (*f)(void *), void *arg, struct error *e)
{
	struct thread t;
	int rc = thread_start(&t, nsfd, -1, f, arg, e);

	return rc < 0 ? rc : thread_end(&t, e);
}
