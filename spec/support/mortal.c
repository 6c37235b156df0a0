/* SPDX-License-Identifier: MIT */
/* For specs, a container that ends in the middle of its attach: enters a network namespace of its own, says its pid,
 * and ends as many microseconds after a byte came as its argument says. usage: mortal MICROSECONDS */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	char c;

	if (argc != 2 || unshare(CLONE_NEWNET) < 0)
		return 1;
	printf("%d\n", (int)getpid());
	fflush(stdout);
	if (read(0, &c, 1) != 1)
		return 1;
	long long end = now() + atoll(argv[1]);
	while (now() < end)
		;
	_exit(0);
}
