/* SPDX-License-Identifier: MIT */
#include "kernel/pollset.h"
#include "kernel/error.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define READY_MAX 64

int pollset_open(struct pollset *p, struct error *e)
{
	p->alarm = -1;
	p->fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->fd < 0)
		return error_io(e, errno, "epoll_create", NULL);
	p->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int rc = p->alarm < 0 ? error_io(e, errno, "timerfd_create", NULL) : pollset_add(p, p->alarm, e);
	if (rc < 0)
		pollset_close(p);
	return rc;
}

void pollset_close(struct pollset *p)
{
	if (p->alarm >= 0)
		close(p->alarm);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = p->alarm = -1;
}

int pollset_add(struct pollset *p, int fd, struct error *e)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(p->fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? error_io(e, errno, "epoll_ctl", "descriptor %d", fd) : 0;
}

void pollset_remove(struct pollset *p, int fd)
{
	epoll_ctl(p->fd, EPOLL_CTL_DEL, fd, NULL);
}

void pollset_alarm(struct pollset *p, int64_t ms)
{
	struct itimerspec t = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};

	if (ms < 0)
		memset(&t, 0, sizeof t);
	else if (ms == 0) /* zero would switch it off */
		t.it_value.tv_nsec = 1;
	timerfd_settime(p->alarm, 0, &t, NULL);
}

int pollset_ready(struct pollset *p, int *ready, int n, int ms)
{
	struct epoll_event ev[READY_MAX];
	uint64_t expired;
	int k = 0;

	int got = epoll_wait(p->fd, ev, n < READY_MAX ? n : READY_MAX, ms);
	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < got; i++)
		if (ev[i].data.fd != p->alarm)
			ready[k++] = ev[i].data.fd;
		else if (read(p->alarm, &expired, sizeof expired) < 0 && errno != EAGAIN)
			return -errno;
	return k;
}
