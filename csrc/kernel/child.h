/* SPDX-License-Identifier: MIT */
/* One program run with a text as its standard input and its output caught: what a CNI plugin needs to ask another one.
 * No shell, no Lua.
 *
 * With files in memory nothing has to be read while the program runs, so neither side can block the other. With pipes
 * the program may start before there is a text for it, and its output can be read before it has ended. Either way a
 * daemon which it leaves behind is not waited for. */
#ifndef ZLNET_KERNEL_CHILD_H
#define ZLNET_KERNEL_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct child {
	pid_t pid; /* 0 when there is no child to wait for */
	int pidfd;
	bool piped;
	int in, out, err; /* -1 when closed */
	int theirs[2]; /* ends of pipes that the program has. The reading one stays open until its text is written: then
	                     that cannot raise SIGPIPE */
	int status;    /* of waitpid, once pid is 0 */
	size_t taken;  /* bytes of a piped output */
};

/* For a process that is a program of its own, whatever its parent leaves it: SIGCHLD is not ignored, so the kernel
 * keeps how children ended; SIGPIPE is, so writing fails with EPIPE; descriptors 0 to 2 are open, so no other file is
 * taken for them. What was closed stays useless: reading 0 and writing 1 or 2 fails. */
void child_begin_program(void);

struct child_program {
	const char *path;
	char *const *argv, *const *envp;
	int fd[3]; /* what its descriptors 0 to 2 are; 3 or above */
};

/* Fork and exec. The program has descriptors 0 to 2 and no other, and leads a process group. It is killed when the
 * calling thread ends, a script with its group: a program that outlives a killed parent acts for no caller. pid is that
 * of the program, or of a script's watcher, which ends as the script does. 0 or a positive errno, and no child then. */
int child_exec(pid_t *pid, const struct child_program *p);

/* What a struct child must be before child_start. */
#define CHILD_NONE \
	{ \
		0, -1, false, -1, -1, -1, {-1, -1}, 0, 0 \
	}

/* What the program is to read and write: files, with the text as its standard input; or pipes. 0 or -errno; what was
 * opened is for child_close. */
int child_files(struct child *s, const void *text, size_t len, struct error *e);
int child_pipes(struct child *s, struct error *e);

/* Start path with argv and envp, after one of the above. 0 or -errno; on failure nothing is left. The program is killed
 * when the thread that starts it ends. */
int child_start(struct child *s, const char *path, char *const argv[], char *const envp[], struct error *e);

/* Write all that a piped standard input gets, and close it. Does not wait: -E2BIG for more than a pipe holds, which is
 * 64 KiB at least and 1 MiB where the system's limit is the default. */
int child_write(struct child *s, const void *text, size_t len, struct error *e);

/* Wait until something can be read from a piped output, at most until deadline. How many bytes, 0 when no more will
 * come: the program closed it or has ended. -errno, -ETIMEDOUT. */
ssize_t child_await(struct child *s, int64_t deadline, struct error *e);

/* Wait until the program has ended, at most until deadline (netlink_now's milliseconds): then it is killed, -ETIMEDOUT.
 * 0 or -errno; the child is reaped in any case. */
int child_wait(struct child *s, int64_t deadline, struct error *e);

/* How many bytes are there to be read: all of a file, what has not been read yet of a pipe. -errno, -EFBIG past
 * CHILD_OUTPUT_MAX in all. */
#define CHILD_OUTPUT_MAX (4 << 20)
ssize_t child_size(struct child *s, int fd, struct error *e);

/* Read exactly len bytes, which are there: of a file from its beginning. */
int child_read(int fd, void *buf, size_t len, struct error *e);

/* Kill and reap what still runs, close everything. Idempotent. */
void child_close(struct child *s);

#endif
