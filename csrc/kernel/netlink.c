/* SPDX-License-Identifier: MIT */
#include "kernel/netlink.h"
#include "kernel/debug.h"
#include "kernel/error.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifndef NLM_F_DUMP_INTR
#define NLM_F_DUMP_INTR 0x10
#endif
#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif
enum { MISS_TYPE = 5, MISS_NEST = 6 }; /* NLMSGERR_ATTR_MISS_*, Linux 6.1 */

/* How often an interrupted dump is asked again. Under a storm of changes most attempts at thousands of
 * links are interrupted; each costs about 4 us a link. */
#define DUMP_TRIES 50

/* The kernel fills dump datagrams up to the largest buffer it was ever offered, at most 32 KiB. */
#define DUMP_ROOM 32768
#define KEEP_ROOM 65536
/* Longer than any ACK, beside the request, which kernels without NETLINK_CAP_ACK repeat in it. */
#define ACK_LEN 2048
/* Beyond that: no message of the kernel's is longer than its longest attribute and what goes with it. */
#define MORE_ROOM  131072
#define STACK_ROOM 4096 /* where nothing but ACKs is to come, and the request is not too long */

int64_t netlink_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int netlink_socket(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	return fd < 0 ? -errno : fd;
}

void netlink_adopt(struct netlink_sock *s, int fd, int protocol)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const int one = 1;

	*s = (struct netlink_sock){.fd = fd, .protocol = protocol};
	/* A connected socket takes no datagram of another process, so none fills its buffer; and it has an address,
	 * without which the kernel takes it for the sender of all that is announced. */
	(void)connect(fd, (const struct sockaddr *)&kernel, sizeof kernel);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
}

int netlink_join(struct netlink_sock *s, unsigned group)
{
	return setsockopt(s->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0 ? -errno : 0;
}

int netlink_listen_all(struct netlink_sock *s)
{
	const int one = 1;

	if (setsockopt(s->fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &one, sizeof one) < 0)
		return -errno;
	s->all_nsid = true;
	return 0;
}

int netlink_buffer(const struct netlink_sock *s)
{
	int n = 0;
	socklen_t len = sizeof n;

	return getsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &n, &len) < 0 ? -errno : n;
}

int netlink_set_buffer(struct netlink_sock *s, int bytes)
{
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) == 0)
		return 0;
	return setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) < 0 ? -errno : 0;
}

void netlink_close(struct netlink_sock *s)
{
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct netlink_sock){.fd = -1};
}

void netlink_reply_free(struct netlink_reply *r)
{
	free(r->data);
	memset(r, 0, sizeof *r);
}

void netlink_reply_shrink(struct netlink_reply *r)
{
	r->len = 0;
	if (r->cap > KEEP_ROOM)
		netlink_reply_free(r);
}

static int reply_room(struct netlink_reply *r, size_t room)
{
	room += NLMSG_ALIGNTO; /* messages are kept aligned, the last one too */
	if (r->cap - r->len >= room)
		return 0;
	size_t cap = r->cap * 2 > r->len + room ? r->cap * 2 : r->len + room;
	char *p = realloc(r->data, cap);
	if (!p)
		return -ENOMEM;
	r->data = p;
	r->cap = cap;
	return 0;
}

/* The kernel says it of namespaces which have a number here. */
static int datagram_nsid(struct msghdr *msg)
{
	int nsid = NETLINK_NSID_OWN;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID)
			memcpy(&nsid, CMSG_DATA(c), sizeof nsid);
	return nsid;
}

/* Append the next datagram to r, at least `room` bytes offered, and more unless it is sure to fit. Returns its length,
 * 0 when a process sent it (skipped, however long), -EAGAIN when there is none, or -errno. Never truncates. */
