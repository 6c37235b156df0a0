/* SPDX-License-Identifier: MIT */
#include "kernel/job.h"
#include "kernel/netns.h"
#include "kernel/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct job_answer {
	bool answered;
	struct netlink_ack ack;
};

/* What a child has to say, in memory that both have. */
struct job_answers {
	int rc;
	struct error e;
	struct job_answer of[];
};

/* How many released jobs there are. A forked child has none of them. */
static void *_Atomic released_page;

static size_t answers_size(const struct job *t)
{
	return sizeof *t->answers + t->queue.n * sizeof *t->answers->of;
}

static void talk(struct job *t)
{
	struct netlink_sock sock = {.fd = -1};
	int fd = netlink_socket(NETLINK_ROUTE);

	if (fd < 0) {
		t->rc = error_io(&t->e, -fd, "socket", "netlink socket");
		return;
	}
	netlink_adopt(&sock, fd, NETLINK_ROUTE);
	t->rc = queue_talk(&sock, &t->queue, &t->pace, &t->reply, &t->e);
	netlink_close(&sock);
}

static void dispose(struct job *t)
{
	queue_free(&t->queue);
	netlink_reply_free(&t->reply);
	if (t->answers)
		munmap(t->answers, answers_size(t));
	if (t->nsfd >= 0)
		close(t->nsfd);
	if (t->done >= 0)
		close(t->done);
	free(t);
}

static void signal_done(const struct job *t)
{
	eventfd_write(t->done, 1); /* fails only where it is readable already */
}

/* On the thread. Its own table has no nsfd any more, and what has its number in the caller's is not ours. */
static void job_main(void *arg)
{
	struct job *t = arg;
	atomic_uint *released = NULL;

	int rc = thread_join_netns(t->nsfd < 0 ? THREAD_SAME_NETNS : t->nsfd);
	int files = thread_own_files(t->done);
	if (rc < 0)
		t->rc = error_netlink(&t->e, -rc, "setns", NULL);
	else if (files < 0)
		t->rc = error_io(&t->e, -files, "unshare", "descriptors");
	else
		talk(t);
	signal_done(t);
	if (!atomic_exchange(&t->left, true))
		return;
	if (t->counted)
		released = atomic_load(&released_page);
	t->done = t->nsfd = -1; /* the caller closed its own */
	dispose(t);
	if (released)
		atomic_fetch_sub(released, 1);
}

/* In the child: only system calls. */
static _Noreturn void child_main(struct job *t)
{
	thread_own_files(t->done);
	talk(t);
	t->answers->rc = t->rc;
	t->answers->e = t->e;
	for (unsigned i = 0; i < t->queue.n; i++) {
		t->answers->of[i].answered = t->queue.items[i].answered;
		t->answers->of[i].ack = t->queue.items[i].ack;
	}
	signal_done(t);
	_exit(0);
}

static int start_child(struct job *t, struct error *e)
{
	size_t size = answers_size(t);

	if (t->nsfd >= 0)
		return error_io(e, EOPNOTSUPP, "fork", "a child deletes in the caller's network namespace only");
	t->answers = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t->answers == MAP_FAILED) {
		t->answers = NULL;
		return error_io(e, ENOMEM, "fork", NULL);
	}
	pid_t pid = fork();
	if (pid == 0)
		child_main(t);
	t->child = pid;
	return pid < 0 ? error_io(e, errno, "fork", NULL) : 0;
}

static int begin(struct job *t, int like, enum job_way way, struct error *e)
{
	t->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->done < 0)
		return error_io(e, errno, "eventfd", NULL);
	int nsfd = netns_of_socket(like, e), rc = nsfd;
	if (nsfd >= 0) {
		t->nsfd = nsfd == NETNS_OWN ? -1 : nsfd;
		rc = way == JOB_CHILD ? start_child(t, e)
		                      : thread_start(&t->thread, THREAD_SAME_NETNS, -1, job_main, t, e);
	}
	t->running = rc == 0;
	return rc;
}

struct job *job_start(int like, struct queue *queue, const struct queue_pace *pace, enum job_way way, struct error *e)
{
	struct job *t = calloc(1, sizeof *t);

	if (!t) {
		error_io(e, ENOMEM, "thread", NULL);
		return NULL;
	}
	t->done = t->nsfd = -1;
	t->pace = *pace;
	t->pace.singly = true; /* so that cancelling waits for one request only */
	t->pace.cancel = &t->cancel;
	t->queue = *queue;
	if (begin(t, like, way, e) < 0) {
		memset(&t->queue, 0, sizeof t->queue);
		job_free(t);
		return NULL;
	}
	memset(queue, 0, sizeof *queue);
	return t;
}

static void end_child(struct job *t)
{
	int status;

	while (waitpid(t->child, &status, 0) < 0 && errno == EINTR)
		;
	t->rc = t->answers->rc;
	t->e = t->answers->e;
	for (unsigned i = 0; i < t->queue.n; i++) {
		t->queue.items[i].answered = t->answers->of[i].answered;
		t->queue.items[i].ack = t->answers->of[i].ack;
	}
}

void job_end(struct job *t)
{
	struct error e;

	if (!t->running)
		return;
	t->running = false;
	if (t->child)
		end_child(t);
	else if (thread_end(&t->thread, &e) < 0)
		t->rc = -EINVAL; /* it joins no namespace itself */
}

/* Room for one more, or none where there is no memory to count in: then the caller waits for the job. */
static bool count_in(void)
{
	const struct timespec moment = {.tv_nsec = 200000};
	atomic_uint *released = process_page(&released_page, sizeof *released);

	if (!released)
		return false;
	while (atomic_fetch_add(released, 1) >= JOB_RELEASED_MAX) {
		atomic_fetch_sub(released, 1);
		nanosleep(&moment, NULL);
	}
	return true;
}

void job_release(struct job *t)
{
	if (!t->running || (!t->child && !count_in())) {
		job_free(t);
		return;
	}
	if (t->child) {
		dispose(t);
		return;
	}
	t->counted = true;
	int done = t->done, nsfd = t->nsfd;
	thread_detach(&t->thread);
	if (!atomic_exchange(&t->left, true)) { /* t is the thread's now */
		close(done);
		if (nsfd >= 0)
			close(nsfd);
		return;
	}
	dispose(t);
	atomic_fetch_sub((atomic_uint *)atomic_load(&released_page), 1);
}

void job_free(struct job *t)
{
	if (!t)
		return;
	atomic_store(&t->cancel, true);
	job_end(t);
	dispose(t);
}
