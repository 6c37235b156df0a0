/* SPDX-License-Identifier: MIT */
/* Addresses of a message, which must agree about its family, and their lengths, which live in its header. All may
 * raise. */
#include "codec/encode.h"

#include "codec/text.h"

#include <string.h>
#include <sys/socket.h>

/* The family of the message follows its first address; the others must agree. The bridge's entries carry either. */
void enc_family(struct enc *e, int family)
{
	if (e->family == AF_UNSPEC) {
		e->family = family;
		e->hdr[0] = (uint8_t)family;
	} else if (e->family != family && e->family != AF_BRIDGE) {
		enc_fail(e, "an %s address in a message of another family", family == AF_INET ? "IPv4" : "IPv6");
	}
}

int enc_ip(struct enc *e, const char *s, size_t len, uint8_t out[16], int wanted)
{
	int family = text_ip_parse(out, s, len);

	if (family == 0 || (wanted != AF_UNSPEC && family != wanted))
		enc_fail(e, "%s address expected, got '%s'",
		         wanted == AF_INET    ? "IPv4"
		         : wanted == AF_INET6 ? "IPv6"
		                              : "IP",
		         s);
	return family;
}

/* Does the table give the header's length at that offset a value of its own? */
bool enc_length_said(struct enc *e, unsigned off)
{
	const struct table_set *set = e->table->set;
	bool said = false;

	for (unsigned i = 0; i < set->nfield && !said; i++) {
		if (set->field[i].off != off)
			continue;
		lua_pushstring(e->L, set->field[i].key);
		said = lua_rawget(e->L, e->arg) != LUA_TNIL;
		lua_pop(e->L, 1);
	}
	return said;
}

/* The number after the '/' of s. */
static unsigned prefix_length(struct enc *e, const char *s, const char *slash, size_t len)
{
	const char *p = slash + 1;
	size_t digits = strspn(p, "0123456789");
	unsigned bits = 0;

	/* of digits only, and too few to overflow */
	if (digits == 0 || digits > 3 || p + digits != s + len)
		enc_fail(e, "no length after the '/' of '%s'", s);
	for (; digits > 0; digits--)
		bits = bits * 10 + (unsigned)(*p++ - '0');
	return bits;
}

/* "10.0.0.0/8", "10.0.0.1" or "default". The length goes to the message's header; without any, codec_defaults makes it
 * the longest. Returns the address's size, 0 for default. */
size_t enc_prefix(struct enc *e, const struct table_row *row, uint8_t out[16])
{
	size_t len;
	const char *s = enc_text(e, &len);
	const char *slash = memchr(s, '/', len);
	uint8_t *header = e->hdr + row->off;
	const uint32_t bit = UINT32_C(1) << row->off;
	unsigned max;
	int family;

	if (strcmp(s, "default") == 0)
		return 0;
	family = enc_ip(e, s, slash ? (size_t)(slash - s) : len, out, AF_UNSPEC);
	enc_family(e, family);
	max = family == AF_INET ? 32 : 128;
	e->prefixes |= bit;
	if (slash) {
		unsigned bits = prefix_length(e, s, slash, len);

		if (((e->lengths & bit) || enc_length_said(e, row->off)) && *header != bits)
			enc_fail(e, "the length of '%s' contradicts another", s);
		if (bits > max)
			enc_fail(e, "a length of at most %d expected", (int)max);
		*header = (uint8_t)bits;
		e->lengths |= bit;
	}
	if (*header > max)
		enc_fail(e, "a length of at most %d expected", (int)max);
	return text_ip_size(family);
}
