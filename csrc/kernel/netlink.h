/* SPDX-License-Identifier: MIT */
/* The netlink engine: one send, one receive loop. Knows no Lua and no attribute. */
#ifndef ZLNET_KERNEL_NETLINK_H
#define ZLNET_KERNEL_NETLINK_H

#include <linux/netlink.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* Most requests in one netlink_talk. Their ACKs must fit the socket's receive buffer, because the kernel drops what
 * does not: see queue_talk. */
#define NETLINK_TALK_MAX 64

/* A netlink socket. The holder of the struct owns fd; -1 is closed. */
struct netlink_sock {
	int fd;
	int protocol; /* NETLINK_ROUTE, which is 0, NETLINK_NETFILTER … */
	uint32_t seq;
	bool stale;    /* an answer was given up: what is left of it has to be taken before the next request */
	bool all_nsid; /* hears what is announced in namespaces that have a number in its own */
};

/* Writes to `to` what is worth keeping of message h, and returns its length, at most h's; `to` is h or before it, and
 * the two may overlap. */
typedef size_t netlink_trim(void *to, const struct nlmsghdr *h, const void *ctx);

/* Messages as received, whole or trimmed, malloc'd, grown as needed; zero-initialise. Owner frees with
 * netlink_reply_free. */
struct netlink_reply {
	char *data;
	size_t len, cap;
	int nsid;           /* of the namespace that the last datagram is about; NETLINK_NSID_OWN */
	netlink_trim *trim; /* or NULL; only netlink_talk does so */
	const void *trim_ctx;
};

/* What the kernel answered to one request. */
struct netlink_ack {
	int err;       /* positive errno, 0 = done */
	bool has_off;  /* off: byte offset in the request of the attribute that was refused */
	bool has_miss; /* miss_type: an attribute that the kernel wanted, miss_nest its parent's offset */
	bool has_miss_nest;
	bool done;
	uint32_t off, miss_type, miss_nest;
	char text[192]; /* extended ACK text, or "" */
};

/* Open a socket of the protocol in the calling thread's namespace. Returns the descriptor or -errno.
 * Only system calls: may run on a thread of netns_call. */
int netlink_socket(int protocol);

/* Take fd, which netlink_socket made, and connect it to the kernel. Never fails; options the kernel lacks stay off. */
void netlink_adopt(struct netlink_sock *s, int fd, int protocol);

/* Have the kernel send this socket what it announces to the multicast group RTNLGRP_*. 0 or -errno. */
int netlink_join(struct netlink_sock *s, unsigned group);

#define NETLINK_NSID_OWN (-1)
/* Hear also of other namespaces, those that have a number here. 0 or -errno (EPERM: CAP_NET_BROADCAST). */
int netlink_listen_all(struct netlink_sock *s);

/* The receive buffer as the kernel counts it: what it takes to hold messages, about twice their bytes.
 * netlink_set_buffer asks for room for `bytes`, beyond the administrator's limit where privilege allows it; 0 or
 * -errno. */
int netlink_buffer(const struct netlink_sock *s);
int netlink_set_buffer(struct netlink_sock *s, int bytes);

/* Idempotent. */
void netlink_close(struct netlink_sock *s);

/* Send n requests (one after the other in buf, len bytes in all; sequence numbers are written here) as one
 * datagram and receive until each is answered or the deadline (netlink_now milliseconds; negative: none) is over. The
 * last one has to ask for an ACK; one that does not is answered by an error, or by the next answer. Replies which are
 * not ACKs are appended to reply; acks[i] answers request i. A single dump request that the kernel reports as
 * interrupted is asked again a bounded number of times. Returns 0 when every request was answered (look at acks), else
 * -errno with e filled. */
int netlink_talk(struct netlink_sock *s, void *buf, size_t len, unsigned n, int64_t deadline,
                 struct netlink_reply *reply, struct netlink_ack *acks, struct error *e);

#define QUEUE_CONTEXT_MAX 64

/* Requests collected for sending, each with a note of the caller's (copied, not looked at).
 * malloc'd, grown as needed; zero-initialise. Owner frees with queue_free. */
struct queue {
	char *data;
	size_t len, cap;
	struct queue_item {
		_Alignas(8) char note[QUEUE_CONTEXT_MAX];
		size_t offset;
		struct netlink_ack ack; /* after queue_talk, when answered */
		bool answered;
	} * items;
	unsigned n, items_cap;
};

/* Copy one finished request to the end, with a note of at most QUEUE_CONTEXT_MAX bytes. 0 or -ENOMEM. */
int queue_add(struct queue *q, const struct nlmsghdr *h, const void *note, size_t note_len);
void queue_free(struct queue *q);

/* How a queue is sent. */
struct queue_pace {
	bool stop_on_error;        /* send nothing after the first refusal; one request a datagram */
	bool singly;               /* one request a datagram */
	int timeout;               /* milliseconds that the answer to a datagram may take */
	const atomic_bool *cancel; /* once another thread has set it nothing more is sent: -ECANCELED; or NULL */
};

/* Send the queue in as few datagrams as the receive buffer has room for their answers. Replies which are not ACKs are
 * appended to reply, their nlmsg_seq set to their item's number, from 0. 0 or -errno as netlink_talk; items which were
 * answered say so. */
int queue_talk(struct netlink_sock *s, struct queue *q, const struct queue_pace *pace, struct netlink_reply *reply,
               struct error *e);

/* Send the queue, messages of nf_tables, as one transaction: all of it is done or nothing. With a generation that is
 * not 0 it is refused (ERESTART) when another transaction came since. Replies and items are as after queue_talk. 0,
 * also where items were refused; or -errno with e filled: no answer, or none of it was looked at. */
int transaction_talk(struct netlink_sock *s, struct queue *q, uint32_t generation, int64_t deadline,
                     struct netlink_reply *reply, struct error *e);

/* Receive one datagram into reply (replaced), for a socket that joined groups; flags as recvmsg's.
 * Returns 1 with whole messages in reply, 0 when nothing waits, -errno (-ENOBUFS: events were lost). */
int netlink_receive(struct netlink_sock *s, struct netlink_reply *reply);

void netlink_reply_free(struct netlink_reply *r);

/* Give memory beyond a small working size back. */
void netlink_reply_shrink(struct netlink_reply *r);

/* Monotonic milliseconds. */
int64_t netlink_now(void);

#endif
