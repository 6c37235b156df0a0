// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "rtnl.h"
#include "bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/veth.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 32 * 1024, MARKS = 128 };

static uint32_t sequence;

// ---- a datagram of requests
struct batch {
	char buf[16 * 1024];
	size_t len;
	struct nlmsghdr *last;
	unsigned acks;
};

static struct nlmsghdr *batch_add(struct batch *b, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(b->buf + b->len);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++sequence;
	b->acks += !!(flags & NLM_F_ACK);
	b->last = h;
	return h;
}

static void batch_end(struct batch *b)
{
	b->len += MNL_ALIGN(b->last->nlmsg_len);
	if (b->len > sizeof b->buf - 512) {
		fputs("batch overflow\n", stderr);
		exit(1);
	}
}

bool rtnl_each_ack;

static void batch_hush(struct batch *b)
{
	for (char *at = b->buf; at < (char *)b->last; at += MNL_ALIGN(((struct nlmsghdr *)at)->nlmsg_len))
		((struct nlmsghdr *)at)->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
	b->acks = 1;
}

static void batch_write(int fd, const struct batch *b)
{
	if (send(fd, b->buf, b->len, 0) != (ssize_t)b->len)
		die("send");
}

static void check_error(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	if (e->error) {
		errno = -e->error;
		fprintf(stderr, "request %u, type %u: ", h->nlmsg_seq, e->msg.nlmsg_type);
		die("netlink");
	}
}

static void *link_echo(const struct nlmsghdr *h, struct pair *p)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	struct nlattr *a;

	p->host_index = (uint32_t)i->ifi_index;
	mnl_attr_for_each(a, h, sizeof *i) if (mnl_attr_get_type(a) == IFLA_LINK) p->peer_index = mnl_attr_get_u32(a);
	return p;
}

static void batch_send(int fd, struct batch *b, struct pair *echo)
{
	static char buf[BUFFER];

	if (!rtnl_each_ack)
		batch_hush(b);
	batch_write(fd, b);
	while (b->acks) {
		int n = (int)recv(fd, buf, sizeof buf, 0);

		if (n < 0)
			die("recv");
		for (struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, n); h = mnl_nlmsg_next(h, &n)) {
			if (h->nlmsg_type == RTM_NEWLINK && echo)
				link_echo(h, echo);
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			check_error(h);
			b->acks--;
		}
	}
}

int rtnl_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		die("socket");
	return fd;
}

// ---- links
static struct ifinfomsg *put_link(struct nlmsghdr *h, uint32_t index, unsigned up)
{
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof *i);

	i->ifi_index = (int)index;
	i->ifi_flags = i->ifi_change = up;
	return i;
}

static void put_end(struct nlmsghdr *h, const struct pair *p, bool host)
{
	uint8_t mac[6] = {0x02,
	                  host ? 0xaa : 0xbb,
	                  (uint8_t)(p->tag >> 24),
	                  (uint8_t)(p->tag >> 16),
	                  (uint8_t)(p->tag >> 8),
	                  (uint8_t)p->tag};

	mnl_attr_put_strz(h, IFLA_IFNAME, host ? p->host : p->peer);
	if (p->tag)
		mnl_attr_put(h, IFLA_ADDRESS, sizeof mac, mac);
	if (p->queues) {
		mnl_attr_put_u32(h, IFLA_NUM_TX_QUEUES, p->queues);
		mnl_attr_put_u32(h, IFLA_NUM_RX_QUEUES, p->queues);
	}
}

static void put_peer(struct nlmsghdr *h, const struct pair *p)
{
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO), *data, *peer;

	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(h, VETH_INFO_PEER);
	put_link(h, 0, 0);
	put_end(h, p, false);
	if (p->ns >= 0)
		mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)p->ns);
	mnl_attr_nest_end(h, peer);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
}

void rtnl_newlink(int fd, struct pair *p)
{
	struct batch b = {.len = 0};
	struct nlmsghdr *h = batch_add(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK | NLM_F_ECHO);

	put_link(h, 0, IFF_UP);
	put_end(h, p, true);
	put_peer(h, p);
	batch_end(&b);
	batch_send(fd, &b, p);
}

