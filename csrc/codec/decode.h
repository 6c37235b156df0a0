/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_CODEC_DECODE_H
#define ZLNET_CODEC_DECODE_H

/* Shared by the files which turn messages into Lua. */

#include "codec/codec.h"

/* Attributes one after the other, as mnl_attr_for_each_payload, but inline: there are 100,000 of them in a dump of
 * 2,000 links. */
static inline bool dec_attr_ok(const struct nlattr *attr, const uint8_t *end)
{
	ptrdiff_t left = end - (const uint8_t *)attr;

	return left >= (ptrdiff_t)sizeof(*attr) && attr->nla_len >= sizeof(*attr) && attr->nla_len <= left;
}

#define dec_attrs(attr, p, len) \
	for ((attr) = (const struct nlattr *)(p); dec_attr_ok(attr, (const uint8_t *)(p) + (len)); \
	     (attr) = (const struct nlattr *)((const uint8_t *)(attr) + NLA_ALIGN((attr)->nla_len)))

static inline unsigned dec_attr_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

static inline const uint8_t *dec_attr_payload(const struct nlattr *attr)
{
	return (const uint8_t *)attr + NLA_HDRLEN;
}

static inline size_t dec_attr_len(const struct nlattr *attr)
{
	return attr->nla_len - (size_t)NLA_HDRLEN;
}

/* The row of an attribute's number, or NULL when there is none, or it is not wanted. */
static inline const struct table_row *dec_wanted(const struct table_set *set, const struct codec_keys *only,
                                                 unsigned number)
{
	const struct table_row *row = table_attr(set, number);

	return row && only->attr[number / 64] >> number % 64 & 1 ? row : NULL;
}

/* Push the value which len bytes at p mean by the row; false, and nothing pushed, when they mean none. */
bool dec_number(lua_State *L, const struct table_row *row, const uint8_t *p, size_t len);
bool dec_text(lua_State *L, const struct table_row *row, const uint8_t *p, size_t len);

/* Is the row's value text, and not a number? */
static inline bool dec_is_text(const struct table_row *row)
{
	return row->type >= TABLE_STRING && row->type <= TABLE_DATA;
}

#endif