static ssize_t recv_datagram(struct netlink_sock *s, struct netlink_reply *r, size_t room, bool fits)
{
	char more[MORE_ROOM];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct sockaddr_nl from;
	struct iovec iov[2] = {{0}, {.iov_base = more, .iov_len = sizeof more}};
	struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = iov, .msg_iovlen = fits ? 1 : 2};
	ssize_t n;

	if (reply_room(r, room) < 0)
		return -ENOMEM;
	const size_t offered = r->cap - r->len - NLMSG_ALIGNTO;
	iov[0] = (struct iovec){.iov_base = r->data + r->len, .iov_len = offered};
	if (s->all_nsid) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof control;
	}
	do
		n = recvmsg(s->fd, &msg, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (msg.msg_namelen != sizeof from || from.nl_pid != 0)
		return 0;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	r->nsid = s->all_nsid ? datagram_nsid(&msg) : NETLINK_NSID_OWN;
	if ((size_t)n > offered) {
		if (reply_room(r, (size_t)n) < 0)
			return -ENOMEM;
		memcpy(r->data + r->len + offered, more, (size_t)n - offered);
	}
	debug_netlink('<', s->protocol, r->data + r->len, (size_t)n);
	return n;
}

/* Take what an answer that was given up left behind: the kernel goes on with a dump as far as its socket is read, and
 * begins no other one before its end. */
static int drain(struct netlink_sock *s, int64_t deadline)
{
	char byte;

	for (;;) {
		ssize_t n = recv(s->fd, &byte, sizeof byte, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno != EINTR && errno != ENOBUFS && errno != ENOMEM)
			return -errno;
		if (deadline >= 0 && netlink_now() > deadline)
			return -ETIMEDOUT;
	}
	s->stale = false;
	return 0;
}

/* Wait until the socket is readable or the deadline is over (-ETIMEDOUT). */
static int wait_readable(int fd, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left = deadline < 0 ? -1 : deadline - netlink_now();
		if (deadline >= 0 && left < 0)
			left = 0;
		int n = poll(&p, 1, left > 1 << 30 ? 1 << 30 : (int)left);
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* Attributes of an extended ACK, in an NLMSG_ERROR or in the DONE of a dump. */
static void ack_attributes(struct netlink_ack *a, const struct nlmsghdr *h, size_t offset)
{
	const struct nlattr *at;

	if (h->nlmsg_len < NLMSG_HDRLEN + MNL_ALIGN(offset))
		return;
	mnl_attr_for_each(at, h, offset)
	{
		uint16_t len = mnl_attr_get_payload_len(at);
		switch (mnl_attr_get_type(at)) {
		case NLMSGERR_ATTR_MSG:
			snprintf(a->text, sizeof a->text, "%.*s", (int)len, (const char *)mnl_attr_get_payload(at));
			break;
		case NLMSGERR_ATTR_OFFS:
			if (len >= 4)
				a->has_off = true, a->off = mnl_attr_get_u32(at);
			break;
		case MISS_TYPE:
			if (len >= 4)
				a->has_miss = true, a->miss_type = mnl_attr_get_u32(at);
			break;
		case MISS_NEST:
			if (len >= 4)
				a->has_miss_nest = true, a->miss_nest = mnl_attr_get_u32(at);
			break;
		}
	}
}

/* The kernel's errors are -1 to -4095 (MAX_ERRNO). */
static int ack_errno(int error)
{
	return error <= 0 && error >= -4095 ? -error : EBADMSG;
}

static void ack_error(struct netlink_ack *a, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	size_t skip = sizeof *e;

	if (h->nlmsg_len < NLMSG_HDRLEN + sizeof *e) {
		a->err = EBADMSG;
		return;
	}
	a->err = ack_errno(e->error);
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(h->nlmsg_flags & NLM_F_CAPPED)) /* then the whole request stands before the attributes */
		skip += MNL_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	ack_attributes(a, h, skip);
}

static void ack_done(struct netlink_ack *a, const struct nlmsghdr *h)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(h) >= sizeof err)
		memcpy(&err, mnl_nlmsg_get_payload(h), sizeof err);
	a->err = err < 0 ? ack_errno(err) : 0;
	if (err < 0 && h->nlmsg_flags & NLM_F_ACK_TLVS)
		ack_attributes(a, h, sizeof err);
}

struct talk {
	uint32_t first;
	unsigned n,
		answered; /* requests, and how many of them have their answer: the kernel goes through them in order */
	struct netlink_ack *acks;
	size_t start, room;   /* what the reply held before; room for a datagram of the answer */
	bool dump, acks_only; /* whether it may be without end; no longer than its ACKs */
	bool transaction;     /* of nf_tables: when its first message is refused nothing else need be answered */
	bool by_index;        /* a dump of links, by their index: one that is interrupted lacks no link that stayed */
	bool interrupted;
};

