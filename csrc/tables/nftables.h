/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_TABLES_NFTABLES_H
#define ZLNET_TABLES_NFTABLES_H

/* What the messages of nf_tables and of ctnetlink (NETLINK_NETFILTER) look like. Keys are those of the kernel's
 * Documentation/netlink/specs/nftables.yaml and conntrack.yaml, with '_' for '-'. */

#include "tables/table.h"

extern const struct table_msg table_nft_table, table_nft_chain, table_nft_rule, table_nft_set, table_nft_setelem,
	table_nft_obj, table_nft_gen, table_conntrack;

/* Shared between the files of these tables. */
extern const struct table_names table_nft_families, table_nft_registers;
extern const struct table_row table_nfgen_fields[]; /* of struct nfgenmsg */
#define NFGEN_FIELDS 1
extern const struct table_set table_set_nft_data, table_set_nft_expr;
extern const struct table_set table_set_nft_exprs; /* a list of expressions */

#endif
