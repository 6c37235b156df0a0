/* SPDX-License-Identifier: MIT */
/* Many descriptors and one alarm behind a single descriptor, which a loop of any kind can wait for. No Lua. */
#ifndef ZLNET_KERNEL_POLLSET_H
#define ZLNET_KERNEL_POLLSET_H

#include <stdint.h>

struct error;

/* The holder of the struct owns both; -1 is closed. */
struct pollset {
	int fd, alarm;
};

/* 0 or -errno with e filled; then both are closed. */
int pollset_open(struct pollset *p, struct error *e);

/* Idempotent. */
void pollset_close(struct pollset *p);

/* Wait for fd to be readable, or no longer. fd stays the caller's, who takes it out before closing it. */
int pollset_add(struct pollset *p, int fd, struct error *e);
void pollset_remove(struct pollset *p, int fd);

/* Make the set readable in that many milliseconds; negative: not at all. */
void pollset_alarm(struct pollset *p, int64_t ms);

/* Wait at most ms (negative: for ever) and fill ready with descriptors, at most n. Returns how many, 0 also when a
 * signal or the alarm (which is over then) ended the wait, or -errno. */
int pollset_ready(struct pollset *p, int *ready, int n, int ms);

#endif
