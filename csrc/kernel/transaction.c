/* SPDX-License-Identifier: MIT */
/* Transactions of nf_tables: the messages of a queue between a beginning and an end, in one datagram. */
#include "kernel/error.h"
#include "kernel/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef NFNL_BATCH_GENID
#define NFNL_BATCH_GENID 1
#endif

#define BOUND_MAX    64    /* bytes of the beginning, and of the end */
#define SNDBUF_LEAST 65536 /* a datagram up to here is taken as it is */

/* Writes NFNL_MSG_BATCH_BEGIN or _END; returns its length. */
static size_t put_bound(char *buf, uint16_t type, uint32_t generation)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(h, sizeof *nfg);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(NFNL_SUBSYS_NFTABLES);
	if (generation)
		mnl_attr_put_u32_check(h, BOUND_MAX, NFNL_BATCH_GENID, htonl(generation));
	return h->nlmsg_len;
}

/* Errors are always reported, so only the last request needs an ACK. */
static void ask_last(struct queue *q)
{
	for (unsigned i = 0; i < q->n; i++) {
		struct nlmsghdr *h = (struct nlmsghdr *)(q->data + q->items[i].offset);

		h->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
		if (i + 1 == q->n)
			h->nlmsg_flags |= NLM_F_ACK;
	}
}

/* The send buffer holds the whole datagram, and the kernel's own bytes with it. */
static void make_room(const struct netlink_sock *s, size_t len)
{
	const int bytes = len < INT32_MAX / 4 ? (int)len * 2 : INT32_MAX / 2;

	if (len <= SNDBUF_LEAST)
		return;
	if (setsockopt(s->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
		setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/* Replies carry sequence numbers; gives them their item's number instead, the beginning has none. */
static void number_replies(struct netlink_reply *r, size_t from, uint32_t first_seq)
{
	int left = (int)(r->len - from);
	struct nlmsghdr *h = (struct nlmsghdr *)(r->data + from);

	for (; left > 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		h->nlmsg_seq -= first_seq;
}

static int refused(const struct netlink_ack *ack, struct error *e)
{
	const char *text = ack->text;

	if (ack->err == EOPNOTSUPP && !*text)
		text = "this kernel has no nf_tables (CONFIG_NF_TABLES)";
	else if (ack->err == ERESTART)
		text = "the ruleset was changed meanwhile";
	return error_netlink(e, ack->err, "batch", text);
}

/* The datagram in buf, whose acks have room for the beginning and every item. */
static int send_transaction(struct netlink_sock *s, struct queue *q, char *buf, uint32_t generation, int64_t deadline,
                            struct netlink_reply *reply, struct netlink_ack *acks, struct error *e)
{
	size_t len = put_bound(buf, NFNL_MSG_BATCH_BEGIN, generation), from = reply->len;
	uint32_t seq = s->seq + 1;

	memcpy(buf + len, q->data, q->len);
	len += q->len;
	len += put_bound(buf + len, NFNL_MSG_BATCH_END, 0);
	make_room(s, len);
	int rc = netlink_talk(s, buf, len, q->n + 1, deadline, reply, acks, e);
	if (rc < 0)
		return rc;
	if (acks[0].err)
		return refused(&acks[0], e);
	number_replies(reply, from, seq + 1);
	for (unsigned i = 0; i < q->n; i++) {
		q->items[i].ack = acks[i + 1];
		q->items[i].answered = true;
	}
	return 0;
}

int transaction_talk(struct netlink_sock *s, struct queue *q, uint32_t generation, int64_t deadline,
                     struct netlink_reply *reply, struct error *e)
{
	if (q->n == 0)
		return 0;
	char *buf = malloc(q->len + (size_t)2 * BOUND_MAX);
	struct netlink_ack *acks = calloc(q->n + (size_t)1, sizeof *acks);
	int rc;

	ask_last(q);
	if (buf && acks)
		rc = send_transaction(s, q, buf, generation, deadline, reply, acks, e);
	else
		rc = error_io(e, ENOMEM, "send", "netlink socket");
	free(buf);
	free(acks);
	return rc;
}
