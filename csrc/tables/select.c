/* SPDX-License-Identifier: MIT */
/* Whether an object is what a request asked for: the kernel passes over filters that it does not know. */
#include "tables/table.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

static const struct nlattr *find(const struct table_level *at, unsigned number)
{
	const struct nlattr *attr = at->attrs;
	const char *end = (const char *)at->attrs + at->len;

	for (; mnl_attr_ok(attr, (int)(end - (const char *)attr)); attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) == number)
			return attr;
	return NULL;
}

static bool all_zero(const struct nlattr *attr)
{
	const char *p = mnl_attr_get_payload(attr);

	for (uint16_t i = 0; i < mnl_attr_get_payload_len(attr); i++)
		if (p[i])
			return false;
	return true;
}

/* The kernel ends strings with NUL, a request need not. */
static size_t value_len(const struct table_row *row, const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	return row && row->type == TABLE_STRING ? strnlen(mnl_attr_get_payload(attr), len) : len;
}

static bool level_down(struct table_level *to, const struct table_level *at, const struct table_row *row,
                       const struct nlattr *attr)
{
	const struct table_set *set = row ? table_subset(at, row, mnl_attr_get_type(attr)) : NULL;

	if (!set || set->hdrlen > 0 || row->type == TABLE_CONF || row->many)
		return false;
	*to = (struct table_level){set, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr), at->family};
	return true;
}

static bool level_has(const struct table_level *wanted, const struct table_level *at);

static bool attr_same(const struct table_level *wanted, const struct nlattr *w, const struct table_level *at,
                      const struct nlattr *a)
{
	const struct table_row *row = table_attr(at->set, mnl_attr_get_type(w));
	struct table_level below_w, below_a;

	if (!a) /* what the kernel leaves out is 0 */
		return row && row->type < TABLE_STRING && all_zero(w);
	if (level_down(&below_w, wanted, row, w) && level_down(&below_a, at, row, a))
		return level_has(&below_w, &below_a);
	size_t len = value_len(row, w);
	return len == value_len(row, a) && memcmp(mnl_attr_get_payload(w), mnl_attr_get_payload(a), len) == 0;
}

/* Whether all attributes that are wanted are at the other level, too. */
static bool level_has(const struct table_level *wanted, const struct table_level *at)
{
	const struct nlattr *w = wanted->attrs;
	const char *end = (const char *)wanted->attrs + wanted->len;

	for (; mnl_attr_ok(w, (int)(end - (const char *)w)); w = mnl_attr_next(w))
		if (!attr_same(wanted, w, at, find(at, mnl_attr_get_type(w))))
			return false;
	return true;
}

static struct table_level level_top(const struct table_msg *table, const struct nlmsghdr *h)
{
	size_t hdr = MNL_NLMSG_HDRLEN + MNL_ALIGN(table->hdrlen);

	return (struct table_level){table->set, (const char *)h + hdr, h->nlmsg_len > hdr ? h->nlmsg_len - hdr : 0,
	                            *(const uint8_t *)mnl_nlmsg_get_payload(h)};
}

static bool long_enough(const struct table_msg *table, const struct nlmsghdr *h)
{
	return h->nlmsg_len >= MNL_NLMSG_HDRLEN + table->hdrlen;
}

/* Fields of which the request says something are the same. */
static bool header_same(const struct table_msg *table, const char *wanted, const char *header)
{
	static const char zeros[16];

	for (unsigned i = 0; i < table->set->nfield; i++) {
		const struct table_row *row = &table->set->field[i];
		size_t size = table_field_size(row);
		if (memcmp(wanted + row->off, zeros, size) != 0 &&
		    memcmp(wanted + row->off, header + row->off, size) != 0)
			return false;
	}
	return true;
}

bool table_dump_has(const struct table_msg *table, const struct nlmsghdr *req, const struct nlmsghdr *h)
{
	static const uint16_t link_filters[] = {IFLA_MASTER, IFLA_LINKINFO}, tc_filters[] = {TCA_KIND};
	const bool link = table == &table_link,
		   tc = table == &table_qdisc || table == &table_tclass || table == &table_tfilter;
	const uint16_t *filters = link ? link_filters : tc_filters;
	const size_t n = link ? TABLE_COUNT(link_filters) : tc ? TABLE_COUNT(tc_filters) : 0;

	if (!long_enough(table, h))
		return true;
	struct table_level wanted = level_top(table, req), at = level_top(table, h);
	if (wanted.family && wanted.family != at.family)
		return false;
	for (size_t i = 0; wanted.len > 0 && i < n; i++) {
		const struct nlattr *w = find(&wanted, filters[i]);
		if (w && !attr_same(&wanted, w, &at, find(&at, filters[i])))
			return false;
	}
	return !tc || header_same(table, mnl_nlmsg_get_payload(req), mnl_nlmsg_get_payload(h));
}

bool table_is(const struct table_msg *table, const struct nlmsghdr *req, const struct nlmsghdr *h)
{
	if (!long_enough(table, h) || !header_same(table, mnl_nlmsg_get_payload(req), mnl_nlmsg_get_payload(h)))
		return false;
	struct table_level wanted = level_top(table, req), at = level_top(table, h);
	const struct nlattr *w;
	/* clang-format off */
	mnl_attr_for_each(w, req, table->hdrlen) {
		/* clang-format on */
		const struct table_row *row = table_attr(table->set, mnl_attr_get_type(w));
		const struct nlattr *a = find(&at, mnl_attr_get_type(w));
		if (!a && table == &table_addr &&
		    mnl_attr_get_type(w) == IFA_LOCAL) /* of IPv6 where there is no peer */
			a = find(&at, IFA_ADDRESS);
		if (!(row && row->moves) && !attr_same(&wanted, w, &at, a))
			return false;
	}
	return true;
}
