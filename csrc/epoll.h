/* SPDX-License-Identifier: MIT */
/* Many descriptors and one alarm behind a single descriptor, which a loop of any kind can wait for. No Lua. */
#ifndef ZLNET_EPOLL_H
#define ZLNET_EPOLL_H

#include <stdint.h>

struct zerr;

/* Both owned by whoever holds the struct; -1 is closed. */
struct epoll {
	int fd, alarm;
};

/* 0 or -errno with e filled; then both are closed. */
int epoll_open(struct epoll *p, struct zerr *e);

/* Idempotent. */
void epoll_close(struct epoll *p);

/* Wait for fd to be readable, or no longer. fd stays the caller's, who takes it out before closing it. */
int epoll_add(struct epoll *p, int fd, struct zerr *e);
void epoll_remove(struct epoll *p, int fd);

/* Make the set readable in that many milliseconds; negative: not at all. */
void epoll_alarm(struct epoll *p, int64_t ms);

/* Wait at most ms (negative: for ever) and fill ready with descriptors, at most n. Returns how many, 0 also when a
 * signal or the alarm (which is over then) ended the wait, or -errno. */
int epoll_ready(struct epoll *p, int *ready, int n, int ms);

#endif
