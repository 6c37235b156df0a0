/* SPDX-License-Identifier: MIT */
#include "kernel/deletion.h"
#include "kernel/error.h"
#include "kernel/job.h"
#include "kernel/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What an announcement takes of a receive buffer. */
#define ANNOUNCEMENT_ROOM 4096
#define BUFFER_MAX        (16 * 1024 * 1024)

/* Let only the announcements of deleted links through, of this one link where index is not 0: on a busy node the rest
 * would fill the receive buffer. A bridge's RTM_DELLINK of a port (AF_BRIDGE) tells only that the port left the bridge.
 */
static int listen_for_deletions(int fd, uint32_t index)
{
	const uint32_t type = offsetof(struct nlmsghdr, nlmsg_type), info = NLMSG_HDRLEN;
	struct sock_filter only_deletions[] = {
		/* a filter reads in network order */
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, type),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELLINK), 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, info + offsetof(struct ifinfomsg, ifi_family)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNSPEC, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, info + offsetof(struct ifinfomsg, ifi_index)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(index), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {.len = sizeof only_deletions / sizeof *only_deletions,
	                                   .filter = only_deletions};

	if (!index)
		only_deletions[5] = (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ? -errno : 0;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int deletion_open(struct deletion *d, int like, uint32_t *index, size_t n, struct error *e)
{
	*d = (struct deletion){.listener = {.fd = -1}, .index = index, .n = n, .missing = n};
	qsort(index, n, sizeof *index, ascending);
	d->gone = calloc(n, sizeof *d->gone);
	if (!d->gone)
		return error_io(e, ENOMEM, "listen", NULL);
	int fd = netns_socket_like(like, e);
	if (fd < 0) {
		deletion_close(d);
		return fd;
	}
	netlink_adopt(&d->listener, fd, NETLINK_ROUTE);
	if (n > 1) /* where it may not be as large the answer to the request has to do */
		netlink_set_buffer(&d->listener,
		                   n > BUFFER_MAX / ANNOUNCEMENT_ROOM ? BUFFER_MAX : (int)n * ANNOUNCEMENT_ROOM);
	int rc = listen_for_deletions(fd, n == 1 ? index[0] : 0);
	if (rc == 0)
		rc = netlink_join(&d->listener, RTNLGRP_LINK);
	if (rc < 0) {
		deletion_close(d);
		return error_io(e, -rc, "listen", "netlink socket");
	}
	return 0;
}

static void take_announcement(struct deletion *d, const struct nlmsghdr *h)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(h);
	uint32_t index = (uint32_t)info->ifi_index;

	if (h->nlmsg_type != RTM_DELLINK || info->ifi_family != AF_UNSPEC)
		return;
	const uint32_t *found = bsearch(&index, d->index, d->n, sizeof index, ascending);
	if (!found || d->gone[found - d->index])
		return;
	d->gone[found - d->index] = true;
	d->missing--;
}

/* All that has come until now. */
static void take_announcements(struct deletion *d)
{
	int rc;

	while (d->missing > 0 && (rc = netlink_receive(&d->listener, &d->reply)) != 0) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)d->reply.data;
		if (rc < 0) { /* -ENOBUFS, or the socket is of no more use: both are a loss */
			d->lost = true;
			return;
		}
		for (int left = (int)d->reply.len; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			if (h->nlmsg_len >= NLMSG_HDRLEN + sizeof(struct ifinfomsg))
				take_announcement(d, h);
	}
}

int deletion_wait(struct deletion *d, const struct job *job, int64_t deadline, struct error *e)
{
	struct pollfd p[2] = {{.fd = job->done, .events = POLLIN}, {.fd = d->listener.fd, .events = POLLIN}};

	for (;;) {
		int64_t left = deadline < 0 ? -1 : deadline - netlink_now();
		int ms = deadline < 0 ? -1 : left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
		int n = poll(p, d->lost ? 1 : 2, ms);
		if (n < 0 && errno != EINTR)
			return error_io(e, errno, "poll", NULL);
		if (n == 0)
			return error_io(e, ETIMEDOUT, "receive", "the kernel is still deleting");
		if (n > 0 && !d->lost)
			take_announcements(d);
		if (d->missing == 0)
			return 1;
		if (n > 0 && p[0].revents)
			return 0;
	}
}

void deletion_close(struct deletion *d)
{
	netlink_close(&d->listener);
	netlink_reply_free(&d->reply);
	free(d->gone);
	d->gone = NULL;
}
