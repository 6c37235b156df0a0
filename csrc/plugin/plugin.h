/* SPDX-License-Identifier: MIT */
/* What plugin.c puts together: the compiled Lua that lua/bundle.lua writes, and what is done before Lua is there. */
#ifndef ZLNET_PLUGIN_PLUGIN_H
#define ZLNET_PLUGIN_PLUGIN_H

#include "kernel/child.h"

#include <limits.h>
#include <stddef.h>

struct plugin_chunk {
	const char *name; /* the module's; NULL for the script, which is the last one */
	const unsigned char *code;
	size_t size;
};

extern const struct plugin_chunk plugin_chunks[];

struct plugin_ahead {
	size_t length; /* what was read of standard input, all of it or a beginning */
	char text[65536];
	bool started;
	char path[PATH_MAX];
	struct child child; /* CHILD_NONE before */
};

/* Read standard input and start the IPAM plugin that it names with pipes, if this is an ADD and if there is no doubt.
 */
void plugin_ipam_start(struct plugin_ahead *a);

#endif
