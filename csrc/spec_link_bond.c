/* SPDX-License-Identifier: MIT */
/* The kind bond, and what it tells of its ports. */
#include "spec.h"

#include <linux/if_bonding.h>
#include <linux/if_link.h>

#include "spec_kinds.h"
#include "uapi_compat.h"

SPEC_NAMES(bond_modes, false,
           {
		   {BOND_MODE_ROUNDROBIN, "balance-rr"},
		   {BOND_MODE_ACTIVEBACKUP, "active-backup"},
		   {BOND_MODE_XOR, "balance-xor"},
		   {BOND_MODE_BROADCAST, "broadcast"},
		   {BOND_MODE_8023AD, "802.3ad"},
		   {BOND_MODE_TLB, "balance-tlb"},
		   {BOND_MODE_ALB, "balance-alb"},
	   });
SPEC_NAMES(bond_arp_targets, false, {{0, "any"}, {1, "all"}});
SPEC_NAMES(bond_arp_validate, false,
           {
		   {0, "none"},
		   {1, "active"},
		   {2, "backup"},
		   {3, "all"},
		   {4, "filter"},
		   {5, "filter_active"},
		   {6, "filter_backup"},
	   });
SPEC_NAMES(bond_reselect, false, {{0, "always"}, {1, "better"}, {2, "failure"}});
SPEC_NAMES(bond_fail_over, false, {{0, "none"}, {1, "active"}, {2, "follow"}});
SPEC_NAMES(bond_hash, false,
           {
		   {BOND_XMIT_POLICY_LAYER2, "layer2"},
		   {BOND_XMIT_POLICY_LAYER34, "layer3+4"},
		   {BOND_XMIT_POLICY_LAYER23, "layer2+3"},
		   {BOND_XMIT_POLICY_ENCAP23, "encap2+3"},
		   {BOND_XMIT_POLICY_ENCAP34, "encap3+4"},
		   {5, "vlan+srcmac"},
	   });
SPEC_NAMES(bond_lacp_rates, false, {{0, "slow"}, {1, "fast"}});
SPEC_NAMES(bond_ad_select, false, {{0, "stable"}, {1, "bandwidth"}, {2, "count"}});

static const struct spec_row ip4_target[] = {SPEC_ATTR(0, "", SPEC_IP4)};
static const struct spec_set set_ip4_targets = {.attr = ip4_target, .nattr = 1};

static const struct spec_row ip6_target[] = {SPEC_ATTR(0, "", SPEC_IP6)};
static const struct spec_set set_ip6_targets = {.attr = ip6_target, .nattr = 1};

static const struct spec_row ad_attrs[] = {
	SPEC_ATTR(IFLA_BOND_AD_INFO_AGGREGATOR, "aggregator", SPEC_U16),
	SPEC_ATTR(IFLA_BOND_AD_INFO_NUM_PORTS, "num_ports", SPEC_U16),
	SPEC_ATTR(IFLA_BOND_AD_INFO_ACTOR_KEY, "actor_key", SPEC_U16),
	SPEC_ATTR(IFLA_BOND_AD_INFO_PARTNER_KEY, "partner_key", SPEC_U16),
	SPEC_ATTR(IFLA_BOND_AD_INFO_PARTNER_MAC, "partner_mac", SPEC_MAC, .max = 6),
};
static const struct spec_set set_ad = {.attr = ad_attrs, .nattr = SPEC_COUNT(ad_attrs)};

