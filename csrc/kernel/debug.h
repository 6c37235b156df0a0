/* SPDX-License-Identifier: MIT */
/* ZLNET_DEBUG=netlink: what goes to the kernel and what comes back, with key paths, on stderr. */
#ifndef ZLNET_KERNEL_DEBUG_H
#define ZLNET_KERNEL_DEBUG_H

#include <stddef.h>

/* Print the messages of a datagram where the environment asks for it; direction is '>' (to the kernel) or '<'. */
void debug_netlink(char direction, int protocol, const void *data, size_t len);

#endif
