/* SPDX-License-Identifier: MIT */
/* The kind bridge, and what it tells of its ports. Times are in hundredths of a second. */
#include "spec.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>

#include "spec_kinds.h"
#include "uapi_compat.h"

SPEC_NAMES(bool_options, true,
           {
		   {1 << 0, "no_linklocal_learn"},
		   {1 << 1, "mcast_vlan_snooping"},
		   {1 << 2, "mst_enable"},
		   {1 << 3, "mdb_offload_fail_notification"},
		   {1 << 4, "fdb_local_vlan_0"},
	   });

SPEC_NAMES(port_states, false,
           {
		   {BR_STATE_DISABLED, "disabled"},
		   {BR_STATE_LISTENING, "listening"},
		   {BR_STATE_LEARNING, "learning"},
		   {BR_STATE_FORWARDING, "forwarding"},
		   {BR_STATE_BLOCKING, "blocking"},
	   });

static const struct spec_row id_fields[] = {
	SPEC_FIELD(struct ifla_bridge_id, prio, "prio", SPEC_BE16),
	SPEC_FIELD(struct ifla_bridge_id, addr, "addr", SPEC_MAC, .max = 6),
};
static const struct spec_set set_id = {
	.field = id_fields, .nfield = SPEC_COUNT(id_fields), .hdrlen = sizeof(struct ifla_bridge_id)};

static const struct spec_row querier_attrs[] = {
	SPEC_ATTR(BRIDGE_QUERIER_IP_ADDRESS, "ip_address", SPEC_IP4),
	SPEC_ATTR(BRIDGE_QUERIER_IP_PORT, "ip_port", SPEC_LINK),
	SPEC_ATTR(BRIDGE_QUERIER_IP_OTHER_TIMER, "ip_other_timer", SPEC_U64),
	SPEC_ATTR(BRIDGE_QUERIER_IPV6_ADDRESS, "ipv6_address", SPEC_IP6),
	SPEC_ATTR(BRIDGE_QUERIER_IPV6_PORT, "ipv6_port", SPEC_LINK),
	SPEC_ATTR(BRIDGE_QUERIER_IPV6_OTHER_TIMER, "ipv6_other_timer", SPEC_U64),
};
static const struct spec_set set_querier = {.attr = querier_attrs, .nattr = SPEC_COUNT(querier_attrs)};

