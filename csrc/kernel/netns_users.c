/* SPDX-License-Identifier: MIT */
#include "kernel/netns_users.h"
#include "kernel/error.h"
#include "kernel/process.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT 30000 /* ms */

/* The number that the namespace nsfd has here, -1 when it has none. 0 or -errno. */
static int ask_nsid(struct netlink_sock *s, struct netlink_reply *r, int nsfd, int32_t *nsid)
{
	_Alignas(8) char buf[64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	const struct nlattr *a;
	struct netlink_ack ack;
	struct error e;

	h->nlmsg_type = RTM_GETNSID;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_nlmsg_put_extra_header(h, sizeof(struct rtgenmsg));
	mnl_attr_put_u32_check(h, sizeof buf, NETNSA_FD, (uint32_t)nsfd);
	r->len = 0;
	int rc = netlink_talk(s, h, h->nlmsg_len, 1, netlink_now() + TIMEOUT, r, &ack, &e);
	if (rc < 0 || ack.err)
		return rc < 0 ? rc : -ack.err;
	if (r->len < NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct rtgenmsg)))
		return -EBADMSG;
	/* clang-format off */
	mnl_attr_for_each(a, (const struct nlmsghdr *)r->data, sizeof(struct rtgenmsg))
		if (mnl_attr_get_type(a) == NETNSA_NSID && mnl_attr_get_payload_len(a) == sizeof *nsid) {
			*nsid = (int32_t)mnl_attr_get_u32(a);
			return 0;
		}
	/* clang-format on */
	return -EBADMSG;
}

static int by_netns(const void *a, const void *b)
{
	uint64_t x = ((const struct process_entry *)a)->netns, y = ((const struct process_entry *)b)->netns;

	return x < y ? -1 : x > y;
}

static int open_netns(const struct process_entry *p)
{
	char path[64];

	if (p->tid)
		snprintf(path, sizeof path, "/proc/%d/task/%d/ns/net", (int)p->pid, (int)p->tid);
	else
		snprintf(path, sizeof path, "/proc/%d/ns/net", (int)p->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void add(struct netns_users *list, int32_t nsid, pid_t pid)
{
	list->v[list->n++] = (struct netns_user){nsid, pid};
}

/* One process as the scan saw it. True: done with its namespace; false: it has left, another process may be there. */
static bool look(struct netlink_sock *s, struct netlink_reply *r, const struct process_entry *p,
                 struct netns_users *list)
{
	struct stat st;
	int32_t nsid = -1;
	int fd = open_netns(p);

	if (fd == -ESRCH || fd == -ENOENT)
		return false;
	bool seen = fd >= 0 && fstat(fd, &st) == 0;
	bool same = !seen || st.st_ino == p->netns; /* else the pid is another's by now */
	if (!seen || (same && ask_nsid(s, r, fd, &nsid) < 0))
		add(list, -1, p->pid);
	else if (same && nsid >= 0) /* else we have no links into it */
		add(list, nsid, p->pid);
	if (fd >= 0)
		close(fd);
	return same;
}

static void look_at_all(struct netlink_sock *s, const struct process_list *all, uint64_t own, struct netns_users *list)
{
	struct netlink_reply reply = {0};

	for (size_t i = 0; i < all->n; i++) {
		const struct process_entry *p = &all->entries[i];
		if (!p->netns)
			add(list, -1, p->pid);
		else if (p->netns == own || look(s, &reply, p, list))
			while (i + 1 < all->n && all->entries[i + 1].netns == p->netns)
				i++;
	}
	netlink_reply_free(&reply);
}

int netns_users_find(struct netlink_sock *s, struct netns_users *list, struct error *e)
{
	struct process_list all = {0};
	struct stat own;
	int rc = process_scan(&all, e);

	if (rc == 0 && stat("/proc/thread-self/ns/net", &own) < 0)
		rc = error_io(e, errno, "stat", "/proc/thread-self/ns/net");
	if (rc == 0) {
		list->v = calloc(all.n + 1, sizeof *list->v);
		if (list->v) {
			qsort(all.entries, all.n, sizeof *all.entries, by_netns);
			look_at_all(s, &all, own.st_ino, list);
		} else {
			rc = error_io(e, ENOMEM, "scan", NULL);
		}
	}
	process_list_free(&all);
	return rc;
}

void netns_users_free(struct netns_users *list)
{
	free(list->v);
	memset(list, 0, sizeof *list);
}
