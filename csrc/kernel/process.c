/* SPDX-License-Identifier: MIT */
#include "kernel/process.h"
#include "kernel/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

int process_pidfd(pid_t pid, struct error *e)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec always */

	if (fd >= 0)
		return fd;
	if (errno == EINVAL || errno == ENOENT)
		return error_io(e, ESRCH, "pidfd_open", "pid %d is a thread's number, not a process", (int)pid);
	return error_io(e, errno, "pidfd_open", "pid %d", (int)pid);
}

int process_check_alive(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n ? -ESRCH : 0;
}

#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446
#endif

uint64_t process_number(int pidfd)
{
	struct statfs fs;
	struct stat st;

	return fstatfs(pidfd, &fs) == 0 && fs.f_type == PID_FS_MAGIC && fstat(pidfd, &st) == 0 ? st.st_ino : 0;
}

ssize_t process_read(const char *path, char *buf, size_t cap, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return error_io(e, errno, "open", "%s", path);
	do /* one read gives a file of /proc whole, as far as the buffer goes */
		n = read(fd, buf, cap - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		n = error_io(e, errno, "read", "%s", path);
	close(fd);
	buf[n < 0 ? 0 : n] = 0;
	return n;
}

/* What stays as it is for as long as a process lives, and costs a walk through /proc. */
struct kept {
	_Atomic uint64_t pidns; /* 0: not known yet */
	_Atomic int64_t offset;
	atomic_bool offset_known;
};

void *process_page(void *_Atomic *page, size_t size)
{
	void *none = NULL, *p = atomic_load(page);

	if (p)
		return p;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (madvise(p, size, MADV_WIPEONFORK) == 0 && atomic_compare_exchange_strong(page, &none, p))
		return p;
	munmap(p, size);
	return none;
}

/* The number of a process that got no page. It stays without: another number later would make what it has a stranger's.
 */
static uint64_t generation_without(_Atomic uint64_t *without)
{
	uint64_t number = (uint64_t)1 << 63 | (uint64_t)getpid();

	atomic_store(without, number);
	return number;
}

uint64_t process_generation(void)
{
	static void *_Atomic page;
	static _Atomic uint64_t latest;  /* a child inherits it, and counts on */
	static _Atomic uint64_t without; /* of a process that has no page; a child that inherits it tries anew */
	uint64_t none = 0, next, pageless = atomic_load(&without);

	if (pageless && pageless == generation_without(&without))
		return pageless;
	_Atomic uint64_t *mine = process_page(&page, sizeof *mine);
	if (!mine)
		return generation_without(&without);
	atomic_store(&without, 0);
	if (atomic_load(mine) == 0) {
		next = atomic_fetch_add(&latest, 1) + 1;
		atomic_compare_exchange_strong(mine, &none, next);
	}
	return atomic_load(mine);
}

/* A child of ours may be in other namespaces. */
static struct kept *kept(void)
{
	static void *_Atomic page;

	return process_page(&page, sizeof(struct kept));
}

/* By how many ticks /proc is ahead of the machine in our time namespace: what process_pid_stat(5) shows of other
 * processes is shifted by that. */
static int read_boottime_offset(int64_t *ticks, struct error *e)
{
	enum { PROCESS_TIME_INIT_INO = 0xEFFFFFFAU };
	static const char ns[] = "/proc/self/ns/time", path[] = "/proc/self/timens_offsets";
	char buf[128];
	struct stat st;
	int64_t sec, nsec;
	const char *p;

	*ticks = 0;
	if (stat(ns, &st) < 0)
		return errno == ENOENT ? 0 : error_io(e, errno, "stat", ns); /* a kernel without them */
	if (st.st_ino == PROCESS_TIME_INIT_INO)
		return 0;
	ssize_t n = process_read(path, buf, sizeof buf, e);
	if (n < 0)
		return (int)n;
	if (!(p = strstr(buf, "boottime")) || sscanf(p, "boottime %" SCNd64 " %" SCNd64, &sec, &nsec) != 2)
		return error_io(e, EBADMSG, "read", path);
	*ticks = sec * 100 + nsec / 10000000; /* USER_HZ is 100 wherever Linux runs today */
	return 0;
}

static int boottime_offset(int64_t *ticks, struct error *e)
{
	struct kept *k = kept();

	if (k && atomic_load(&k->offset_known)) {
		*ticks = atomic_load(&k->offset);
		return 0;
	}
	int rc = read_boottime_offset(ticks, e);
	if (rc == 0 && k) {
		atomic_store(&k->offset, *ticks);
		atomic_store(&k->offset_known, true);
	}
	return rc;
}

int process_starttime(pid_t pid, uint64_t *ticks, struct error *e)
{
	char path[32], buf[1024];

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	ssize_t n = process_read(path, buf, sizeof buf, e);
	if (n < 0)
		return (int)n;
	/* the name in brackets may hold anything, brackets too: count fields after the last one */
	const char *p = strrchr(buf, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, " %" SCNu64, ticks) != 1)
		return error_io(e, EBADMSG, "read", "%s", path);
	int64_t offset;
	int rc = boottime_offset(&offset, e);
	if (rc == 0)
		*ticks -= (uint64_t)offset;
	return rc;
}

