/* SPDX-License-Identifier: MIT */
/* The kind bridge, and what it tells of its ports. Times are in hundredths of a second. */
#include "tables/table.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>

#include "tables/kinds.h"
#include "tables/uapi_compat.h"

TABLE_NAMES(bool_options, true,
            {
		    {1 << 0, "no_linklocal_learn"},
		    {1 << 1, "mcast_vlan_snooping"},
		    {1 << 2, "mst_enable"},
		    {1 << 3, "mdb_offload_fail_notification"},
		    {1 << 4, "fdb_local_vlan_0"},
	    });

TABLE_NAMES(port_states, false,
            {
		    {BR_STATE_DISABLED, "disabled"},
		    {BR_STATE_LISTENING, "listening"},
		    {BR_STATE_LEARNING, "learning"},
		    {BR_STATE_FORWARDING, "forwarding"},
		    {BR_STATE_BLOCKING, "blocking"},
	    });

static const struct table_row id_fields[] = {
	TABLE_FIELD(struct ifla_bridge_id, prio, "prio", TABLE_BE16),
	TABLE_FIELD(struct ifla_bridge_id, addr, "addr", TABLE_MAC, .max = 6),
};
static const struct table_set set_id = {
	.field = id_fields, .nfield = TABLE_FIELDS(id_fields), .hdrlen = TABLE_HEADER(sizeof(struct ifla_bridge_id))};

static const struct table_row querier_attrs[] = {
	TABLE_ATTR(BRIDGE_QUERIER_IP_ADDRESS, "ip_address", TABLE_IP4),
	TABLE_ATTR(BRIDGE_QUERIER_IP_PORT, "ip_port", TABLE_LINK),
	TABLE_ATTR(BRIDGE_QUERIER_IP_OTHER_TIMER, "ip_other_timer", TABLE_U64, .moves = true),
	TABLE_ATTR(BRIDGE_QUERIER_IPV6_ADDRESS, "ipv6_address", TABLE_IP6),
	TABLE_ATTR(BRIDGE_QUERIER_IPV6_PORT, "ipv6_port", TABLE_LINK),
	TABLE_ATTR(BRIDGE_QUERIER_IPV6_OTHER_TIMER, "ipv6_other_timer", TABLE_U64, .moves = true),
};
static const struct table_set set_querier = {.attr = querier_attrs, .nattr = TABLE_ATTRS(querier_attrs)};

