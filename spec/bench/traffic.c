// SPDX-License-Identifier: MIT
// Sends over FLOWS flows, a thread each on both sides; prints the Gbit/s that arrived and the CPU seconds that both
// used. Bits per CPU second hardly depend on what else runs on the machine, bits per second do.
//   traffic FROM_PID TO_PID TO_IP tcp|udp FLOWS MILLISECONDS      pid 0: the node itself
//   traffic gro PID DEVICE                                        switches GRO on for a device (it makes veth use NAPI)
// iperf3 serves all flows of a process with one thread, so it can't show what parallel queues are worth; this can.
#define _GNU_SOURCE
#include "bench.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 5200, TCP_CHUNK = 128 * 1024, DATAGRAM = 1400, MOST_FLOWS = 64 };

static struct {
	struct sockaddr_in to;
	bool udp;
	int flows, ms;
} job;
static atomic_long received;

static void join(int pid)
{
	char path[64];
	int ns;

	if (!pid)
		return;
	snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		die(path);
	close(ns);
}

static int new_socket(void)
{
	int fd = socket(AF_INET, (job.udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static void *receive(void *arg)
{
	int fd = *(int *)arg;
	char *buf = malloc(TCP_CHUNK);

	for (;;) {
		ssize_t n = recv(fd, buf, TCP_CHUNK, 0);

		if (n <= 0)
			break;
		atomic_fetch_add_explicit(&received, n, memory_order_relaxed);
	}
	free(buf);
	return NULL;
}

// Datagrams that came through to UDP in this namespace, those included that found a full socket: how many the readers
// get hold of beside busy senders is the scheduler's affair, how many come through is the path's.
static long datagrams(void)
{
	FILE *f = fopen("/proc/thread-self/net/snmp", "r");
	long in, no_port, errors, out, full, seen = -1;
	char line[512];

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Udp: %ld %ld %ld %ld %ld", &in, &no_port, &errors, &out, &full) == 5)
			seen = in + full;
	if (seen < 0)
		die("/proc/thread-self/net/snmp");
	fclose(f);
	return seen;
}

static long bytes_so_far(void)
{
	return job.udp ? datagrams() * DATAGRAM : atomic_load(&received);
}

static int bound(int flow)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(PORT + flow))};
	int fd = new_socket(), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, (void *)&a, sizeof a) || (!job.udp && listen(fd, 1)))
		die("bind");
	return fd;
}

// Runs in the child: all sockets are bound before the sender is told to start; the first tenth of the time isn't
// counted.
static void receiver(int ready)
{
	int fd[MOST_FLOWS];
	pthread_t t;

	for (int i = 0; i < job.flows; i++)
		fd[i] = bound(i);
	if (write(ready, "", 1) != 1)
		die("ready");
	for (int i = 0; i < job.flows; i++) {
		if (!job.udp)
			fd[i] = accept(fd[i], NULL, NULL);
		pthread_create(&t, NULL, receive, &fd[i]);
	}
	usleep((useconds_t)job.ms * 100);
	double start = now_us();
	long before = bytes_so_far();

	usleep((useconds_t)job.ms * 800);
	printf("%.3f\n", (double)(bytes_so_far() - before) * 8 / (now_us() - start) / 1e3);
	fflush(stdout);
	_exit(0);
}

static void *send_flow(void *arg)
{
	struct sockaddr_in to = job.to;
	size_t size = job.udp ? DATAGRAM : TCP_CHUNK;
	char *buf = calloc(1, TCP_CHUNK);
	int fd = new_socket();

	to.sin_port = htons((uint16_t)(PORT + *(int *)arg));
	if (connect(fd, (void *)&to, sizeof to))
		die("connect");
	while (send(fd, buf, size, MSG_NOSIGNAL) >= 0 || job.udp)
		;
	free(buf);
	return NULL;
}

static void sender(void)
{
	static int numbers[MOST_FLOWS];
	pthread_t t;

	for (int i = 0; i < job.flows; i++) {
		numbers[i] = i;
		pthread_create(&t, NULL, send_flow, &numbers[i]);
	}
	for (;;)
		pause();
}

static int gro(int pid, const char *device)
{
	struct ethtool_value on = {.cmd = ETHTOOL_SGRO, .data = 1};
	struct ifreq r = {.ifr_data = (void *)&on};
	int fd;

	join(pid);
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", device);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &r))
		die("gro");
	return 0;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage used;
	pid_t to, from;
	int ready[2], status;
	char byte;

	if (argc == 4 && !strcmp(argv[1], "gro"))
		return gro(atoi(argv[2]), argv[3]);
	if (argc != 7 || inet_pton(AF_INET, argv[3], &job.to.sin_addr) != 1 || atoi(argv[5]) > MOST_FLOWS)
		return fputs("usage: traffic FROM_PID TO_PID TO_IP tcp|udp FLOWS MILLISECONDS\n", stderr), 2;
	job.to.sin_family = AF_INET;
	job.udp = !strcmp(argv[4], "udp");
	job.flows = atoi(argv[5]);
	job.ms = atoi(argv[6]);
	if (pipe(ready))
		die("pipe");
	to = fork();
	if (!to) {
		join(atoi(argv[2]));
		receiver(ready[1]);
	}
	if (to < 0 || read(ready[0], &byte, 1) != 1)
		die("receiver");
	from = fork();
	if (!from) {
		join(atoi(argv[1]));
		sender();
	}
	waitpid(to, &status, 0);
	kill(from, SIGKILL);
	waitpid(from, NULL, 0);
	getrusage(RUSAGE_CHILDREN, &used);
	printf("%.3f\n", seconds(used.ru_utime) + seconds(used.ru_stime));
	return status != 0;
}
