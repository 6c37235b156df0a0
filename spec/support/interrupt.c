/* SPDX-License-Identifier: MIT */
/* For specs, by LD_PRELOAD: of the netlink dumps that a process reads, the first $INTERRUPTED are marked as interrupted
 * by a change, as the kernel marks them. Everything else about them is the kernel's. */
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef NLM_F_DUMP_INTR
#define NLM_F_DUMP_INTR 0x10
#endif

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's have underscores */
ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	static long left = -1;
	const char *wanted = getenv("INTERRUPTED");
	ssize_t n = syscall(SYS_recvmsg, fd, msg, flags);

	if (left < 0)
		left = wanted ? strtol(wanted, NULL, 10) : 0;
	if (n < (ssize_t)sizeof(struct nlmsghdr) || left == 0)
		return n;
	struct nlmsghdr *h = msg->msg_iov[0].iov_base;
	if (h->nlmsg_flags & NLM_F_MULTI && h->nlmsg_type != NLMSG_DONE) {
		h->nlmsg_flags |= NLM_F_DUMP_INTR;
		left--;
	}
	return n;
}
