/* SPDX-License-Identifier: MIT */
/* The step from fork to exec. posix_spawn cannot bind a child's life to its parent's. */
#include "kernel/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#define NO_MORE_THAN 65536

/* Every descriptor from 3 on is closed by exec. The descriptors of zlnet are close-on-exec, those of its caller may not
 * be. */
static void close_on_exec(void)
{
	struct rlimit limit;

	if (!syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) || getrlimit(RLIMIT_NOFILE, &limit))
		return;
	for (int fd = 3; fd < NO_MORE_THAN && (rlim_t)fd < limit.rlim_cur; fd++) /* before Linux 5.11 */
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* No signal is blocked, none has a handler of the parent's, and none is ignored that a program may rely on. */
static void reset_signals(void)
{
	const struct sigaction def = {.sa_handler = SIG_DFL};
	struct sigaction now;
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		if (!sigaction(sig, NULL, &now) && (now.sa_handler != SIG_IGN || sig == SIGPIPE || sig == SIGCHLD))
			sigaction(sig, &def, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. The parent may have threads, so only functions are called that are safe in a signal handler. The error
 * goes to told, which exec closes. */
static _Noreturn void become(const struct child_program *p, pid_t parent, int told)
{
	pid_t now;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	now = getppid(); /* 0: the parent is in another pid namespace */
	for (int i = 0; i < 3; i++)
		dup3(p->fd[i], i, 0); /* never equal: the descriptors of zlnet begin at 3 */
	close_on_exec();
	reset_signals();
	if (now == parent || !now)
		execve(p->path, p->argv, p->envp);
	int err = now == parent || !now ? errno : ESRCH;
	ssize_t ignored = write(told, &err, sizeof err);
	(void)ignored;
	_exit(127);
}

/* The errno of the exec that fails, 0 once it has succeeded. */
static int exec_error(int told)
{
	int err;
	ssize_t n;

	do
		n = read(told, &err, sizeof err);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof err ? err : 0;
}

int child_exec(pid_t *pid, const struct child_program *p)
{
	sigset_t all, before;
	int told[2], err;

	if (pipe2(told, O_CLOEXEC) < 0)
		return errno;
	int high = fcntl(told[1], F_DUPFD_CLOEXEC, 3); /* dup3 onto 0, 1 and 2 must not close it */
	err = errno;
	close(told[1]);
	if (high < 0) {
		close(told[0]);
		return err;
	}
	pid_t parent = getpid();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of the parent runs in the child */
	*pid = fork();
	err = errno;
	if (!*pid)
		become(p, parent, high);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(high);
	if (*pid > 0)
		err = exec_error(told[0]);
	close(told[0]);
	if (*pid > 0 && err)
		while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
			;
	return err;
}

void child_begin_program(void)
{
	const struct sigaction def = {.sa_handler = SIG_DFL}, ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGCHLD, &def, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0) /* the lowest that is free, so open returns it */
			(void)open("/dev/null", (fd ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}