static const struct spec_row bridge_attrs[] = {
	SPEC_ATTR(IFLA_BR_FORWARD_DELAY, "forward_delay", SPEC_U32),
	SPEC_ATTR(IFLA_BR_HELLO_TIME, "hello_time", SPEC_U32),
	SPEC_ATTR(IFLA_BR_MAX_AGE, "max_age", SPEC_U32),
	SPEC_ATTR(IFLA_BR_AGEING_TIME, "ageing_time", SPEC_U32),
	SPEC_ATTR(IFLA_BR_STP_STATE, "stp_state", SPEC_U32),
	SPEC_ATTR(IFLA_BR_PRIORITY, "priority", SPEC_U16),
	SPEC_ATTR(IFLA_BR_VLAN_FILTERING, "vlan_filtering", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_VLAN_PROTOCOL, "vlan_protocol", SPEC_BE16, .names = &spec_vlan_protocols),
	SPEC_ATTR(IFLA_BR_GROUP_FWD_MASK, "group_fwd_mask", SPEC_U16),
	SPEC_ATTR(IFLA_BR_ROOT_ID, "root_id", SPEC_STRUCT, .set = &set_id),
	SPEC_ATTR(IFLA_BR_BRIDGE_ID, "bridge_id", SPEC_STRUCT, .set = &set_id),
	SPEC_ATTR(IFLA_BR_ROOT_PORT, "root_port", SPEC_U16),
	SPEC_ATTR(IFLA_BR_ROOT_PATH_COST, "root_path_cost", SPEC_U32),
	SPEC_ATTR(IFLA_BR_TOPOLOGY_CHANGE, "topology_change", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_TOPOLOGY_CHANGE_DETECTED, "topology_change_detected", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_HELLO_TIMER, "hello_timer", SPEC_U64),
	SPEC_ATTR(IFLA_BR_TCN_TIMER, "tcn_timer", SPEC_U64),
	SPEC_ATTR(IFLA_BR_TOPOLOGY_CHANGE_TIMER, "topology_change_timer", SPEC_U64),
	SPEC_ATTR(IFLA_BR_GC_TIMER, "gc_timer", SPEC_U64),
	SPEC_ATTR(IFLA_BR_GROUP_ADDR, "group_addr", SPEC_MAC, .max = 6),
	SPEC_ATTR(IFLA_BR_FDB_FLUSH, "fdb_flush", SPEC_FLAG),
	SPEC_ATTR(IFLA_BR_MCAST_ROUTER, "mcast_router", SPEC_U8),
	SPEC_ATTR(IFLA_BR_MCAST_SNOOPING, "mcast_snooping", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_MCAST_QUERY_USE_IFADDR, "mcast_query_use_ifaddr", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_MCAST_QUERIER, "mcast_querier", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_MCAST_HASH_ELASTICITY, "mcast_hash_elasticity", SPEC_U32),
	SPEC_ATTR(IFLA_BR_MCAST_HASH_MAX, "mcast_hash_max", SPEC_U32),
	SPEC_ATTR(IFLA_BR_MCAST_LAST_MEMBER_CNT, "mcast_last_member_cnt", SPEC_U32),
	SPEC_ATTR(IFLA_BR_MCAST_STARTUP_QUERY_CNT, "mcast_startup_query_cnt", SPEC_U32),
	SPEC_ATTR(IFLA_BR_MCAST_LAST_MEMBER_INTVL, "mcast_last_member_intvl", SPEC_U64),
	SPEC_ATTR(IFLA_BR_MCAST_MEMBERSHIP_INTVL, "mcast_membership_intvl", SPEC_U64),
	SPEC_ATTR(IFLA_BR_MCAST_QUERIER_INTVL, "mcast_querier_intvl", SPEC_U64),
	SPEC_ATTR(IFLA_BR_MCAST_QUERY_INTVL, "mcast_query_intvl", SPEC_U64),
	SPEC_ATTR(IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, "mcast_query_response_intvl", SPEC_U64),
	SPEC_ATTR(IFLA_BR_MCAST_STARTUP_QUERY_INTVL, "mcast_startup_query_intvl", SPEC_U64),
	SPEC_ATTR(IFLA_BR_NF_CALL_IPTABLES, "nf_call_iptables", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_NF_CALL_IP6TABLES, "nf_call_ip6tables", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_NF_CALL_ARPTABLES, "nf_call_arptables", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_VLAN_DEFAULT_PVID, "vlan_default_pvid", SPEC_U16),
	SPEC_ATTR(IFLA_BR_VLAN_STATS_ENABLED, "vlan_stats_enabled", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_MCAST_STATS_ENABLED, "mcast_stats_enabled", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_MCAST_IGMP_VERSION, "mcast_igmp_version", SPEC_U8),
	SPEC_ATTR(IFLA_BR_MCAST_MLD_VERSION, "mcast_mld_version", SPEC_U8),
	SPEC_ATTR(IFLA_BR_VLAN_STATS_PER_PORT, "vlan_stats_per_port", SPEC_BOOL),
	SPEC_ATTR(IFLA_BR_MULTI_BOOLOPT, "multi_boolopt", SPEC_MASKED, .names = &bool_options),
	SPEC_ATTR(IFLA_BR_MCAST_QUERIER_STATE, "mcast_querier_state", SPEC_NEST, .set = &set_querier),
	SPEC_ATTR(COMPAT_IFLA_BR_FDB_N_LEARNED, "fdb_n_learned", SPEC_U32),
	SPEC_ATTR(COMPAT_IFLA_BR_FDB_MAX_LEARNED, "fdb_max_learned", SPEC_U32),
};
const struct spec_set spec_set_bridge = {.attr = bridge_attrs, .nattr = SPEC_COUNT(bridge_attrs)};

