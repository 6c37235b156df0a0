// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "visit.h"
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STACK = 64 * 1024 };

struct visit {
	int ns, sock, err;
};

static void visit_body(struct visit *v)
{
	v->sock = -1;
	if (setns(v->ns, CLONE_NEWNET) == 0)
		v->sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	v->err = v->sock < 0 ? errno : 0;
}

static int home_fd(void)
{
	static int home = -1;

	if (home < 0)
		home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return home;
}

static void back(struct visit *v)
{
	int home = home_fd();

	visit_body(v);
	if (setns(home, CLONE_NEWNET))
		die("setns back");
}

static void *thread_main(void *v)
{
	visit_body(v);
	return NULL;
}

static void thread(struct visit *v, pthread_attr_t *attr)
{
	pthread_t t;

	if (pthread_create(&t, attr, thread_main, v))
		die("pthread_create");
	pthread_join(t, NULL);
}

static void *new_stack(void)
{
	void *p = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void pinned(struct visit *v)
{
	static void *stack;
	cpu_set_t one, all;
	pthread_attr_t attr;

	if (!stack)
		stack = new_stack();
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, STACK);
	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu(), &one);
	sched_getaffinity(0, sizeof all, &all);
	sched_setaffinity(0, sizeof one, &one);
	thread(v, &attr);
	sched_setaffinity(0, sizeof all, &all);
	pthread_attr_destroy(&attr);
}

static struct {
	pid_t tid;
	atomic_int turn; // 0 idle, 1 asked, 2 answered
	struct visit *v;
} worker;

static void futex(int op, int value)
{
	syscall(SYS_futex, &worker.turn, op, value, NULL, NULL, 0);
}

static void *worker_main(void *unused)
{
	int home = home_fd();

	worker.tid = (pid_t)syscall(SYS_gettid);
	atomic_store(&worker.turn, 0);
	futex(FUTEX_WAKE_PRIVATE, 1);
	for (;;) {
		while (atomic_load(&worker.turn) != 1)
			futex(FUTEX_WAIT_PRIVATE, atomic_load(&worker.turn));
		visit_body(worker.v);
		atomic_store(&worker.turn, 2);
		futex(FUTEX_WAKE_PRIVATE, 1);
		// Nobody waits for the way home, but it must be taken: a thread in a namespace keeps it alive.
		if (setns(home, CLONE_NEWNET))
			die("setns home");
	}
	return unused;
}

static void worker_start(void)
{
	pthread_t t;

	atomic_store(&worker.turn, 3);
	if (pthread_create(&t, NULL, worker_main, NULL))
		die("pthread_create");
	while (atomic_load(&worker.turn) == 3)
		futex(FUTEX_WAIT_PRIVATE, 3);
}

static void by_worker(struct visit *v)
{
	cpu_set_t one;

	if (!worker.tid)
		worker_start();
	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu(), &one);
	sched_setaffinity(worker.tid, sizeof one, &one);
	worker.v = v;
	atomic_store(&worker.turn, 1);
	futex(FUTEX_WAKE_PRIVATE, 1);
	while (atomic_load(&worker.turn) != 2)
		futex(FUTEX_WAIT_PRIVATE, 1);
}

int visit_named(const char *name)
{
	static const char *const names[] = {"back", "pthread", "pinned", "worker"};

	for (int i = 0; i < 4; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}

int visit_socket(enum visit_how how, int ns)
{
	struct visit v = {ns, -1, 0};

	if (how == VISIT_BACK)
		back(&v);
	else if (how == VISIT_PTHREAD)
		thread(&v, NULL);
	else if (how == VISIT_PINNED)
		pinned(&v);
	else
		by_worker(&v);
	errno = v.err;
	return v.sock;
}
