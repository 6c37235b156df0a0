// SPDX-License-Identifier: MIT
// The floor: what the kernel alone costs. The requests of an attach, a delete, a sweep and a listing, from bare C,
// nothing more. Times are µs by CLOCK_MONOTONIC, one line per item on stdout, like those of every contestant.
//   floor attach [--how=back|pthread|pinned|worker] [--queues=N|kernel] [--dual] [--no-alias] [--gateway=lo]
//                [--acks=each] [--bare] [--duties] [--ipv6] [--addrgen=none]
//                                        stdin: "pid v4 [v6]" a line
//   floor one | fleet                    stdin: host ends, by name; deleted one by one, or as one group
//   floor sweep [--dry-run]              finds veth-<dead pid>… and vc-<dead pid>…, deletes them as one group
//   floor list [--decode] [--stats] [repeats]
//   floor orphans N                      makes N orphan pairs (not timed)
#define _GNU_SOURCE
#include "bench.h"
#include "rtnl.h"
#include "visit.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PIDFD_GET_NET_NAMESPACE
#define PIDFD_GET_NET_NAMESPACE _IO(0xFF, 4)
#endif

enum { GROUP = 0x5a4c, DEAD_PIDS = 3000000, PID_MASK = 0x3fffff };

static struct {
	enum visit_how how;
	uint32_t queues;
	bool dual, no_alias, gateway_on_lo, ipv6, no_addrgen, bare, duties, decode, stats, dry_run;
	int number;
} opt = {.how = VISIT_PINNED, .queues = 1, .number = 1};

// ---- attach

// What zlnet owes its callers in each attach beside the requests, as few calls as it can be done with: a socket of its
// own on the node, a process that cannot be mistaken, a namespace that is not ours, the lock, whether forwarding is on.
struct duties {
	int host, pidfd, ns, here;
};

static void read_file(const char *path)
{
	char text[512];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof text) <= 0)
		die(path);
	close(fd);
}

static void duties_begin(struct duties *d, int pid)
{
	struct pollfd p;
	struct stat st;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	d->host = rtnl_open();
	d->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	d->ns = ioctl(d->pidfd, PIDFD_GET_NET_NAMESPACE, 0);
	if (d->ns < 0)
		die("PIDFD_GET_NET_NAMESPACE");
	read_file(path); // when it was started
	p = (struct pollfd){.fd = d->pidfd, .events = POLLIN};
	d->here = ioctl(d->host, SIOCGSKNS);
	if (poll(&p, 1, 0) || d->here < 0 || fstat(d->here, &st) || fstat(d->ns, &st) ||
	    flock(d->here, LOCK_SH | LOCK_NB))
		die("the target");
	read_file("/proc/sys/net/ipv4/ip_forward");
}

static void duties_end(struct duties *d)
{
	close(d->here);
	close(d->pidfd);
	close(d->host);
}

// A host end that carries no IPv6 speaks none, as with zlnet.
static void ipv6_off(const char *link)
{
	char path[96];
	int fd;

	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", link);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		die(path);
	close(fd);
}

