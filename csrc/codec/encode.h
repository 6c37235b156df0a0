/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_CODEC_ENCODE_H
#define ZLNET_CODEC_ENCODE_H

/* Shared by the files which turn Lua into messages. */

#include "codec/codec.h"

#define ENC_DEPTH 12 /* nests deeper than this are refused, and so are tables which contain themselves */

struct enc {
	lua_State *L;
	int arg; /* absolute index of the table */
	const struct table_msg *table;
	struct nlmsghdr *nlh;
	size_t cap;
	uint8_t *hdr; /* the message's header, in nlh */
	int family;   /* the message's, 0 as long as nothing said it */
	/* by offset in the header: lengths of which there is an address, and those which a "/" gave */
	uint32_t prefixes, lengths;
	codec_resolve resolve;
	void *ctx;
	const char **failed;
	int depth; /* of path */
	struct {
		const char *key;
		lua_Integer index; /* in a list, 0 elsewhere */
	} path[ENC_DEPTH];
};

/* Raises "path: message". */
_Noreturn void enc_fail(struct enc *e, const char *format, ...);
/* n more bytes of the message, zeroed and aligned; raises when they do not fit. */
void *enc_reserve(struct enc *e, size_t n);
void enc_put(struct enc *e, uint16_t type, const void *p, size_t len);
/* {[type] = "hex" or a list of such} at the top of the stack into attributes, in the order of their types. */
void enc_unknown(struct enc *e);
/* Begins a nest, which mnl_attr_nest_end ends. */
struct nlattr *enc_nest(struct enc *e, uint16_t type);

/* A scalar value as the bytes of its attribute. */
struct enc_bytes {
	const void *p; /* room, or a string which the Lua stack holds */
	size_t len;
	uint8_t room[64]; /* TABLE_DATA, TABLE_MAC and TABLE_HEX fill it */
};

/* The value at the top as text. */
const char *enc_text(struct enc *e, size_t *len);

/* Text as an address of the wanted family, or of any when that is 0. Returns its family. */
int enc_ip(struct enc *e, const char *s, size_t len, uint8_t out[16], int wanted);
void enc_family(struct enc *e, int family);
size_t enc_prefix(struct enc *e, const struct table_row *row, uint8_t out[16]);

/* The value at the top of the stack by its row; pops nothing. 0, or -errno when a link's name is not known. */
int enc_scalar(struct enc *e, const struct table_row *row, struct enc_bytes *out);
/* The value at the top as a number of the row's range; *mask gets the flags which were named. */
int enc_number(struct enc *e, const struct table_row *row, uint64_t *value, uint64_t *mask);
/* value in the row's width and byte order; returns its size. */
size_t enc_pack(const struct table_row *row, uint64_t value, void *out);

/* Is the length at that offset of the header a key of the table? */
bool enc_length_said(struct enc *e, unsigned off);

/* Raises for what the kernel would pass over in the request. */
void enc_require_taken(struct enc *e);
/* The same for an attribute of a link that is made as another's other end. */
void enc_require_end(struct enc *e, unsigned number);

/* The same of a nest: what these keys of its set need beside them. */
void codec_defaults_nest(struct enc *e, const struct table_set *set, const struct codec_keys *said);

/* What was not said, as ip would say it. */
void codec_defaults(struct enc *e);

#endif