bool process_proc_is_ours(void)
{
	char target[16];
	ssize_t n = readlink("/proc/self", target, sizeof target - 1);

	if (n <= 0)
		return false;
	target[n] = 0;
	return strtol(target, NULL, 10) == (long)getpid();
}

/* Whether the /proc that is on top is mounted so that processes can be missing from it. */
static bool process_hides(void)
{
	char line[1024];
	bool hides = false;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	if (!f)
		return true;
	while (fgets(line, sizeof line,
	             f)) { /* ID parent major:minor root MOUNTPOINT options … - type source options */
		const char *type = strstr(line, " - proc "), *opt = strstr(line, "hidepid=");
		if (type && strstr(line, " /proc ") && strstr(line, " /proc ") < type)
			hides = opt && (opt[8] == '2' || opt[8] == '4' || opt[8] == 'i' || opt[8] == 'p');
	}
	hides = hides || ferror(f);
	fclose(f);
	return hides;
}

/* CAP_SYS_PTRACE in the initial user namespace sees through hidepid. */
static bool sees_all(void)
{
	char buf[4096];
	struct error e;
	unsigned long long caps = 0, inside, outside, count;
	const char *p;

	if (process_read("/proc/self/status", buf, sizeof buf, &e) < 0 || !(p = strstr(buf, "\nCapEff:")))
		return false;
	if (sscanf(p + 8, "%llx", &caps) != 1 || !(caps >> 19 & 1))
		return false;
	if (process_read("/proc/self/uid_map", buf, sizeof buf, &e) < 0)
		return false;
	return sscanf(buf, "%llu %llu %llu", &inside, &outside, &count) == 3 && !inside && !outside &&
	       count == 4294967295;
}

enum process_view process_view(void)
{
	if (!process_proc_is_ours())
		return PROCESS_FOREIGN;
	return process_hides() && !sees_all() ? PROCESS_PARTIAL : PROCESS_ALL;
}

int process_pidns(uint64_t *ino, struct error *e)
{
	static const char path[] = "/proc/self/ns/pid";
	struct kept *k = kept();
	struct stat st;

	*ino = k ? atomic_load(&k->pidns) : 0;
	if (*ino)
		return 0;
	if (stat(path, &st) < 0)
		return error_io(e, errno, "stat", path);
	*ino = st.st_ino;
	if (k)
		atomic_store(&k->pidns, st.st_ino);
	return 0;
}

static void sysctl_file(const char *path, char *file, size_t cap)
{
	snprintf(file, cap, "/proc/sys/%s", path);
}

int sysctl_write(const char *path, const char *value, size_t len, struct error *e)
{
	char file[300];

	sysctl_file(path, file, sizeof file);
	int fd = open(file, O_WRONLY | O_CLOEXEC); /* never created: sysctl files are there or not */
	if (fd < 0)
		return error_io(e, errno, "open", "%s", file);
	ssize_t n;
	do
		n = write(fd, value, len);
	while (n < 0 && errno == EINTR);
	int rc = n < 0 ? error_io(e, errno, "write", "%s", file) : 0;
	if (n >= 0 && (size_t)n != len)
		rc = error_io(e, EIO, "write", "%s", file);
	close(fd);
	return rc;
}

ssize_t sysctl_read(const char *path, char *buf, size_t cap, struct error *e)
{
	char file[300];

	sysctl_file(path, file, sizeof file);
	return process_read(file, buf, cap, e);
}
