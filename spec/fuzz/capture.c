/* SPDX-License-Identifier: MIT */
/* Writes what this kernel answers into DIRECTORY, a file for each object of rtnetlink: seeds for the fuzzers.
 * Run in a namespace that has something of everything (spec/fuzz/capture). usage: capture DIRECTORY */
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEED_MAX = 6000 };

struct request {
	struct nlmsghdr h;
	char body[16];
};

/* The first datagram, cut after a whole message, and eight bytes that tell fuzz_nl that it was one dump. */
static int save(const char *dir, const char *name, char *buf, ssize_t n, unsigned char how)
{
	char path[256];
	size_t len = 0, left = (size_t)n;
	const unsigned char control[8] = {how};

	for (struct nlmsghdr *h = (struct nlmsghdr *)buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (len > 0 && len + h->nlmsg_len > SEED_MAX)
			break;
		h->nlmsg_pid = 0;
		len += NLMSG_ALIGN(h->nlmsg_len);
	}
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "we");
	if (!f)
		return -1;
	fwrite(buf, 1, len, f);
	fwrite(control, 1, sizeof control, f);
	return fclose(f);
}

static int ask(const char *dir, const char *name, int type, int family, int flags, unsigned len)
{
	static _Alignas(8) char buf[65536];
	const int one = 1;
	struct request r = {.h = {.nlmsg_len = NLMSG_LENGTH(len), .nlmsg_type = (unsigned short)type, .nlmsg_seq = 1}};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n = 0, got;

	r.h.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
	r.body[0] = (char)family;
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
	if (send(fd, &r, r.h.nlmsg_len, 0) < 0)
		return -1;
	while (n < (ssize_t)sizeof buf / 2 &&
	       (got = recv(fd, buf + n, sizeof buf - (size_t)n, n ? MSG_DONTWAIT : 0)) > 0)
		n += got;
	close(fd);
	return save(dir, name, buf, n, flags & NLM_F_DUMP ? 8 : 0);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	const char *dir = argv[1];
	int rc = 0;

	rc |= ask(dir, "links", RTM_GETLINK, 0, NLM_F_DUMP, sizeof(struct ifinfomsg));
	rc |= ask(dir, "bridge-ports", RTM_GETLINK, AF_BRIDGE, NLM_F_DUMP, sizeof(struct ifinfomsg));
	rc |= ask(dir, "addrs", RTM_GETADDR, 0, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	rc |= ask(dir, "routes4", RTM_GETROUTE, AF_INET, NLM_F_DUMP, sizeof(struct rtmsg));
	rc |= ask(dir, "routes6", RTM_GETROUTE, AF_INET6, NLM_F_DUMP, sizeof(struct rtmsg));
	rc |= ask(dir, "neighs", RTM_GETNEIGH, 0, NLM_F_DUMP, 12);
	rc |= ask(dir, "fdb", RTM_GETNEIGH, AF_BRIDGE, NLM_F_DUMP, 12);
	rc |= ask(dir, "rules4", RTM_GETRULE, AF_INET, NLM_F_DUMP, 12);
	rc |= ask(dir, "rules6", RTM_GETRULE, AF_INET6, NLM_F_DUMP, 12);
	rc |= ask(dir, "nsids", RTM_GETNSID, 0, NLM_F_DUMP, 4);
	rc |= ask(dir, "ack", RTM_GETLINK, 0, NLM_F_ACK, sizeof(struct ifinfomsg));     /* an error, with its text */
	rc |= ask(dir, "refused", RTM_NEWLINK, 0, NLM_F_ACK, sizeof(struct ifinfomsg)); /* ENODEV */
	return rc ? 1 : 0;
}
