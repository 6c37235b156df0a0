// SPDX-License-Identifier: MIT
// How the kernel's own cost grows, asked by bare C so that nothing else is in the numbers:
//   curves links N         with up to N links on the node (host ends whose peers sit in one crowded namespace)
//   curves namespaces N    with up to N containers, each in a namespace of its own
//   curves processes N     N containers attached, then 64 of them deleted one by one, by 1 … 16 processes at once
// One line per point: name=value, times in µs (medians). Run by spec/bench/curves in a sandbox.
#define _GNU_SOURCE
#include "bench.h"
#include "rtnl.h"
#include "visit.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAMPLES = 20, SINGLES = 3, DUMPS = 3, GROUP = 0x5a4d, MOST = 20000, DELETES = 64 };

static int home_ns, host;
static uint32_t next_tag = 1;

static int new_namespace(void)
{
	int ns;

	if (unshare(CLONE_NEWNET))
		die("unshare");
	ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(home_ns, CLONE_NEWNET))
		die("namespace");
	return ns;
}

static struct pair next_pair(int ns, const char *peer)
{
	struct pair p = {.ns = ns, .queues = 1, .tag = next_tag++};

	snprintf(p.host, sizeof p.host, "veth-%u-s", p.tag & 0x3fffff);
	snprintf(p.peer, sizeof p.peer, "%s", peer);
	return p;
}

static struct addresses next_addresses(const struct pair *p)
{
	return (struct addresses){.v4 = {htonl(0x0ac80000 + p->tag)}, .gateway_on_link = true};
}

// A whole attach, as floor.c does it, by a worker: the technique's own cost stays out of the curve.
static uint32_t attach(int ns, double *us)
{
	struct pair p = next_pair(ns, "eth0");
	struct addresses a = next_addresses(&p);
	double start = now_us();
	int sock = visit_socket(VISIT_WORKER, ns);

	if (sock < 0)
		die("socket in the container");
	rtnl_newlink(host, &p);
	rtnl_setup_container(sock, &p, &a);
	rtnl_setup_host(host, &p, &a, "curves");
	close(sock);
	*us = now_us() - start;
	return p.host_index;
}

static double dump_us(void)
{
	double us[DUMPS];

	for (int i = 0; i < DUMPS; i++) {
		double start = now_us();

		rtnl_dump_receive(host, false);
		us[i] = now_us() - start;
	}
	return median(us, DUMPS);
}

static double delete_us(uint32_t tag)
{
	char name[IFNAMSIZ];
	double start;

	snprintf(name, sizeof name, "veth-%u-s", tag & 0x3fffff);
	start = now_us();
	rtnl_delete_name(host, name);
	return now_us() - start;
}

static double group_us(const uint32_t *index, size_t n)
{
	double start = now_us();

	rtnl_delete_indexes(host, index, n, GROUP);
	return now_us() - start;
}

// Attaches SAMPLES fresh containers on top of what is there, deletes them again, reports a line.
static void measure(const char *what, int x)
{
	double us[SAMPLES], one[SINGLES], create[SAMPLES];
	uint32_t index[SAMPLES];
	int ns[SAMPLES];

	for (int i = 0; i < SAMPLES; i++) {
		double start = now_us();

		ns[i] = new_namespace();
		create[i] = now_us() - start;
	}
	for (int i = 0; i < SAMPLES; i++)
		index[i] = attach(ns[i], &us[i]);
	for (int i = 0; i < SINGLES; i++)
		one[i] = delete_us(next_tag - SAMPLES + (uint32_t)i);
	printf("%s=%d namespace=%.0f attach=%.0f delete=%.0f", what, x, median(create, SAMPLES), median(us, SAMPLES),
	       median(one, SINGLES));
	printf(" group=%.0f", group_us(index + SINGLES, SAMPLES - SINGLES) / (SAMPLES - SINGLES));
	printf(" dump=%.0f\n", dump_us());
	fflush(stdout);
	for (int i = 0; i < SAMPLES; i++)
		close(ns[i]);
	usleep(300000); // the kernel takes the namespaces down behind our back; not during the next point
}

static void add_link(int crowd)
{
	char peer[IFNAMSIZ];
	struct pair p;
	struct addresses a;

	snprintf(peer, sizeof peer, "c%u", next_tag);
	p = next_pair(crowd, peer);
	a = next_addresses(&p);
	rtnl_newlink(host, &p);
	rtnl_setup_host(host, &p, &a, "curves");
}

static bool is_point(int x, int most)
{
	static const int points[] = {10, 100, 500, 1000, 1500, 2000, 3000, 5000, 7000, 10000, 15000, 20000};

	for (size_t i = 0; i < sizeof points / sizeof *points; i++)
		if (points[i] == x)
			return true;
	return x == most;
}

static void links(int most)
{
	int crowd = new_namespace();

	for (int x = 1; x <= most; x++) {
		add_link(crowd);
		if (is_point(x, most))
			measure("links", x);
	}
}

static void namespaces(int most)
{
	double us;

	for (int x = 1; x <= most; x++) {
		attach(new_namespace(), &us); // its descriptor stays open: that is what keeps the namespace
		if (is_point(x, most))
			measure("namespaces", x);
	}
}

// ---- processes at once
static uint32_t *shared_index;
static int *container;

static void work(int first, int last, bool deleting)
{
	double us;

	host = rtnl_open();
	for (int i = first; i < last; i++) {
		next_tag = (uint32_t)i + 1;
		if (deleting)
			delete_us(next_tag);
		else
			shared_index[i] = attach(container[i], &us);
	}
	_exit(0);
}

static double at_once(int processes, int n, bool deleting)
{
	double start = now_us();
	int status, failed = 0;

	for (int p = 0; p < processes; p++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (!child)
			work(p * n / processes, (p + 1) * n / processes, deleting);
	}
	for (int p = 0; p < processes; p++)
		failed += wait(&status) < 0 || status;
	if (failed) {
		fprintf(stderr, "curves: %d processes failed\n", failed);
		exit(1);
	}
	return now_us() - start;
}

static void processes(int n)
{
	shared_index =
		mmap(NULL, (size_t)n * sizeof *shared_index, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared_index == MAP_FAILED)
		die("mmap");
	container = calloc((size_t)n, sizeof *container);
	for (int i = 0; i < n; i++)
		container[i] = new_namespace();
	for (int round = 0; round < 3; round++) {
		for (int p = 1; p <= 16; p *= 2) {
			double attached = at_once(p, n, false);
			double deleted = at_once(p, DELETES, true);

			printf("processes=%d attach=%.0f attaches_per_s=%.0f delete=%.0f deletes_per_s=%.0f\n", p,
			       attached / n, n / attached * 1e6, deleted / DELETES, DELETES / deleted * 1e6);
			fflush(stdout);
			group_us(shared_index + DELETES, (size_t)n - DELETES);
		}
	}
}

int main(int argc, char **argv)
{
	int n = argc == 3 ? atoi(argv[2]) : 0;

	home_ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	host = rtnl_open();
	if (n > DELETES && n <= MOST && !strcmp(argv[1], "links"))
		links(n);
	else if (n > DELETES && n <= MOST && !strcmp(argv[1], "namespaces"))
		namespaces(n);
	else if (n > DELETES && n <= MOST && !strcmp(argv[1], "processes"))
		processes(n);
	else
		return fputs("usage: curves links|namespaces|processes N   (64 < N <= 20000)\n", stderr), 2;
	return 0;
}