/* From Linux 6.9 on rtnetlink goes through a namespace's links by index and goes on behind the last one sent. Before,
 * it counted them, and a link that went made it pass over another. */
static bool goes_by_index(void)
{
	static _Atomic int answer; /* 0: not asked yet */
	struct utsname name;
	int major = 0, minor = 0;

	if (answer)
		return answer > 0;
	if (uname(&name) == 0)
		sscanf(name.release, "%d.%d", &major, &minor); // NOLINT(cert-err34-c): what is not read stays 0
	answer = major > 6 || (major == 6 && minor >= 9) ? 1 : -1;
	return answer > 0;
}

static bool dumps_by_index(int protocol, const struct nlmsghdr *h)
{
	const struct rtgenmsg *g = mnl_nlmsg_get_payload(h);

	return protocol == NETLINK_ROUTE && h->nlmsg_type == RTM_GETLINK && h->nlmsg_len >= NLMSG_HDRLEN + sizeof *g &&
	       g->rtgen_family == AF_UNSPEC && goes_by_index();
}

/* Is an object asked for? Of rtnetlink the type says so, elsewhere it may always be. */
static bool expects_object(const struct talk *t, int protocol, const struct nlmsghdr *h)
{
	if (h->nlmsg_flags & NLM_F_ECHO)
		return true;
	return protocol == NETLINK_ROUTE ? (h->nlmsg_type & 3) == (RTM_GETLINK & 3) : !t->transaction;
}

/* What comes as an answer: ACKs alone, unless something is asked for. */
static void talk_expect(struct talk *t, int protocol, const void *buf, size_t len)
{
	const struct nlmsghdr *h = buf;
	int left = (int)len;

	bool objects = false;

	t->transaction = protocol == NETLINK_NETFILTER && h->nlmsg_type == NFNL_MSG_BATCH_BEGIN;
	t->dump = t->n == 1 && (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	t->by_index = t->dump && dumps_by_index(protocol, h);
	for (unsigned i = 0; i < t->n && mnl_nlmsg_ok(h, left); i++, h = mnl_nlmsg_next(h, &left))
		objects = objects || expects_object(t, protocol, h);
	t->acks_only = !t->dump && !objects;
	t->room = t->acks_only ? ACK_LEN + len : DUMP_ROOM;
}

/* Those before i did not ask for an ACK and had no error, or their answer would have come before. */
static void answer(struct talk *t, unsigned i)
{
	while (t->answered <= i)
		t->acks[t->answered++].done = true;
}

/* To the end of what r keeps, which is never behind h: so what follows in the datagram stays whole. */
static void keep_message(struct netlink_reply *r, const struct nlmsghdr *h)
{
	size_t len = h->nlmsg_len;
	char *to = r->data + r->len;

	if (r->trim)
		len = r->trim(to, h, r->trim_ctx);
	else if (to != (const char *)h)
		memmove(to, h, len);
	r->len += MNL_ALIGN(len);
}

/* One message: an answer goes to its ack, data is kept, stale and foreign ones are dropped. */
static int take_message(struct talk *t, struct netlink_reply *r, const struct nlmsghdr *h)
{
	uint32_t i = h->nlmsg_seq - t->first;

	if (i >= t->n || t->acks[i].done || h->nlmsg_type == NLMSG_NOOP)
		return 0;
	if (h->nlmsg_flags & NLM_F_DUMP_INTR && !t->by_index)
		t->interrupted = true;
	switch (h->nlmsg_type) {
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	case NLMSG_ERROR:
		ack_error(&t->acks[i], h);
		answer(t, t->transaction && i == 0 && t->acks[0].err ? t->n - 1 : i);
		return 0;
	case NLMSG_DONE:
		ack_done(&t->acks[i], h);
		answer(t, i);
		return 0;
	default:
		keep_message(r, h);
		return 0;
	}
}

/* mnl_nlmsg_ok takes a length beyond 2 GiB for a small one. */
static bool message_ok(const struct nlmsghdr *h, int left)
{
	return left >= (int)sizeof *h && h->nlmsg_len >= sizeof *h && h->nlmsg_len <= (uint32_t)left;
}

/* The n bytes just received behind r->len. */
static int take_datagram(struct talk *t, struct netlink_reply *r, size_t n)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)(r->data + r->len);
	int left = (int)n;

	while (message_ok(h, left)) {
		const struct nlmsghdr *next = mnl_nlmsg_next(h, &left);
		int rc = take_message(t, r, h);
		if (rc < 0)
			return rc;
		h = next;
	}
	return 0;
}

