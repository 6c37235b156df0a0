/* SPDX-License-Identifier: MIT */
/* Processes (pidfd, start time, /proc) and sysctl files. No Lua. */
#ifndef ZLNET_KERNEL_PROCESS_H
#define ZLNET_KERNEL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

/* A descriptor of the process, owned by the caller; -ESRCH when there is none with that pid, also when the number
 * is a thread's (the kernel says EINVAL or ENOENT for those). */
int process_pidfd(pid_t pid, struct error *e);

/* 0 while the process behind a pidfd lives, -ESRCH when it has ended, another -errno when that cannot be told. */
int process_check_alive(int pidfd);

/* The number that the process behind a pidfd has for good, and no later one gets (its inode, Linux 6.9); 0: the kernel
 * gives none. */
uint64_t process_number(int pidfd);

/* Field 22 of /proc/PID/stat: clock ticks after boot, whatever our time namespace is (there it may be off by one).
 * Tells processes with the same pid apart. */
int process_starttime(pid_t pid, uint64_t *ticks, struct error *e);

/* Whether /proc is that of our pid namespace. */
bool process_proc_is_ours(void);

/* How much of our pid namespace /proc shows us. */
enum process_view {
	PROCESS_ALL,     /* every process */
	PROCESS_PARTIAL, /* hidepid hides other users' processes from us */
	PROCESS_FOREIGN, /* another pid namespace's /proc, or none */
};
enum process_view process_view(void);

/* Inode of the pid namespace we live in. 0 or -errno. */
int process_pidns(uint64_t *ino, struct error *e);

/* Read at most cap - 1 bytes of a small file into buf, which is NUL-terminated. Returns the length or -errno. */
ssize_t process_read(const char *path, char *buf, size_t cap, struct error *e);

/* Write value to /proc/sys/PATH (already validated, slashed). The calling thread's namespace decides. */
int sysctl_write(const char *path, const char *value, size_t len, struct error *e);
ssize_t sysctl_read(const char *path, char *buf, size_t cap, struct error *e);

/* Memory for what belongs to this process alone: zero at first, and in a child made by fork, however that was made.
 * Made once for each *page, never freed; NULL where there is none (no memory, Linux before 4.14). */
void *process_page(void *_Atomic *page, size_t size);

/* A number that is another one in a child made by fork, at any depth: what is used in the process that made it keeps
 * it. */
uint64_t process_generation(void);

#endif