static const struct table_row bridge_attrs[] = {
	TABLE_ATTR(IFLA_BR_FORWARD_DELAY, "forward_delay", TABLE_U32),
	TABLE_ATTR(IFLA_BR_HELLO_TIME, "hello_time", TABLE_U32),
	TABLE_ATTR(IFLA_BR_MAX_AGE, "max_age", TABLE_U32),
	TABLE_ATTR(IFLA_BR_AGEING_TIME, "ageing_time", TABLE_U32),
	TABLE_ATTR(IFLA_BR_STP_STATE, "stp_state", TABLE_U32),
	TABLE_ATTR(IFLA_BR_PRIORITY, "priority", TABLE_U16),
	TABLE_ATTR(IFLA_BR_VLAN_FILTERING, "vlan_filtering", TABLE_BOOL, .not_zero = true),
	TABLE_ATTR(IFLA_BR_VLAN_PROTOCOL, "vlan_protocol", TABLE_BE16, .names = &table_vlan_protocols),
	TABLE_ATTR(IFLA_BR_GROUP_FWD_MASK, "group_fwd_mask", TABLE_U16),
	TABLE_ATTR(IFLA_BR_ROOT_ID, "root_id", TABLE_STRUCT, .set = &set_id, .told = true),
	TABLE_ATTR(IFLA_BR_BRIDGE_ID, "bridge_id", TABLE_STRUCT, .set = &set_id, .told = true),
	TABLE_ATTR(IFLA_BR_ROOT_PORT, "root_port", TABLE_U16, .told = true),
	TABLE_ATTR(IFLA_BR_ROOT_PATH_COST, "root_path_cost", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_BR_TOPOLOGY_CHANGE, "topology_change", TABLE_BOOL, .told = true),
	TABLE_ATTR(IFLA_BR_TOPOLOGY_CHANGE_DETECTED, "topology_change_detected", TABLE_BOOL, .told = true),
	TABLE_ATTR(IFLA_BR_HELLO_TIMER, "hello_timer", TABLE_U64, .moves = true, .told = true),
	TABLE_ATTR(IFLA_BR_TCN_TIMER, "tcn_timer", TABLE_U64, .moves = true, .told = true),
	TABLE_ATTR(IFLA_BR_TOPOLOGY_CHANGE_TIMER, "topology_change_timer", TABLE_U64, .moves = true, .told = true),
	TABLE_ATTR(IFLA_BR_GC_TIMER, "gc_timer", TABLE_U64, .moves = true, .told = true),
	TABLE_ATTR(IFLA_BR_GROUP_ADDR, "group_addr", TABLE_MAC, .max = 6),
	TABLE_ATTR(IFLA_BR_FDB_FLUSH, "fdb_flush", TABLE_FLAG),
	TABLE_ATTR(IFLA_BR_MCAST_ROUTER, "mcast_router", TABLE_U8),
	TABLE_ATTR(IFLA_BR_MCAST_SNOOPING, "mcast_snooping", TABLE_BOOL),
	TABLE_ATTR(IFLA_BR_MCAST_QUERY_USE_IFADDR, "mcast_query_use_ifaddr", TABLE_BOOL),
	TABLE_ATTR(IFLA_BR_MCAST_QUERIER, "mcast_querier", TABLE_BOOL),
	TABLE_ATTR(IFLA_BR_MCAST_HASH_ELASTICITY, "mcast_hash_elasticity", TABLE_U32),
	TABLE_ATTR(IFLA_BR_MCAST_HASH_MAX, "mcast_hash_max", TABLE_U32),
	TABLE_ATTR(IFLA_BR_MCAST_LAST_MEMBER_CNT, "mcast_last_member_cnt", TABLE_U32),
	TABLE_ATTR(IFLA_BR_MCAST_STARTUP_QUERY_CNT, "mcast_startup_query_cnt", TABLE_U32),
	TABLE_ATTR(IFLA_BR_MCAST_LAST_MEMBER_INTVL, "mcast_last_member_intvl", TABLE_U64),
	TABLE_ATTR(IFLA_BR_MCAST_MEMBERSHIP_INTVL, "mcast_membership_intvl", TABLE_U64),
	TABLE_ATTR(IFLA_BR_MCAST_QUERIER_INTVL, "mcast_querier_intvl", TABLE_U64),
	TABLE_ATTR(IFLA_BR_MCAST_QUERY_INTVL, "mcast_query_intvl", TABLE_U64),
	TABLE_ATTR(IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, "mcast_query_response_intvl", TABLE_U64),
	TABLE_ATTR(IFLA_BR_MCAST_STARTUP_QUERY_INTVL, "mcast_startup_query_intvl", TABLE_U64),
	TABLE_ATTR(IFLA_BR_NF_CALL_IPTABLES, "nf_call_iptables", TABLE_BOOL),
	TABLE_ATTR(IFLA_BR_NF_CALL_IP6TABLES, "nf_call_ip6tables", TABLE_BOOL),
	TABLE_ATTR(IFLA_BR_NF_CALL_ARPTABLES, "nf_call_arptables", TABLE_BOOL),
	TABLE_ATTR(IFLA_BR_VLAN_DEFAULT_PVID, "vlan_default_pvid", TABLE_U16),
	TABLE_ATTR(IFLA_BR_VLAN_STATS_ENABLED, "vlan_stats_enabled", TABLE_BOOL),
	TABLE_ATTR(IFLA_BR_MCAST_STATS_ENABLED, "mcast_stats_enabled", TABLE_BOOL),
	TABLE_ATTR(IFLA_BR_MCAST_IGMP_VERSION, "mcast_igmp_version", TABLE_U8),
	TABLE_ATTR(IFLA_BR_MCAST_MLD_VERSION, "mcast_mld_version", TABLE_U8),
	TABLE_ATTR(IFLA_BR_VLAN_STATS_PER_PORT, "vlan_stats_per_port", TABLE_BOOL),
	TABLE_ATTR(IFLA_BR_MULTI_BOOLOPT, "multi_boolopt", TABLE_MASKED, .names = &bool_options),
	TABLE_ATTR(IFLA_BR_MCAST_QUERIER_STATE, "mcast_querier_state", TABLE_NEST, .set = &set_querier, .told = true),
	TABLE_ATTR(COMPAT_IFLA_BR_FDB_N_LEARNED, "fdb_n_learned", TABLE_U32, .moves = true, .told = true),
	TABLE_ATTR(COMPAT_IFLA_BR_FDB_MAX_LEARNED, "fdb_max_learned", TABLE_U32),
};
const struct table_set table_set_bridge = {.attr = bridge_attrs, .nattr = TABLE_ATTRS(bridge_attrs)};

