// SPDX-License-Identifier: MIT
// What the bench needs around the contestants and Lua alone has not:
//   hold containers N    N child processes, each in a network namespace of its own; prints its own pid, then theirs,
//   and stays.
//                        On SIGUSR1 they all die, but their namespaces live on by a descriptor here: the orphans of a
//                        sweep
//   hold reset           stdin: pids; takes lo down in their namespaces, so that the next contestant finds them as new
//   hold time            a stopwatch for contestants that are commands; stdin, a line each:
//                          item                     a new item begins
//                          env NAME=VALUE           for all commands that follow
//                          in FILE                  standard input of the next command
//                          run<TAB>ARG<TAB>ARG…     one command, waited for
//                        prints µs per item. Commands are spawned without copying this process, to their advantage.
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void container(int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) || write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static int pin(pid_t p)
{
	char path[64];
	int ns;

	snprintf(path, sizeof path, "/proc/%d/ns/net", p);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		die(path);
	return ns;
}

static pid_t start_one(int ready[2])
{
	char byte;
	pid_t p = fork();

	if (p < 0)
		die("fork");
	if (!p)
		container(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("container");
	return p;
}

static void wait_for_usr1(void)
{
	sigset_t usr1;
	int got;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	puts("ready");
	fflush(stdout);
	sigwait(&usr1, &got);
}

static void containers(int n)
{
	pid_t *pid = calloc((size_t)n, sizeof *pid);
	int ready[2];

	if (!pid || pipe2(ready, O_CLOEXEC))
		die("containers");
	printf("%d\n", getpid());
	fflush(stdout);
	for (int i = 0; i < n; i++) {
		pid[i] = start_one(ready);
		pin(pid[i]); // held until this process ends
	}
	for (int i = 0; i < n; i++)
		printf("%d\n", pid[i]);
	wait_for_usr1();
	for (int i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
	for (int i = 0; i < n; i++)
		waitpid(pid[i], NULL, 0);
	puts("dead");
	fflush(stdout);
	for (;;)
		pause();
}

static void lo_down(void)
{
	struct ifreq r = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r))
		die("lo down");
	close(fd);
}

static void reset(void)
{
	int pid;

	while (scanf("%d", &pid) == 1) {
		char path[64];
		int ns;

		snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
		ns = open(path, O_RDONLY | O_CLOEXEC);
		if (ns < 0 || setns(ns, CLONE_NEWNET))
			die(path);
		close(ns);
		lo_down();
	}
}

static void run_line(char *line, const char *input)
{
	posix_spawn_file_actions_t files;
	char *argv[64];
	int argc = 0, status;
	pid_t p;

	for (char *s = strtok(line, "\t"); s && argc < 63; s = strtok(NULL, "\t"))
		argv[argc++] = s;
	argv[argc] = NULL;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, *input ? input : "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	errno = posix_spawnp(&p, argv[0], &files, NULL, argv, environ);
	if (errno)
		die(argv[0]);
	posix_spawn_file_actions_destroy(&files);
	while (waitpid(p, &status, 0) < 0 && errno == EINTR)
		;
	if (status) {
		fprintf(stderr, "hold: %s ended with %d\n", argv[0], status);
		exit(1);
	}
}

static void stopwatch(void)
{
	static char line[65536], input[sizeof line];
	double us = -1;

	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "item")) {
			if (us >= 0)
				printf("%.1f\n", us);
			us = 0;
		} else if (!strncmp(line, "env ", 4)) {
			putenv(strdup(line + 4));
		} else if (!strncmp(line, "in ", 3)) {
			snprintf(input, sizeof input, "%s", line + 3);
		} else if (!strncmp(line, "run\t", 4)) {
			double start = now_us();

			run_line(line + 4, input);
			us += now_us() - start;
			*input = 0;
		}
	}
	if (us >= 0)
		printf("%.1f\n", us);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "containers"))
		containers(atoi(argv[2]));
	else if (argc == 2 && !strcmp(argv[1], "reset"))
		reset();
	else if (argc == 2 && !strcmp(argv[1], "time"))
		stopwatch();
	else
		return fputs("usage: hold containers N | reset | time\n", stderr), 2;
	return 0;
}