static const struct spec_row bond_attrs[] = {
	SPEC_ATTR(IFLA_BOND_MODE, "mode", SPEC_U8, .names = &bond_modes),
	SPEC_ATTR(IFLA_BOND_ACTIVE_SLAVE, "active_slave", SPEC_LINK),
	SPEC_ATTR(IFLA_BOND_MIIMON, "miimon", SPEC_U32),
	SPEC_ATTR(IFLA_BOND_UPDELAY, "updelay", SPEC_U32),
	SPEC_ATTR(IFLA_BOND_DOWNDELAY, "downdelay", SPEC_U32),
	SPEC_ATTR(IFLA_BOND_USE_CARRIER, "use_carrier", SPEC_BOOL),
	SPEC_ATTR(IFLA_BOND_ARP_INTERVAL, "arp_interval", SPEC_U32),
	SPEC_ATTR(IFLA_BOND_ARP_IP_TARGET, "arp_ip_target", SPEC_INDEXED, .set = &set_ip4_targets),
	SPEC_ATTR(IFLA_BOND_ARP_VALIDATE, "arp_validate", SPEC_U32, .names = &bond_arp_validate),
	SPEC_ATTR(IFLA_BOND_ARP_ALL_TARGETS, "arp_all_targets", SPEC_U32, .names = &bond_arp_targets),
	SPEC_ATTR(IFLA_BOND_PRIMARY, "primary", SPEC_LINK),
	SPEC_ATTR(IFLA_BOND_PRIMARY_RESELECT, "primary_reselect", SPEC_U8, .names = &bond_reselect),
	SPEC_ATTR(IFLA_BOND_FAIL_OVER_MAC, "fail_over_mac", SPEC_U8, .names = &bond_fail_over),
	SPEC_ATTR(IFLA_BOND_XMIT_HASH_POLICY, "xmit_hash_policy", SPEC_U8, .names = &bond_hash),
	SPEC_ATTR(IFLA_BOND_RESEND_IGMP, "resend_igmp", SPEC_U32),
	SPEC_ATTR(IFLA_BOND_NUM_PEER_NOTIF, "num_peer_notif", SPEC_U8),
	SPEC_ATTR(IFLA_BOND_ALL_SLAVES_ACTIVE, "all_slaves_active", SPEC_BOOL),
	SPEC_ATTR(IFLA_BOND_MIN_LINKS, "min_links", SPEC_U32),
	SPEC_ATTR(IFLA_BOND_LP_INTERVAL, "lp_interval", SPEC_U32),
	SPEC_ATTR(IFLA_BOND_PACKETS_PER_SLAVE, "packets_per_slave", SPEC_U32),
	SPEC_ATTR(IFLA_BOND_AD_LACP_RATE, "ad_lacp_rate", SPEC_U8, .names = &bond_lacp_rates),
	SPEC_ATTR(IFLA_BOND_AD_SELECT, "ad_select", SPEC_U8, .names = &bond_ad_select),
	SPEC_ATTR(IFLA_BOND_AD_INFO, "ad_info", SPEC_NEST, .set = &set_ad),
	SPEC_ATTR(IFLA_BOND_AD_ACTOR_SYS_PRIO, "ad_actor_sys_prio", SPEC_U16),
	SPEC_ATTR(IFLA_BOND_AD_USER_PORT_KEY, "ad_user_port_key", SPEC_U16),
	SPEC_ATTR(IFLA_BOND_AD_ACTOR_SYSTEM, "ad_actor_system", SPEC_MAC, .max = 6),
	SPEC_ATTR(IFLA_BOND_TLB_DYNAMIC_LB, "tlb_dynamic_lb", SPEC_BOOL),
	SPEC_ATTR(IFLA_BOND_PEER_NOTIF_DELAY, "peer_notif_delay", SPEC_U32),
	SPEC_ATTR(IFLA_BOND_AD_LACP_ACTIVE, "ad_lacp_active", SPEC_BOOL),
	SPEC_ATTR(IFLA_BOND_MISSED_MAX, "missed_max", SPEC_U8),
	SPEC_ATTR(IFLA_BOND_NS_IP6_TARGET, "ns_ip6_target", SPEC_INDEXED, .set = &set_ip6_targets),
	SPEC_ATTR(COMPAT_IFLA_BOND_COUPLED_CONTROL, "coupled_control", SPEC_BOOL),
};
const struct spec_set spec_set_bond = {.attr = bond_attrs, .nattr = SPEC_COUNT(bond_attrs)};

SPEC_NAMES(bond_port_states, false, {{BOND_STATE_ACTIVE, "active"}, {BOND_STATE_BACKUP, "backup"}});
SPEC_NAMES(bond_churn, false, {{0, "monitoring"}, {1, "churned"}, {2, "none"}});
SPEC_NAMES(bond_mii, false, {{0, "up"}, {1, "going_down"}, {2, "down"}, {3, "going_back"}});

static const struct spec_row port_attrs[] = {
	SPEC_ATTR(IFLA_BOND_SLAVE_STATE, "state", SPEC_U8, .names = &bond_port_states),
	SPEC_ATTR(IFLA_BOND_SLAVE_MII_STATUS, "mii_status", SPEC_U8, .names = &bond_mii),
	SPEC_ATTR(IFLA_BOND_SLAVE_LINK_FAILURE_COUNT, "link_failure_count", SPEC_U32),
	SPEC_ATTR(IFLA_BOND_SLAVE_PERM_HWADDR, "perm_hwaddr", SPEC_MAC),
	SPEC_ATTR(IFLA_BOND_SLAVE_QUEUE_ID, "queue_id", SPEC_U16),
	SPEC_ATTR(IFLA_BOND_SLAVE_AD_AGGREGATOR_ID, "ad_aggregator_id", SPEC_U16),
	SPEC_ATTR(IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE, "ad_actor_oper_port_state", SPEC_U8),
	SPEC_ATTR(IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE, "ad_partner_oper_port_state", SPEC_U16),
	SPEC_ATTR(IFLA_BOND_SLAVE_PRIO, "prio", SPEC_S32),
	SPEC_ATTR(COMPAT_IFLA_BOND_SLAVE_ACTOR_PORT_PRIO, "actor_port_prio", SPEC_U16),
	SPEC_ATTR(COMPAT_IFLA_BOND_SLAVE_AD_CHURN_ACTOR_STATE, "ad_churn_actor_state", SPEC_U8, .names = &bond_churn),
	SPEC_ATTR(COMPAT_IFLA_BOND_SLAVE_AD_CHURN_PARTNER_STATE, "ad_churn_partner_state", SPEC_U8,
                  .names = &bond_churn),
};
const struct spec_set spec_set_bond_port = {.attr = port_attrs, .nattr = SPEC_COUNT(port_attrs)};
