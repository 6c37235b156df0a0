// SPDX-License-Identifier: MIT
// How dear is a netlink socket inside another network namespace, technique by technique?
// Techniques are interleaved, so a slow spell of the machine hits all of them; a line of medians per technique.
// Usage: threads [rounds] [busy]     in a sandbox of its own: unshare -Urnmpf --mount-proc build/bench/threads
// With "busy" one more thread spins, so that no CPU idles: then nothing costs a wake-up from idle.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NAMESPACES = 16, STACK = 64 * 1024, MAX_ROUNDS = 100000 };

static int home_ns, visit_ns[NAMESPACES];
static char *own_stack; // used by every raw clone: mapped once, so that no round pays for page faults

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

struct visit {
	int ns, sock;
};

static int visit_body(void *arg)
{
	struct visit *v = arg;

	if (syscall(SYS_setns, v->ns, CLONE_NEWNET))
		return -1;
	v->sock = (int)syscall(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return 0;
}

// ---- the reference: the calling thread itself goes and comes back (forbidden by design)
static int there_and_back(int ns)
{
	struct visit v = {ns, -1};

	visit_body(&v);
	if (setns(home_ns, CLONE_NEWNET))
		die("setns back");
	return v.sock;
}

// ---- threads of the C library
static void *visit_thread(void *arg)
{
	visit_body(arg);
	return NULL;
}

static int run_pthread(int ns, pthread_attr_t *attr)
{
	struct visit v = {ns, -1};
	pthread_t t;

	if (pthread_create(&t, attr, visit_thread, &v))
		die("pthread_create");
	pthread_join(t, NULL);
	return v.sock;
}

static int pthread_plain(int ns)
{
	return run_pthread(ns, NULL);
}

static int pthread_small(int ns)
{
	pthread_attr_t a;
	int s;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, STACK);
	s = run_pthread(ns, &a);
	pthread_attr_destroy(&a);
	return s;
}

static int pthread_own_stack(int ns)
{
	pthread_attr_t a;
	int s;

	pthread_attr_init(&a);
	pthread_attr_setstack(&a, own_stack, STACK);
	s = run_pthread(ns, &a);
	pthread_attr_destroy(&a);
	return s;
}

static void *nothing(void *arg)
{
	return arg;
}

static int empty_pthread(int ns)
{
	pthread_t t;

	(void)ns;
	pthread_create(&t, NULL, nothing, NULL);
	pthread_join(t, NULL);
	return -1;
}

// ---- affinity of the caller, so that whatever it makes is born beside it
static cpu_set_t whole;

static void pin_here(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_getaffinity(0, sizeof whole, &whole);
	sched_setaffinity(0, sizeof one, &one);
}

static void unpin(void)
{
	sched_setaffinity(0, sizeof whole, &whole);
}

static int pinned(int (*f)(int), int ns)
{
	int s;

	pin_here();
	s = f(ns);
	unpin();
	return s;
}

static int empty_pthread_pinned(int ns)
{
	return pinned(empty_pthread, ns);
}
static int pthread_small_pinned(int ns)
{
	return pinned(pthread_small, ns);
}
static int pthread_plain_pinned(int ns)
{
	return pinned(pthread_plain, ns);
}
static int pthread_own_stack_pinned(int ns)
{
	return pinned(pthread_own_stack, ns);
}

// The affinity of the new thread alone: the C library makes it stopped, sets its mask, lets it go.
static int pthread_attr_pinned(int ns)
{
	pthread_attr_t a;
	cpu_set_t one;
	int s;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	pthread_attr_init(&a);
	pthread_attr_setstack(&a, own_stack, STACK);
	pthread_attr_setaffinity_np(&a, sizeof one, &one);
	s = run_pthread(ns, &a);
	pthread_attr_destroy(&a);
	return s;
}

// ---- raw clone; the body makes raw system calls only, because errno and the C library's thread block are the caller's
static int clone_thread(int ns)
{
	struct visit v = {ns, -1};
	int f = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_VFORK;

	if (clone(visit_body, own_stack + STACK, f, &v) < 0)
		die("clone thread");
	return v.sock;
}

static int clone_process(int ns)
{
	struct visit v = {ns, -1};
	pid_t p = clone(visit_body, own_stack + STACK, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_VFORK, &v);

	if (p < 0)
		die("clone process");
	while (waitpid(p, NULL, __WCLONE) < 0 && errno == EINTR)
		;
	return v.sock;
}

static int clone_thread_pinned(int ns)
{
	return pinned(clone_thread, ns);
}
static int clone_process_pinned(int ns)
{
	return pinned(clone_process, ns);
}

