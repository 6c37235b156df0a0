/* SPDX-License-Identifier: MIT */
#include "visitor.h"
#include "proc.h"
#include "thread.h"
#include "zerr.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20 /* between two attaches there are less than two */

enum turn { GONE, IDLE, ASKED, ANSWERED };

static struct {
	pthread_mutex_t lock; /* held by the one who asks */
	pid_t pid;            /* the process that it is a thread of, 0 when there is none to be joined */
	struct thread thread;
	_Atomic uint32_t turn;
	/* asked */
	int nsfd;
	void (*f)(void *);
	void *arg;
	/* answered */
	int rc; /* -errno of joining */
	pid_t tid;
	/* where it runs, and with what it was made */
	int cpu;
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
} visitor = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Wait until turn is not as it was; with a timeout in ms, or until that is over. Returns what it is then. */
static uint32_t await(uint32_t was, int ms)
{
	const struct timespec timeout = {.tv_nsec = (long)ms * 1000000};

	while (atomic_load(&visitor.turn) == was)
		if (syscall(SYS_futex, &visitor.turn, FUTEX_WAIT_PRIVATE, was, ms ? &timeout : NULL, NULL, 0) < 0 &&
		    errno == ETIMEDOUT)
			break;
	return atomic_load(&visitor.turn);
}

static void announce(uint32_t turn)
{
	atomic_store(&visitor.turn, turn);
	syscall(SYS_futex, &visitor.turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static bool change(uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&visitor.turn, &from, to);
}

/* --- on the thread --- */

/* Visit, go home and wait; false when that was all. *home is a pidfd of the process, -1 as long as it was not needed: at the
 * first visit the last free descriptor may be the caller's. */
static bool serve(int *home)
{
	struct zerr e;

	visitor.rc = thread_join_netns(visitor.nsfd);
	if (visitor.rc == 0)
		visitor.f(visitor.arg);
	announce(ANSWERED);
	if (*home < 0)
		*home = proc_pidfd(getpid(), &e);
	if (*home < 0 || thread_join_netns(*home) < 0)
		return false;
	announce(IDLE);
	while (await(IDLE, PATIENCE_MS) == IDLE)
		if (change(IDLE, GONE))
			return false;
	return atomic_load(&visitor.turn) == ASKED;
}

static void life(void *unused)
{
	int home = -1;

	(void)unused;
	visitor.tid = (pid_t)syscall(SYS_gettid);
	while (serve(&home))
		;
	if (home >= 0)
		close(home);
	announce(GONE);
}

/* --- on the caller's --- */

static int capabilities(struct __user_cap_data_struct *caps)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};

	return (int)syscall(SYS_capget, &h, caps);
}

/* A new thread starts on an idle processor, and waking that one up, then ours again, takes longer than the visit does. So
 * the caller stays on its processor meanwhile, and the visitor inherits that. Returns whether there is something to restore. */
static bool narrow(cpu_set_t *old)
{
	cpu_set_t one;

	visitor.cpu = sched_getcpu();
	if (visitor.cpu < 0 || visitor.cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof *old, old) < 0)
		return false;
	CPU_ZERO(&one);
	CPU_SET(visitor.cpu, &one);
	return sched_setaffinity(0, sizeof one, &one) == 0;
}

/* An unrestricted caller gets every processor back, also those that come later; else the mask is put back. */
static void widen(cpu_set_t *old)
{
	static _Atomic long
		online; /* asking reads a file; an old number only means that a mask is put back as it was */

	if (!online)
		online = sysconf(_SC_NPROCESSORS_ONLN);
	if (CPU_COUNT(old) >= online)
		memset(old, 0xff, sizeof *old);
	sched_setaffinity(0, sizeof *old, old);
}

/* Follow the caller to its processor, for the same reason. */
static void follow(void)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	if (cpu == visitor.cpu || cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(visitor.tid, sizeof one, &one) == 0)
		visitor.cpu = cpu;
}

static void bury(struct zerr *e)
{
	if (visitor.pid == getpid())
		thread_end(&visitor.thread, e);
	visitor.pid = 0;
}

static int begin(const struct __user_cap_data_struct *caps, struct zerr *e)
{
	cpu_set_t cpus;

	bury(e);
	atomic_store(&visitor.turn, ASKED);
	memcpy(visitor.caps, caps, sizeof visitor.caps);
	bool narrowed = narrow(&cpus);
	int rc = thread_start(&visitor.thread, THREAD_SAME_NETNS, -1, life, NULL, e);
	if (rc == 0) {
		visitor.pid = getpid();
		await(ASKED, 0);
	} else {
		atomic_store(&visitor.turn, GONE);
	}
	if (narrowed)
		widen(&cpus);
	return rc;
}

/* Ask the one who is there; false when it has left. */
static bool ask(void)
{
	if (visitor.pid != getpid() || await(ANSWERED, 0) == GONE) /* ANSWERED: on its way home */
		return false;
	follow();
	if (!change(IDLE, ASKED))
		return false;
	syscall(SYS_futex, &visitor.turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	await(ASKED, 0);
	return true;
}

static int visit(int nsfd, void (*f)(void *), void *arg, const struct __user_cap_data_struct *caps, struct zerr *e)
{
	visitor.nsfd = nsfd;
	visitor.f = f;
	visitor.arg = arg;
	int rc = ask() ? 0 : begin(caps, e);
	if (rc == 0 && visitor.rc < 0)
		rc = zerr_netlink(e, -visitor.rc, "setns", NULL);
	return rc;
}

/* Whether the one who is there, if one is, can do what the caller can, and no more. */
static bool is_equal(const struct __user_cap_data_struct *caps)
{
	return visitor.pid != getpid() || atomic_load(&visitor.turn) == GONE ||
	       !memcmp(visitor.caps, caps, sizeof visitor.caps);
}

int visitor_run(int nsfd, void (*f)(void *), void *arg, struct zerr *e)
{
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	if (capabilities(caps) == 0 && pthread_mutex_trylock(&visitor.lock) == 0) {
		bool equal = is_equal(caps);
		int rc = equal ? visit(nsfd, f, arg, caps, e) : 0;
		pthread_mutex_unlock(&visitor.lock);
		if (equal)
			return rc;
	}
	return thread_run(nsfd, f, arg, e);
}

void visitor_settle(void)
{
	if (visitor.pid == getpid())
		await(ANSWERED, 0);
}

/* A child made by fork has no such thread, and perhaps a lock that nobody will release. */
static void forget(void)
{
	pthread_mutex_init(&visitor.lock, NULL);
	visitor.pid = 0;
	atomic_store(&visitor.turn, GONE);
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, forget);
}

/* Its code must not be unloaded below it. */
__attribute__((destructor)) static void dismiss(void)
{
	struct zerr e;

	if (visitor.pid != getpid())
		return;
	pthread_mutex_lock(&visitor.lock);
	while (await(ANSWERED, 0) == IDLE && !change(IDLE, GONE))
		;
	announce(GONE);
	bury(&e);
	pthread_mutex_unlock(&visitor.lock);
}
