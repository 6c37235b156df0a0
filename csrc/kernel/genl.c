/* SPDX-License-Identifier: MIT */
#include "kernel/genl.h"
#include "kernel/error.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

/* The answer's id and version. */
static int genl_read(const struct netlink_reply *r, struct genl_family *out)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)r->data;
	const struct nlattr *a;

	memset(out, 0, sizeof *out);
	if (r->len < sizeof *h || !mnl_nlmsg_ok(h, (int)r->len))
		return -EBADMSG;
	/* clang-format off */
	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr)) {
		/* clang-format on */
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID && mnl_attr_get_payload_len(a) >= sizeof(uint16_t))
			out->id = mnl_attr_get_u16(a);
		if (mnl_attr_get_type(a) == CTRL_ATTR_VERSION && mnl_attr_get_payload_len(a) >= sizeof(uint32_t))
			out->version = (uint8_t)mnl_attr_get_u32(a);
	}
	return out->id ? 0 : -EBADMSG;
}

int genl_resolve(struct netlink_sock *s, const char *name, int64_t deadline, struct genl_family *out, struct error *e)
{
	_Alignas(8) char buf[128] = {0};
	char text[96];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	struct netlink_reply reply = {0};
	struct netlink_ack ack;

	h->nlmsg_type = GENL_ID_CTRL;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g->cmd = CTRL_CMD_GETFAMILY;
	g->version = 1;
	if (!mnl_attr_put_strz_check(h, sizeof buf, CTRL_ATTR_FAMILY_NAME, name))
		return error_netlink(e, ENAMETOOLONG, "getfamily", NULL);
	int rc = netlink_talk(s, h, h->nlmsg_len, 1, deadline, &reply, &ack, e);
	if (rc == 0 && ack.err) {
		snprintf(text, sizeof text, "this kernel has no generic netlink family '%s'", name);
		rc = error_netlink(e, ack.err, "getfamily", ack.err == ENOENT ? text : ack.text);
	} else if (rc == 0 && genl_read(&reply, out) < 0) {
		rc = error_netlink(e, EBADMSG, "getfamily", NULL);
	}
	netlink_reply_free(&reply);
	return rc;
}