static int send_all(struct netlink_sock *s, const void *buf, size_t len)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t n;

	debug_netlink('>', s->protocol, buf, len);
	do
		n = sendto(s->fd, buf, len, 0, (const struct sockaddr *)&kernel, sizeof kernel);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* One round of sending and receiving. Returns 0, or -errno with *doing set to what failed. */
static int talk_once(struct netlink_sock *s, void *buf, size_t len, struct talk *t, int64_t deadline,
                     struct netlink_reply *reply, const char **doing)
{
	int left = (int)len, rc;
	struct nlmsghdr *h = buf;

	t->first = s->seq + 1;
	t->answered = 0;
	t->interrupted = false;
	memset(t->acks, 0, t->n * sizeof *t->acks);
	for (unsigned i = 0; i < t->n && mnl_nlmsg_ok(h, left); i++, h = mnl_nlmsg_next(h, &left))
		h->nlmsg_seq = ++s->seq;
	*doing = "send";
	rc = send_all(s, buf, len);
	s->stale = rc >= 0;
	while (rc >= 0 && t->answered < t->n) {
		*doing = "receive";
		if (t->acks_only)
			reply->len = t->start; /* drop what is no ACK */
		ssize_t n = recv_datagram(s, reply, t->room, t->acks_only);
		if (n == -EAGAIN)
			rc = wait_readable(s->fd, deadline);
		else
			rc = n < 0 ? (int)n : take_datagram(t, reply, (size_t)n);
		/* only a dump can go on for ever; a lone answer that is there is taken however late */
		if (rc >= 0 && t->dump && t->answered < t->n && deadline >= 0 && netlink_now() > deadline)
			rc = -ETIMEDOUT;
	}
	if (rc >= 0)
		s->stale = false;
	return rc < 0 ? rc : 0;
}

int netlink_talk(struct netlink_sock *s, void *buf, size_t len, unsigned n, int64_t deadline,
                 struct netlink_reply *reply, struct netlink_ack *acks, struct error *e)
{
	_Alignas(NLMSG_ALIGNTO) char here[STACK_ROOM];
	struct netlink_reply on_stack = {.data = here, .cap = sizeof here};
	struct talk t = {.n = n, .acks = acks};
	const char *doing;

	if (s->fd < 0)
		return error_io(e, EBADF, "send", "netlink socket");
	if (s->stale) {
		int rc = drain(s, deadline);
		if (rc < 0)
			return error_io(e, -rc, "receive", "netlink socket: what an earlier request left");
	}
	talk_expect(&t, s->protocol, buf, len);
	if (t.acks_only && t.room + NLMSG_ALIGNTO <= sizeof here)
		reply = &on_stack;
	t.start = reply->len;
	for (int tries = 0; tries < DUMP_TRIES; tries++) {
		reply->len = t.start;
		int rc = talk_once(s, buf, len, &t, deadline, reply, &doing);
		if (rc < 0)
			return error_io(e, -rc, doing, "netlink socket");
		if (!t.interrupted)
			return 0;
		if (deadline >= 0 && netlink_now() > deadline)
			return error_io(e, ETIMEDOUT, "receive", "netlink dump interrupted %d times", tries + 1);
	}
	return error_netlink(e, EINTR, "dump", "the dump was interrupted by changes every time it was tried");
}

int netlink_receive(struct netlink_sock *s, struct netlink_reply *reply)
{
	ssize_t n;

	reply->len = 0;
	do
		n = recv_datagram(s, reply, DUMP_ROOM, false);
	while (n == 0);
	if (n == -EAGAIN)
		return 0;
	if (n < 0)
		return (int)n;
	const struct nlmsghdr *h = (const struct nlmsghdr *)reply->data;
	for (int left = (int)n; message_ok(h, left); h = mnl_nlmsg_next(h, &left))
		reply->len = (size_t)n < reply->len + MNL_ALIGN(h->nlmsg_len) ? (size_t)n
		                                                              : reply->len + MNL_ALIGN(h->nlmsg_len);
	return 1;
}
