/* SPDX-License-Identifier: MIT */
#include "kernel/job.h"

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
static int find_netns(struct job *t, int like, struct error *e)
{
	int fd = netlink_socket();

	if (fd < 0)
		return error_io(e, -fd, "socket", "netlink socket");
	if (same_netns(fd, like)) {
		netlink_adopt(&t->sock, fd);
		return 0;
	}
	close(fd);
	t->nsfd = ioctl(like, SIOCGSKNS); /* close-on-exec always */
	return t->nsfd < 0 ? error_io(e, errno, "open", "the handle's network namespace") : 0;
}

static void job_main(void *arg)
{
	struct job *t = arg;

	if (t->sock.fd < 0) {
		int fd = netlink_socket();
		if (fd >= 0)
			netlink_adopt(&t->sock, fd);
		else
			t->rc = error_io(&t->e, -fd, "socket", "netlink socket");
	}
	if (t->rc == 0)
		t->rc = queue_talk(&t->sock, &t->queue, &t->pace, &t->reply, &t->e);
	netlink_close(&t->sock);
}

static int begin(struct job *t, int like, struct error *e)
{
	t->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->done < 0)
		return error_io(e, errno, "eventfd", NULL);
	int rc = find_netns(t, like, e);
	if (rc == 0)
		rc = thread_start(&t->thread, t->nsfd < 0 ? THREAD_SAME_NETNS : t->nsfd, t->done, job_main, t, e);
	t->running = rc == 0;
	return rc;
}

struct job *job_start(int like, struct queue *queue, const struct queue_pace *pace, struct error *e)
{
	struct job *t = calloc(1, sizeof *t);

	if (!t) {
		error_io(e, ENOMEM, "thread", NULL);
		return NULL;
	}
	t->done = t->sock.fd = t->nsfd = -1;
	t->pace = *pace;
	t->pace.singly = true; /* so that cancelling waits for one request only */
	t->pace.cancel = &t->cancel;
	t->queue = *queue;
	if (begin(t, like, e) < 0) {
		memset(&t->queue, 0, sizeof t->queue);
		job_free(t);
		return NULL;
	}
	memset(queue, 0, sizeof *queue);
	return t;
}

void job_end(struct job *t)
{
	struct error e;

	if (!t->running)
		return;
	t->running = false;
	int rc = thread_end(&t->thread, &e);
	if (rc < 0) {
		t->rc = rc;
		t->e = e;
	}
}

void job_free(struct job *t)
{
	if (!t)
		return;
	atomic_store(&t->cancel, true);
	job_end(t);
	netlink_close(&t->sock);
	queue_free(&t->queue);
	netlink_reply_free(&t->reply);
	if (t->nsfd >= 0)
		close(t->nsfd);
	if (t->done >= 0)
		close(t->done);
	free(t);
}
