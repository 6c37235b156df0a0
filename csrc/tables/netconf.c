/* SPDX-License-Identifier: MIT */
/* RTM_*NETCONF, struct netconfmsg: the settings of links that the kernel announces, for IPv4, IPv6 and MPLS. */
#include "tables/table.h"

#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include "tables/uapi_compat.h"

TABLE_NAMES(places, false, {{(uint32_t)NETCONFA_IFINDEX_ALL, "all"}, {(uint32_t)NETCONFA_IFINDEX_DEFAULT, "default"}});

static const struct table_row netconf_fields[] = {
	TABLE_FIELD(struct netconfmsg, ncm_family, "family", TABLE_U8, .names = &table_families),
};

static const struct table_row netconf_attrs[] = {
	TABLE_ATTR(NETCONFA_IFINDEX, "ifindex", TABLE_LINK, .names = &places),
	TABLE_ATTR(NETCONFA_FORWARDING, "forwarding", TABLE_S32),
	TABLE_ATTR(NETCONFA_RP_FILTER, "rp_filter", TABLE_S32),
	TABLE_ATTR(NETCONFA_MC_FORWARDING, "mc_forwarding", TABLE_S32),
	TABLE_ATTR(NETCONFA_PROXY_NEIGH, "proxy_neigh", TABLE_S32),
	TABLE_ATTR(NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, "ignore_routes_with_linkdown", TABLE_S32),
	TABLE_ATTR(NETCONFA_INPUT, "input", TABLE_S32),
	TABLE_ATTR(NETCONFA_BC_FORWARDING, "bc_forwarding", TABLE_S32),
	TABLE_ATTR(COMPAT_NETCONFA_FORCE_FORWARDING, "force_forwarding", TABLE_S32),
};
static const struct table_set set_netconf = {.field = netconf_fields,
                                             .nfield = TABLE_FIELDS(netconf_fields),
                                             .attr = netconf_attrs,
                                             .nattr = TABLE_ATTRS(netconf_attrs),
                                             .hdrlen = TABLE_HEADER(sizeof(struct netconfmsg))};

const struct table_msg table_netconf = {.name = "netconf",
                                        .new_type = RTM_NEWNETCONF,
                                        .del_type = RTM_DELNETCONF,
                                        .get_type = RTM_GETNETCONF,
                                        .hdrlen = TABLE_HEADER(sizeof(struct netconfmsg)),
                                        .set = &set_netconf};
