/* SPDX-License-Identifier: MIT */
/* The engine against a kernel that says anything. The input is what the kernel sends; its last eight bytes decide how
 * many requests were asked, how the rest is cut into datagrams, which of them come from somebody else, and what fails.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

static struct {
	const uint8_t *data;
	size_t left;
	uint8_t control[8];
	unsigned datagram, calls;
} kernel;

/* Bytes of the next datagram. */
static size_t next_size(void)
{
	size_t size = kernel.datagram < 3 ? kernel.control[4 + kernel.datagram] * 4U : kernel.left;

	return size == 0 || size > kernel.left ? kernel.left : size;
}

static ssize_t fuzz_recv(int fd, void *buf, size_t len, int flags)
{
	(void)fd, (void)buf, (void)len, (void)flags;
	if (kernel.left == 0)
		return errno = EAGAIN, -1;
	if (kernel.control[2] >> (kernel.calls++ & 7) & 1)
		return errno = kernel.calls & 8 ? ENOBUFS : EINTR, -1;
	return (ssize_t)next_size();
}

static ssize_t fuzz_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl;
	size_t size = next_size(), room = msg->msg_iov[0].iov_len;

	(void)fd, (void)flags;
	if (kernel.left == 0)
		return errno = EAGAIN, -1;
	memset(msg->msg_name, 0, msg->msg_namelen);
	if (kernel.control[1] >> (kernel.datagram & 7) & 1)
		((uint8_t *)msg->msg_name)[4] = 1; /* nl_pid */
	msg->msg_flags = size > room ? MSG_TRUNC : 0;
	memcpy(msg->msg_iov[0].iov_base, kernel.data, size < room ? size : room);
	kernel.data += size;
	kernel.left -= size;
	kernel.datagram++;
	return (ssize_t)(size < room ? size : room);
}

static ssize_t fuzz_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t tolen)
{
	(void)fd, (void)buf, (void)flags, (void)to, (void)tolen;
	if (kernel.control[3] & 1)
		return errno = ENOBUFS, -1;
	return (ssize_t)len;
}

/* Nothing comes any more: the deadline is over. */
static int fuzz_poll(struct pollfd *p, nfds_t n, int timeout)
{
	(void)p, (void)n, (void)timeout;
	return 0;
}

#define recv    fuzz_recv
#define recvmsg fuzz_recvmsg
#define sendto  fuzz_sendto
#define poll    fuzz_poll
#include "../../csrc/kernel/netlink.c"
#include "../../csrc/kernel/queue.c"
#undef poll

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* What the rest of the core relies on: a reply is whole messages. */
static void check_reply(const struct netlink_reply *r)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)r->data;
	int left = (int)r->len;

	check(r->len <= r->cap);
	while (left > 0) {
		check(mnl_nlmsg_ok(h, left));
		h = mnl_nlmsg_next(h, &left);
	}
	check(left > -(int)NLMSG_ALIGNTO); /* the last need not be padded */
}

static void talk(struct netlink_sock *s, unsigned n, bool dump, bool stop)
{
	const struct queue_pace pace = {.stop_on_error = stop, .timeout = 1000};
	struct queue q = {0};
	struct netlink_reply r = {0};
	struct error e;
	struct nlmsghdr h = {.nlmsg_len = sizeof h, .nlmsg_type = 18, .nlmsg_flags = dump ? NLM_F_DUMP : 0};

	for (unsigned i = 0; i < n; i++)
		check(queue_add(&q, &h, &h, sizeof h) == 0);
	if (queue_talk(s, &q, &pace, &r, &e) == 0) {
		check_reply(&r);
		for (unsigned i = 0; i < n; i++) {
			check(!q.items[i].answered || q.items[i].ack.done);
			check(q.items[i].ack.err >= 0);
			check(memchr(q.items[i].ack.text, 0, sizeof q.items[i].ack.text) != NULL);
		}
	}
	queue_free(&q);
	netlink_reply_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_sock s = {.fd = 1000, .seq = 0};
	struct netlink_reply r = {0};

	if (size < sizeof kernel.control)
		return 0;
	size -= sizeof kernel.control;
	memset(&kernel, 0, sizeof kernel);
	memcpy(kernel.control, data + size, sizeof kernel.control);
	kernel.data = data;
	kernel.left = size;
	uint8_t how = kernel.control[0];
	if (how & 32) { /* events */
		while (netlink_receive(&s, &r) == 1)
			check_reply(&r);
		netlink_reply_free(&r);
	} else {
		talk(&s, how & 8 ? 1 : 1 + (how & 7), how & 8, how & 16);
	}
	return 0;
}
