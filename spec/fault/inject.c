/* SPDX-License-Identifier: MIT */
/* Runs a command and, between two marks in it, meddles with one system call of any of its threads. A mark is an attempt
 * to open /zlnet-mark/begin or /zlnet-mark/end.
 *   inject LOG list COMMAND…       LOG: a line "NAME ERRNO…" for each call, the errors which it can really give
 *   inject LOG kill:N COMMAND…     SIGKILL before the N-th call is made
 *   inject LOG fail:N:K COMMAND…   the N-th call is not made and fails with the K-th of its errors (close is made)
 *   inject LOG opens COMMAND…      LOG: a line "NAME cloexec|inherited|created|executed PATH" for each call that makes
 * a descriptor or starts a program With kill and fail LOG is "NAME ERRNO" of what was hit, or empty. Exits as the
 * command, with 137 if it was killed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
/* cppcheck-suppress preprocessorErrorDirective */
#error "how the number and the result of a system call are set is known here for x86-64 only"
#endif

/* Calls that are not here, like munmap or exit, cannot fail when used rightly: they are points to be killed at only. */
static const struct call {
	long nr;
	const char *name;
	int errors[6];
} calls[] = {
#define CALL(name, ...) \
	{ \
		SYS_##name, #name, \
		{ \
			__VA_ARGS__ \
		} \
	}
	CALL(openat, EMFILE, ENFILE, ENOMEM, EACCES, EINTR),
	CALL(open, EMFILE, ENFILE, ENOMEM, EACCES, EINTR),
	CALL(close, EINTR, EIO),
	CALL(read, EIO, EINTR, ENOMEM),
	CALL(write, EPERM, EINTR, EINVAL, ENOMEM),
	CALL(socket, EMFILE, ENFILE, ENOBUFS, EPERM, EAFNOSUPPORT),
	CALL(setsockopt, ENOPROTOOPT, ENOMEM),
	CALL(sendto, ENOBUFS, ENOMEM, EINTR, EPERM),
	CALL(recvfrom, ENOBUFS, ENOMEM, EINTR, EAGAIN),
	CALL(recvmsg, ENOBUFS, ENOMEM, EINTR, EAGAIN),
	CALL(poll, EINTR, ENOMEM),
	CALL(ppoll, EINTR, ENOMEM),
	CALL(epoll_create1, EMFILE, ENFILE, ENOMEM),
	CALL(epoll_ctl, ENOMEM, ENOSPC),
	CALL(epoll_wait, EINTR),
	CALL(epoll_pwait, EINTR),
	CALL(timerfd_create, EMFILE, ENFILE, ENOMEM),
	CALL(eventfd2, EMFILE, ENFILE, ENOMEM),
	CALL(memfd_create, EMFILE, ENFILE, ENOMEM),
	CALL(setns, EPERM, ENOMEM, EINVAL),
	CALL(unshare, EPERM, ENOMEM, ENOSPC),
	CALL(flock, EINTR, ENOLCK, EAGAIN),
	CALL(fcntl, EMFILE, EINVAL),
	CALL(ioctl, ENOTTY, EPERM),
	CALL(fstat, ENOMEM, EOVERFLOW),
	CALL(newfstatat, ENOMEM, EACCES),
	CALL(fstatfs, ENOMEM, EIO),
	CALL(readlink, ENOMEM, EACCES),
	CALL(readlinkat, ENOMEM, EACCES),
	CALL(getdents64, EIO, ENOMEM),
	CALL(pidfd_open, EMFILE, ENFILE, ENOMEM, ENODEV, EPERM),
	CALL(clone3, ENOSYS, EAGAIN, ENOMEM, EPERM),
	CALL(clone, EAGAIN, ENOMEM, EPERM),
	CALL(mmap, ENOMEM),
	CALL(mprotect, ENOMEM),
	CALL(brk, ENOMEM),
	CALL(futex, EINTR, EAGAIN),
	CALL(sched_getaffinity, EINVAL, EPERM),
	CALL(sched_setaffinity, EINVAL, EPERM),
	CALL(capget, EPERM),
	CALL(kcmp, ENOSYS, EPERM),
	CALL(getrandom, ENOSYS, EINTR),
	CALL(clock_nanosleep, EINTR),
	CALL(nanosleep, EINTR),
	CALL(mount, EPERM, ENOMEM, EINVAL),
	CALL(umount2, EPERM, EBUSY),
	CALL(mkdir, ENOSPC, EROFS, EEXIST),
	CALL(unlink, EROFS, EBUSY),
	CALL(execve, ENOMEM),
	CALL(fork, EAGAIN, ENOMEM),
	CALL(vfork, EAGAIN, ENOMEM),
	CALL(timerfd_settime),
	CALL(munmap),
	CALL(madvise),
	CALL(rt_sigprocmask),
	CALL(exit),
	CALL(exit_group),
	CALL(set_robust_list),
	CALL(rseq),
	CALL(getpid),
	CALL(gettid),
	CALL(getcpu),
	CALL(sysinfo),
	CALL(clock_gettime),
#undef CALL
};

