/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_TABLES_TC_H
#define ZLNET_TABLES_TC_H

/* Shared by the tables of traffic control: options by kind. */

#include "tables/table.h"

extern const struct table_kinds table_qdisc_kinds, table_tclass_kinds;

#endif
