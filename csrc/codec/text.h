/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_CODEC_TEXT_H
#define ZLNET_CODEC_TEXT_H

/* Addresses and bytes as text. No Lua here. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_BYTES_MAX 64 /* as the kernel's NFT_DATA_VALUE_MAXLEN */
#define TEXT_MAX       (TEXT_BYTES_MAX * 3 + 1)

/* Bytes in hexadecimal, with "separator" between them unless that is NUL, and a NUL behind. Returns the length of the
 * text; out has room for it: TEXT_MAX bytes for TEXT_BYTES_MAX. */
size_t text_hex(char *out, const uint8_t *p, size_t len, char separator);
/* The reverse. Returns the number of bytes; 0 when s is not such a text, or an empty or too long one. */
size_t text_hex_parse(uint8_t out[TEXT_BYTES_MAX], const char *s, size_t len, char separator);

/* The bytes that a text means to nf_tables: of "10.0.0.1", "fe80::1", "02:00:00:00:00:01", "0050", and of a link's name
 * in double quotes, which has 16. Returns their number; 0 when s is no such text. */
size_t text_data_parse(uint8_t out[TEXT_BYTES_MAX], const char *s, size_t len);

#define TEXT_KEY_BYTES 32

/* A key as base64 with its padding. Returns the length of the text. */
size_t text_key(char out[TEXT_MAX], const uint8_t p[TEXT_KEY_BYTES]);
/* The reverse; false when s is no such text, or not the only one of its bytes. */
bool text_key_parse(uint8_t out[TEXT_KEY_BYTES], const char *s, size_t len);

/* A struct sockaddr_in or sockaddr_in6 as "ADDRESS:PORT" or "[ADDRESS]:PORT"; false when it is none. */
bool text_sockaddr(char out[TEXT_MAX], const void *p, size_t len);
/* The reverse, into a struct sockaddr_in or sockaddr_in6. Returns its size, 0 when s is no such text. */
size_t text_sockaddr_parse(uint8_t out[TEXT_BYTES_MAX], const char *s, size_t len);

/* An address of the family as text; false when the family is none of the two. */
bool text_ip(char out[TEXT_MAX], int family, const void *p);
/* The address of a text of len bytes. Returns its family, or 0. */
int text_ip_parse(uint8_t out[16], const char *s, size_t len);
/* The bytes of an address of the family; 0 when the family is none of the two. */
size_t text_ip_size(int family);

/* Is it a name the kernel would give to a link? NULL, or what is wrong with it. */
const char *text_ifname_fault(const char *s, size_t len);

#endif
