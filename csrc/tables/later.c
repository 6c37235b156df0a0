/* SPDX-License-Identifier: MIT */
/* What a request to make a link passes over without a word, and what has to be sent once it is made. */
#include "tables/table.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>

static const struct nlattr *find(const struct nlattr *nest, unsigned type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) if (mnl_attr_get_type(attr) == type) return attr;
	return NULL;
}

/* The request that sets it of a link that is there; 0: the one that makes it does. */
static uint16_t type_of(const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFALIAS:
	case IFLA_AF_SPEC:
	case IFLA_XDP:
	case IFLA_PROTO_DOWN:
	case IFLA_PROTO_DOWN_REASON:
	case IFLA_VFINFO_LIST:
		return RTM_SETLINK;
	case IFLA_LINKINFO: /* as a port */
		return find(attr, IFLA_INFO_SLAVE_DATA) ? RTM_SETLINK : 0;
	case IFLA_PROP_LIST:
		return RTM_NEWLINKPROP;
	default:
		return 0;
	}
}

const struct nlattr *table_link_later(const struct nlmsghdr *req)
{
	const struct nlattr *attr;

	/* clang-format off */
	mnl_attr_for_each(attr, req, sizeof(struct ifinfomsg))
		if (type_of(attr))
			return attr;
	/* clang-format on */
	return NULL;
}

void table_remove(struct nlmsghdr *req, struct nlattr *attr)
{
	char *from = (char *)attr + MNL_ALIGN(attr->nla_len), *end = (char *)req + req->nlmsg_len;
	size_t len = from < end ? (size_t)(end - from) : 0;

	memmove(attr, from, len);
	req->nlmsg_len = (uint32_t)((char *)attr - (char *)req + (ptrdiff_t)len);
}

static void put(struct nlmsghdr *to, const struct nlattr *attr)
{
	memcpy((char *)to + to->nlmsg_len, attr, MNL_ALIGN(attr->nla_len));
	to->nlmsg_len += (uint32_t)MNL_ALIGN(attr->nla_len);
}

/* What a link is as a port: RTM_SETLINK passes it over, too, and RTM_NEWLINK changes the link that is there. */
static void put_port(struct nlmsghdr *later, const struct nlattr *linkinfo)
{
	static const uint16_t types[] = {IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA};
	const struct nlattr head = {.nla_len = NLA_HDRLEN, .nla_type = IFLA_LINKINFO | NLA_F_NESTED};
	struct nlattr *nest = mnl_nlmsg_get_payload_tail(later);

	put(later, &head);
	later->nlmsg_type = RTM_NEWLINK;
	for (size_t i = 0; i < TABLE_COUNT(types); i++) {
		const struct nlattr *attr = find(linkinfo, types[i]);
		if (attr)
			put(later, attr);
	}
	mnl_attr_nest_end(later, nest);
}

bool table_link_split(struct nlmsghdr *req, struct nlmsghdr *later, uint16_t type)
{
	char *p = (char *)req + NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct ifinfomsg));
	bool any = false;

	mnl_nlmsg_put_header(later);
	mnl_nlmsg_put_extra_header(later, sizeof(struct ifinfomsg));
	later->nlmsg_type = type;
	later->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (type == RTM_NEWLINKPROP)
		later->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND;
	while (mnl_attr_ok((struct nlattr *)p, (int)((char *)req + req->nlmsg_len - p))) {
		struct nlattr *attr = (struct nlattr *)p;
		size_t len = MNL_ALIGN(attr->nla_len);
		if (type_of(attr) != type) {
			p += len;
			continue;
		}
		any = true;
		if (mnl_attr_get_type(attr) == IFLA_LINKINFO) {
			put_port(later, attr);
			p += len;
			continue;
		}
		put(later, attr);
		table_remove(req, attr);
	}
	return any;
}
