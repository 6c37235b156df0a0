/* SPDX-License-Identifier: MIT */
/* The kinds of objects whose changes the kernel announces: their multicast groups, and what of a message tells one
 * object from another and one state of it from the next. A new kind is one row. No Lua. */
#ifndef ZLNET_KERNEL_MONITOR_H
#define ZLNET_KERNEL_MONITOR_H

#include "tables/table.h"

#include <stdint.h>

struct monitor_kind {
	const char *name; /* what callers call it */
	const struct table_msg *table;
	uint8_t groups[2];    /* RTNLGRP_*, 0 for none */
	uint8_t families[2];  /* of the messages that are meant; equal where it is one */
	uint32_t id_header;   /* bytes of the header which belong to the identity, a bit each */
	uint32_t idle_header; /* bytes of it which say nothing about the state */
	bool asked;           /* what the kernel asks for with requests of its own: there is nothing to list */
	bool by_family;       /* listed by family alone */
	bool any_family;      /* whatever the families above are */
	bool apart;           /* several objects may share all of the identity: see MONITOR_APART */
	/* attributes, a bit each; those from 64 on are state */
	uint64_t id;   /* of the identity */
	uint64_t memo; /* worth remembering for the day the object is gone */
	uint64_t idle; /* which say nothing about the state, beside those that change by themselves */
};

/* The last so many bytes of the key of such an object tell it from those which share the rest. */
#define MONITOR_APART sizeof(uint64_t)

/* Where a forwarding entry leads. */
#define MONITOR_FDB_REMOTE \
	(UINT64_C(1) << NDA_DST | UINT64_C(1) << NDA_PORT | UINT64_C(1) << NDA_VNI | UINT64_C(1) << NDA_IFINDEX | \
	 UINT64_C(1) << NDA_NH_ID)

#define MONITOR_KINDS 11
extern const struct monitor_kind event_kinds[MONITOR_KINDS];

/* The kind called so, or NULL. */
const struct monitor_kind *monitor_find(const char *name);

/* Whether the message is about an object of this kind, and long enough for its header. */
bool monitor_matches(const struct monitor_kind *k, const struct nlmsghdr *h);
/* "new", "del", or "get" of what the kernel asks for. */
const char *monitor_verb(const struct monitor_kind *k, const struct nlmsghdr *h);
bool monitor_is_gone(const struct monitor_kind *k, const struct nlmsghdr *h);

/* How many dumps it takes to list all objects of the kind: one for each family where the kernel has none of all. */
unsigned monitor_dumps(const struct monitor_kind *k);
/* One of them, in buf (at least 64 bytes, aligned). */
struct nlmsghdr *monitor_dump(const struct monitor_kind *k, unsigned n, void *buf);

#define MONITOR_MAX 1024 /* bytes of a key or a value */

/* The identity of the object in the message, and its state (a digest, then what is remembered). Both fill buf and
 * return a length; 0 when the message is too large for them. */
size_t monitor_key(const struct monitor_kind *k, const struct nlmsghdr *h, char buf[MONITOR_MAX]);
size_t monitor_value(const struct monitor_kind *k, const struct nlmsghdr *h, char buf[MONITOR_MAX]);

/* The message that the kernel would have sent when the object of that key and value vanished, less what is not
 * remembered. buf holds MONITOR_GONE_MAX bytes, aligned. NULL for what is no key and value of the kind. */
#define MONITOR_GONE_MAX (2 * MONITOR_MAX + 64)
struct nlmsghdr *monitor_gone(const struct monitor_kind *k, const char *key, size_t key_len, const char *value,
                              size_t value_len, void *buf);

#endif
