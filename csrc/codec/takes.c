/* SPDX-License-Identifier: MIT */
/* What the kernel passes over in a request without a word is refused here, for "done" would not be true: attributes
 * that this request does not set, flags that none does. */
#include "codec/encode.h"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "tables/uapi_compat.h"

#define FAMILY_ANY  0xff
#define FAMILY_MPLS 28
#define TAKES_MAX   32

/* The attributes that a request of this type and family takes; those named in others belong to the rest. */
static const struct takes {
	const char *instead; /* what to do */
	uint16_t type;
	uint8_t family;
	uint8_t n;
	uint8_t attr[TAKES_MAX];
} takes[] = {
#define TAKES(type, family, instead, ...) \
	{ \
		instead, type, family, sizeof((uint8_t[]){__VA_ARGS__}), \
		{ \
			__VA_ARGS__ \
		} \
	}
	TAKES(RTM_SETLINK, AF_UNSPEC, "setlink does not set it", IFLA_ADDRESS, IFLA_BROADCAST, IFLA_IFNAME, IFLA_MTU,
              IFLA_MASTER, IFLA_TXQLEN, IFLA_OPERSTATE, IFLA_LINKMODE, IFLA_LINKINFO, IFLA_NET_NS_PID, IFLA_IFALIAS,
              IFLA_VFINFO_LIST, IFLA_AF_SPEC, IFLA_GROUP, IFLA_NET_NS_FD, IFLA_EXT_MASK, IFLA_CARRIER, IFLA_PROTO_DOWN,
              IFLA_GSO_MAX_SEGS, IFLA_GSO_MAX_SIZE, IFLA_XDP, IFLA_TARGET_NETNSID, IFLA_NEW_IFINDEX, IFLA_ALT_IFNAME,
              IFLA_PROTO_DOWN_REASON, IFLA_GRO_MAX_SIZE, COMPAT_IFLA_GSO_IPV4_MAX_SIZE, COMPAT_IFLA_GRO_IPV4_MAX_SIZE),
	TAKES(RTM_SETLINK, AF_BRIDGE, "of the family bridge setlink sets af_spec and protinfo", IFLA_IFNAME,
              IFLA_EXT_MASK, IFLA_AF_SPEC, IFLA_PROTINFO),
	TAKES(RTM_NEWLINKPROP, FAMILY_ANY, "newlinkprop gives names", IFLA_IFNAME, IFLA_ALT_IFNAME, IFLA_PROP_LIST),
	TAKES(RTM_DELLINKPROP, FAMILY_ANY, "dellinkprop takes names", IFLA_IFNAME, IFLA_ALT_IFNAME, IFLA_PROP_LIST),
	TAKES(RTM_NEWADDR, AF_INET, "no address has it", IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_BROADCAST,
              IFA_CACHEINFO, IFA_FLAGS, IFA_RT_PRIORITY, IFA_PROTO, IFA_TARGET_NETNSID),
	TAKES(RTM_NEWADDR, AF_INET6, "no IPv6 address has it", IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO, IFA_FLAGS,
              IFA_RT_PRIORITY, IFA_PROTO, IFA_TARGET_NETNSID),
	TAKES(RTM_NEWROUTE, AF_INET, "no IPv4 route has it", RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_VIA, RTA_PRIORITY,
              RTA_PREFSRC, RTA_METRICS, RTA_MULTIPATH, RTA_FLOW, RTA_TABLE, RTA_ENCAP_TYPE, RTA_ENCAP, RTA_NH_ID),
	TAKES(RTM_NEWROUTE, AF_INET6, "no IPv6 route has it", RTA_DST, RTA_SRC, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY,
              RTA_PREFSRC, RTA_METRICS, RTA_MULTIPATH, RTA_TABLE, RTA_PREF, RTA_ENCAP_TYPE, RTA_ENCAP, RTA_EXPIRES,
              RTA_NH_ID),
	TAKES(RTM_NEWROUTE, FAMILY_MPLS, "no MPLS route has it", RTA_DST, RTA_OIF, RTA_VIA, RTA_NEWDST, RTA_MULTIPATH,
              RTA_TABLE, RTA_TTL_PROPAGATE),
	TAKES(RTM_NEWNEIGH, AF_INET, "forwarding entries have it", NDA_DST, NDA_LLADDR, NDA_PROTOCOL, NDA_FLAGS_EXT),
	TAKES(RTM_NEWNEIGH, AF_INET6, "forwarding entries have it", NDA_DST, NDA_LLADDR, NDA_PROTOCOL, NDA_FLAGS_EXT),
};

