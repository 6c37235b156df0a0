/* SPDX-License-Identifier: MIT */
#include "kernel/netns_users.h"
#include "kernel/error.h"
#include "kernel/process_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/kcmp.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TIMEOUT 30000 /* ms */

#ifndef STATX_INO /* musl before 1.2.5; <linux/stat.h> does not go with its headers */
#define STATX_INO 0x100U
struct statx {
	uint32_t stx_mask, more[7];
	uint64_t stx_ino, others[11];
	uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
	uint64_t spare[14];
};
#endif

struct search {
	struct netlink_sock *s;
	struct netlink_reply reply;
	struct netns_users *list;
	bool descriptors;
	bool first_ended; /* the first thread of the process that is looked at has */
	struct stat own;  /* of our namespace */
};

/* The number that a namespace has here, -1 when it has none: that of a task (NETNSA_PID) or of a descriptor
 * (NETNSA_FD). 0 or -errno; -ESRCH when there is no such task, or it has ended. */
static int ask_nsid(struct search *q, uint16_t by, uint32_t value, int32_t *nsid)
{
	_Alignas(8) char buf[64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct netlink_reply *r = &q->reply;
	const struct nlattr *a;
	struct netlink_ack ack;
	struct error e;

	h->nlmsg_type = RTM_GETNSID;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_nlmsg_put_extra_header(h, sizeof(struct rtgenmsg));
	mnl_attr_put_u32_check(h, sizeof buf, by, value);
	r->len = 0;
	int rc = netlink_talk(q->s, h, h->nlmsg_len, 1, netlink_now() + TIMEOUT, r, &ack, &e);
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

static int add(struct netns_users *list, enum netns_user_how how, int32_t nsid, pid_t pid)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 256;
		struct netns_user *v = realloc(list->v, cap * sizeof *v);
		if (!v)
			return -ENOMEM;
		list->v = v;
		list->cap = cap;
	}
	list->v[list->n++] = (struct netns_user){how, nsid, pid};
	return 0;
}

/* One descriptor, when it is of a namespace other than ours. Asks no file system behind it, which may hang. */
static int look_at_descriptor(struct search *q, int dir, const char *name, pid_t pid)
{
	struct statx st;
	int32_t nsid = -1;

	if (syscall(SYS_statx, dir, name, 0x4000, STATX_INO, &st) < 0) /* AT_STATX_DONT_SYNC */
		return errno == ENOENT ? 0 : -errno;
	if (makedev(st.stx_dev_major, st.stx_dev_minor) != q->own.st_dev || st.stx_ino == q->own.st_ino)
		return 0;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	int rc = ask_nsid(q, NETNSA_FD, (uint32_t)fd, &nsid);
	close(fd);
	if (rc == -EINVAL) /* another kind of namespace */
		return 0;
	return rc == 0 && nsid >= 0 ? add(q->list, NETNS_USER_OPENS, nsid, pid) : rc;
}

/* The descriptors of a task. A process that is about to enter a namespace has it open. */
static int look_at_descriptors(struct search *q, pid_t pid, pid_t tid)
{
	char path[48];
	const struct dirent *d;
	int rc = 0;

	snprintf(path, sizeof path, "/proc/%d/task/%d/fd", (int)pid, (int)tid);
	DIR *dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (rc == 0 && (errno = 0, d = readdir(dir)))
		if (d->d_name[0] != '.')
			rc = look_at_descriptor(q, dirfd(dir), d->d_name, pid);
	if (rc == 0 && errno)
		rc = errno == ENOENT ? -ESRCH : -errno;
	closedir(dir);
	return rc;
}

/* Whether the descriptors of a task are no other's that was looked at. */
static bool has_own_descriptors(struct search *q, pid_t pid, pid_t tid)
{
	return tid == pid || q->first_ended || syscall(SYS_kcmp, pid, tid, KCMP_FILES, 0, 0) > 0;
}

static int look(void *arg, pid_t pid, pid_t tid)
{
	struct search *q = arg;
	int32_t nsid = -1;
	int rc = ask_nsid(q, NETNSA_PID, (uint32_t)tid, &nsid);

	if (tid == pid)
		q->first_ended = rc == -ESRCH;
	if (rc == 0 && nsid >= 0)
		rc = add(q->list, NETNS_USER_LIVES, nsid, pid); /* else we have no links into it */
	if (rc == 0 && q->descriptors && pid != getpid() && has_own_descriptors(q, pid, tid))
		rc = look_at_descriptors(q, pid, tid);
	if (rc == 0 || rc == -ESRCH || rc == -ENOMEM)
		return rc;
	return add(q->list, NETNS_USER_UNSEEN, -1, pid);
}

int netns_users_find(struct netlink_sock *s, bool descriptors, struct netns_users *list, struct error *e)
{
	static const char path[] = "/proc/thread-self/ns/net";
	struct search q = {.s = s, .list = list, .descriptors = descriptors};

	if (stat(path, &q.own) < 0)
		return error_io(e, errno, "stat", path);
	int rc = process_walk(look, &q, e);
	netlink_reply_free(&q.reply);
	list->all = rc == 1;
	return rc < 0 ? rc : 0;
}

void netns_users_free(struct netns_users *list)
{
	free(list->v);
	memset(list, 0, sizeof *list);
}
