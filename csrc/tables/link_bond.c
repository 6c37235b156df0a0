/* SPDX-License-Identifier: MIT */
/* The kind bond, and what it tells of its ports. */
#include "tables/table.h"

#include <linux/if_bonding.h>
#include <linux/if_link.h>

#include "tables/kinds.h"
#include "tables/uapi_compat.h"

TABLE_NAMES(bond_modes, false,
            {
		    {BOND_MODE_ROUNDROBIN, "balance-rr"},
		    {BOND_MODE_ACTIVEBACKUP, "active-backup"},
		    {BOND_MODE_XOR, "balance-xor"},
		    {BOND_MODE_BROADCAST, "broadcast"},
		    {BOND_MODE_8023AD, "802.3ad"},
		    {BOND_MODE_TLB, "balance-tlb"},
		    {BOND_MODE_ALB, "balance-alb"},
	    });
TABLE_NAMES(bond_arp_targets, false, {{0, "any"}, {1, "all"}});
TABLE_NAMES(bond_arp_validate, false,
            {
		    {0, "none"},
		    {1, "active"},
		    {2, "backup"},
		    {3, "all"},
		    {4, "filter"},
		    {5, "filter_active"},
		    {6, "filter_backup"},
	    });
TABLE_NAMES(bond_reselect, false, {{0, "always"}, {1, "better"}, {2, "failure"}});
TABLE_NAMES(bond_fail_over, false, {{0, "none"}, {1, "active"}, {2, "follow"}});
TABLE_NAMES(bond_hash, false,
            {
		    {BOND_XMIT_POLICY_LAYER2, "layer2"},
		    {BOND_XMIT_POLICY_LAYER34, "layer3+4"},
		    {BOND_XMIT_POLICY_LAYER23, "layer2+3"},
		    {BOND_XMIT_POLICY_ENCAP23, "encap2+3"},
		    {BOND_XMIT_POLICY_ENCAP34, "encap3+4"},
		    {5, "vlan+srcmac"},
	    });
TABLE_NAMES(bond_lacp_rates, false, {{0, "slow"}, {1, "fast"}});
TABLE_NAMES(bond_ad_select, false, {{0, "stable"}, {1, "bandwidth"}, {2, "count"}});

static const struct table_row ip4_target[] = {TABLE_ATTR(0, "", TABLE_IP4)};
static const struct table_set set_ip4_targets = {.attr = ip4_target, .nattr = 1};

static const struct table_row ip6_target[] = {TABLE_ATTR(0, "", TABLE_IP6)};
static const struct table_set set_ip6_targets = {.attr = ip6_target, .nattr = 1};

static const struct table_row ad_attrs[] = {
	TABLE_ATTR(IFLA_BOND_AD_INFO_AGGREGATOR, "aggregator", TABLE_U16),
	TABLE_ATTR(IFLA_BOND_AD_INFO_NUM_PORTS, "num_ports", TABLE_U16),
	TABLE_ATTR(IFLA_BOND_AD_INFO_ACTOR_KEY, "actor_key", TABLE_U16),
	TABLE_ATTR(IFLA_BOND_AD_INFO_PARTNER_KEY, "partner_key", TABLE_U16),
	TABLE_ATTR(IFLA_BOND_AD_INFO_PARTNER_MAC, "partner_mac", TABLE_MAC, .max = 6),
};
static const struct table_set set_ad = {.attr = ad_attrs, .nattr = TABLE_ATTRS(ad_attrs)};

