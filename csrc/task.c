/* SPDX-License-Identifier: MIT */
#include "task.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static bool same_netns(int a, int b)
{
	uint64_t x = 0, y = 0;
	socklen_t n = sizeof x, m = sizeof y;

	return getsockopt(a, SOL_SOCKET, SO_NETNS_COOKIE, &x, &n) == 0 &&
	       getsockopt(b, SOL_SOCKET, SO_NETNS_COOKIE, &y, &m) == 0 && x == y;
}

/* Where the namespace is the caller's own, which needs no privilege, the socket is opened at once; else the thread does
 * it when it has joined the namespace. */
static int find_netns(struct task *t, int like, struct zerr *e)
{
	int fd = nl_socket();

	if (fd < 0)
		return zerr_io(e, -fd, "socket", "netlink socket");
	if (same_netns(fd, like)) {
		nl_adopt(&t->sock, fd);
		return 0;
	}
	close(fd);
	t->nsfd = ioctl(like, SIOCGSKNS); /* close-on-exec always */
	return t->nsfd < 0 ? zerr_io(e, errno, "open", "the handle's network namespace") : 0;
}

static void task_main(void *arg)
{
	struct task *t = arg;

	if (t->sock.fd < 0) {
		int fd = nl_socket();
		if (fd >= 0)
			nl_adopt(&t->sock, fd);
		else
			t->rc = zerr_io(&t->e, -fd, "socket", "netlink socket");
	}
	if (t->rc == 0)
		t->rc = nl_queue_talk(&t->sock, &t->queue, &t->pace, &t->reply, &t->e);
	nl_close(&t->sock);
}

static int begin(struct task *t, int like, struct zerr *e)
{
	t->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->done < 0)
		return zerr_io(e, errno, "eventfd", NULL);
	int rc = find_netns(t, like, e);
	if (rc == 0)
		rc = thread_start(&t->thread, t->nsfd < 0 ? THREAD_SAME_NETNS : t->nsfd, t->done, task_main, t, e);
	t->running = rc == 0;
	return rc;
}

struct task *task_start(int like, struct nl_queue *queue, const struct nl_pace *pace, struct zerr *e)
{
	struct task *t = calloc(1, sizeof *t);

	if (!t) {
		zerr_io(e, ENOMEM, "thread", NULL);
		return NULL;
	}
	t->done = t->sock.fd = t->nsfd = -1;
	t->pace = *pace;
	t->pace.singly = true; /* so that cancelling waits for one request only */
	t->pace.cancel = &t->cancel;
	t->queue = *queue;
	if (begin(t, like, e) < 0) {
		memset(&t->queue, 0, sizeof t->queue);
		task_free(t);
		return NULL;
	}
	memset(queue, 0, sizeof *queue);
	return t;
}

void task_end(struct task *t)
{
	struct zerr e;

	if (!t->running)
		return;
	t->running = false;
	int rc = thread_end(&t->thread, &e);
	if (rc < 0) {
		t->rc = rc;
		t->e = e;
	}
}

void task_free(struct task *t)
{
	if (!t)
		return;
	atomic_store(&t->cancel, true);
	task_end(t);
	nl_close(&t->sock);
	nl_queue_free(&t->queue);
	nl_reply_free(&t->reply);
	if (t->nsfd >= 0)
		close(t->nsfd);
	if (t->done >= 0)
		close(t->done);
	free(t);
}
