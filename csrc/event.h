/* SPDX-License-Identifier: MIT */
/* The kinds of objects whose changes the kernel announces: their multicast groups, and what of a message tells one
 * object from another and one state of it from the next. A new kind is one row. No Lua. */
#ifndef ZLNET_EVENT_H
#define ZLNET_EVENT_H

#include "spec.h"

#include <stdint.h>

struct event_kind {
	const char *name; /* what callers call it */
	const struct spec_msg *spec;
	uint8_t groups[2];    /* RTNLGRP_*, 0 for none */
	uint8_t families[2];  /* of the messages that are meant; equal where it is one */
	uint32_t id_header;   /* bytes of the header which belong to the identity, a bit each */
	uint32_t idle_header; /* bytes of it which say nothing about the state */
	/* attributes, a bit each; those from 64 on are state */
	uint64_t id;   /* of the identity */
	uint64_t memo; /* worth remembering for the day the object is gone */
	uint64_t idle; /* which change by themselves: statistics, ages */
};

#define EVENT_KINDS 8
extern const struct event_kind event_kinds[EVENT_KINDS];

/* The kind called so, or NULL. */
const struct event_kind *event_find(const char *name);

/* Whether the message is about an object of this kind, and long enough for its header. */
bool event_matches(const struct event_kind *k, const struct nlmsghdr *h);
bool event_is_gone(const struct event_kind *k, const struct nlmsghdr *h);

/* The dump of all objects of the kind, in buf (at least 64 bytes, aligned). */
struct nlmsghdr *event_dump(const struct event_kind *k, void *buf);

#define EVENT_MAX 1024 /* bytes of a key or a value */

/* The identity of the object in the message, and its state (a digest, then what is remembered). Both fill buf and return
 * a length; 0 when the message is too large for them. */
size_t event_key(const struct event_kind *k, const struct nlmsghdr *h, char buf[EVENT_MAX]);
size_t event_value(const struct event_kind *k, const struct nlmsghdr *h, char buf[EVENT_MAX]);

/* The message that the kernel would have sent when the object of that key and value vanished, less what is not
 * remembered. buf holds EVENT_GONE_MAX bytes, aligned. NULL for what is no key and value of the kind. */
#define EVENT_GONE_MAX (2 * EVENT_MAX + 64)
struct nlmsghdr *event_gone(const struct event_kind *k, const char *key, size_t key_len, const char *value,
                            size_t value_len, void *buf);

#endif
