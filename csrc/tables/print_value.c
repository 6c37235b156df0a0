/* SPDX-License-Identifier: MIT */
#include "tables/print.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

#define PRINT_BYTES 64 /* more of a text or of bytes is not shown */
_Static_assert(TABLE_PRINT_MAX >= 4 * PRINT_BYTES + 64, "the longest text fits");

static void print_hex(char *buf, size_t cap, const uint8_t *p, size_t len, const char *between)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < len && i < PRINT_BYTES && at < cap; i++)
		at += (size_t)snprintf(buf + at, cap - at, "%s%02x", i ? between : "", p[i]);
	if (len > PRINT_BYTES && at < cap)
		snprintf(buf + at, cap - at, "... (%zu bytes)", len);
}

static void print_string(char *buf, size_t cap, const uint8_t *p, size_t len)
{
	size_t at = 0;

	len = strnlen((const char *)p, len);
	at += (size_t)snprintf(buf, cap, "\"");
	for (size_t i = 0; i < len && i < PRINT_BYTES && at < cap; i++)
		at += (size_t)snprintf(buf + at, cap - at,
		                       p[i] < ' ' || p[i] > '~' || p[i] == '"' || p[i] == '\\' ? "\\x%02x" : "%c",
		                       p[i]);
	if (at < cap)
		snprintf(buf + at, cap - at, len > PRINT_BYTES ? "...\"" : "\"");
}

static bool is_text(const char *text)
{
	return text[0] != '\0';
}

/* By name; flags with '|' between them, what has no name in hexadecimal. */
static void print_names(char *buf, size_t cap, const struct table_names *names, uint32_t value)
{
	size_t at = 0;

	buf[0] = '\0';
	for (uint16_t i = 0; i < names->n && at < cap; i++) {
		const struct table_name *n = &names->v[i];
		bool meant = names->bits ? n->value && (value & n->value) == n->value : n->value == value;
		if (!meant)
			continue;
		at += (size_t)snprintf(buf + at, cap - at, "%s%s", is_text(buf) ? "|" : "", n->name);
		value = names->bits ? value & ~n->value : 0;
		if (!names->bits)
			return;
	}
	if (at < cap && (value || !is_text(buf)))
		snprintf(buf + at, cap - at, names->bits && is_text(buf) ? "|%#x" : names->bits ? "%#x" : "%u", value);
}

/* false where len bytes are no number of the row's type. */
static bool print_number(char *buf, size_t cap, const struct table_row *row, const uint8_t *p, size_t len)
{
	static const uint8_t sizes[] = {
		[TABLE_U8] = 1,    [TABLE_BOOL] = 1, [TABLE_U16] = 2,  [TABLE_BE16] = 2,
		[TABLE_U32] = 4,   [TABLE_S32] = 4,  [TABLE_BE32] = 4, [TABLE_LINK] = 4,
		[TABLE_BES32] = 4, [TABLE_U64] = 8,  [TABLE_BE64] = 8,
	};
	uint64_t v = 0;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;

	if (row->type >= sizeof sizes || !sizes[row->type] || len != sizes[row->type])
		return false;
	if (len == 1)
		memcpy(&u8, p, 1), v = u8;
	else if (len == 2)
		memcpy(&u16, p, 2), v = row->type == TABLE_BE16 ? ntohs(u16) : u16;
	else if (len == 4)
		memcpy(&u32, p, 4), v = row->type == TABLE_BE32 || row->type == TABLE_BES32 ? ntohl(u32) : u32;
	else
		memcpy(&v, p, 8), v = row->type == TABLE_BE64 ? be64toh(v) : v;
	if (row->names)
		print_names(buf, cap, row->names, (uint32_t)v);
	else if (row->type == TABLE_S32 || row->type == TABLE_BES32)
		snprintf(buf, cap, "%d", (int32_t)(uint32_t)v);
	else
		snprintf(buf, cap, "%llu", (unsigned long long)v);
	return true;
}

/* The flags that are set, and which are meant unless all are. */
static void print_masked(char *buf, size_t cap, const struct table_row *row, const uint8_t *p)
{
	uint32_t value, mask;

	memcpy(&value, p, sizeof value);
	memcpy(&mask, p + sizeof value, sizeof mask);
	print_names(buf, cap, row->names, value);
	if (mask == UINT32_MAX || mask == 0)
		return;
	size_t at = strlen(buf);
	at += (size_t)snprintf(buf + at, cap - at, " of ");
	if (at < cap)
		print_names(buf + at, cap - at, row->names, mask);
}

static bool is_secret(const struct table_row *row)
{
	static const char *const secrets[] = {"private_key", "preshared_key"};

	for (size_t i = 0; i < TABLE_COUNT(secrets); i++)
		if (!strcmp(row->key, secrets[i]))
			return true;
	return false;
}

void table_print_value(char *buf, size_t cap, const struct table_row *row, const uint8_t *p, size_t len)
{
	if (is_secret(row)) {
		snprintf(buf, cap, "(secret, %zu bytes)", len);
	} else if (row->type == TABLE_MASKED && len == 2 * sizeof(uint32_t)) {
		print_masked(buf, cap, row, p);
	} else if (row->type == TABLE_FLAG) {
		snprintf(buf, cap, "true");
	} else if (row->type == TABLE_STRING || row->type == TABLE_IFNAME) {
		print_string(buf, cap, p, len);
	} else if (row->type == TABLE_MAC) {
		print_hex(buf, cap, p, len, ":");
	} else if (row->type == TABLE_IP || row->type == TABLE_IP4 || row->type == TABLE_IP6 ||
	           row->type == TABLE_PREFIX || row->type == TABLE_ANYIP) {
		if (!(len == 4 && inet_ntop(AF_INET, p, buf, (socklen_t)cap)) &&
		    !(len == 16 && inet_ntop(AF_INET6, p, buf, (socklen_t)cap)))
			print_hex(buf, cap, p, len, "");
	} else if (!print_number(buf, cap, row, p, len)) {
		print_hex(buf, cap, p, len, "");
	}
}
