/* SPDX-License-Identifier: MIT */
/* What a request leaves out, as ip fills it in. Only requests which make or delete something get defaults. */
#include "codec/encode.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static bool said(struct enc *e, const char *key)
{
	bool yes;

	lua_pushstring(e->L, key);
	yes = lua_rawget(e->L, e->arg) != LUA_TNIL;
	lua_pop(e->L, 1);
	return yes;
}

/* An address without a length is a single one. */
static void defaults_lengths(struct enc *e)
{
	for (unsigned off = 0; off < e->table->hdrlen; off++)
		if ((e->prefixes & ~e->lengths) >> off & 1 && !enc_length_said(e, off))
			e->hdr[off] = e->family == AF_INET6 ? 128 : 32;
}

/* The payload of an attribute of this request, or NULL. */
static const struct nlattr *find(struct enc *e, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, e->nlh, (unsigned)e->table->hdrlen) if (mnl_attr_get_type(attr) == type) return attr;
	return NULL;
}

static void copy(struct enc *e, uint16_t from, uint16_t to)
{
	const struct nlattr *attr = find(e, from);
	uint8_t address[16];
	size_t len;

	if (!attr || find(e, to))
		return;
	len = mnl_attr_get_payload_len(attr);
	memcpy(address, mnl_attr_get_payload(attr), len);
	enc_put(e, to, address, len);
}

/* The kernel needs the local address (IPv4) and takes a different one in IFA_ADDRESS for the peer's. */
static void defaults_addr(struct enc *e)
{
	struct ifaddrmsg *ifa = (struct ifaddrmsg *)e->hdr;
	const struct nlattr *local;

	if (e->nlh->nlmsg_type == RTM_NEWADDR) {
		copy(e, IFA_ADDRESS, IFA_LOCAL);
		copy(e, IFA_LOCAL, IFA_ADDRESS);
		local = find(e, IFA_LOCAL);
		if (!said(e, "scope") && e->family == AF_INET && local &&
		    *(uint8_t *)mnl_attr_get_payload(local) == 127)
			ifa->ifa_scope = RT_SCOPE_HOST;
	} else if (e->lengths || said(e, "prefixlen")) {
		/* a delete without a length must not name one by IFA_ADDRESS: any would do */
		copy(e, IFA_LOCAL, IFA_ADDRESS);
	}
}

static uint8_t route_scope(struct enc *e, const struct rtmsg *rtm)
{
	bool gateway = said(e, "gateway") || said(e, "via") || said(e, "multipath") || said(e, "nh_id");

	if (rtm->rtm_family != AF_INET)
		return RT_SCOPE_UNIVERSE;
	switch (rtm->rtm_type) {
	case RTN_LOCAL:
	case RTN_NAT:
		return RT_SCOPE_HOST;
	case RTN_BROADCAST:
	case RTN_MULTICAST:
	case RTN_ANYCAST:
		return RT_SCOPE_LINK;
	case RTN_UNICAST:
	case RTN_UNSPEC:
		if (e->nlh->nlmsg_type == RTM_DELROUTE)
			return RT_SCOPE_NOWHERE; /* any */
		return gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	default:
		return RT_SCOPE_UNIVERSE;
	}
}

static void defaults_route(struct enc *e)
{
	struct rtmsg *rtm = (struct rtmsg *)e->hdr;
	bool create = e->nlh->nlmsg_type == RTM_NEWROUTE;

	if (rtm->rtm_family == AF_UNSPEC)
		rtm->rtm_family = AF_INET;
	if (create && !said(e, "type"))
		rtm->rtm_type = RTN_UNICAST;
	if (create && !said(e, "protocol"))
		rtm->rtm_protocol = RTPROT_BOOT;
	if (!said(e, "table")) {
		bool local = rtm->rtm_type == RTN_LOCAL || rtm->rtm_type == RTN_BROADCAST || rtm->rtm_type == RTN_NAT ||
		             rtm->rtm_type == RTN_ANYCAST;

		rtm->rtm_table = local ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
	}
	if (!said(e, "scope"))
		rtm->rtm_scope = route_scope(e, rtm);
}