// ---- a worker that stays: futex, eventfd and pipe (a pipe's wake-up is "sync": the scheduler keeps both on one CPU)
enum way { FUTEX, EVENTFD, PIPE };
struct worker {
	enum way way;
	bool home; // goes back to its own namespace after each visit, as a worker that pins no dead container must
	pid_t tid;
	atomic_int turn; // 0 idle, 1 asked, 2 answered
	struct visit v;
	int ask[2], answer[2];
};
enum who {
	FREE_FUTEX,
	FREE_EVENTFD,
	FREE_PIPE,
	CALLED_FUTEX,
	CALLED_PIPE,
	HIDDEN_FREE,
	HIDDEN_CALLED,
	HOMING,
	WORKERS
};
static struct worker workers[WORKERS] = {
	[FREE_FUTEX] = {.way = FUTEX},    [FREE_EVENTFD] = {.way = EVENTFD},       [FREE_PIPE] = {.way = PIPE},
	[CALLED_FUTEX] = {.way = FUTEX},  [CALLED_PIPE] = {.way = PIPE},           [HIDDEN_FREE] = {.way = FUTEX},
	[HIDDEN_CALLED] = {.way = FUTEX}, [HOMING] = {.way = FUTEX, .home = true},
};

static void futex_wait(atomic_int *a, int value)
{
	syscall(SYS_futex, a, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(atomic_int *a)
{
	syscall(SYS_futex, a, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void ring(int fd[2])
{
	uint64_t one = 1;

	if (write(fd[1], &one, 8) != 8)
		die("ring");
}

static void hear(int fd[2])
{
	uint64_t got;

	while (read(fd[0], &got, 8) != 8)
		;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	w->tid = (pid_t)syscall(SYS_gettid);
	for (;;) {
		if (w->way == FUTEX)
			while (atomic_load(&w->turn) != 1)
				futex_wait(&w->turn, atomic_load(&w->turn));
		else
			hear(w->ask);
		visit_body(&w->v);
		atomic_store(&w->turn, 2);
		if (w->way == FUTEX)
			futex_wake(&w->turn);
		else
			ring(w->answer);
		if (w->home)
			syscall(SYS_setns, home_ns, CLONE_NEWNET);
	}
	return NULL;
}

static void worker_start(struct worker *w)
{
	pthread_t t;

	if (w->way == EVENTFD) {
		w->ask[0] = w->ask[1] = eventfd(0, EFD_CLOEXEC);
		w->answer[0] = w->answer[1] = eventfd(0, EFD_CLOEXEC);
	} else if (w->way == PIPE && (pipe2(w->ask, O_CLOEXEC) || pipe2(w->answer, O_CLOEXEC))) {
		die("pipe");
	}
	if (pthread_create(&t, NULL, worker_main, w))
		die("worker");
	usleep(2000);
}

static void worker_ask(struct worker *w, int ns)
{
	w->v = (struct visit){ns, -1};
	atomic_store(&w->turn, 1);
	if (w->way == FUTEX)
		futex_wake(&w->turn);
	else
		ring(w->ask);
}

static int worker_collect(struct worker *w)
{
	if (w->way == FUTEX)
		while (atomic_load(&w->turn) != 2)
			futex_wait(&w->turn, 1);
	else
		hear(w->answer);
	return w->v.sock;
}

static int worker_visit(struct worker *w, int ns)
{
	worker_ask(w, ns);
	return worker_collect(w);
}

static void worker_call_here(struct worker *w)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(w->tid, sizeof one, &one);
}

static int worker_here(struct worker *w, int ns)
{
	worker_call_here(w);
	return worker_visit(w, ns);
}

static int worker_futex(int ns)
{
	return worker_visit(&workers[FREE_FUTEX], ns);
}
static int worker_eventfd(int ns)
{
	return worker_visit(&workers[FREE_EVENTFD], ns);
}
static int worker_pipe(int ns)
{
	return worker_visit(&workers[FREE_PIPE], ns);
}
static int worker_futex_here(int ns)
{
	return worker_here(&workers[CALLED_FUTEX], ns);
}
static int worker_pipe_here(int ns)
{
	return worker_here(&workers[CALLED_PIPE], ns);
}
static int worker_homing_here(int ns)
{
	return worker_here(&workers[HOMING], ns);
}

// ---- no namespace at all: what the thread alone costs
static int socket_here(int ns)
{
	(void)ns;
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

static int nothing_body(void *arg)
{
	(void)arg;
	return 0;
}

static int empty_clone_thread(int ns)
{
	(void)ns;
	clone(nothing_body, own_stack + STACK,
	      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_VFORK, NULL);
	return -1;
}

// ---- hidden: the caller goes on working (0.3 ms of system calls stand for RTM_NEWLINK) and collects afterwards;
// what is reported is the time beyond that work
static void work_300us(void)
{
	double end = now_us() + 300;

	while (now_us() < end)
		syscall(SYS_getppid);
}

static double hidden_worker(struct worker *w, bool here, int ns, int *sock)
{
	double t = now_us();

	if (here)
		worker_call_here(w);
	worker_ask(w, ns);
	work_300us();
	*sock = worker_collect(w);
	return now_us() - t - 300;
}

static double hidden_worker_free(int ns, int *sock)
{
	return hidden_worker(&workers[HIDDEN_FREE], false, ns, sock);
}
static double hidden_worker_here(int ns, int *sock)
{
	return hidden_worker(&workers[HIDDEN_CALLED], true, ns, sock);
}

static double hidden_pthread(int ns, int *sock)
{
	struct visit v = {ns, -1};
	double t = now_us();
	pthread_t th;

	if (pthread_create(&th, NULL, visit_thread, &v))
		die("pthread_create");
	work_300us();
	pthread_join(th, NULL);
	*sock = v.sock;
	return now_us() - t - 300;
}

struct technique {
	const char *name;
	int (*run)(int ns);
	double (*timed)(int ns, int *sock);
	double *us;
	long voluntary, involuntary;
} techniques[] = {
	{.name = "socket in the own namespace", .run = socket_here},
	{.name = "empty pthread, create + join", .run = empty_pthread},
	{.name = "empty pthread, caller pinned", .run = empty_pthread_pinned},
	{.name = "empty clone THREAD|VFORK", .run = empty_clone_thread},
	{.name = "setns there and back (forbidden)", .run = there_and_back},
	{.name = "pthread, default stack", .run = pthread_plain},
	{.name = "pthread, 64 KB stack", .run = pthread_small},
	{.name = "pthread, own mapped stack", .run = pthread_own_stack},
	{.name = "pthread, caller pinned meanwhile", .run = pthread_plain_pinned},
	{.name = "pthread, 64 KB stack, caller pinned", .run = pthread_small_pinned},
	{.name = "pthread, own stack, caller pinned", .run = pthread_own_stack_pinned},
	{.name = "pthread, own stack, attr affinity", .run = pthread_attr_pinned},
	{.name = "clone THREAD|VFORK", .run = clone_thread},
	{.name = "clone THREAD|VFORK, caller pinned", .run = clone_thread_pinned},
	{.name = "clone VM|VFORK child + wait", .run = clone_process},
	{.name = "clone VM|VFORK child, caller pinned", .run = clone_process_pinned},
	{.name = "worker, futex", .run = worker_futex},
	{.name = "worker, futex, called to this CPU", .run = worker_futex_here},
	{.name = "worker, eventfd", .run = worker_eventfd},
	{.name = "worker, pipe", .run = worker_pipe},
	{.name = "worker, pipe, called to this CPU", .run = worker_pipe_here},
	{.name = "worker, futex, called here, goes home", .run = worker_homing_here},
	{.name = "worker, free, hidden behind 300 us", .timed = hidden_worker_free},
	{.name = "worker, called, hidden behind 300 us", .timed = hidden_worker_here},
	{.name = "pthread, hidden behind 300 us", .timed = hidden_pthread},
};
enum { TECHNIQUES = sizeof techniques / sizeof *techniques };

static void one_round(struct technique *t, int ns, int round)
{
	struct rusage a, b;
	double start;
	int s;

	getrusage(RUSAGE_SELF, &a);
	if (t->timed) {
		t->us[round] = t->timed(ns, &s);
	} else {
		start = now_us();
		s = t->run(ns);
		t->us[round] = now_us() - start;
	}
	getrusage(RUSAGE_SELF, &b);
	t->voluntary += b.ru_nvcsw - a.ru_nvcsw;
	t->involuntary += b.ru_nivcsw - a.ru_nivcsw;
	if (s >= 0)
		close(s);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void *spin(void *arg)
{
	for (;;)
		syscall(SYS_getppid);
	return arg;
}

static void make_namespaces(void)
{
	home_ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < NAMESPACES; i++) {
		if (unshare(CLONE_NEWNET))
			die("unshare");
		visit_ns[i] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	}
	if (setns(home_ns, CLONE_NEWNET))
		die("setns home");
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1000;
	bool busy = argc > 2 && !strcmp(argv[2], "busy");
	pthread_t spinner;

	if (rounds < 1 || rounds > MAX_ROUNDS)
		return 2;
	make_namespaces();
	own_stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	for (int i = 0; i < WORKERS; i++)
		worker_start(&workers[i]);
	for (int i = 0; i < TECHNIQUES; i++)
		techniques[i].us = calloc((size_t)rounds, sizeof(double));
	if (busy)
		pthread_create(&spinner, NULL, spin, NULL);
	for (int r = 0; r < rounds; r++)
		for (int i = 0; i < TECHNIQUES; i++)
			one_round(&techniques[(i + r) % TECHNIQUES], visit_ns[(i + r) % NAMESPACES], r);
	printf("%-38s %8s %8s %8s   switches: voluntary, involuntary\n", "µs", "p10", "median", "p90");
	for (int i = 0; i < TECHNIQUES; i++) {
		struct technique *t = &techniques[i];

		qsort(t->us, (size_t)rounds, sizeof(double), by_value);
		printf("%-38s %8.1f %8.1f %8.1f   %.1f %.1f\n", t->name, t->us[rounds / 10], t->us[rounds / 2],
		       t->us[rounds * 9 / 10], (double)t->voluntary / rounds, (double)t->involuntary / rounds);
	}
	return 0;
}
