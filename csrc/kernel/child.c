/* SPDX-License-Identifier: MIT */
#include "kernel/child.h"
#include "kernel/error.h"
#include "kernel/netlink.h"
#include "kernel/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Takes fd. The same file never below 3, also where our own standard descriptors are closed: dup2 onto 0, 1 and 2 in
 * the child would overwrite it. -1 with errno. */
static int raised(int fd)
{
	if (fd < 0 || fd >= 3)
		return fd;
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int err = errno;
	close(fd);
	errno = err;
	return high;
}

/* An empty file in memory. */
static int memory_file(const char *name, struct error *e)
{
	int fd = raised(memfd_create(name, MFD_CLOEXEC));

	return fd < 0 ? error_io(e, errno, "spawn", "make a memory file") : fd;
}

/* A memory file with the text in it, read from its beginning. */
static int text_file(const char *text, size_t len, struct error *e)
{
	int fd = memory_file("stdin", e);

	for (size_t done = 0; fd >= 0 && done < len;) {
		ssize_t n = write(fd, text + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = errno;
			close(fd);
			return error_io(e, err, "spawn", "write the input");
		}
		done += (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET); /* cannot fail on a memory file */
	return fd;
}

int child_files(struct child *s, const void *text, size_t len, struct error *e)
{
	s->theirs[0] = text_file(text, len, e);
	if (s->theirs[0] < 0)
		return s->theirs[0];
	s->out = memory_file("stdout", e);
	if (s->out < 0)
		return s->out;
	s->err = memory_file("stderr", e);
	return s->err < 0 ? s->err : 0;
}

/* Both ends close-on-exec and, as memory_file's, never below 3. */
static int pipe_ends(int *reading, int *writing, struct error *e)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return error_io(e, errno, "spawn", "make a pipe");
	*reading = raised(fd[0]);
	*writing = raised(fd[1]);
	return *reading < 0 || *writing < 0 ? error_io(e, errno, "spawn", "make a pipe") : 0;
}

int child_pipes(struct child *s, struct error *e)
{
	int rc = pipe_ends(&s->theirs[0], &s->in, e);

	s->piped = true;
	if (!rc)
		rc = pipe_ends(&s->out, &s->theirs[1], e);
	if (!rc && fcntl(s->in, F_SETFL, O_NONBLOCK) < 0)
		rc = error_io(e, errno, "spawn", "make a pipe");
	if (!rc)
		rc = s->err = memory_file("stderr", e);
	return rc < 0 ? rc : 0;
}

int child_start(struct child *s, const char *path, char *const argv[], char *const envp[], struct error *e)
{
	const struct child_program program = {
		path, argv, envp, {s->theirs[0], s->piped ? s->theirs[1] : s->out, s->err}};
	int rc = child_exec(&s->pid, &program);

	if (rc) {
		s->pid = 0;
		rc = error_io(e, rc, "spawn", "%s", path);
	} else {
		rc = s->pidfd = process_pidfd(s->pid, e);
	}
	close_fd(&s->theirs[1]);
	if (!s->piped)
		close_fd(&s->theirs[0]);
	if (rc < 0)
		child_close(s);
	return rc < 0 ? rc : 0;
}

int child_write(struct child *s, const void *text, size_t len, struct error *e)
{
	if (len > 65536)
		fcntl(s->in, F_SETPIPE_SZ, len); /* whether that was allowed is seen next */
	ssize_t n = write(s->in, text, len);     /* all of it or a part, because the pipe is empty */
	int rc = n == (ssize_t)len ? 0 : error_io(e, n < 0 && errno != EAGAIN ? errno : E2BIG, "write", "the input");
	close_fd(&s->in);
	close_fd(&s->theirs[0]);
	return rc;
}

/* As poll, on until the deadline, which is netlink_now's milliseconds. */
static int poll_until(struct pollfd *p, nfds_t n, int64_t deadline)
{
	int rc;

	do {
		int64_t left = deadline - netlink_now();
		rc = poll(p, n, left < 0 ? 0 : left > 60000 ? 60000 : (int)left);
	} while ((rc < 0 && errno == EINTR) || (rc == 0 && netlink_now() < deadline));
	return rc;
}

ssize_t child_await(struct child *s, int64_t deadline, struct error *e)
{
	struct pollfd p[] = {{.fd = s->out, .events = POLLIN}, {.fd = s->pidfd, .events = POLLIN}};
	int rc = poll_until(p, 2, deadline);

	if (rc <= 0)
		return error_io(e, rc < 0 ? errno : ETIMEDOUT, "wait", NULL);
	return child_size(s, s->out, e);
}

/* Kill the child and its process group. Through its pidfd: where SIGCHLD is ignored nothing keeps its pid from being
 * used again, so the group is killed only while the child waits to be reaped. */
static void end(const struct child *s)
{
	siginfo_t info;

	if (!waitid(P_PID, (id_t)s->pid, &info, WEXITED | WNOHANG | WNOWAIT))
		kill(-s->pid, SIGKILL);
	if (s->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0);
	else
		kill(s->pid, SIGKILL);
}

/* Reap the child, which has ended or was killed. */
static int reap(struct child *s, struct error *e)
{
	pid_t pid = s->pid, rc;

	s->pid = 0;
	do
		rc = waitpid(pid, &s->status, 0);
	while (rc < 0 && errno == EINTR);
	if (rc < 0) /* ECHILD where SIGCHLD is ignored: the kernel has thrown the status away */
		return error_io(e, errno, "wait", "pid %d", (int)pid);
	return 0;
}

int child_wait(struct child *s, int64_t deadline, struct error *e)
{
	if (!s->pid)
		return 0;
	struct pollfd p = {.fd = s->pidfd, .events = POLLIN};
	int rc = poll_until(&p, 1, deadline), err = errno;
	if (rc > 0)
		return reap(s, e);
	struct error ignored;
	end(s);
	reap(s, &ignored);
	return error_io(e, rc < 0 ? err : ETIMEDOUT, "wait", "the program was killed");
}

ssize_t child_size(struct child *s, int fd, struct error *e)
{
	struct stat st;
	int unread = 0;

	if (fstat(fd, &st) < 0 || (S_ISFIFO(st.st_mode) && ioctl(fd, FIONREAD, &unread) < 0))
		return error_io(e, errno, "fstat", NULL);
	s->taken += (size_t)unread;
	if (st.st_size > CHILD_OUTPUT_MAX || s->taken > CHILD_OUTPUT_MAX)
		return error_io(e, EFBIG, "read", "more than %d bytes of output", CHILD_OUTPUT_MAX);
	return S_ISFIFO(st.st_mode) ? unread : (ssize_t)st.st_size;
}

int child_read(int fd, void *buf, size_t len, struct error *e)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, (off_t)done);
		if (n < 0 && errno == ESPIPE)
			n = read(fd, (char *)buf + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_io(e, n < 0 ? errno : EIO, "read", "output");
		done += (size_t)n;
	}
	return 0;
}

void child_close(struct child *s)
{
	struct error ignored;

	if (s->pid > 0) {
		end(s);
		reap(s, &ignored);
	}
	int *fds[] = {&s->pidfd, &s->in, &s->out, &s->err, &s->theirs[0], &s->theirs[1]};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		close_fd(fds[i]);
}
