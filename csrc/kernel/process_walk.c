/* SPDX-License-Identifier: MIT */
#include "kernel/process_walk.h"
#include "kernel/error.h"
#include "kernel/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef PROCESS_SUPER_MAGIC
#define PROCESS_SUPER_MAGIC 0x9fa0
#endif

#define WALKS    12 /* until it is given up on a machine that is never quiet */
#define LISTINGS 8  /* of one process's threads */

struct walk {
	process_look *look;
	void *arg;
	int proc;    /* descriptor of /proc */
	off_t first; /* where process 0 would be listed in it */
	bool missed; /* in this walk a thread may have been missed */
};

/* The entry as the kernel writes it: struct linux_dirent64, which no header has. */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

#define ONE 32 /* bytes that an entry with a number of up to 7 digits takes */

/* What one read gave of a directory. */
struct listing {
	int dir;
	long len, at;
	_Alignas(struct entry) char buf[1024];
};

/* The next number that a directory lists: 1, 0 at its end, or -errno. A read takes size bytes at most. */
static int next_number(struct listing *l, size_t size, pid_t *number)
{
	for (;;) {
		if (l->at == l->len) {
			l->at = 0;
			l->len = syscall(SYS_getdents64, l->dir, l->buf, size);
			if (l->len <= 0)
				return l->len < 0 ? -errno : 0;
		}
		const struct entry *d = (const struct entry *)(l->buf + l->at);
		l->at += d->len;
		if (isdigit((unsigned char)d->name[0])) {
			*number = (pid_t)strtol(d->name, NULL, 10);
			return 1;
		}
	}
}

/* The next process after number n that is there when this is called, as next_number: a read has room for one, because
 * the caller looks at it before the next is made, and the place to go on is said, because the kernel's own skips what
 * is made after the read. */
static int next_process(const struct walk *w, pid_t n, pid_t *number)
{
	struct listing l = {.dir = w->proc};

	return lseek(w->proc, w->first + n + 1, SEEK_SET) < 0 ? -errno : next_number(&l, ONE, number);
}

/* Find where the kernel lists process 0, by where it lists us. 0, or -errno where it lists in another manner. */
static int find_first(struct walk *w)
{
	pid_t self = getpid(), from = 0, after = 0;

	for (w->first = 256; w->first < 264; w->first++) { /* 258 for ten years now */
		int rc = next_process(w, self - 1, &from);
		if (rc > 0)
			rc = next_process(w, self, &after);
		if (rc < 0)
			return rc;
		if (from == self && (rc == 0 || after > self))
			return 0;
	}
	return -EBADMSG;
}

/* Numbers of threads: malloc'd, grown as needed; zero-initialise. */
struct tids {
	pid_t *v;
	size_t n, cap;
};

static int tids_set(struct tids *tids, size_t i, pid_t tid)
{
	if (i == tids->cap) {
		size_t cap = tids->cap ? tids->cap * 2 : 64;
		pid_t *v = realloc(tids->v, cap * sizeof *v);
		if (!v)
			return -ENOMEM;
		tids->v = v;
		tids->cap = cap;
	}
	tids->v[i] = tid;
	return 0;
}

/* Look at the threads but the first that one listing shows. 1: all are there, and are those of the listing before (in
 * tids, replaced); 0: not so. */
static int list_threads(struct walk *w, int dir, pid_t pid, struct tids *tids)
{
	struct listing l = {.dir = dir};
	size_t n = 0;
	bool same = true;
	pid_t tid;
	int rc;

	if (lseek(dir, 0, SEEK_SET) < 0)
		return -errno;
	while ((rc = next_number(&l, sizeof l.buf, &tid)) > 0) {
		int looked = tid == pid ? 0 : w->look(w->arg, pid, tid);
		if (looked < 0 && looked != -ESRCH)
			return looked;
		same = same && !looked && n < tids->n && tids->v[n] == tid;
		if (tids_set(tids, n++, tid) < 0)
			return -ENOMEM;
	}
	same = same && n == tids->n;
	tids->n = n;
	return rc < 0 && rc != -ENOENT && rc != -ESRCH ? rc : same;
}

/* The kernel may leave threads out of a listing while others end, so it has to show the same twice. */
static int walk_threads(struct walk *w, pid_t pid)
{
	char path[32];
	struct stat st;
	struct tids tids = {0};
	int rc = 0;

	snprintf(path, sizeof path, "%d/task", (int)pid);
	if (fstatat(w->proc, path, &st, 0) == 0 && st.st_nlink <= 3) /* one thread: it was looked at */
		return 0;
	int dir = openat(w->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	for (int i = 0; i < LISTINGS && rc == 0; i++)
		rc = list_threads(w, dir, pid, &tids);
	close(dir);
	free(tids.v);
	w->missed = w->missed || rc == 0;
	return rc < 0 ? rc : 0;
}

static int walk_once(struct walk *w)
{
	pid_t pid = 0;
	int rc;

	w->missed = false;
	while ((rc = next_process(w, pid, &pid)) > 0) {
		rc = w->look(w->arg, pid, pid);
		if (rc == 0 || rc == -ESRCH)
			rc = walk_threads(w, pid);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* The number that was given to the latest task of our pid namespace, -1 when that is not known: others may stand in for
 * the file. */
static int64_t last_number(void)
{
	static const char path[] = "/proc/loadavg"; /* … LAST */
	char buf[128];
	struct statfs fs;
	struct error ignored;
	const char *p;
	int64_t n;

	if (statfs(path, &fs) < 0 || fs.f_type != PROCESS_SUPER_MAGIC ||
	    process_read(path, buf, sizeof buf, &ignored) < 0)
		return -1;
	p = strrchr(buf, ' ');
	return p && sscanf(p, " %" SCNd64, &n) == 1 ? n : -1;
}

/* Nothing was missed when no task was made during a walk. Otherwise a new task has a number above all that were there
 * before, so the walk comes to it later, and a chain of processes that fork and end runs into the walk. But a process
 * with a number from before the numbers began anew may leave a child with a low one, behind the walk's back: hence a
 * second walk. And the numbers may begin anew meanwhile: then the latest is below the one before. */
static int walk_until_quiet(struct walk *w)
{
	int64_t latest = last_number();

	for (int i = 0, quiet = 0; i < WALKS; i++) {
		int64_t before = latest;
		int rc = walk_once(w);
		if (rc < 0)
			return rc;
		latest = last_number();
		quiet = w->missed || before < 0 || latest < before ? 0 : quiet + 1;
		if (quiet == 2 || (quiet == 1 && latest == before))
			return 1;
	}
	return 0;
}

int process_walk(process_look *look, void *arg, struct error *e)
{
	struct walk w = {.look = look, .arg = arg, .proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

	if (w.proc < 0)
		return error_io(e, errno, "open", "/proc");
	int rc = find_first(&w);
	if (rc == 0)
		rc = walk_until_quiet(&w);
	close(w.proc);
	return rc < 0 ? error_io(e, -rc, "read", "/proc") : rc;
}
