// SPDX-License-Identifier: MIT
// The floor of an overlay's sync: the same messages as zlnet's, from bare C, nothing looked at.
//   overlay sync IFNAME N     a forwarding entry, a neighbour, a route of each family for each of N peers
//   overlay dump IFNAME N     receives what is there: forwarding entries, neighbours, routes, addresses
// Prints the µs of processor time that it took, the kernel's included. Peer I is 198.51.(I / 250).(I % 250 + 1),
// with 10.(I / 250).(I % 250).0/24 and fd00:I::/64.
#define _GNU_SOURCE
#include "bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PER_DATAGRAM = 64, PROTOCOL = 122, BUFFER = 64 * 1024 };

static uint32_t sequence;
static unsigned ifindex;

static struct {
	char buf[BUFFER];
	size_t len;
	unsigned n;
	struct nlmsghdr *last;
} batch;

static int rtnl(void)
{
	const int one = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
	return fd;
}

// Only the last of a datagram asks for an ACK; what is refused is said unasked.
static void flush(int fd)
{
	char answer[8192];

	if (!batch.n)
		return;
	batch.last->nlmsg_flags |= NLM_F_ACK;
	if (send(fd, batch.buf, batch.len, 0) != (ssize_t)batch.len)
		die("send");
	ssize_t n = recv(fd, answer, sizeof answer, 0);
	const struct nlmsghdr *h = (const struct nlmsghdr *)answer;
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	if (n < (ssize_t)sizeof *h || h->nlmsg_type != NLMSG_ERROR || e->error) {
		errno = n < 0 ? errno : -e->error;
		die("answer");
	}
	batch.n = 0;
	batch.len = 0;
}

static struct nlmsghdr *begin(uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(batch.buf + batch.len);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | flags;
	h->nlmsg_seq = ++sequence;
	return h;
}

static void end(int fd, struct nlmsghdr *h)
{
	batch.last = h;
	batch.len += MNL_ALIGN(h->nlmsg_len);
	if (++batch.n == PER_DATAGRAM)
		flush(fd);
}

static void put_neigh(int fd, uint8_t family, const void *dst, size_t len, const uint8_t mac[6])
{
	struct nlmsghdr *h = begin(RTM_NEWNEIGH, NLM_F_REPLACE);
	struct ndmsg *n = mnl_nlmsg_put_extra_header(h, sizeof *n);

	n->ndm_family = family;
	n->ndm_ifindex = (int)ifindex;
	n->ndm_state = family == AF_BRIDGE ? NUD_PERMANENT | NUD_NOARP : NUD_PERMANENT;
	n->ndm_flags = family == AF_BRIDGE ? NTF_SELF : 0;
	mnl_attr_put(h, NDA_DST, len, dst);
	mnl_attr_put(h, NDA_LLADDR, 6, mac);
	end(fd, h);
}

static void put_route(int fd, uint8_t family, const void *dst, size_t len, uint8_t bits, const struct in6_addr *vtep)
{
	struct nlmsghdr *h = begin(RTM_NEWROUTE, NLM_F_EXCL);
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof *r);
	struct {
		uint16_t family;
		struct in6_addr address;
	} __attribute__((packed)) via = {AF_INET6, *vtep};

	r->rtm_family = family;
	r->rtm_dst_len = bits;
	r->rtm_table = RT_TABLE_MAIN;
	r->rtm_protocol = PROTOCOL;
	r->rtm_type = RTN_UNICAST;
	r->rtm_flags = RTNH_F_ONLINK;
	mnl_attr_put(h, RTA_DST, len, dst);
	mnl_attr_put_u32(h, RTA_OIF, ifindex);
	if (family == AF_INET6)
		mnl_attr_put(h, RTA_GATEWAY, sizeof *vtep, vtep);
	else
		mnl_attr_put(h, RTA_VIA, sizeof via, &via);
	end(fd, h);
}

static void sync_peers(int fd, unsigned n)
{
	for (int round = 0; round < 3; round++)
		for (unsigned i = 1; i <= n; i++) {
			const uint8_t node[4] = {198, 51, (uint8_t)(i / 250), (uint8_t)(i % 250 + 1)};
			const uint8_t mac[6] = {0x0a, 0x58, node[0], node[1], node[2], node[3]};
			const uint8_t v4[4] = {10, node[2], (uint8_t)(i % 250), 0};
			struct in6_addr vtep = {.s6_addr = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x08, 0x58, node[0], 0xff,
			                                    0xfe, node[1], node[2], node[3]}};
			struct in6_addr v6 = {.s6_addr = {0xfd, 0, (uint8_t)(i >> 8), (uint8_t)i}};

			if (round == 0)
				put_neigh(fd, AF_BRIDGE, node, sizeof node, mac);
			else if (round == 1)
				put_neigh(fd, AF_INET6, &vtep, sizeof vtep, mac);
			else {
				put_route(fd, AF_INET, v4, sizeof v4, 24, &vtep);
				put_route(fd, AF_INET6, &v6, sizeof v6, 64, &vtep);
			}
		}
	flush(fd);
}

// Asks, and receives until the end; nothing but the lengths is looked at.
static void dump(int fd, uint16_t type, uint8_t family, uint16_t attr, size_t header)
{
	static char buf[BUFFER];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	uint8_t *head = mnl_nlmsg_put_extra_header(h, header);
	bool done = false;

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = ++sequence;
	head[0] = family;
	if (attr)
		mnl_attr_put_u32(h, attr, ifindex);
	else
		memcpy(head + 4, &ifindex, sizeof ifindex); // ndm_ifindex, ifa_index
	if (send(fd, h, h->nlmsg_len, 0) < 0)
		die("send");
	while (!done) {
		int n = (int)recv(fd, buf, sizeof buf, 0);

		if (n < 0)
			die("recv");
		for (h = (struct nlmsghdr *)buf; mnl_nlmsg_ok(h, n); h = mnl_nlmsg_next(h, &n))
			done = done || h->nlmsg_type == NLMSG_DONE;
	}
}

static void dump_all(int fd)
{
	dump(fd, RTM_GETNEIGH, AF_BRIDGE, 0, sizeof(struct ndmsg));
	dump(fd, RTM_GETNEIGH, AF_UNSPEC, NDA_IFINDEX, sizeof(struct ndmsg));
	dump(fd, RTM_GETROUTE, AF_UNSPEC, RTA_OIF, sizeof(struct rtmsg));
	dump(fd, RTM_GETADDR, AF_UNSPEC, 0, sizeof(struct ifaddrmsg));
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: overlay sync|dump IFNAME N\n", stderr);
		return 2;
	}
	ifindex = if_nametoindex(argv[2]);
	if (!ifindex)
		die(argv[2]);
	int fd = rtnl();
	clock_t from = clock();

	if (strcmp(argv[1], "sync") == 0)
		sync_peers(fd, (unsigned)atoi(argv[3]));
	else
		dump_all(fd);
	printf("%.1f\n", (double)(clock() - from) * 1e6 / CLOCKS_PER_SEC);
	close(fd);
	return 0;
}
