/* SPDX-License-Identifier: MIT */
#include "kernel/visitor.h"
#include "kernel/error.h"
#include "kernel/process.h"
#include "kernel/thread.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef SYS_futex /* its seconds are long, whatever time_t is */
typedef long futex_time;
#else
#define SYS_futex SYS_futex_time64
typedef int64_t futex_time;
#endif

#define PATIENCE_MS 20 /* between two attaches there are less than two */

enum turn { GONE, IDLE, ASKED };

struct capabilities {
	struct __user_cap_data_struct of[_LINUX_CAPABILITY_U32S_3];
};

/* All zero when there is no thread. */
struct visitor {
	atomic_bool busy; /* set while one caller owns all fields below */
	bool there;       /* the thread has to be joined */
	struct thread thread;
	struct capabilities caps; /* with which it was made */
	pid_t tid;
	int cpu; /* the only one where it runs; -1: wherever */
	/* Only the thread waits while it is IDLE, and only who asked while it is ASKED. */
	_Atomic uint32_t turn;
	int nsfd, home;
	void (*f)(void *);
	void *arg;
	int rc; /* -errno of joining nsfd */
};

/* A child of ours has no such thread. */
static void *_Atomic page;

/* Wait until turn is not as it was; with a timeout in ms, or until that is over. Returns what it is then. */
static uint32_t await(struct visitor *v, uint32_t was, int ms)
{
	const futex_time timeout[2] = {0, (futex_time)ms * 1000000};

	while (atomic_load(&v->turn) == was)
		if (syscall(SYS_futex, &v->turn, FUTEX_WAIT_PRIVATE, was, ms ? timeout : NULL, NULL, 0) < 0 &&
		    errno == ETIMEDOUT)
			break;
	return atomic_load(&v->turn);
}

static void wake(struct visitor *v)
{
	syscall(SYS_futex, &v->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static bool change(struct visitor *v, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&v->turn, &from, to);
}

/* --- on the thread --- */

/* Whether it is at home after the visit. */
static bool visit(struct visitor *v)
{
	v->rc = thread_join_netns(v->nsfd);
	if (v->rc < 0)
		return v->home >= 0;
	v->f(v->arg);
	return v->home >= 0 && thread_join_netns(v->home) == 0;
}

/* Begins with a visit, and ends by itself. */
static void life(void *arg)
{
	struct visitor *v = arg;
	bool home;

	v->tid = (pid_t)syscall(SYS_gettid);
	do {
		home = visit(v);
		atomic_store(&v->turn, home ? IDLE : GONE);
		wake(v);
		while (home && await(v, IDLE, PATIENCE_MS) == IDLE)
			home = !change(v, IDLE, GONE);
	} while (home && atomic_load(&v->turn) == ASKED);
}

/* --- on the caller's --- */

static bool own_capabilities(struct capabilities *caps)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};

	memset(caps, 0, sizeof *caps);
	return syscall(SYS_capget, &h, caps->of) == 0;
}

/* Let the thread run where the caller does: waking an idle processor, and then ours again, takes longer than the visit.
 */
static void pin_worker(struct visitor *v)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	if (cpu == v->cpu || cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(v->tid, sizeof one, &one) == 0)
		v->cpu = cpu;
}

static void join_worker(struct visitor *v)
{
	struct error e;

	if (v->there)
		thread_end(&v->thread, &e);
	v->there = false;
}

/* Ask the one who is there; false when none is, or one that is not as a new one would be. */
static bool ask(struct visitor *v, const struct capabilities *caps)
{
	if (!v->there || atomic_load(&v->turn) != IDLE || memcmp(&v->caps, caps, sizeof *caps) != 0 ||
	    syscall(SYS_kcmp, (pid_t)syscall(SYS_gettid), v->tid, KCMP_FILES, 0, 0) != 0 || !change(v, IDLE, ASKED))
		return false;
	pin_worker(v); /* an asked one does not leave */
	wake(v);
	await(v, ASKED, 0);
	return true;
}

/* When none is left. */
static int begin(struct visitor *v, const struct capabilities *caps, struct error *e)
{
	v->caps = *caps;
	v->cpu = -1;
	atomic_store(&v->turn, ASKED);
	int rc = thread_start(&v->thread, THREAD_SAME_NETNS, -1, life, v, e);
	v->there = rc == 0;
	if (rc == 0)
		await(v, ASKED, 0);
	return rc;
}

/* 1 when the thread that was there already could not join: a new one may. */
static int go(struct visitor *v, int nsfd, int home, void (*f)(void *), void *arg, struct error *e)
{
	struct capabilities caps;
	bool asked;
	int rc = 0;

	if (!own_capabilities(&caps))
		return 1;
	v->nsfd = nsfd;
	v->home = home;
	v->f = f;
	v->arg = arg;
	asked = ask(v, &caps);
	if (!asked && v->there && change(v, IDLE, GONE)) /* one that will not do */
		wake(v);
	if (!asked) {
		join_worker(v);
		rc = begin(v, &caps, e);
	}
	if (atomic_load(&v->turn) == GONE) /* not at home: then no thread is in the namespace when we return */
		join_worker(v);
	if (rc == 0 && v->rc < 0)
		rc = asked ? 1 : error_netlink(e, -v->rc, "setns", NULL);
	return rc;
}

int visitor_run(int nsfd, int home, void (*f)(void *), void *arg, struct error *e)
{
	struct visitor *v = process_page(&page, sizeof *v);
	int rc = 1;

	if (v && !atomic_exchange(&v->busy, true)) {
		rc = go(v, nsfd, home, f, arg, e);
		atomic_store(&v->busy, false);
	}
	return rc > 0 ? thread_run(nsfd, f, arg, e) : rc;
}

/* The code must not be unloaded below the thread. A visit of this very moment is waited for, but not for ever: it may
 * be the caller's own doing, who was interrupted and ends the process. */
__attribute__((destructor)) static void stop_at_exit(void)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	struct visitor *v = atomic_load(&page);

	for (int i = 0; v && atomic_exchange(&v->busy, true); i++) {
		if (i == 1000)
			return;
		nanosleep(&moment, NULL);
	}
	if (!v)
		return;
	if (change(v, IDLE, GONE))
		wake(v);
	join_worker(v);
	atomic_store(&v->busy, false);
}
