/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_TABLES_KINDS_H
#define ZLNET_TABLES_KINDS_H

/* The data of the larger kinds of links, each in a file of its own. A kind takes its place in table_link_kinds.c. */

#include "tables/table.h"

extern const struct table_set table_set_bridge, table_set_bond, table_set_bond_port;
extern const struct table_set table_set_vxlan, table_set_geneve;
extern const struct table_set table_set_gre, table_set_ip6gre, table_set_ipip, table_set_sit, table_set_ip6tnl;
extern const struct table_set table_set_vti, table_set_vti6, table_set_xfrm;
extern const struct table_names table_vlan_protocols;

#endif