static const struct table_row port_attrs[] = {
	TABLE_ATTR(IFLA_BRPORT_STATE, "state", TABLE_U8, .names = &port_states, .not_new = true),
	TABLE_ATTR(IFLA_BRPORT_PRIORITY, "priority", TABLE_U16),
	TABLE_ATTR(IFLA_BRPORT_COST, "cost", TABLE_U32),
	TABLE_ATTR(IFLA_BRPORT_MODE, "mode", TABLE_BOOL), /* hairpin */
	TABLE_ATTR(IFLA_BRPORT_GUARD, "guard", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_PROTECT, "protect", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_FAST_LEAVE, "fast_leave", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_LEARNING, "learning", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_UNICAST_FLOOD, "unicast_flood", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_PROXYARP, "proxyarp", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_LEARNING_SYNC, "learning_sync", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_PROXYARP_WIFI, "proxyarp_wifi", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_ROOT_ID, "root_id", TABLE_STRUCT, .set = &set_id, .told = true),
	TABLE_ATTR(IFLA_BRPORT_BRIDGE_ID, "bridge_id", TABLE_STRUCT, .set = &set_id, .told = true),
	TABLE_ATTR(IFLA_BRPORT_DESIGNATED_PORT, "designated_port", TABLE_U16, .told = true),
	TABLE_ATTR(IFLA_BRPORT_DESIGNATED_COST, "designated_cost", TABLE_U16, .told = true),
	TABLE_ATTR(IFLA_BRPORT_ID, "id", TABLE_U16, .told = true),
	TABLE_ATTR(IFLA_BRPORT_NO, "no", TABLE_U16, .told = true),
	TABLE_ATTR(IFLA_BRPORT_TOPOLOGY_CHANGE_ACK, "topology_change_ack", TABLE_BOOL, .told = true),
	TABLE_ATTR(IFLA_BRPORT_CONFIG_PENDING, "config_pending", TABLE_BOOL, .told = true),
	TABLE_ATTR(IFLA_BRPORT_MESSAGE_AGE_TIMER, "message_age_timer", TABLE_U64, .moves = true, .told = true),
	TABLE_ATTR(IFLA_BRPORT_FORWARD_DELAY_TIMER, "forward_delay_timer", TABLE_U64, .moves = true, .told = true),
	TABLE_ATTR(IFLA_BRPORT_HOLD_TIMER, "hold_timer", TABLE_U64, .moves = true, .told = true),
	TABLE_ATTR(IFLA_BRPORT_FLUSH, "flush", TABLE_FLAG),
	TABLE_ATTR(IFLA_BRPORT_MULTICAST_ROUTER, "multicast_router", TABLE_U8),
	TABLE_ATTR(IFLA_BRPORT_MCAST_FLOOD, "mcast_flood", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_MCAST_TO_UCAST, "mcast_to_ucast", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_VLAN_TUNNEL, "vlan_tunnel", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_BCAST_FLOOD, "bcast_flood", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_GROUP_FWD_MASK, "group_fwd_mask", TABLE_U16),
	TABLE_ATTR(IFLA_BRPORT_NEIGH_SUPPRESS, "neigh_suppress", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_ISOLATED, "isolated", TABLE_BOOL),
	TABLE_ATTR(IFLA_BRPORT_BACKUP_PORT, "backup_port", TABLE_LINK),
	TABLE_ATTR(IFLA_BRPORT_MRP_RING_OPEN, "mrp_ring_open", TABLE_BOOL, .told = true),
	TABLE_ATTR(IFLA_BRPORT_MRP_IN_OPEN, "mrp_in_open", TABLE_BOOL, .told = true),
	TABLE_ATTR(IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT, "mcast_eht_hosts_limit", TABLE_U32),
	TABLE_ATTR(IFLA_BRPORT_MCAST_EHT_HOSTS_CNT, "mcast_eht_hosts_cnt", TABLE_U32, .moves = true, .told = true),
	TABLE_ATTR(IFLA_BRPORT_LOCKED, "locked", TABLE_BOOL),
	TABLE_ATTR(COMPAT_IFLA_BRPORT_MAB, "mab", TABLE_BOOL),
	TABLE_ATTR(COMPAT_IFLA_BRPORT_MCAST_N_GROUPS, "mcast_n_groups", TABLE_U32, .moves = true, .told = true),
	TABLE_ATTR(COMPAT_IFLA_BRPORT_MCAST_MAX_GROUPS, "mcast_max_groups", TABLE_U32),
	TABLE_ATTR(COMPAT_IFLA_BRPORT_NEIGH_VLAN_SUPPRESS, "neigh_vlan_suppress", TABLE_BOOL),
	TABLE_ATTR(COMPAT_IFLA_BRPORT_BACKUP_NHID, "backup_nhid", TABLE_U32),
};
const struct table_set table_set_bridge_port = {.attr = port_attrs, .nattr = TABLE_ATTRS(port_attrs)};
