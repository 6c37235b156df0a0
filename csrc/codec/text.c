/* SPDX-License-Identifier: MIT */
#include "codec/text.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

size_t text_hex(char *out, const uint8_t *p, size_t len, char separator)
{
	static const char digits[] = "0123456789abcdef";
	char *at = out;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && separator != '\0')
			*at++ = separator;
		*at++ = digits[p[i] >> 4];
		*at++ = digits[p[i] & 15];
	}
	*at = '\0';
	return (size_t)(at - out);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

size_t text_hex_parse(uint8_t out[TEXT_BYTES_MAX], const char *s, size_t len, char separator)
{
	size_t n = 0;
	const char *end = s + len;

	while (end - s >= 2 && n < TEXT_BYTES_MAX) {
		int high = hex_digit(s[0]), low = hex_digit(s[1]);

		if (high < 0 || low < 0)
			return 0;
		out[n++] = (uint8_t)(high << 4 | low);
		s += 2;
		if (s == end)
			return n;
		if (separator != '\0' && *s++ != separator)
			return 0;
	}
	return 0;
}

bool text_ip(char out[TEXT_MAX], int family, const void *p)
{
	return text_ip_size(family) > 0 && inet_ntop(family, p, out, TEXT_MAX) != NULL;
}

int text_ip_parse(uint8_t out[16], const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	int family = memchr(s, ':', len) ? AF_INET6 : AF_INET;

	/* inet_pton wants its NUL where the text ends, and a NUL inside would hide what follows it. A zone is refused
	 * by it. */
	if (len >= sizeof(text) || memchr(s, '\0', len))
		return 0;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(family, text, out) == 1 ? family : 0;
}

size_t text_ip_size(int family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

const char *text_ifname_fault(const char *s, size_t len)
{
	if (len == 0)
		return "a name of a link is not empty";
	if (len >= IF_NAMESIZE)
		return "at most 15 bytes";
	if ((len == 1 && s[0] == '.') || (len == 2 && s[0] == '.' && s[1] == '.'))
		return "'.' and '..' are no names of links";
	if (!strcmp(s, "all") || !strcmp(s, "default")) /* below /proc/sys/net these are no links */
		return "no link can be named 'all' or 'default'";
	for (size_t i = 0; i < len; i++) {
		/* White space is what the kernel's isspace takes for it: 0xa0, too, also as a part of a character. */
		if (s[i] == '\0' || s[i] == '/' || s[i] == ':' || s[i] == '%' || s[i] == ' ' || s[i] == '\xa0' ||
		    (s[i] >= '\t' && s[i] <= '\r'))
			return "no '/', ':', '%', white space or NUL in the name of a link";
	}
	return NULL;
}

/* "eth0" with its quotes, as registers hold it. */
static size_t quoted_parse(uint8_t *out, const char *s, size_t len)
{
	if (len < 3 || len - 2 >= IF_NAMESIZE || s[len - 1] != '"' || memchr(s, '\0', len))
		return 0;
	memset(out, 0, IF_NAMESIZE);
	memcpy(out, s + 1, len - 2);
	return IF_NAMESIZE;
}

size_t text_data_parse(uint8_t out[TEXT_BYTES_MAX], const char *s, size_t len)
{
	size_t n;

	if (len > 0 && s[0] == '"')
		return quoted_parse(out, s, len);
	if (!memchr(s, ':', len) && !memchr(s, '.', len))
		return text_hex_parse(out, s, len, '\0');
	n = text_ip_size(text_ip_parse(out, s, len));
	if (n == 0 && text_hex_parse(out, s, len, ':') == 6)
		n = 6;
	return n;
}
