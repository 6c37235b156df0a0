/* SPDX-License-Identifier: MIT */
/* What a request to make a link passes over without a word, and what has to be sent once it is made. */
#include "tables/table.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>

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
		memcpy((char *)later + later->nlmsg_len, attr, len);
		later->nlmsg_len += (uint32_t)len;
		table_remove(req, attr);
		any = true;
	}
	return any;
}
