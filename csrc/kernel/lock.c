/* SPDX-License-Identifier: MIT */
#include "kernel/lock.h"
#include "kernel/error.h"
#include "kernel/netlink.h"
#include "kernel/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOMENT 100 /* ms: as long as a sweep usually holds it */

/* Mode 0600, there in every namespace, and it may be opened where /proc/sys is read-only. Nothing is read. */
static void open_file(void *arg)
{
	*(int *)arg = open("/proc/sys/net/ipv4/tcp_fastopen_key", O_RDONLY | O_CLOEXEC);
}

/* The file that the namespace has: the calling thread's, or by a thread that visits it. */
static int open_in(int nsfd)
{
	struct stat theirs, ours;
	struct error ignored;
	int fd = -1;

	if (fstat(nsfd, &theirs) < 0 || stat("/proc/thread-self/ns/net", &ours) < 0)
		return -1;
	if (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev)
		open_file(&fd);
	else if (thread_run(nsfd, open_file, &fd, &ignored) < 0)
		return -1;
	return fd;
}

/* 0, -EAGAIN when the deadline is over, or another -errno. */
static int wait_for(int fd, bool exclusive, int64_t deadline)
{
	const struct timespec pause = {.tv_nsec = 500 * 1000};

	while (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (netlink_now() >= deadline)
			return -EAGAIN;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int lock_take(struct lock *l, int nsfd, bool exclusive, int64_t deadline, struct error *e)
{
	if (l->file < 0)
		l->file = open_in(nsfd);
	l->ns = nsfd;
	int rc = l->file < 0 ? 0 : wait_for(l->file, exclusive, deadline);
	if (rc == 0) {
		int64_t moment = netlink_now() + MOMENT;
		rc = wait_for(nsfd, exclusive, l->file >= 0 && moment < deadline ? moment : deadline);
		if (rc == -EAGAIN && l->file >= 0 && !exclusive)
			return 0;
	}
	if (rc < 0)
		lock_release(l);
	if (rc == -EAGAIN)
		return error_io(e, EAGAIN, "flock", "another attach or sweep holds this network namespace");
	return rc < 0 ? error_io(e, -rc, "flock", "network namespace") : 0;
}

void lock_release(struct lock *l)
{
	if (l->ns >= 0)
		flock(l->ns, LOCK_UN);
	if (l->file >= 0)
		close(l->file);
	l->file = l->ns = -1;
}
