/* SPDX-License-Identifier: MIT */
#include "tables/genl.h"

#include <linux/genetlink.h>
#include <string.h>

const struct table_row table_genl_fields[] = {
	TABLE_FIELD(struct genlmsghdr, cmd, "cmd", TABLE_U8),
	TABLE_FIELD(struct genlmsghdr, version, "version", TABLE_U8),
};
_Static_assert(TABLE_COUNT(table_genl_fields) == GENL_FIELDS, "every field is counted");

const struct table_msg *table_genl_family(const char *name)
{
	static const struct table_msg *const families[] = {&table_wireguard};

	for (size_t i = 0; i < TABLE_COUNT(families); i++)
		if (strcmp(families[i]->name, name) == 0)
			return families[i];
	return NULL;
}
