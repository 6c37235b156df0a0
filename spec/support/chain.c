/* SPDX-License-Identifier: MIT */
/* For specs, a chain of tasks in a network namespace: each lives for a moment, makes the next one and ends.
 * usage: chain PATH fork|thread|leaderless|mover    until its standard input is closed; with `thread` the process
 * itself stays outside, with `leaderless` its first thread ends and another stays, with `mover` it enters a new one on
 * SIGUSR1 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ended(void)
{
	struct pollfd p = {.fd = 0, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

static void *next_thread(void *arg)
{
	pthread_t t;

	if (ended())
		exit(0);
	if (pthread_create(&t, NULL, next_thread, arg) || pthread_detach(t))
		exit(1);
	return NULL;
}

static void *enter(void *arg)
{
	int fd = open(arg, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		exit(1);
	close(fd);
	puts("there");
	fflush(stdout);
	return NULL;
}

static void *first_thread(void *arg)
{
	enter(arg);
	return next_thread(arg);
}

static void *stay(void *arg)
{
	while (!ended())
		usleep(1000);
	exit(0);
	return arg;
}

static volatile sig_atomic_t told;

static void tell(int number)
{
	told = number;
}

/* Enters a new namespace each time that it is told to. */
static void move(void)
{
	const struct sigaction action = {.sa_handler = tell};

	sigaction(SIGUSR1, &action, NULL);
	while (!ended()) {
		usleep(1000);
		if (told && unshare(CLONE_NEWNET) == 0)
			told = 0;
	}
	exit(0);
}

int main(int argc, char **argv)
{
	pthread_t t;

	if (argc != 3)
		return 2;
	if (!strcmp(argv[2], "thread")) {
		if (pthread_create(&t, NULL, first_thread, argv[1]))
			return 1;
		for (;;)
			pause();
	}
	enter(argv[1]);
	if (!strcmp(argv[2], "leaderless")) {
		if (pthread_create(&t, NULL, stay, NULL))
			return 1;
		pthread_exit(NULL);
	}
	if (!strcmp(argv[2], "mover"))
		move();
	while (!ended())
		if (fork())
			_exit(0);
	return 0;
}
