/* SPDX-License-Identifier: MIT */
/* The step from fork to exec. posix_spawn cannot bind a child's life to its parent's.
 *
 * The kernel sends a signal to a dead parent's children only, and a script has children of its own that do the work.
 * Between the parent and a script stands a watcher, a process that does nothing but wait for either's end. It leads a
 * process group and kills all of it. */
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

/* Every descriptor from first on is closed, at once or by exec. The descriptors of zlnet are close-on-exec, those of
 * its caller may not be. */
static void close_all(int first, bool by_exec)
{
	struct rlimit limit;

	if (!syscall(SYS_close_range, (unsigned)first, ~0U, by_exec ? CLOSE_RANGE_CLOEXEC : 0U) ||
	    getrlimit(RLIMIT_NOFILE, &limit))
		return;
	for (int fd = first; fd < NO_MORE_THAN && (rlim_t)fd < limit.rlim_cur; fd++) /* before Linux 5.11 */
		(void)(by_exec ? fcntl(fd, F_SETFD, FD_CLOEXEC) : close(fd));
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

/* In the child, as all up to watch: the parent may have threads, so only functions are called that are safe in a signal
 * handler. The calling process gets the signal when its parent ends. False where that has happened already. */
static bool die_with_parent(int sig, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, sig);
	pid_t now = getppid();
	return now == parent || !now; /* 0: the parent is in another pid namespace */
}

static _Noreturn void fail(int told, int err)
{
	ssize_t ignored = write(told, &err, sizeof err);

	(void)ignored;
	_exit(127);
}

/* Exec. The error goes to told, which exec closes. */
static _Noreturn void become(const struct child_program *p, pid_t parent, int told)
{
	const bool alive = die_with_parent(SIGKILL, parent);

	for (int i = 0; i < 3; i++)
		(void)dup3(p->fd[i], i, 0); /* never equal: the descriptors of zlnet begin at 3 */
	close_all(3, true);
	reset_signals();
	if (alive)
		execve(p->path, p->argv, p->envp);
	fail(told, alive ? errno : ESRCH);
}

/* End as the program did. */
static _Noreturn void end_like(int status)
{
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	reset_signals();
	kill(getpid(), WTERMSIG(status));
	_exit(127);
}

/* Wait for the program's end, or for the parent's: then the group is killed, the watcher with it. All signals are
 * blocked. */
static _Noreturn void watch(pid_t program)
{
	sigset_t awaited;
	int status;

	sigemptyset(&awaited);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGCHLD);
	for (;;) {
		int sig = sigwaitinfo(&awaited, NULL);
		if (sig == SIGTERM)
			kill(0, SIGKILL);
		if (waitpid(program, &status, WNOHANG) == program)
			end_like(status);
	}
}

/* The child of vfork only calls what may be called there, and execs or ends: the reason for the checks is none here.
 * NOLINTBEGIN(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork) */
static _Noreturn void start_watched(const struct child_program *p, pid_t parent, int told)
{
	const struct sigaction def = {.sa_handler = SIG_DFL};

	setpgid(0, 0);
	sigaction(SIGCHLD, &def, NULL); /* where it is ignored the kernel keeps no status */
	if (!die_with_parent(SIGTERM, parent))
		fail(told, ESRCH);
	pid_t watcher = getpid();
	pid_t program = vfork();
	if (program < 0)
		fail(told, errno);
	if (!program)
		become(p, watcher, told);
	close_all(0, false); /* the ends of pipes are the program's alone */
	watch(program);
}

static _Noreturn void start(const struct child_program *p, pid_t parent, int told)
{
	setpgid(0, 0);
	become(p, parent, told);
}

static bool is_script(const char *path)
{
	char head[2];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool found = fd >= 0 && read(fd, head, sizeof head) == (ssize_t)sizeof head && head[0] == '#' && head[1] == '!';

	if (fd >= 0)
		close(fd);
	return found;
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
	const bool watched = is_script(p->path);
	pid_t child = watched ? fork() : vfork(); /* the parent's memory is not copied where exec follows at once */
	err = errno;
	if (!child)
		(watched ? start_watched : start)(p, parent, high);
	*pid = child;
	if (*pid > 0)
		setpgid(*pid, *pid); /* whichever of both is first */
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

/* NOLINTEND(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork) */

void child_begin_program(void)
{
	const struct sigaction def = {.sa_handler = SIG_DFL}, ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGCHLD, &def, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0) /* the lowest that is free, so open returns it */
			(void)open("/dev/null", (fd ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}