static const struct spec_row port_attrs[] = {
	SPEC_ATTR(IFLA_BRPORT_STATE, "state", SPEC_U8, .names = &port_states),
	SPEC_ATTR(IFLA_BRPORT_PRIORITY, "priority", SPEC_U16),
	SPEC_ATTR(IFLA_BRPORT_COST, "cost", SPEC_U32),
	SPEC_ATTR(IFLA_BRPORT_MODE, "mode", SPEC_BOOL), /* hairpin */
	SPEC_ATTR(IFLA_BRPORT_GUARD, "guard", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_PROTECT, "protect", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_FAST_LEAVE, "fast_leave", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_LEARNING, "learning", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_UNICAST_FLOOD, "unicast_flood", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_PROXYARP, "proxyarp", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_LEARNING_SYNC, "learning_sync", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_PROXYARP_WIFI, "proxyarp_wifi", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_ROOT_ID, "root_id", SPEC_STRUCT, .set = &set_id),
	SPEC_ATTR(IFLA_BRPORT_BRIDGE_ID, "bridge_id", SPEC_STRUCT, .set = &set_id),
	SPEC_ATTR(IFLA_BRPORT_DESIGNATED_PORT, "designated_port", SPEC_U16),
	SPEC_ATTR(IFLA_BRPORT_DESIGNATED_COST, "designated_cost", SPEC_U16),
	SPEC_ATTR(IFLA_BRPORT_ID, "id", SPEC_U16),
	SPEC_ATTR(IFLA_BRPORT_NO, "no", SPEC_U16),
	SPEC_ATTR(IFLA_BRPORT_TOPOLOGY_CHANGE_ACK, "topology_change_ack", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_CONFIG_PENDING, "config_pending", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_MESSAGE_AGE_TIMER, "message_age_timer", SPEC_U64),
	SPEC_ATTR(IFLA_BRPORT_FORWARD_DELAY_TIMER, "forward_delay_timer", SPEC_U64),
	SPEC_ATTR(IFLA_BRPORT_HOLD_TIMER, "hold_timer", SPEC_U64),
	SPEC_ATTR(IFLA_BRPORT_FLUSH, "flush", SPEC_FLAG),
	SPEC_ATTR(IFLA_BRPORT_MULTICAST_ROUTER, "multicast_router", SPEC_U8),
	SPEC_ATTR(IFLA_BRPORT_MCAST_FLOOD, "mcast_flood", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_MCAST_TO_UCAST, "mcast_to_ucast", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_VLAN_TUNNEL, "vlan_tunnel", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_BCAST_FLOOD, "bcast_flood", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_GROUP_FWD_MASK, "group_fwd_mask", SPEC_U16),
	SPEC_ATTR(IFLA_BRPORT_NEIGH_SUPPRESS, "neigh_suppress", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_ISOLATED, "isolated", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_BACKUP_PORT, "backup_port", SPEC_LINK),
	SPEC_ATTR(IFLA_BRPORT_MRP_RING_OPEN, "mrp_ring_open", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_MRP_IN_OPEN, "mrp_in_open", SPEC_BOOL),
	SPEC_ATTR(IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT, "mcast_eht_hosts_limit", SPEC_U32),
	SPEC_ATTR(IFLA_BRPORT_MCAST_EHT_HOSTS_CNT, "mcast_eht_hosts_cnt", SPEC_U32),
	SPEC_ATTR(IFLA_BRPORT_LOCKED, "locked", SPEC_BOOL),
	SPEC_ATTR(COMPAT_IFLA_BRPORT_MAB, "mab", SPEC_BOOL),
	SPEC_ATTR(COMPAT_IFLA_BRPORT_MCAST_N_GROUPS, "mcast_n_groups", SPEC_U32),
	SPEC_ATTR(COMPAT_IFLA_BRPORT_MCAST_MAX_GROUPS, "mcast_max_groups", SPEC_U32),
	SPEC_ATTR(COMPAT_IFLA_BRPORT_NEIGH_VLAN_SUPPRESS, "neigh_vlan_suppress", SPEC_BOOL),
	SPEC_ATTR(COMPAT_IFLA_BRPORT_BACKUP_NHID, "backup_nhid", SPEC_U32),
};
const struct spec_set spec_set_bridge_port = {.attr = port_attrs, .nattr = SPEC_COUNT(port_attrs)};
