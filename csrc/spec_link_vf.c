/* SPDX-License-Identifier: MIT */
/* IFLA_VFINFO_LIST: the virtual functions of a card. */
#include "spec.h"

#include <linux/if_link.h>

#define VF_SET(id, structure, ...) \
	static const struct spec_row id##_fields[] = {__VA_ARGS__}; \
	static const struct spec_set id = { \
		.field = id##_fields, .nfield = SPEC_COUNT(id##_fields), .hdrlen = sizeof(structure)}

SPEC_NAMES(vf_link_states, false,
           {
		   {IFLA_VF_LINK_STATE_AUTO, "auto"},
		   {IFLA_VF_LINK_STATE_ENABLE, "enable"},
		   {IFLA_VF_LINK_STATE_DISABLE, "disable"},
	   });

VF_SET(vf_mac, struct ifla_vf_mac, SPEC_FIELD(struct ifla_vf_mac, vf, "vf", SPEC_U32),
       SPEC_FIELD(struct ifla_vf_mac, mac, "mac", SPEC_MAC, .max = 6));
VF_SET(vf_vlan, struct ifla_vf_vlan, SPEC_FIELD(struct ifla_vf_vlan, vf, "vf", SPEC_U32),
       SPEC_FIELD(struct ifla_vf_vlan, vlan, "vlan", SPEC_U32), SPEC_FIELD(struct ifla_vf_vlan, qos, "qos", SPEC_U32));
VF_SET(vf_tx_rate, struct ifla_vf_tx_rate, SPEC_FIELD(struct ifla_vf_tx_rate, vf, "vf", SPEC_U32),
       SPEC_FIELD(struct ifla_vf_tx_rate, rate, "rate", SPEC_U32));
VF_SET(vf_rate, struct ifla_vf_rate, SPEC_FIELD(struct ifla_vf_rate, vf, "vf", SPEC_U32),
       SPEC_FIELD(struct ifla_vf_rate, min_tx_rate, "min_tx_rate", SPEC_U32),
       SPEC_FIELD(struct ifla_vf_rate, max_tx_rate, "max_tx_rate", SPEC_U32));
VF_SET(vf_link_state, struct ifla_vf_link_state, SPEC_FIELD(struct ifla_vf_link_state, vf, "vf", SPEC_U32),
       SPEC_FIELD(struct ifla_vf_link_state, link_state, "link_state", SPEC_U32, .names = &vf_link_states));
/* spoofchk, trust and rss_query_en are alike */
VF_SET(vf_setting, struct ifla_vf_trust, SPEC_FIELD(struct ifla_vf_trust, vf, "vf", SPEC_U32),
       SPEC_FIELD(struct ifla_vf_trust, setting, "setting", SPEC_U32));

static const struct spec_row stats_attrs[] = {
	SPEC_ATTR(IFLA_VF_STATS_RX_PACKETS, "rx_packets", SPEC_U64),
	SPEC_ATTR(IFLA_VF_STATS_TX_PACKETS, "tx_packets", SPEC_U64),
	SPEC_ATTR(IFLA_VF_STATS_RX_BYTES, "rx_bytes", SPEC_U64),
	SPEC_ATTR(IFLA_VF_STATS_TX_BYTES, "tx_bytes", SPEC_U64),
	SPEC_ATTR(IFLA_VF_STATS_BROADCAST, "broadcast", SPEC_U64),
	SPEC_ATTR(IFLA_VF_STATS_MULTICAST, "multicast", SPEC_U64),
	SPEC_ATTR(IFLA_VF_STATS_RX_DROPPED, "rx_dropped", SPEC_U64),
	SPEC_ATTR(IFLA_VF_STATS_TX_DROPPED, "tx_dropped", SPEC_U64),
};
static const struct spec_set set_stats = {.attr = stats_attrs, .nattr = SPEC_COUNT(stats_attrs)};

static const struct spec_row vf_attrs[] = {
	SPEC_ATTR(IFLA_VF_MAC, "mac", SPEC_STRUCT, .set = &vf_mac),
	SPEC_ATTR(IFLA_VF_VLAN, "vlan", SPEC_STRUCT, .set = &vf_vlan),
	SPEC_ATTR(IFLA_VF_TX_RATE, "tx_rate", SPEC_STRUCT, .set = &vf_tx_rate),
	SPEC_ATTR(IFLA_VF_SPOOFCHK, "spoofchk", SPEC_STRUCT, .set = &vf_setting),
	SPEC_ATTR(IFLA_VF_LINK_STATE, "link_state", SPEC_STRUCT, .set = &vf_link_state),
	SPEC_ATTR(IFLA_VF_RATE, "rate", SPEC_STRUCT, .set = &vf_rate),
	SPEC_ATTR(IFLA_VF_RSS_QUERY_EN, "rss_query_en", SPEC_STRUCT, .set = &vf_setting),
	SPEC_ATTR(IFLA_VF_STATS, "stats", SPEC_NEST, .set = &set_stats),
	SPEC_ATTR(IFLA_VF_TRUST, "trust", SPEC_STRUCT, .set = &vf_setting),
	SPEC_ATTR(IFLA_VF_BROADCAST, "broadcast", SPEC_MAC),
};
static const struct spec_set set_vf = {.attr = vf_attrs, .nattr = SPEC_COUNT(vf_attrs)};

static const struct spec_row vf_list_attrs[] = {
	SPEC_ATTR(IFLA_VF_INFO, "info", SPEC_NEST, .set = &set_vf, .many = true),
};
const struct spec_set spec_set_vf_list = {.attr = vf_list_attrs, .nattr = SPEC_COUNT(vf_list_attrs)};
