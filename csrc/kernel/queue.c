/* SPDX-License-Identifier: MIT */
#include "kernel/error.h"
#include "kernel/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

/* What an ACK takes of the receive buffer: about a kilobyte, more with the kernel's text and the request copied back.
 * By default there are 212,992 bytes. An object takes the room of several ACKs. */
#define ACK_ROOM      3328
#define OBJECT_WEIGHT 8

/* Far below the send buffer's 212,992 bytes, so that a datagram is never refused for its size. */
#define DATAGRAM_MAX 65536

static int grow(void **p, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return 0;
	size_t n = *cap * 2 > need ? *cap * 2 : need;
	void *q = realloc(*p, n * size);
	if (!q)
		return -ENOMEM;
	*p = q;
	*cap = n;
	return 0;
}

int queue_add(struct queue *q, const struct nlmsghdr *h, const void *note, size_t note_len)
{
	size_t len = MNL_ALIGN(h->nlmsg_len), items_cap = q->items_cap;
	void *data = q->data, *items = q->items;
	int rc = grow(&data, &q->cap, q->len + len, 1);

	q->data = data;
	if (rc == 0)
		rc = grow(&items, &items_cap, q->n + 1, sizeof *q->items);
	q->items = items;
	q->items_cap = (unsigned)items_cap;
	if (rc < 0)
		return rc;
	struct queue_item *item = &q->items[q->n++];
	*item = (struct queue_item){.offset = q->len};
	memcpy(item->note, note, note_len);
	memcpy(q->data + q->len, h, h->nlmsg_len);
	memset(q->data + q->len + h->nlmsg_len, 0, len - h->nlmsg_len);
	q->len += len;
	return 0;
}

void queue_free(struct queue *q)
{
	free(q->data);
	free(q->items);
	memset(q, 0, sizeof *q);
}

/* How many items from `first` on go into one datagram whose answers have room for `room` ACKs; *len is its length. */
static unsigned chunk(const struct queue *q, unsigned first, unsigned room, size_t *len)
{
	unsigned n = 0, weight = 0;

	*len = 0;
	while (first + n < q->n) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)(q->data + q->items[first + n].offset);
		size_t l = MNL_ALIGN(h->nlmsg_len);
		bool object = h->nlmsg_flags & NLM_F_ECHO || (h->nlmsg_type & 3) == 2; /* RTM_GET* are 4n + 2 */
		unsigned w = object ? OBJECT_WEIGHT : 1;
		if (n > 0 && (weight + w > room || *len + l > DATAGRAM_MAX))
			break;
		weight += w;
		*len += l;
		n++;
	}
	return n;
}

/* Errors are always reported, so only the last request needs NLM_F_ACK. */
static void hush(struct queue *q, unsigned first, unsigned n)
{
	for (unsigned i = first; i + 1 < first + n; i++)
		((struct nlmsghdr *)(q->data + q->items[i].offset))->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
}

/* How many ACKs the receive buffer takes. */
static unsigned ack_room(const struct netlink_sock *s)
{
	int n = netlink_buffer(s) / ACK_ROOM;

	return n < 1 ? 1 : n < NETLINK_TALK_MAX ? (unsigned)n : NETLINK_TALK_MAX;
}

/* Replies from offset `from` on carry sequence numbers; give them their item's number instead. */
static void number_replies(struct netlink_reply *r, size_t from, uint32_t first_seq, unsigned first_item)
{
	int left = (int)(r->len - from);
	struct nlmsghdr *h = (struct nlmsghdr *)(r->data + from);

	for (; left > 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		h->nlmsg_seq = h->nlmsg_seq - first_seq + first_item;
}

/* n items from `first` on, len bytes. 1 when one of them was refused. */
static int queue_send_part(struct netlink_sock *s, struct queue *q, unsigned first, unsigned n, size_t len,
                           const struct queue_pace *pace, struct netlink_reply *reply, struct error *e)
{
	struct netlink_ack acks[NETLINK_TALK_MAX];
	size_t from = reply->len;
	uint32_t seq = s->seq + 1;
	int refused = 0;
	int rc = netlink_talk(s, q->data + q->items[first].offset, len, n, netlink_now() + pace->timeout, reply, acks,
	                      e);

	if (rc < 0)
		return rc;
	number_replies(reply, from, seq, first);
	for (unsigned k = 0; k < n; k++) {
		q->items[first + k].ack = acks[k];
		q->items[first + k].answered = true;
		refused |= acks[k].err != 0;
	}
	return refused;
}

int queue_talk(struct netlink_sock *s, struct queue *q, const struct queue_pace *pace, struct netlink_reply *reply,
               struct error *e)
{
	unsigned n, room = pace->singly || pace->stop_on_error ? 1 : ack_room(s);
	size_t len;

	for (unsigned i = 0; i < q->n; i += n) {
		if (pace->cancel && atomic_load(pace->cancel))
			return error_io(e, ECANCELED, "send", NULL);
		n = chunk(q, i, room, &len);
		hush(q, i, n);
		int rc = queue_send_part(s, q, i, n, len, pace, reply, e);
		if (rc < 0)
			return rc;
		if (rc && pace->stop_on_error)
			return 0;
	}
	return 0;
}
