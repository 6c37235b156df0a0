/* SPDX-License-Identifier: MIT */
/* Sockets of nf_tables that have deleted something. The kernel frees what was deleted tens of milliseconds later, and
 * who closes such a socket before waits for that, and lets all other transactions wait. No Lua. */
#ifndef ZLNET_KERNEL_ASIDE_H
#define ZLNET_KERNEL_ASIDE_H

#include <stdbool.h>

/* Close fd when that is over: on a thread of its own, or in a child, for a program that is about to end. fd is no
 * longer the caller's. Where neither can be had it is closed at once. */
void aside_close(int fd, bool child);

#endif
