/* SPDX-License-Identifier: MIT */
#include "kernel/maker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void maker_main(void *arg)
{
	struct maker *m = arg;

	m->rc = netns_create(m->name, &m->e);
	if (m->rc < 0)
		return;
	m->nsfd = netns_open_name(m->name, &m->e);
	if (m->nsfd < 0) {
		struct error ignored;
		m->rc = m->nsfd;
		netns_delete(m->name, &ignored);
	}
}

struct maker *maker_start(const char *name, struct error *e)
{
	struct maker *m = calloc(1, sizeof *m);

	if (!m) {
		error_io(e, ENOMEM, "thread", NULL);
		return NULL;
	}
	m->nsfd = -1;
	snprintf(m->name, sizeof m->name, "%s", name);
	m->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->done < 0)
		error_io(e, errno, "eventfd", NULL);
	else if (thread_start(&m->thread, THREAD_SAME_NETNS, m->done, maker_main, m, e) == 0)
		m->running = true;
	if (!m->running) {
		maker_free(m);
		return NULL;
	}
	return m;
}

static void join(struct maker *m)
{
	struct error e;

	if (m->running)
		thread_end(&m->thread, &e); /* it joins no namespace, so nothing can fail */
	m->running = false;
}

int maker_end(struct maker *m, struct error *e)
{
	int fd = -1;

	join(m);
	if (m->rc < 0) {
		*e = m->e;
		return m->rc;
	}
	fd = m->nsfd;
	m->nsfd = -1;
	m->rc = error_io(&m->e, EBADF, "open", "the namespace was taken");
	return fd;
}

void maker_forget(struct maker *m)
{
	m->running = false;
	if (m->nsfd >= 0)
		close(m->nsfd);
	m->nsfd = -1;
}

void maker_free(struct maker *m)
{
	struct error ignored;

	if (!m)
		return;
	join(m);
	if (m->nsfd >= 0) {
		close(m->nsfd);
		netns_delete(m->name, &ignored);
	}
	if (m->done >= 0)
		close(m->done);
	free(m);
}