/* Forwarding entries, as bridge fdb makes them: of the link itself, permanent. The kernel reads two bits of their
 * state. */
static void defaults_fdb(struct ndmsg *ndm, bool of_master)
{
	if (!(ndm->ndm_flags & (NTF_SELF | NTF_MASTER))) /* one that was read of a bridge says which */
		ndm->ndm_flags |= of_master ? NTF_MASTER : NTF_SELF;
	if (ndm->ndm_state == NUD_PERMANENT)
		ndm->ndm_state |= NUD_NOARP;
	else if (ndm->ndm_state == NUD_NOARP) /* "static" */
		ndm->ndm_state |= NUD_REACHABLE;
}

static void defaults_neigh(struct enc *e)
{
	struct ndmsg *ndm = (struct ndmsg *)e->hdr;
	const struct nlattr *ext = find(e, NDA_FLAGS_EXT);
	bool managed = ext && mnl_attr_get_u32(ext) & NTF_EXT_MANAGED; /* the kernel finds the address by itself */

	if (!said(e, "state") && !managed)
		ndm->ndm_state = NUD_PERMANENT;
	if (e->family == AF_BRIDGE)
		defaults_fdb(ndm, find(e, NDA_MASTER));
}

/* Dumps are narrowed to a link by an attribute; the same field in the header is refused. */
static void dump_neigh(struct enc *e)
{
	struct ndmsg *ndm = (struct ndmsg *)e->hdr;
	uint32_t index = (uint32_t)ndm->ndm_ifindex;

	if (index == 0 || (e->nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		return;
	ndm->ndm_ifindex = 0;
	enc_put(e, NDA_IFINDEX, &index, sizeof(index));
}

void codec_defaults_nest(struct enc *e, const struct table_set *set, const struct codec_keys *said)
{
	const uint32_t mode = MACVLAN_MACADDR_SET;

	/* a list of sources by itself, as it is read, is passed over */
	if (set == &table_set_macvlan && said->attr[0] >> IFLA_MACVLAN_MACADDR_DATA & 1 &&
	    !(said->attr[0] >> IFLA_MACVLAN_MACADDR_MODE & 1))
		enc_put(e, IFLA_MACVLAN_MACADDR_MODE, &mode, sizeof(mode));
}

static void defaults_rule(struct enc *e)
{
	struct fib_rule_hdr *rule = (struct fib_rule_hdr *)e->hdr;

	if (rule->family == AF_UNSPEC)
		rule->family = AF_INET;
	if (e->nlh->nlmsg_type != RTM_NEWRULE)
		return;
	if (!said(e, "action"))
		rule->action = said(e, "goto") ? FR_ACT_GOTO : FR_ACT_TO_TBL;
	if (!said(e, "table") && rule->action == FR_ACT_TO_TBL && !said(e, "l3mdev"))
		rule->table = RT_TABLE_MAIN;
}

/* What the kernel does not look at where it is 0 selects any rule: the first one, which is that of the table local. */
static void require_rule(struct enc *e)
{
	struct fib_rule_hdr rule = *(struct fib_rule_hdr *)e->hdr;

	rule.family = rule.action = 0;
	rule.flags = 0;
	if (e->nlh->nlmsg_len == MNL_NLMSG_HDRLEN + sizeof(rule) &&
	    memcmp(&rule, &(struct fib_rule_hdr){0}, sizeof(rule)) == 0)
		enc_fail(e, "no rule is named: say its priority, table, src, dst or another key that selects it");
}

/* A delete that names nothing would take the first that the kernel finds. */
static void require_name(struct enc *e)
{
	const char *const *key = e->table->names_one;

	if (e->nlh->nlmsg_type != e->table->del_type || !key)
		return;
	for (; *key; key++)
		if (said(e, *key))
			return;
	key = e->table->names_one;
	enc_fail(e, key[1] ? "no %s is named: '%s' or '%s' is missing" : "no %s is named: '%s' is missing",
	         e->table->name, key[0], key[1]);
}

/* One that was read is deleted by its name, for the rest is refused. */
static void leave_name_alone(struct enc *e)
{
	const struct table_msg *table = e->table;
	struct nlattr *attr = (struct nlattr *)(e->hdr + NLMSG_ALIGN(table->hdrlen));

	if (!table->name_alone || e->nlh->nlmsg_type != table->del_type)
		return;
	memset(e->hdr, 0, table->hdrlen);
	while (mnl_attr_ok(attr, (int)((char *)e->nlh + e->nlh->nlmsg_len - (char *)attr))) {
		const struct table_row *row = table_attr(table->set, mnl_attr_get_type(attr));
		if (row && strcmp(row->key, table->names_one[0]) == 0)
			attr = mnl_attr_next(attr);
		else
			table_remove(e->nlh, attr);
	}
}

/* The version of htb is told with the kernel's own minor number, and wanted without. */
static void defaults_qdisc(struct enc *e)
{
	const struct nlattr *kind = find(e, TCA_KIND), *options = find(e, TCA_OPTIONS), *attr;
	struct tc_htb_glob *glob;

	if (!kind || !options || strncmp(mnl_attr_get_payload(kind), "htb", mnl_attr_get_payload_len(kind)) != 0)
		return;
	/* clang-format off */
	mnl_attr_for_each_nested(attr, options) {
		/* clang-format on */
		if (mnl_attr_get_type(attr) != TCA_HTB_INIT || mnl_attr_get_payload_len(attr) < sizeof(*glob))
			continue;
		glob = mnl_attr_get_payload(attr);
		glob->version = glob->version > UINT16_MAX ? glob->version >> 16 : glob->version ? glob->version : 3;
	}
}

/* A hop is IPv4's where nothing says the family; a group has none. */
static void defaults_nexthop(struct enc *e)
{
	struct nhmsg *nhm = (struct nhmsg *)e->hdr;

	nhm->nh_flags &= RTNH_F_ONLINK; /* the others are states */
	if (nhm->nh_family == AF_UNSPEC && !said(e, "group"))
		nhm->nh_family = AF_INET;
}

void codec_defaults(struct enc *e)
{
	/* other protocols have other types, and generic netlink has these for its families */
	if (e->table->get_type < RTM_BASE || e->table->get_type > UINT8_MAX)
		return;
	require_name(e);
	leave_name_alone(e);
	enc_require_taken(e);
	if (e->nlh->nlmsg_type != RTM_GETADDR)
		defaults_lengths(e);
	switch (e->nlh->nlmsg_type) {
	case RTM_SETLINK:
		/* the kernel ignores linkinfo here, without a word; ip sends RTM_NEWLINK without flags, too */
		if (said(e, "linkinfo"))
			e->nlh->nlmsg_type = RTM_NEWLINK;
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		defaults_addr(e);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		defaults_route(e);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		defaults_neigh(e);
		break;
	case RTM_GETTCLASS:
	case RTM_GETTFILTER: /* of no link the kernel lists none */
		if ((e->nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP && ((struct tcmsg *)e->hdr)->tcm_ifindex == 0)
			enc_fail(e, "ifindex: a link expected");
		break;
	case RTM_NEWQDISC:
		defaults_qdisc(e);
		break;
	case RTM_NEWNEXTHOP:
		defaults_nexthop(e);
		break;
	case RTM_GETNEIGH:
		dump_neigh(e);
		break;
	case RTM_DELRULE:
		require_rule(e);
		/* fall through */
	case RTM_NEWRULE:
		defaults_rule(e);
		break;
	default:
		break;
	}
}
