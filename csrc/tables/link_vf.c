/* SPDX-License-Identifier: MIT */
/* IFLA_VFINFO_LIST: the virtual functions of a card. */
#include "tables/table.h"

#include <linux/if_link.h>

#define VF_SET(id, structure, ...) \
	static const struct table_row id##_fields[] = {__VA_ARGS__}; \
	static const struct table_set id = { \
		.field = id##_fields, .nfield = TABLE_FIELDS(id##_fields), .hdrlen = sizeof(structure)}

TABLE_NAMES(vf_link_states, false,
            {
		    {IFLA_VF_LINK_STATE_AUTO, "auto"},
		    {IFLA_VF_LINK_STATE_ENABLE, "enable"},
		    {IFLA_VF_LINK_STATE_DISABLE, "disable"},
	    });

VF_SET(vf_mac, struct ifla_vf_mac, TABLE_FIELD(struct ifla_vf_mac, vf, "vf", TABLE_U32),
       TABLE_FIELD(struct ifla_vf_mac, mac, "mac", TABLE_MAC, .max = 6));
VF_SET(vf_vlan, struct ifla_vf_vlan, TABLE_FIELD(struct ifla_vf_vlan, vf, "vf", TABLE_U32),
       TABLE_FIELD(struct ifla_vf_vlan, vlan, "vlan", TABLE_U32),
       TABLE_FIELD(struct ifla_vf_vlan, qos, "qos", TABLE_U32));
VF_SET(vf_tx_rate, struct ifla_vf_tx_rate, TABLE_FIELD(struct ifla_vf_tx_rate, vf, "vf", TABLE_U32),
       TABLE_FIELD(struct ifla_vf_tx_rate, rate, "rate", TABLE_U32));
VF_SET(vf_rate, struct ifla_vf_rate, TABLE_FIELD(struct ifla_vf_rate, vf, "vf", TABLE_U32),
       TABLE_FIELD(struct ifla_vf_rate, min_tx_rate, "min_tx_rate", TABLE_U32),
       TABLE_FIELD(struct ifla_vf_rate, max_tx_rate, "max_tx_rate", TABLE_U32));
VF_SET(vf_link_state, struct ifla_vf_link_state, TABLE_FIELD(struct ifla_vf_link_state, vf, "vf", TABLE_U32),
       TABLE_FIELD(struct ifla_vf_link_state, link_state, "link_state", TABLE_U32, .names = &vf_link_states));
/* spoofchk, trust and rss_query_en are alike */
VF_SET(vf_setting, struct ifla_vf_trust, TABLE_FIELD(struct ifla_vf_trust, vf, "vf", TABLE_U32),
       TABLE_FIELD(struct ifla_vf_trust, setting, "setting", TABLE_U32));

static const struct table_row stats_attrs[] = {
	TABLE_ATTR(IFLA_VF_STATS_RX_PACKETS, "rx_packets", TABLE_U64),
	TABLE_ATTR(IFLA_VF_STATS_TX_PACKETS, "tx_packets", TABLE_U64),
	TABLE_ATTR(IFLA_VF_STATS_RX_BYTES, "rx_bytes", TABLE_U64),
	TABLE_ATTR(IFLA_VF_STATS_TX_BYTES, "tx_bytes", TABLE_U64),
	TABLE_ATTR(IFLA_VF_STATS_BROADCAST, "broadcast", TABLE_U64),
	TABLE_ATTR(IFLA_VF_STATS_MULTICAST, "multicast", TABLE_U64),
	TABLE_ATTR(IFLA_VF_STATS_RX_DROPPED, "rx_dropped", TABLE_U64),
	TABLE_ATTR(IFLA_VF_STATS_TX_DROPPED, "tx_dropped", TABLE_U64),
};
static const struct table_set set_stats = {.attr = stats_attrs, .nattr = TABLE_ATTRS(stats_attrs)};

static const struct table_row vf_attrs[] = {
	TABLE_ATTR(IFLA_VF_MAC, "mac", TABLE_STRUCT, .set = &vf_mac),
	TABLE_ATTR(IFLA_VF_VLAN, "vlan", TABLE_STRUCT, .set = &vf_vlan),
	TABLE_ATTR(IFLA_VF_TX_RATE, "tx_rate", TABLE_STRUCT, .set = &vf_tx_rate),
	TABLE_ATTR(IFLA_VF_SPOOFCHK, "spoofchk", TABLE_STRUCT, .set = &vf_setting),
	TABLE_ATTR(IFLA_VF_LINK_STATE, "link_state", TABLE_STRUCT, .set = &vf_link_state),
	TABLE_ATTR(IFLA_VF_RATE, "rate", TABLE_STRUCT, .set = &vf_rate),
	TABLE_ATTR(IFLA_VF_RSS_QUERY_EN, "rss_query_en", TABLE_STRUCT, .set = &vf_setting),
	TABLE_ATTR(IFLA_VF_STATS, "stats", TABLE_NEST, .set = &set_stats),
	TABLE_ATTR(IFLA_VF_TRUST, "trust", TABLE_STRUCT, .set = &vf_setting),
	TABLE_ATTR(IFLA_VF_BROADCAST, "broadcast", TABLE_MAC),
};
static const struct table_set set_vf = {.attr = vf_attrs, .nattr = TABLE_ATTRS(vf_attrs)};

static const struct table_row vf_list_attrs[] = {
	TABLE_ATTR(IFLA_VF_INFO, "info", TABLE_NEST, .set = &set_vf, .many = true),
};
const struct table_set table_set_vf_list = {.attr = vf_list_attrs, .nattr = TABLE_ATTRS(vf_list_attrs)};