/* Only to wait can fail: a wake that had not happened would be another kernel's. */
static const struct call futex_wake = {SYS_futex, "futex", {0}};

static const struct call *call_of(long nr)
{
	static struct call unknown;
	static char name[32];

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (calls[i].nr == nr)
			return &calls[i];
	snprintf(name, sizeof name, "syscall-%ld", nr);
	unknown = (struct call){.nr = nr, .name = name};
	return &unknown;
}

static unsigned errors_of(const struct call *c)
{
	unsigned n = 0;

	while (n < 6 && c->errors[n])
		n++;
	return n;
}

static struct plan {
	enum { LIST, KILL, FAIL, OPENS } how;
	unsigned long at, error;
	FILE *log;
} plan;

static bool marked;
static unsigned long count;
static pid_t first, victim; /* whose call's result is to be changed at its end */
static int result;
static unsigned long long wanted_end; /* of a brk */

/* Whether the call opens a mark, which switches counting on or off. */
static bool is_mark(pid_t tid, const struct __ptrace_syscall_info *i)
{
	char path[20] = "";
	struct iovec to = {path, sizeof path - 1}, from = {NULL, sizeof path - 1};

	if (i->entry.nr != SYS_openat)
		return false;
	memcpy(&from.iov_base, &i->entry.args[1], sizeof from.iov_base);
	if (process_vm_readv(tid, &to, 1, &from, 1, 0) < 0 || strncmp(path, "/zlnet-mark/", 12) != 0)
		return false;
	marked = path[12] == 'b';
	return true;
}

static void meddle(pid_t tid, const struct call *c)
{
	struct user_regs_struct regs;
	unsigned n = errors_of(c);

	if (plan.how == KILL) {
		fprintf(plan.log, "%s SIGKILL\n", c->name);
		kill(first, SIGKILL);
		return;
	}
	if (n == 0)
		return;
	result = c->errors[(plan.error - 1) % n];
	victim = tid;
	fprintf(plan.log, "%s %s\n", c->name, strerrorname_np(result));
	if (c->nr == SYS_close) /* it always closes */
		return;
	ptrace(PTRACE_GETREGS, tid, NULL, &regs);
	if (c->nr == SYS_brk) { /* it fails by leaving the end where it is and saying where that is */
		wanted_end = regs.rdi;
		regs.rdi = 0;
	} else {
		regs.orig_rax = (unsigned long long)-1;
	}
	ptrace(PTRACE_SETREGS, tid, NULL, &regs);
}

/* --- what is opened --- */

static const char *path_at(pid_t tid, unsigned long long at)
{
	static char path[257];
	size_t n = 0;

	do { /* by the word: a longer piece may reach into a page that is not there */
		errno = 0;
		long word = ptrace(PTRACE_PEEKDATA, tid, at + n, NULL);
		if (errno)
			break;
		memcpy(path + n, &word, sizeof word);
		n += sizeof word;
	} while (n < sizeof path - 1 && !memchr(path + n - sizeof(long), 0, sizeof(long)));
	path[n] = 0;
	return path;
}

static void log_opened(const struct call *c, bool cloexec, const char *path)
{
	fprintf(plan.log, "%s %s %s\n", c->name, cloexec ? "cloexec" : "inherited", path);
}

