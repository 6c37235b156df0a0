/* SPDX-License-Identifier: MIT */
#include "kernel/aside.h"
#include "kernel/error.h"
#include "kernel/thread.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FREED_MS 150 /* a grace period of RCU takes some 10 to 40 */

struct aside {
	struct thread thread;
	sem_t copied; /* the thread has its own table of descriptors, or could not get one */
	bool own;
	int fd;
	atomic_int users; /* the caller and the thread; the last one frees */
};

static void release(struct aside *a)
{
	if (atomic_fetch_sub(&a->users, 1) > 1)
		return;
	sem_destroy(&a->copied);
	free(a);
}

static void wait_until_freed(void)
{
	const struct timespec t = {.tv_nsec = FREED_MS * 1000000L};

	nanosleep(&t, NULL);
}

static void aside_main(void *arg)
{
	struct aside *a = arg;
	bool own = thread_own_files(a->fd) == 0;

	a->own = own;
	sem_post(&a->copied);
	if (own) {
		wait_until_freed();
		close(a->fd);
	}
	release(a);
}

static void on_thread(int fd)
{
	struct aside *a = calloc(1, sizeof *a);
	struct error e;

	if (!a)
		return;
	a->fd = fd;
	a->users = 2;
	sem_init(&a->copied, 0, 0);
	if (thread_start(&a->thread, THREAD_SAME_NETNS, -1, aside_main, a, &e) < 0) {
		sem_destroy(&a->copied);
		free(a);
		return;
	}
	while (sem_wait(&a->copied) < 0)
		;
	if (a->own)
		thread_detach(&a->thread);
	else
		thread_end(&a->thread, &e);
	release(a);
}

/* Only system calls in the child. */
static void in_child(int fd)
{
	if (fork() == 0) {
		thread_own_files(fd);
		wait_until_freed();
		_exit(0);
	}
}

void aside_close(int fd, bool child)
{
	if (child)
		in_child(fd);
	else
		on_thread(fd);
	close(fd);
}
