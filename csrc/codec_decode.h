/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_CODEC_DECODE_H
#define ZLNET_CODEC_DECODE_H

/* Shared by the files which turn messages into Lua. */

#include "codec.h"

/* Push the value which len bytes at p mean by the row; false, and nothing pushed, when they mean none. */
bool dec_number(lua_State *L, const struct spec_row *row, const uint8_t *p, size_t len);
bool dec_text(lua_State *L, const struct spec_row *row, const uint8_t *p, size_t len);

#endif