#define SET_FLAGS \
	(IFF_UP | IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_DYNAMIC | IFF_MULTICAST | IFF_PORTSEL | IFF_AUTOMEDIA | \
	 IFF_PROMISC | IFF_ALLMULTI)

static const struct takes *takes_find(const struct enc *e)
{
	for (size_t i = 0; i < TABLE_COUNT(takes); i++)
		if (takes[i].type == e->nlh->nlmsg_type &&
		    (takes[i].family == e->hdr[0] || takes[i].family == FAMILY_ANY))
			return &takes[i];
	return NULL;
}

static bool is_taken(const struct takes *t, unsigned number)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->attr[i] == number)
			return true;
	return false;
}

static _Noreturn void refuse(struct enc *e, const struct takes *t, unsigned number)
{
	const struct table_row *row = table_attr(e->table->set, number);

	e->path[0].key = row->key;
	e->path[0].index = 0;
	e->depth = 1;
	if (number == IFLA_PROP_LIST && e->table == &table_link)
		enc_fail(e, "newlinkprop gives a link further names, dellinkprop takes them");
	enc_fail(e, "%s", t->instead);
}

static void require_flags(struct enc *e)
{
	const struct ifinfomsg *ifi = (const struct ifinfomsg *)e->hdr;

	if (ifi->ifi_change && !(ifi->ifi_change & SET_FLAGS))
		enc_fail(e, "flags: only up, debug, no_trailers, no_arp, dynamic, multicast, portsel, auto_media, "
		            "promisc and "
		            "all_multi can be set");
	if (ifi->ifi_type)
		enc_fail(e, "type: it is of the kind");
}

/* A new link has no program without a descriptor. */
static void leave_out_of_new(struct enc *e)
{
	struct nlattr *attr = (struct nlattr *)(e->hdr + NLMSG_ALIGN(e->table->hdrlen));

	while (mnl_attr_ok(attr, (int)((char *)e->nlh + e->nlh->nlmsg_len - (char *)attr))) {
		unsigned number = mnl_attr_get_type(attr);
		size_t len = mnl_attr_get_payload_len(attr);
		if (number == IFLA_PROTINFO)
			enc_fail(e, "protinfo: setlink sets it, of the family bridge");
		if ((number == IFLA_XDP && len == 0) || (number == IFLA_PROTO_DOWN && !mnl_attr_get_u8(attr)))
			table_remove(e->nlh, attr);
		else
			attr = mnl_attr_next(attr);
	}
}

void enc_require_end(struct enc *e, unsigned number)
{
	switch (number) {
	case IFLA_LINK:
	case IFLA_MASTER:
	case IFLA_IFALIAS:
	case IFLA_VFINFO_LIST:
	case IFLA_AF_SPEC:
	case IFLA_CARRIER:
	case IFLA_LINK_NETNSID:
	case IFLA_PROTO_DOWN:
	case IFLA_PROTO_DOWN_REASON:
	case IFLA_XDP:
	case IFLA_PROP_LIST:
	case IFLA_ALT_IFNAME:
	case IFLA_PROTINFO:
		enc_fail(e, "not of the other end, which is made without: set it afterwards");
	}
}

void enc_require_taken(struct enc *e)
{
	const struct takes *t = takes_find(e);
	const struct nlattr *attr;

	if (e->nlh->nlmsg_type == RTM_SETLINK)
		require_flags(e);
	if (e->nlh->nlmsg_type == RTM_NEWLINK && e->nlh->nlmsg_flags & NLM_F_CREATE)
		leave_out_of_new(e);
	if (!t)
		return;
	/* clang-format off */
	mnl_attr_for_each(attr, e->nlh, (unsigned)e->table->hdrlen) {
		/* clang-format on */
		unsigned number = mnl_attr_get_type(attr);
		if (table_attr(e->table->set, number) && !is_taken(t, number))
			refuse(e, t, number);
	}
}
