/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_TABLES_PRINT_H
#define ZLNET_TABLES_PRINT_H

/* Messages as text, by the tables. No input or output here. */

#include "tables/table.h"

/* Takes one value of a message: its key path, "linkinfo.data.peer.ifname", and its text, one line in printable ASCII.
 */
typedef void (*table_printer)(void *ctx, const char *path, const char *value);

/* The table of a message over the protocol (NETLINK_ROUTE …), or NULL; *verb is "new", "del", "get" or "set". */
const struct table_msg *table_of_message(int protocol, const struct nlmsghdr *h, const char **verb);

/* Give every value of the message to the printer, those of the header first. A message may be malformed. Of what is
 * secret (private and preshared keys), and of what the tables do not know, the length alone is given. */
void table_print(const struct table_msg *table, const struct nlmsghdr *h, table_printer printer, void *ctx);

#define TABLE_PRINT_MAX 320

/* The text of one value, len bytes at p, by its row. TABLE_PRINT_MAX bytes are room for any. */
void table_print_value(char *buf, size_t cap, const struct table_row *row, const uint8_t *p, size_t len);

#endif
