/* SPDX-License-Identifier: MIT */
#include "tables/print.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#define PRINT_DEPTH 10 /* deeper nests are not followed */

struct print {
	table_printer printer;
	void *ctx;
	int depth;
	char path[256];
};

static size_t path_down(struct print *p, const char *key, unsigned number)
{
	size_t before = strlen(p->path), left = sizeof p->path - before;

	if (!key)
		snprintf(p->path + before, left, "%s#%u", before ? "." : "", number);
	else if (!key[0])
		snprintf(p->path + before, left, "[%u]", number);
	else
		snprintf(p->path + before, left, "%s%s", before ? "." : "", key);
	return before;
}

static void print_row(struct print *p, const struct table_row *row, unsigned number, const uint8_t *bytes, size_t len)
{
	char value[TABLE_PRINT_MAX];
	size_t before = path_down(p, row ? row->key : NULL, number);

	if (row)
		table_print_value(value, sizeof value, row, bytes, len);
	else
		snprintf(value, sizeof value, "(%zu bytes)", len);
	p->printer(p->ctx, p->path, value);
	p->path[before] = '\0';
}

static bool is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

/* Of a header most fields say nothing: those which are zero are left out. */
static void print_fields(struct print *p, const struct table_set *set, const uint8_t *bytes, size_t len)
{
	for (uint16_t i = 0; i < set->nfield; i++) {
		const struct table_row *row = &set->field[i];
		size_t size = table_field_size(row);
		if (row->type > TABLE_LEFT_OUT && size > 0 && row->off + size <= len &&
		    !is_zero(bytes + row->off, size))
			print_row(p, row, i, bytes + row->off, size);
	}
}

static void print_level(struct print *p, const struct table_level *at);

/* What the attribute holds is a set of its own: its fields, and its attributes below. */
static void print_nest(struct print *p, const struct table_level *at, const struct table_set *set,
                       const struct nlattr *attr)
{
	const uint8_t *bytes = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr), hdr = MNL_ALIGN(set->hdrlen);

	print_fields(p, set, bytes, len);
	if (len > hdr)
		print_level(p, &(struct table_level){
				       .set = set, .attrs = bytes + hdr, .len = len - hdr, .family = at->family});
}

/* struct rtnexthop, one after the other, each with its attributes. */
static void print_nexthops(struct print *p, const struct table_level *at, const struct table_row *row,
                           const struct nlattr *attr)
{
	const uint8_t *bytes = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);
	struct rtnexthop hop;

	for (unsigned n = 1; left >= sizeof hop; n++) {
		memcpy(&hop, bytes, sizeof hop);
		if (hop.rtnh_len < sizeof hop || hop.rtnh_len > left)
			return;
		size_t before = path_down(p, "", n);
		print_fields(p, row->set, bytes, hop.rtnh_len);
		print_level(p, &(struct table_level){.set = row->set,
		                                     .attrs = bytes + sizeof hop,
		                                     .len = hop.rtnh_len - sizeof hop,
		                                     .family = at->family});
		p->path[before] = '\0';
		size_t step = RTNH_ALIGN(hop.rtnh_len);
		bytes += step <= left ? step : left;
		left -= step <= left ? step : left;
	}
}

static bool is_compound(const struct table_row *row)
{
	return row && row->type >= TABLE_STRUCT;
}

static void print_attr(struct print *p, const struct table_level *at, const struct table_row *row, unsigned nth,
                       const struct nlattr *attr)
{
	unsigned number = mnl_attr_get_type(attr);
	const struct table_set *set = is_compound(row) ? table_subset(at, row, number) : NULL;

	if (row && row->type == TABLE_STRUCT)
		set = row->set;
	if (!row && !table_unknown(at->set, number))
		return; /* left out on purpose */
	if (p->depth >= PRINT_DEPTH || !is_compound(row) || (!set && row->type != TABLE_NEXTHOPS)) {
		print_row(p, is_compound(row) ? NULL : row, row && !row->key[0] ? nth : number,
		          mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
		return;
	}
	size_t before = path_down(p, row->key, nth);
	p->depth++;
	if (row->type == TABLE_NEXTHOPS)
		print_nexthops(p, at, row, attr);
	else
		print_nest(p, at, set, attr);
	p->depth--;
	p->path[before] = '\0';
}

static void print_level(struct print *p, const struct table_level *at)
{
	const struct nlattr *attr = at->attrs;
	const char *end = (const char *)at->attrs + at->len;
	const struct table_row *first = table_attr(at->set, 0);
	bool indexed = first && first->key[0] == '\0'; /* row 0 is every element's */

	for (unsigned nth = 1; mnl_attr_ok(attr, (int)(end - (const char *)attr)); attr = mnl_attr_next(attr), nth++)
		print_attr(p, at, indexed ? first : table_attr(at->set, mnl_attr_get_type(attr)), nth, attr);
}

void table_print(const struct table_msg *table, const struct nlmsghdr *h, table_printer printer, void *ctx)
{
	struct print p = {.printer = printer, .ctx = ctx};
	const uint8_t *bytes = (const uint8_t *)h + MNL_NLMSG_HDRLEN;
	size_t len = h->nlmsg_len > MNL_NLMSG_HDRLEN ? h->nlmsg_len - MNL_NLMSG_HDRLEN : 0,
	       hdr = MNL_ALIGN(table->hdrlen);

	print_fields(&p, table->set, bytes, len);
	if (len > hdr)
		print_level(&p, &(struct table_level){
					.set = table->set, .attrs = bytes + hdr, .len = len - hdr, .family = bytes[0]});
}
