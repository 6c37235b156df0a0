/* SPDX-License-Identifier: MIT */
#include "epoll.h"
#include "zerr.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define READY_MAX 64

int epoll_open(struct epoll *p, struct zerr *e)
{
	p->alarm = -1;
	p->fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->fd < 0)
		return zerr_io(e, errno, "epoll_create", NULL);
	p->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int rc = p->alarm < 0 ? zerr_io(e, errno, "timerfd_create", NULL) : epoll_add(p, p->alarm, e);
	if (rc < 0)
		epoll_close(p);
	return rc;
}

void epoll_close(struct epoll *p)
{
	if (p->alarm >= 0)
		close(p->alarm);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = p->alarm = -1;
}

int epoll_add(struct epoll *p, int fd, struct zerr *e)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(p->fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? zerr_io(e, errno, "epoll_ctl", "descriptor %d", fd) : 0;
}

void epoll_remove(struct epoll *p, int fd)
{
	epoll_ctl(p->fd, EPOLL_CTL_DEL, fd, NULL);
}

void epoll_alarm(struct epoll *p, int64_t ms)
{
	struct itimerspec t = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};

	if (ms < 0)
		memset(&t, 0, sizeof t);
	else if (ms == 0) /* zero would switch it off */
		t.it_value.tv_nsec = 1;
	timerfd_settime(p->alarm, 0, &t, NULL);
}

int epoll_ready(struct epoll *p, int *ready, int n, int ms)
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
