/* SPDX-License-Identifier: MIT */
/* One program run with a text as its standard input and its output caught: what a CNI plugin needs to ask another one.
 * No shell, no Lua. */
#ifndef ZLNET_SPAWN_H
#define ZLNET_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

struct zerr;

/* Standard output and error go to memory files: nothing has to be read while the program runs, so neither side can
 * block the other, and a daemon which it leaves behind keeps no pipe of ours open. */
struct spawn {
	pid_t pid; /* 0 when there is no child to wait for */
	int pidfd;
	int out, err; /* -1 when closed */
	int status;   /* of waitpid, once pid is 0 */
};

/* What a struct spawn must be before spawn_start. */
#define SPAWN_NONE \
	{ \
		0, -1, -1, -1, 0 \
	}

/* Start path with argv and envp and the text as its standard input. 0 or -errno; on failure nothing is left. */
int spawn_start(struct spawn *s, const char *path, char *const argv[], char *const envp[], const void *text, size_t len,
                struct zerr *e);

/* Wait until the program has ended, at most until deadline (nl_now's milliseconds): then it is killed, -ETIMEDOUT.
 * 0 or -errno; the child is reaped in any case. */
int spawn_wait(struct spawn *s, int64_t deadline, struct zerr *e);

/* How many bytes were written to out or err. -errno, -EFBIG past SPAWN_OUTPUT_MAX. */
#define SPAWN_OUTPUT_MAX (4 << 20)
ssize_t spawn_size(int fd, struct zerr *e);

/* Read exactly len bytes from the beginning of out or err. */
int spawn_read(int fd, void *buf, size_t len, struct zerr *e);

/* Kill and reap what still runs, close everything. Idempotent. */
void spawn_close(struct spawn *s);

#endif
