/* SPDX-License-Identifier: MIT */
/* Keys as base64, and endpoints. */
#include "codec/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TEXT_KEY_LEN 44

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t text_key(char out[TEXT_MAX], const uint8_t p[TEXT_KEY_BYTES])
{
	uint8_t padded[TEXT_KEY_BYTES + 1] = {0};
	char *at = out;

	memcpy(padded, p, TEXT_KEY_BYTES);
	for (size_t i = 0; i < sizeof padded; i += 3) {
		uint32_t word = (uint32_t)padded[i] << 16 | (uint32_t)padded[i + 1] << 8 | padded[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			*at++ = digits[word >> shift & 63];
	}
	at[-1] = '=';
	*at = '\0';
	return TEXT_KEY_LEN;
}

bool text_key_parse(uint8_t out[TEXT_KEY_BYTES], const char *s, size_t len)
{
	uint8_t padded[TEXT_KEY_BYTES + 1];
	uint8_t *at = padded;

	if (len != TEXT_KEY_LEN || s[len - 1] != '=')
		return false;
	for (size_t i = 0; i < len; i += 4) {
		uint32_t word = 0;

		for (size_t k = i; k < i + 4; k++) {
			const char *digit = k == len - 1 ? digits : s[k] ? strchr(digits, s[k]) : NULL;

			if (!digit)
				return false;
			word = word << 6 | (uint32_t)(digit - digits);
		}
		*at++ = (uint8_t)(word >> 16);
		*at++ = (uint8_t)(word >> 8);
		*at++ = (uint8_t)word;
	}
	memcpy(out, padded, TEXT_KEY_BYTES);
	return padded[TEXT_KEY_BYTES] == 0; /* bits beyond the last byte */
}

bool text_sockaddr(char out[TEXT_MAX], const void *p, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (len < sizeof in)
		return false;
	memcpy(&in, p, sizeof in);
	if (in.sin_family == AF_INET && inet_ntop(AF_INET, &in.sin_addr, text, sizeof text)) {
		snprintf(out, TEXT_MAX, "%s:%u", text, ntohs(in.sin_port));
		return true;
	}
	if (len < sizeof in6)
		return false;
	memcpy(&in6, p, sizeof in6);
	if (in6.sin6_family != AF_INET6 || !inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text))
		return false;
	snprintf(out, TEXT_MAX, "[%s]:%u", text, ntohs(in6.sin6_port));
	return true;
}

/* Decimal digits to the end of s: 1 to 65535, or 0. */
static unsigned parse_port(const char *s, size_t len)
{
	unsigned port = 0;

	if (len == 0 || len > 5)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 0;
		port = port * 10 + (unsigned)(s[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

size_t text_sockaddr_parse(uint8_t out[TEXT_BYTES_MAX], const char *s, size_t len)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	size_t colon = len;
	uint8_t address[16];

	while (colon > 0 && s[colon - 1] != ':')
		colon--;
	unsigned port = colon > 0 ? parse_port(s + colon, len - colon) : 0;
	if (port == 0)
		return 0;
	size_t host = colon - 1;
	bool brackets = host >= 2 && s[0] == '[' && s[host - 1] == ']';
	int family = brackets ? text_ip_parse(address, s + 1, host - 2) : text_ip_parse(address, s, host);
	if (family == AF_INET && !brackets) {
		in.sin_port = htons((uint16_t)port);
		memcpy(&in.sin_addr, address, sizeof in.sin_addr);
		memcpy(out, &in, sizeof in);
		return sizeof in;
	}
	if (family == AF_INET6 && brackets) {
		in6.sin6_port = htons((uint16_t)port);
		memcpy(&in6.sin6_addr, address, sizeof in6.sin6_addr);
		memcpy(out, &in6, sizeof in6);
		return sizeof in6;
	}
	return 0;
}
