/* SPDX-License-Identifier: MIT */
/* What lua/bundle.lua writes for plugin.c: compiled Lua. */
#ifndef ZLNET_PLUGIN_H
#define ZLNET_PLUGIN_H

#include <stddef.h>

struct plugin_chunk {
	const char *name; /* the module's; NULL for the script, which is the last one */
	const unsigned char *code;
	size_t size;
};

extern const struct plugin_chunk plugin_chunks[];

#endif
