/* SPDX-License-Identifier: MIT */
/* How the path of an attribute reads in keys: a walk over a request by the tables. */
#include "tables/table.h"

#include <libmnl/libmnl.h>
#include <stdio.h>
#include <string.h>

#define PATH_DEPTH 10 /* deeper nests end the path */

/* One step of a path. Elements of a list have the empty key and count from 1, as they do in Lua. */
static void path_add(char *buf, size_t n, const char *key, unsigned number)
{
	size_t at = strlen(buf);

	if (key && key[0] == '\0')
		snprintf(buf + at, n - at, "[%u]", number + 1);
	else if (key)
		snprintf(buf + at, n - at, "%s%s", at > 0 ? "." : "", key);
	else
		snprintf(buf + at, n - at, "%s#%u", at > 0 ? "." : "", number); /* the tables do not know it */
}

/* Narrows *at to the payload of attr, which is row number "number" of it. False when nothing is known below. */
static bool level_enter(struct table_level *at, const struct nlattr *attr, const struct table_row *row, unsigned number)
{
	const struct table_set *set = table_subset(at, row, number);
	size_t len = mnl_attr_get_payload_len(attr);
	size_t hdr = set ? MNL_ALIGN(set->hdrlen) : 0;

	if (!set || len < hdr)
		return false;
	at->set = set;
	at->attrs = (const char *)mnl_attr_get_payload(attr) + hdr;
	at->len = len - hdr;
	return true;
}

/* The top level of the request, or false if it is shorter than its own header says. */
static bool level_top(struct table_level *at, const struct table_msg *table, const struct nlmsghdr *req)
{
	size_t hdr = MNL_NLMSG_HDRLEN + MNL_ALIGN(table->hdrlen);

	if (req->nlmsg_len < hdr)
		return false;
	at->set = table->set;
	at->attrs = (const char *)req + hdr;
	at->len = req->nlmsg_len - hdr;
	at->family = *(const uint8_t *)mnl_nlmsg_get_payload(req);
	return true;
}

/* Writes the path down to the attribute at target. Leaves in *at the level below it; false when there is none. */
static bool path_walk(struct table_level *at, const char *target, char *buf, size_t n)
{
	for (int depth = 0; depth < PATH_DEPTH; depth++) {
		const struct nlattr *attr = at->attrs;
		const char *end = (const char *)at->attrs + at->len;
		unsigned nth = 0;

		for (;; attr = mnl_attr_next(attr), nth++) {
			if (!mnl_attr_ok(attr, (int)(end - (const char *)attr)))
				return false;
			if (target >= (const char *)attr && target < (const char *)attr + mnl_attr_get_len(attr))
				break;
		}
		unsigned number = mnl_attr_get_type(attr);
		const struct table_row *first = table_attr(at->set, 0);
		bool list = first && first->key[0] == '\0'; /* row 0 is every element's */
		const struct table_row *row = list ? first : table_attr(at->set, number);

		path_add(buf, n, row ? row->key : NULL, row && row->key[0] == '\0' && !list ? nth : number);
		if (!row)
			return false;
		bool below = level_enter(at, attr, row, number);

		if (target == (const char *)attr || !below)
			return below;
	}
	return false;
}

void table_path(const struct table_msg *table, const struct nlmsghdr *req, uint32_t off, char *buf, size_t n)
{
	struct table_level at;

	if (n == 0)
		return;
	buf[0] = '\0';
	if (off < req->nlmsg_len && level_top(&at, table, req))
		path_walk(&at, (const char *)req + off, buf, n);
}

void table_missing(const struct table_msg *table, const struct nlmsghdr *req, bool has_nest, uint32_t nest_off,
                   uint32_t type, char *buf, size_t n)
{
	struct table_level at;
	const struct table_row *row;

	if (n == 0)
		return;
	buf[0] = '\0';
	if (!level_top(&at, table, req))
		return;
	if (has_nest && (nest_off >= req->nlmsg_len || !path_walk(&at, (const char *)req + nest_off, buf, n)))
		return;
	row = table_attr(at.set, type);
	path_add(buf, n, row ? row->key : NULL, type);
}
