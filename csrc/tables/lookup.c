/* SPDX-License-Identifier: MIT */
/* Questions to the tables: which set a nest follows. */
#include "tables/table.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <string.h>

const struct table_set table_set_unknown = {0};

static const struct nlattr *level_find(const struct table_level *at, unsigned number)
{
	const struct nlattr *attr = at->attrs;
	const char *end = (const char *)at->attrs + at->len;

	for (; mnl_attr_ok(attr, (int)(end - (const char *)attr)); attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) == number)
			return attr;
	return NULL;
}

const struct table_set *table_kind_set(const struct table_kinds *kinds, const char *kind, size_t len)
{
	size_t n = strnlen(kind, len); /* the kernel ends the string with NUL, requests need not */

	for (size_t i = 0; i < kinds->n; i++)
		if (strlen(kinds->v[i].kind) == n && memcmp(kinds->v[i].kind, kind, n) == 0)
			return kinds->v[i].set;
	return NULL;
}

const struct table_set *table_number_set(const struct table_kinds *kinds, int number)
{
	const struct table_set *other = NULL;

	for (size_t i = 0; i < kinds->n; i++) {
		if (kinds->v[i].number == number)
			return kinds->v[i].set;
		if (kinds->v[i].number == 0)
			other = kinds->v[i].set;
	}
	return other;
}

static const struct table_set *level_kind(const struct table_level *at, const struct table_row *row, unsigned number)
{
	const struct table_row *selector = number > 0 ? table_attr(at->set, number - 1) : NULL;
	const struct nlattr *kind = selector ? level_find(at, number - 1) : NULL;
	size_t len = kind ? mnl_attr_get_payload_len(kind) : 0;

	if (len > 0 && selector->type == TABLE_STRING)
		return table_kind_set(row->kinds, mnl_attr_get_payload(kind), len);
	if (len >= sizeof(uint32_t) && selector->type == TABLE_BE32)
		return table_number_set(row->kinds, (int)ntohl(mnl_attr_get_u32(kind)));
	if (len >= sizeof(uint16_t))
		return table_number_set(row->kinds, mnl_attr_get_u16(kind));
	return NULL;
}

const struct table_set *table_subset(const struct table_level *at, const struct table_row *row, unsigned number)
{
	switch (row->type) {
	case TABLE_NEST:
	case TABLE_CONF:
	case TABLE_INDEXED:
	case TABLE_LIST:
		return row->set;
	case TABLE_BYFAMILY:
		return table_number_set(row->kinds, at->family);
	case TABLE_BYKIND:
		return level_kind(at, row, number);
	default:
		return NULL;
	}
}