static void log_open(pid_t tid, const struct call *c, const unsigned long long a[6])
{
	switch (c->nr) {
	case SYS_openat:
	case SYS_open: {
		unsigned long long flags = a[c->nr == SYS_openat ? 2 : 1];
		const char *path = path_at(tid, a[c->nr == SYS_openat ? 1 : 0]);
		log_opened(c, flags & O_CLOEXEC, path);
		if (flags & O_CREAT)
			fprintf(plan.log, "%s created %s\n", c->name, path);
		break;
	}
	case SYS_socket:
		log_opened(c, a[1] & SOCK_CLOEXEC, "");
		break;
	case SYS_epoll_create1:
		log_opened(c, a[0] & EPOLL_CLOEXEC, "");
		break;
	case SYS_timerfd_create:
		log_opened(c, a[1] & TFD_CLOEXEC, "");
		break;
	case SYS_eventfd2:
		log_opened(c, a[1] & EFD_CLOEXEC, "");
		break;
	case SYS_memfd_create:
		log_opened(c, a[1] & MFD_CLOEXEC, "");
		break;
	case SYS_pipe2:
		log_opened(c, a[1] & O_CLOEXEC, "");
		break;
	case SYS_fcntl:
		if (a[1] == F_DUPFD || a[1] == F_DUPFD_CLOEXEC)
			log_opened(c, a[1] == F_DUPFD_CLOEXEC, "");
		break;
	case SYS_dup:
	case SYS_dup2:
	case SYS_dup3:
	case SYS_pipe:
	case SYS_eventfd:
	case SYS_epoll_create:
		log_opened(c, false, "");
		break;
	case SYS_execve:
	case SYS_execveat:
	case SYS_fork:
	case SYS_vfork:
		fprintf(plan.log, "%s executed\n", c->name);
		break;
	}
}

static void at_entry(pid_t tid, const struct __ptrace_syscall_info *i)
{
	if (is_mark(tid, i) || !marked)
		return;
	const struct call *c = call_of((long)i->entry.nr);

	if (c->nr == SYS_futex && (i->entry.args[1] & FUTEX_CMD_MASK) == FUTEX_WAKE)
		c = &futex_wake;
	count++;
	if (plan.how == LIST) {
		fprintf(plan.log, "%s", c->name);
		for (unsigned k = 0; k < errors_of(c); k++)
			fprintf(plan.log, " %s", strerrorname_np(c->errors[k]));
		fputc('\n', plan.log);
	} else if (plan.how == OPENS) {
		log_open(tid, c, (const unsigned long long *)i->entry.args);
	} else if (count == plan.at) {
		meddle(tid, c);
	}
}

static void at_exit_of_call(pid_t tid)
{
	struct user_regs_struct regs;

	if (tid != victim)
		return;
	victim = 0;
	ptrace(PTRACE_GETREGS, tid, NULL, &regs);
	if (wanted_end)
		regs.rdi = wanted_end; /* a call leaves its arguments alone */
	else
		regs.rax = (unsigned long long)-result;
	ptrace(PTRACE_SETREGS, tid, NULL, &regs);
}

/* One stop of a thread. Returns the signal to hand on. */
static int stopped(pid_t tid, int status)
{
	struct __ptrace_syscall_info i;
	int sig = WSTOPSIG(status);

	if (sig == (SIGTRAP | 0x80)) {
		if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof i, &i) <= 0)
			return 0;
		if (i.op == PTRACE_SYSCALL_INFO_ENTRY)
			at_entry(tid, &i);
		else if (i.op == PTRACE_SYSCALL_INFO_EXIT)
			at_exit_of_call(tid);
		return 0;
	}
	if (status >> 16 || sig == SIGSTOP || sig == SIGTRAP) /* events, and the stop a new thread begins with */
		return 0;
	return sig;
}

static int trace(void)
{
	int status;

	for (;;) {
		pid_t tid = waitpid(-1, &status, __WALL);
		if (tid < 0)
			return errno == ECHILD ? 137 : 2;
		if (WIFSTOPPED(status)) {
			int sig = stopped(tid, status);
			ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(long)sig);
		} else if (tid == first) {
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
	}
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 4 || !(plan.log = fopen(argv[1], "we"))) {
		fprintf(stderr, "usage: %s LOG list|opens|kill:N|fail:N:K COMMAND…\n", argv[0]);
		return 2;
	}
	setvbuf(plan.log, NULL, _IOLBF, BUFSIZ);
	if (sscanf(argv[2], "kill:%lu", &plan.at) == 1)
		plan.how = KILL;
	else if (sscanf(argv[2], "fail:%lu:%lu", &plan.at, &plan.error) == 2)
		plan.how = FAIL;
	else if (strcmp(argv[2], "opens") == 0)
		plan.how = OPENS;
	first = fork();
	if (first == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	waitpid(first, &status, 0);
	ptrace(PTRACE_SETOPTIONS, first, NULL,
	       (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL));
	ptrace(PTRACE_SYSCALL, first, NULL, NULL);
	return trace();
}