static void attach_one(int host, int pid, const struct addresses *a)
{
	struct duties d = {.host = -1};
	char path[64], alias[128];
	struct pair p = {.peer = "eth0", .queues = opt.queues, .tag = (uint32_t)pid};
	int sock;

	snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
	snprintf(p.host, sizeof p.host, "veth-%d-s", pid & PID_MASK);
	// As long as the alias that zlnet writes there.
	snprintf(alias, sizeof alias,
	         "floor pid=%d start=0000000000 boot=00000000-0000-0000-0000-000000000000 tag=s t=0", pid);
	if (opt.duties) {
		duties_begin(&d, pid);
		host = d.host;
		p.ns = d.ns;
	} else {
		p.ns = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (p.ns < 0)
		die(path);
	sock = visit_socket(opt.how, p.ns);
	if (sock < 0)
		die("socket in the container");
	rtnl_newlink(host, &p);
	if (!a->dual && !a->bare && !opt.ipv6)
		ipv6_off(p.host);
	rtnl_setup_container(sock, &p, a);
	rtnl_setup_host(host, &p, a, opt.no_alias ? NULL : alias);
	if (!a->bare) // as zlnet does: what can't be undone comes last
		rtnl_up_lo(sock);
	close(sock);
	close(p.ns);
	if (opt.duties)
		duties_end(&d);
}

static void attach(void)
{
	struct addresses a = {.dual = opt.dual,
	                      .gateway_on_link = !opt.gateway_on_lo,
	                      .bare = opt.bare,
	                      .no_addrgen = opt.no_addrgen};
	char line[256], v4[64], v6[64];
	int host = rtnl_open(), pid;

	if (opt.gateway_on_lo)
		rtnl_gateway_on_lo(host);
	while (fgets(line, sizeof line, stdin)) {
		int n = sscanf(line, "%d %63s %63s", &pid, v4, v6);
		double start;

		if (n < 2 || inet_pton(AF_INET, v4, &a.v4) != 1 ||
		    (opt.dual && (n < 3 || inet_pton(AF_INET6, v6, &a.v6) != 1))) {
			fprintf(stderr, "floor: bad line: %s", line);
			exit(2);
		}
		start = now_us();
		attach_one(host, pid, &a);
		printf("%.1f\n", now_us() - start);
	}
}

// ---- delete
static void delete_one_by_one(void)
{
	static char names[20000][IFNAMSIZ];
	const char *at = getenv("BENCH_AT");
	int fd = rtnl_open(), n = 0;

	while (n < 20000 && scanf("%15s", names[n]) == 1)
		n++;
	while (at && now_us() < atof(at) * 1e6)
		usleep(1000);
	for (int i = 0; i < n; i++) {
		double start = now_us();

		rtnl_delete_name(fd, names[i]);
		printf("%.1f\n", now_us() - start);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void delete_fleet(void)
{
	size_t n = 0, cap = 0, found = 0, links;
	char(*names)[IFNAMSIZ] = calloc(20000, IFNAMSIZ);
	struct link_row *rows = NULL;
	uint32_t *index = calloc(20000, sizeof *index);
	int fd = rtnl_open();
	double start;

	while (n < 20000 && scanf("%15s", names[n]) == 1)
		n++;
	start = now_us();
	qsort(names, n, IFNAMSIZ, by_name);
	links = rtnl_dump_decode(fd, false, &rows, &cap);
	for (size_t i = 0; i < links && found < n; i++)
		if (bsearch(rows[i].name, names, n, IFNAMSIZ, by_name))
			index[found++] = rows[i].index;
	if (found) {
		rtnl_delete_indexes(fd, index, found, GROUP);
		rtnl_confirm_gone(fd, index, found, GROUP);
	}
	printf("%.1f\n", now_us() - start);
	free(index);
	free(names);
	free(rows);
}

// ---- sweep
static bool is_orphan(const char *name)
{
	int pid, end = 0;

	if (sscanf(name, "veth-%d%n", &pid, &end) != 1 && sscanf(name, "vc-%d%n", &pid, &end) != 1)
		return false;
	return (name[end] == '-' || !name[end]) && kill(pid, 0) && errno == ESRCH;
}

// Both ends of an orphan pair are here as a rule. One of them is enough: the other goes with it.
static size_t choose(const struct link_row *rows, size_t links, uint32_t *index, size_t *ends)
{
	uint32_t last = 0;
	size_t found = 0;
	bool *chosen;

	for (size_t i = 0; i < links; i++)
		last = rows[i].index > last ? rows[i].index : last;
	chosen = calloc(last + 1, sizeof *chosen);
	for (size_t i = 0; i < links; i++) {
		if (!is_orphan(rows[i].name))
			continue;
		++*ends;
		if (rows[i].peer <= last && chosen[rows[i].peer])
			continue;
		chosen[rows[i].index] = true;
		index[found++] = rows[i].index;
	}
	free(chosen);
	return found;
}

static void sweep(void)
{
	struct link_row *rows = NULL;
	size_t cap = 0, found, ends = 0, links;
	int fd = rtnl_open();
	double start = now_us();
	uint32_t *index;

	links = rtnl_dump_decode(fd, false, &rows, &cap);
	index = calloc(links, sizeof *index);
	found = choose(rows, links, index, &ends);
	if (found && !opt.dry_run) {
		rtnl_delete_indexes(fd, index, found, GROUP);
		rtnl_confirm_gone(fd, index, found, GROUP);
	}
	printf("%.1f\n", now_us() - start);
	fprintf(stderr, "floor: %zu links, %zu orphan ends, %zu marked\n", links, ends, found);
	free(index);
	free(rows);
}

static void orphans(void)
{
	int fd = rtnl_open(), pid = DEAD_PIDS;

	for (int made = 0; made < opt.number; pid++) {
		struct pair p = {.ns = -1, .queues = 1};

		if (kill(pid, 0) == 0 || errno != ESRCH)
			continue;
		snprintf(p.host, sizeof p.host, "veth-%d-s", pid & PID_MASK);
		snprintf(p.peer, sizeof p.peer, "vc-%d-s", pid & PID_MASK);
		rtnl_newlink(fd, &p);
		made++;
	}
}

// ---- list
static void list(void)
{
	struct link_row *rows = NULL;
	size_t cap = 0, links = 0;
	int fd = rtnl_open();

	for (int i = 0; i < opt.number; i++) {
		double start = now_us();

		links = opt.decode ? rtnl_dump_decode(fd, opt.stats, &rows, &cap) : rtnl_dump_receive(fd, opt.stats);
		printf("%.1f\n", now_us() - start);
	}
	fprintf(stderr, "floor: %zu links\n", links);
}

static bool option(const char *s)
{
	if (!strncmp(s, "--how=", 6) && visit_named(s + 6) >= 0)
		opt.how = (enum visit_how)visit_named(s + 6);
	else if (!strncmp(s, "--queues=", 9))
		opt.queues = strcmp(s + 9, "kernel") ? (uint32_t)atoi(s + 9) : 0;
	else if (!strcmp(s, "--dual"))
		opt.dual = true;
	else if (!strcmp(s, "--no-alias"))
		opt.no_alias = true;
	else if (!strcmp(s, "--acks=each"))
		rtnl_each_ack = true;
	else if (!strcmp(s, "--bare"))
		opt.bare = true;
	else if (!strcmp(s, "--ipv6"))
		opt.ipv6 = true;
	else if (!strcmp(s, "--addrgen=none"))
		opt.no_addrgen = true;
	else if (!strcmp(s, "--duties"))
		opt.duties = true;
	else if (!strcmp(s, "--gateway=lo"))
		opt.gateway_on_lo = true;
	else if (!strcmp(s, "--decode"))
		opt.decode = true;
	else if (!strcmp(s, "--stats"))
		opt.stats = true;
	else if (!strcmp(s, "--dry-run"))
		opt.dry_run = true;
	else
		return (opt.number = atoi(s)) > 0;
	return true;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} commands[] = {{"attach", attach}, {"one", delete_one_by_one}, {"fleet", delete_fleet}, {"sweep", sweep},
	                {"list", list},     {"orphans", orphans}};

	for (int i = 2; i < argc; i++)
		if (!option(argv[i]))
			return fprintf(stderr, "floor: what is %s?\n", argv[i]), 2;
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(), 0;
	fputs("usage: floor attach|one|fleet|sweep|list|orphans …\n", stderr);
	return 2;
}