static void add_up(struct batch *b, uint32_t index, bool no_addrgen)
{
	struct nlmsghdr *h = batch_add(b, RTM_SETLINK, NLM_F_ACK);
	struct nlattr *spec, *inet6;

	put_link(h, index, IFF_UP);
	if (no_addrgen) {
		spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
		inet6 = mnl_attr_nest_start(h, AF_INET6);
		mnl_attr_put_u8(h, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		mnl_attr_nest_end(h, inet6);
		mnl_attr_nest_end(h, spec);
	}
	batch_end(b);
}

// Asking for one link has the kernel act on its carrier at once.
static void add_get(struct batch *b, uint32_t index, uint16_t flags)
{
	struct nlmsghdr *h = batch_add(b, RTM_GETLINK, flags);

	put_link(h, index, 0);
	mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	batch_end(b);
}

// ---- addresses and routes
static size_t length_of(int family)
{
	return family == AF_INET ? 4 : 16;
}

static void add_address(struct batch *b, uint32_t index, int family, const void *address, uint8_t prefix, uint8_t scope)
{
	struct nlmsghdr *h = batch_add(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	struct ifaddrmsg *a = mnl_nlmsg_put_extra_header(h, sizeof *a);

	a->ifa_family = (uint8_t)family;
	a->ifa_prefixlen = prefix;
	a->ifa_index = index;
	a->ifa_scope = scope;
	if (family == AF_INET6)
		a->ifa_flags = IFA_F_NODAD;
	mnl_attr_put(h, IFA_LOCAL, length_of(family), address);
	batch_end(b);
}

static void add_route(struct batch *b, uint32_t oif, int family, const void *to, uint8_t prefix, const void *via)
{
	struct nlmsghdr *h = batch_add(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof *r);

	r->rtm_family = (uint8_t)family;
	r->rtm_dst_len = prefix;
	r->rtm_table = RT_TABLE_MAIN;
	r->rtm_protocol = RTPROT_STATIC;
	r->rtm_type = RTN_UNICAST;
	r->rtm_scope = via || family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	r->rtm_flags = via ? RTNH_F_ONLINK : 0;
	if (to)
		mnl_attr_put(h, RTA_DST, length_of(family), to);
	if (via)
		mnl_attr_put(h, RTA_GATEWAY, length_of(family), via);
	mnl_attr_put_u32(h, RTA_OIF, oif);
	batch_end(b);
}

static struct in_addr gateway4(void)
{
	return (struct in_addr){htonl(0xa9fe0101)};
}

static const struct in6_addr gateway6 = {{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}};

void rtnl_setup_container(int fd, const struct pair *p, const struct addresses *a)
{
	struct in_addr gateway = gateway4();
	struct batch b = {.len = 0};

	if (a->bare)
		add_up(&b, 1, false);
	add_up(&b, p->peer_index, a->no_addrgen);
	if (!a->bare && a->dual)
		add_get(&b, p->peer_index, NLM_F_ACK);
	add_address(&b, p->peer_index, AF_INET, &a->v4, 32, RT_SCOPE_UNIVERSE);
	if (a->dual)
		add_address(&b, p->peer_index, AF_INET6, &a->v6, 128, RT_SCOPE_UNIVERSE);
	add_route(&b, p->peer_index, AF_INET, NULL, 0, &gateway);
	if (a->dual)
		add_route(&b, p->peer_index, AF_INET6, NULL, 0, &gateway6);
	batch_send(fd, &b, NULL);
}

void rtnl_setup_host(int fd, const struct pair *p, const struct addresses *a, const char *alias)
{
	struct in_addr gateway = gateway4();
	struct batch b = {.len = 0};

	if (alias) {
		struct nlmsghdr *h = batch_add(&b, RTM_SETLINK, NLM_F_ACK);

		put_link(h, p->host_index, 0);
		mnl_attr_put_strz(h, IFLA_IFALIAS, alias);
		batch_end(&b);
	}
	if (a->gateway_on_link)
		add_address(&b, p->host_index, AF_INET, &gateway, 32, RT_SCOPE_LINK);
	if (a->gateway_on_link && a->dual)
		add_address(&b, p->host_index, AF_INET6, &gateway6, 64, RT_SCOPE_UNIVERSE);
	add_route(&b, p->host_index, AF_INET, &a->v4, 32, NULL);
	if (a->dual)
		add_route(&b, p->host_index, AF_INET6, &a->v6, 128, NULL);
	if (!a->bare) // as zlnet does: packets pass from now on
		add_get(&b, p->host_index, NLM_F_ACK);
	batch_send(fd, &b, NULL);
}

void rtnl_gateway_on_lo(int fd)
{
	struct in_addr gateway = gateway4();
	struct batch b = {.len = 0};

	add_address(&b, 1, AF_INET, &gateway, 32, RT_SCOPE_LINK);
	batch_send(fd, &b, NULL);
}

void rtnl_up_lo(int fd)
{
	struct batch b = {.len = 0};

	add_up(&b, 1, false);
	batch_send(fd, &b, NULL);
}

// ---- deleting
void rtnl_delete_name(int fd, const char *name)
{
	struct batch b = {.len = 0};
	struct nlmsghdr *h = batch_add(&b, RTM_DELLINK, NLM_F_ACK);

	put_link(h, 0, 0);
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	batch_end(&b);
	batch_send(fd, &b, NULL);
}

// One ACK always: a hundred ACKs would overrun the socket's buffer.
static void mark(int fd, const uint32_t *index, size_t n, uint32_t group)
{
	struct batch b = {.len = 0};

	for (size_t i = 0; i < n; i++) {
		struct nlmsghdr *h = batch_add(&b, RTM_SETLINK, i + 1 == n ? NLM_F_ACK : 0);

		put_link(h, index[i], 0);
		mnl_attr_put_u32(h, IFLA_GROUP, group);
		batch_end(&b);
	}
	batch_send(fd, &b, NULL);
}

void rtnl_delete_indexes(int fd, const uint32_t *index, size_t n, uint32_t group)
{
	struct batch b = {.len = 0};
	struct nlmsghdr *h;

	for (size_t done = 0; done < n; done += MARKS)
		mark(fd, index + done, n - done < MARKS ? n - done : MARKS, group);
	h = batch_add(&b, RTM_DELLINK, NLM_F_ACK);
	put_link(h, 0, 0);
	mnl_attr_put_u32(h, IFLA_GROUP, group);
	batch_end(&b);
	batch_send(fd, &b, NULL);
}

static void check_gone(const struct nlmsghdr *h, uint32_t group)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	struct nlattr *a;

	if (h->nlmsg_type == NLMSG_ERROR) {
		if (e->error != -ENODEV)
			check_error(h);
		return;
	}
	mnl_attr_for_each(a, h, sizeof(struct ifinfomsg)) if (mnl_attr_get_type(a) == IFLA_GROUP &&
	                                                      mnl_attr_get_u32(a) == group)
	{
		fputs("a link is still there\n", stderr);
		exit(1);
	}
}

// What is gone is answered by an error unasked.
static void confirm(int fd, const uint32_t *index, size_t n, uint32_t group)
{
	static char buf[BUFFER];
	struct batch b = {.len = 0};

	for (size_t i = 0; i < n; i++)
		add_get(&b, index[i], 0);
	batch_write(fd, &b);
	for (size_t answered = 0; answered < n;) {
		int left = (int)recv(fd, buf, sizeof buf, 0);

		if (left < 0)
			die("recv");
		for (struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			check_gone(h, group);
			answered++;
		}
	}
}

void rtnl_confirm_gone(int fd, const uint32_t *index, size_t n, uint32_t group)
{
	for (size_t done = 0; done < n; done += MARKS)
		confirm(fd, index + done, n - done < MARKS ? n - done : MARKS, group);
}

// ---- dumping
static void dump_ask(int fd, bool stats)
{
	struct batch b = {.len = 0};
	struct nlmsghdr *h = batch_add(&b, RTM_GETLINK, NLM_F_DUMP);

	put_link(h, 0, 0);
	if (!stats)
		mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	batch_end(&b);
	batch_write(fd, &b);
}

// One datagram of the dump; false when it was the last.
static bool dump_next(int fd, char *buf, int *n)
{
	*n = (int)recv(fd, buf, BUFFER, 0);
	if (*n < (int)sizeof(struct nlmsghdr))
		die("recv");
	return true;
}

static void keep_row(const struct nlmsghdr *h, struct link_row **rows, size_t *cap, size_t at)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	struct link_row *r;
	struct nlattr *a;
	bool elsewhere = false;

	if (at == *cap) {
		*cap = *cap ? 2 * *cap : 256;
		*rows = realloc(*rows, *cap * sizeof **rows);
		if (!*rows)
			die("realloc");
	}
	r = *rows + at;
	*r = (struct link_row){.index = (uint32_t)i->ifi_index};
	mnl_attr_for_each(a, h, sizeof *i)
	{
		if (mnl_attr_get_type(a) == IFLA_IFNAME)
			snprintf(r->name, sizeof r->name, "%s", mnl_attr_get_str(a));
		else if (mnl_attr_get_type(a) == IFLA_GROUP)
			r->group = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == IFLA_LINK)
			r->peer = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == IFLA_LINK_NETNSID)
			elsewhere = true;
	}
	if (elsewhere)
		r->peer = 0;
}

static size_t dump(int fd, bool stats, struct link_row **rows, size_t *cap)
{
	static char buf[BUFFER];
	size_t links = 0;
	int n;

	dump_ask(fd, stats);
	while (dump_next(fd, buf, &n)) {
		for (struct nlmsghdr *h = (void *)buf; mnl_nlmsg_ok(h, n); h = mnl_nlmsg_next(h, &n)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return links;
			if (h->nlmsg_type == NLMSG_ERROR)
				check_error(h);
			if (rows)
				keep_row(h, rows, cap, links);
			links++;
		}
	}
	return links;
}

size_t rtnl_dump_receive(int fd, bool stats)
{
	return dump(fd, stats, NULL, NULL);
}

size_t rtnl_dump_decode(int fd, bool stats, struct link_row **rows, size_t *cap)
{
	return dump(fd, stats, rows, cap);
}
