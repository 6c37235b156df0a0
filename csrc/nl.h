/* SPDX-License-Identifier: MIT */
/* The netlink engine: one send, one receive loop. Knows no Lua and no attribute. */
#ifndef ZLNET_NL_H
#define ZLNET_NL_H

#include <linux/netlink.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zerr;

/* Most requests in one nl_talk. Their ACKs must fit the socket's receive buffer, because the kernel drops what does
 * not: see nl_queue_talk. */
#define NL_TALK_MAX 64

/* A NETLINK_ROUTE socket. fd is owned by whoever holds the struct; -1 is closed. */
struct nl_sock {
	int fd;
	uint32_t seq;
	bool stale; /* an answer was given up: what is left of it has to be taken before the next request */
};

/* Writes to `to` what is worth keeping of message h, and returns its length, at most h's; `to` is h or before it, and the
 * two may overlap. */
typedef size_t nl_trim(void *to, const struct nlmsghdr *h, const void *ctx);

/* Messages as received, whole or trimmed, malloc'd, grown as needed; zero-initialise. Owner frees with nl_reply_free. */
struct nl_reply {
	char *data;
	size_t len, cap;
	nl_trim *trim; /* or NULL; only nl_talk does so */
	const void *trim_ctx;
};

/* What the kernel answered to one request. */
struct nl_ack {
	int err;       /* positive errno, 0 = done */
	bool has_off;  /* off: byte offset in the request of the attribute that was refused */
	bool has_miss; /* miss_type: an attribute that the kernel wanted, miss_nest its parent's offset */
	bool has_miss_nest;
	bool done;
	uint32_t off, miss_type, miss_nest;
	char text[192]; /* extended ACK text, or "" */
};

/* Open a NETLINK_ROUTE socket in the calling thread's namespace. Returns the descriptor or -errno.
 * Only system calls: may run on a thread of netns_call. */
int nl_socket(void);

/* Take fd, which nl_socket made, and connect it to the kernel. Never fails; options the kernel lacks stay off. */
void nl_adopt(struct nl_sock *s, int fd);

/* Have the kernel send this socket what it announces to the multicast group RTNLGRP_*. 0 or -errno. */
int nl_join(struct nl_sock *s, unsigned group);

/* The receive buffer as the kernel counts it: what it takes to hold messages, about twice their bytes.
 * nl_set_buffer asks for room for `bytes`, beyond the administrator's limit where privilege allows it; 0 or -errno. */
int nl_buffer(const struct nl_sock *s);
int nl_set_buffer(struct nl_sock *s, int bytes);

/* Idempotent. */
void nl_close(struct nl_sock *s);

/* Send n requests (one after the other in buf, len bytes in all; sequence numbers are written here) as one
 * datagram and receive until each is answered or the deadline (nl_now milliseconds; negative: none) is over. The last one
 * has to ask for an ACK; one that does not is answered by an error, or by the next answer.
 * Replies which are not ACKs are appended to reply; acks[i] answers request i. A single dump request that
 * the kernel reports as interrupted is asked again a bounded number of times.
 * Returns 0 when every request was answered (look at acks), else -errno with e filled. */
int nl_talk(struct nl_sock *s, void *buf, size_t len, unsigned n, int64_t deadline, struct nl_reply *reply,
            struct nl_ack *acks, struct zerr *e);

#define NL_NOTE_MAX 64

/* Requests collected for sending, each with a note of the caller's (copied, not looked at).
 * malloc'd, grown as needed; zero-initialise. Owner frees with nl_queue_free. */
struct nl_queue {
	char *data;
	size_t len, cap;
	struct nl_item {
		_Alignas(8) char note[NL_NOTE_MAX];
		size_t offset;
		struct nl_ack ack; /* after nl_queue_talk, when answered */
		bool answered;
	} * items;
	unsigned n, items_cap;
};

/* Copy one finished request to the end, with a note of at most NL_NOTE_MAX bytes. 0 or -ENOMEM. */
int nl_queue_add(struct nl_queue *q, const struct nlmsghdr *h, const void *note, size_t note_len);
void nl_queue_free(struct nl_queue *q);

/* How a queue is sent. */
struct nl_pace {
	bool stop_on_error;        /* send nothing after the first refusal; one request a datagram */
	bool singly;               /* one request a datagram */
	int timeout;               /* milliseconds that the answer to a datagram may take */
	const atomic_bool *cancel; /* once another thread has set it nothing more is sent: -ECANCELED; or NULL */
};

/* Send the queue in as few datagrams as the receive buffer has room for their answers. Replies which are not ACKs are
 * appended to reply, their nlmsg_seq set to their item's number, from 0. 0 or -errno as nl_talk; items which were
 * answered say so. */
int nl_queue_talk(struct nl_sock *s, struct nl_queue *q, const struct nl_pace *pace, struct nl_reply *reply,
                  struct zerr *e);

/* Receive one datagram into reply (replaced), for a socket that joined groups; flags as recvmsg's.
 * Returns 1 with whole messages in reply, 0 when nothing waits, -errno (-ENOBUFS: events were lost). */
int nl_receive(struct nl_sock *s, struct nl_reply *reply);

void nl_reply_free(struct nl_reply *r);

/* Give memory beyond a small working size back. */
void nl_reply_shrink(struct nl_reply *r);

/* Monotonic milliseconds. */
int64_t nl_now(void);

#endif
