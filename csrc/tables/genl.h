/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_TABLES_GENL_H
#define ZLNET_TABLES_GENL_H

/* What the messages of generic netlink's families look like. Their types are commands of the family, whose number the
 * kernel gives out when it loads it. Keys are those of the kernel's Documentation/netlink/specs, with '_' for '-'. */

#include "tables/table.h"

extern const struct table_msg table_wireguard;

/* A family by name; NULL when there are no tables of it. */
const struct table_msg *table_genl_family(const char *name);

/* Of struct genlmsghdr. */
extern const struct table_row table_genl_fields[];
#define GENL_FIELDS 2

#endif
