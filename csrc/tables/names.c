/* SPDX-License-Identifier: MIT */
/* Names which several messages share. They are iproute2's where it has any. */
#include "tables/table.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

TABLE_NAMES(table_families, false,
            {
		    {AF_UNSPEC, "unspec"},
		    {AF_INET, "inet"},
		    {AF_INET6, "inet6"},
		    {AF_BRIDGE, "bridge"},
		    {28 /* AF_MPLS, which some libcs lack */, "mpls"},
	    });

TABLE_NAMES(table_scopes, false,
            {
		    {RT_SCOPE_UNIVERSE, "global"},
		    {RT_SCOPE_SITE, "site"},
		    {RT_SCOPE_LINK, "link"},
		    {RT_SCOPE_HOST, "host"},
		    {RT_SCOPE_NOWHERE, "nowhere"},
	    });

TABLE_NAMES(table_tables, false,
            {
		    {RT_TABLE_UNSPEC, "unspec"},
		    {RT_TABLE_DEFAULT, "default"},
		    {RT_TABLE_MAIN, "main"},
		    {RT_TABLE_LOCAL, "local"},
	    });

TABLE_NAMES(table_protocols, false,
            {
		    {RTPROT_UNSPEC, "unspec"},
		    {RTPROT_REDIRECT, "redirect"},
		    {RTPROT_KERNEL, "kernel"},
		    {RTPROT_BOOT, "boot"},
		    {RTPROT_STATIC, "static"},
		    {RTPROT_GATED, "gated"},
		    {RTPROT_RA, "ra"},
		    {RTPROT_MRT, "mrt"},
		    {RTPROT_ZEBRA, "zebra"},
		    {RTPROT_BIRD, "bird"},
		    {RTPROT_DNROUTED, "dnrouted"},
		    {RTPROT_XORP, "xorp"},
		    {RTPROT_NTK, "ntk"},
		    {RTPROT_DHCP, "dhcp"},
		    {RTPROT_MROUTED, "mrouted"},
		    {RTPROT_KEEPALIVED, "keepalived"},
		    {RTPROT_BABEL, "babel"},
		    {RTPROT_OPENR, "openr"},
		    {RTPROT_BGP, "bgp"},
		    {RTPROT_ISIS, "isis"},
		    {RTPROT_OSPF, "ospf"},
		    {RTPROT_RIP, "rip"},
		    {RTPROT_EIGRP, "eigrp"},
	    });

TABLE_NAMES(table_route_types, false,
            {
		    {RTN_UNSPEC, "unspec"},
		    {RTN_UNICAST, "unicast"},
		    {RTN_LOCAL, "local"},
		    {RTN_BROADCAST, "broadcast"},
		    {RTN_ANYCAST, "anycast"},
		    {RTN_MULTICAST, "multicast"},
		    {RTN_BLACKHOLE, "blackhole"},
		    {RTN_UNREACHABLE, "unreachable"},
		    {RTN_PROHIBIT, "prohibit"},
		    {RTN_THROW, "throw"},
		    {RTN_NAT, "nat"},
		    {RTN_XRESOLVE, "xresolve"},
	    });
