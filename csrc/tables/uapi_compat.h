/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_TABLES_UAPI_COMPAT_H
#define ZLNET_TABLES_UAPI_COMPAT_H

/* Numbers which the kernel gave to attributes after Linux 6.1, whose headers are the oldest we build with. Numbers
 * never change, so a macro may stand in for the enumerator of newer headers. Include this after them. */

/* clang-format off */
#define COMPAT_IFLA_DEVLINK_PORT                62
#define COMPAT_IFLA_GSO_IPV4_MAX_SIZE           63
#define COMPAT_IFLA_GRO_IPV4_MAX_SIZE           64
#define COMPAT_IFLA_DPLL_PIN                    65
#define COMPAT_IFLA_MAX_PACING_OFFLOAD_HORIZON  66
#define COMPAT_IFLA_NETNS_IMMUTABLE             67
#define COMPAT_IFLA_HEADROOM                    68
#define COMPAT_IFLA_TAILROOM                    69

#define COMPAT_IFLA_BR_FDB_N_LEARNED            48
#define COMPAT_IFLA_BR_FDB_MAX_LEARNED          49
#define COMPAT_IFLA_BRPORT_MAB                  40
#define COMPAT_IFLA_BRPORT_MCAST_N_GROUPS       41
#define COMPAT_IFLA_BRPORT_MCAST_MAX_GROUPS     42
#define COMPAT_IFLA_BRPORT_NEIGH_VLAN_SUPPRESS  43
#define COMPAT_IFLA_BRPORT_BACKUP_NHID          44

#define COMPAT_IFLA_MACVLAN_BC_CUTOFF           9
#define COMPAT_IFLA_VXLAN_LOCALBYPASS           31
#define COMPAT_IFLA_VXLAN_LABEL_POLICY          32
#define COMPAT_IFLA_VXLAN_RESERVED_BITS         33
#define COMPAT_IFLA_VXLAN_MC_ROUTE              34
#define COMPAT_IFLA_GENEVE_PORT_RANGE           15
#define COMPAT_IFLA_BOND_SLAVE_ACTOR_PORT_PRIO  10
#define COMPAT_IFLA_BOND_SLAVE_AD_CHURN_ACTOR_STATE   11
#define COMPAT_IFLA_BOND_SLAVE_AD_CHURN_PARTNER_STATE 12
#define COMPAT_IFLA_BOND_COUPLED_CONTROL        32

#define COMPAT_IFLA_NETKIT_PEER_INFO            1
#define COMPAT_IFLA_NETKIT_PRIMARY              2
#define COMPAT_IFLA_NETKIT_POLICY               3
#define COMPAT_IFLA_NETKIT_PEER_POLICY          4
#define COMPAT_IFLA_NETKIT_MODE                 5
#define COMPAT_IFLA_NETKIT_SCRUB                6
#define COMPAT_IFLA_NETKIT_PEER_SCRUB           7
#define COMPAT_IFLA_NETKIT_HEADROOM             8
#define COMPAT_IFLA_NETKIT_TAILROOM             9

#define COMPAT_DEVCONF_ACCEPT_RA_MIN_LFT        58
#define COMPAT_DEVCONF_FORCE_FORWARDING         59

#define COMPAT_NETCONFA_FORCE_FORWARDING        9

#define COMPAT_NHA_OP_FLAGS                     14
#define COMPAT_NHA_HW_STATS_ENABLE              16
#define COMPAT_NHA_HW_STATS_USED                17

#define COMPAT_RTA_FLOWLABEL                    31
#define COMPAT_FRA_DSCP                         25
#define COMPAT_FRA_FLOWLABEL                    26
#define COMPAT_FRA_FLOWLABEL_MASK               27
#define COMPAT_FRA_SPORT_MASK                   28
#define COMPAT_FRA_DPORT_MASK                   29
#define COMPAT_FRA_DSCP_MASK                    30

#define COMPAT_WGALLOWEDIP_A_FLAGS              4
#define COMPAT_WGALLOWEDIP_F_REMOVE_ME          1
/* clang-format on */

#endif