static const struct table_row bond_attrs[] = {
	TABLE_ATTR(IFLA_BOND_MODE, "mode", TABLE_U8, .names = &bond_modes),
	TABLE_ATTR(IFLA_BOND_ACTIVE_SLAVE, "active_slave", TABLE_LINK),
	TABLE_ATTR(IFLA_BOND_MIIMON, "miimon", TABLE_U32),
	TABLE_ATTR(IFLA_BOND_UPDELAY, "updelay", TABLE_U32),
	TABLE_ATTR(IFLA_BOND_DOWNDELAY, "downdelay", TABLE_U32),
	TABLE_ATTR(IFLA_BOND_USE_CARRIER, "use_carrier", TABLE_BOOL),
	TABLE_ATTR(IFLA_BOND_ARP_INTERVAL, "arp_interval", TABLE_U32),
	TABLE_ATTR(IFLA_BOND_ARP_IP_TARGET, "arp_ip_target", TABLE_INDEXED, .set = &set_ip4_targets),
	TABLE_ATTR(IFLA_BOND_ARP_VALIDATE, "arp_validate", TABLE_U32, .names = &bond_arp_validate),
	TABLE_ATTR(IFLA_BOND_ARP_ALL_TARGETS, "arp_all_targets", TABLE_U32, .names = &bond_arp_targets),
	TABLE_ATTR(IFLA_BOND_PRIMARY, "primary", TABLE_LINK),
	TABLE_ATTR(IFLA_BOND_PRIMARY_RESELECT, "primary_reselect", TABLE_U8, .names = &bond_reselect),
	TABLE_ATTR(IFLA_BOND_FAIL_OVER_MAC, "fail_over_mac", TABLE_U8, .names = &bond_fail_over),
	TABLE_ATTR(IFLA_BOND_XMIT_HASH_POLICY, "xmit_hash_policy", TABLE_U8, .names = &bond_hash),
	TABLE_ATTR(IFLA_BOND_RESEND_IGMP, "resend_igmp", TABLE_U32),
	TABLE_ATTR(IFLA_BOND_NUM_PEER_NOTIF, "num_peer_notif", TABLE_U8),
	TABLE_ATTR(IFLA_BOND_ALL_SLAVES_ACTIVE, "all_slaves_active", TABLE_BOOL),
	TABLE_ATTR(IFLA_BOND_MIN_LINKS, "min_links", TABLE_U32),
	TABLE_ATTR(IFLA_BOND_LP_INTERVAL, "lp_interval", TABLE_U32),
	TABLE_ATTR(IFLA_BOND_PACKETS_PER_SLAVE, "packets_per_slave", TABLE_U32),
	TABLE_ATTR(IFLA_BOND_AD_LACP_RATE, "ad_lacp_rate", TABLE_U8, .names = &bond_lacp_rates),
	TABLE_ATTR(IFLA_BOND_AD_SELECT, "ad_select", TABLE_U8, .names = &bond_ad_select),
	TABLE_ATTR(IFLA_BOND_AD_INFO, "ad_info", TABLE_NEST, .set = &set_ad, .told = true),
	TABLE_ATTR(IFLA_BOND_AD_ACTOR_SYS_PRIO, "ad_actor_sys_prio", TABLE_U16),
	TABLE_ATTR(IFLA_BOND_AD_USER_PORT_KEY, "ad_user_port_key", TABLE_U16),
	TABLE_ATTR(IFLA_BOND_AD_ACTOR_SYSTEM, "ad_actor_system", TABLE_MAC, .max = 6),
	TABLE_ATTR(IFLA_BOND_TLB_DYNAMIC_LB, "tlb_dynamic_lb", TABLE_BOOL),
	TABLE_ATTR(IFLA_BOND_PEER_NOTIF_DELAY, "peer_notif_delay", TABLE_U32),
	TABLE_ATTR(IFLA_BOND_AD_LACP_ACTIVE, "ad_lacp_active", TABLE_BOOL),
	TABLE_ATTR(IFLA_BOND_MISSED_MAX, "missed_max", TABLE_U8),
	TABLE_ATTR(IFLA_BOND_NS_IP6_TARGET, "ns_ip6_target", TABLE_INDEXED, .set = &set_ip6_targets),
	TABLE_ATTR(COMPAT_IFLA_BOND_COUPLED_CONTROL, "coupled_control", TABLE_BOOL),
};
const struct table_set table_set_bond = {.attr = bond_attrs, .nattr = TABLE_ATTRS(bond_attrs)};

TABLE_NAMES(bond_port_states, false, {{BOND_STATE_ACTIVE, "active"}, {BOND_STATE_BACKUP, "backup"}});
TABLE_NAMES(bond_churn, false, {{0, "monitoring"}, {1, "churned"}, {2, "none"}});
TABLE_NAMES(bond_mii, false, {{0, "up"}, {1, "going_down"}, {2, "down"}, {3, "going_back"}});

static const struct table_row port_attrs[] = {
	TABLE_ATTR(IFLA_BOND_SLAVE_STATE, "state", TABLE_U8, .told = true, .names = &bond_port_states),
	TABLE_ATTR(IFLA_BOND_SLAVE_MII_STATUS, "mii_status", TABLE_U8, .names = &bond_mii, .told = true),
	TABLE_ATTR(IFLA_BOND_SLAVE_LINK_FAILURE_COUNT, "link_failure_count", TABLE_U32, .told = true),
	TABLE_ATTR(IFLA_BOND_SLAVE_PERM_HWADDR, "perm_hwaddr", TABLE_MAC, .told = true),
	TABLE_ATTR(IFLA_BOND_SLAVE_QUEUE_ID, "queue_id", TABLE_U16),
	TABLE_ATTR(IFLA_BOND_SLAVE_AD_AGGREGATOR_ID, "ad_aggregator_id", TABLE_U16, .told = true),
	TABLE_ATTR(IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE, "ad_actor_oper_port_state", TABLE_U8, .told = true),
	TABLE_ATTR(IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE, "ad_partner_oper_port_state", TABLE_U16, .told = true),
	TABLE_ATTR(IFLA_BOND_SLAVE_PRIO, "prio", TABLE_S32),
	TABLE_ATTR(COMPAT_IFLA_BOND_SLAVE_ACTOR_PORT_PRIO, "actor_port_prio", TABLE_U16),
	TABLE_ATTR(COMPAT_IFLA_BOND_SLAVE_AD_CHURN_ACTOR_STATE, "ad_churn_actor_state", TABLE_U8, .names = &bond_churn,
                   .told = true),
	TABLE_ATTR(COMPAT_IFLA_BOND_SLAVE_AD_CHURN_PARTNER_STATE, "ad_churn_partner_state", TABLE_U8,
                   .names = &bond_churn, .told = true),
};
const struct table_set table_set_bond_port = {.attr = port_attrs, .nattr = TABLE_ATTRS(port_attrs)};
