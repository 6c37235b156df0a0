/* SPDX-License-Identifier: MIT */
#include "kernel/netns.h"
#include "kernel/error.h"
#include "kernel/netlink.h"
#include "kernel/process.h"
#include "kernel/thread.h"
#include "kernel/visitor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef PIDFD_GET_NET_NAMESPACE
#define PIDFD_GET_NET_NAMESPACE _IO(0xFF, 4)
#endif

#ifndef NS_GET_ID
#define NS_GET_ID _IOR(0xb7, 13, uint64_t)
#endif

/* --- descriptors --- */

/* Take fd: returned when it is a network namespace, else closed. */
static int netns_check(int fd, const char *what, struct error *e)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		return error_io(e, EINVAL, "open", "%s is not a network namespace", what);
	}
	return fd;
}

/* Looked at before it is opened: to open a fifo lets its writers go on, to open a device may do anything. */
int netns_open_path(const char *path, struct error *e)
{
	char found[48];
	struct statfs fs;
	int place = open(path, O_PATH | O_CLOEXEC);

	if (place < 0)
		return error_io(e, errno, "open", "%s", path);
	snprintf(found, sizeof found, "/proc/thread-self/fd/%d", place);
	bool is_namespace = fstatfs(place, &fs) == 0 && fs.f_type == NSFS_MAGIC;
	int fd = is_namespace ? open(found, O_RDONLY | O_CLOEXEC) : -1;
	if (is_namespace && fd < 0 && errno == ENOENT) /* no /proc */
		fd = open(path, O_RDONLY | O_CLOEXEC);
	int code = is_namespace ? errno : EINVAL;
	close(place);
	if (!is_namespace)
		return error_io(e, EINVAL, "open", "%s is not a network namespace", path);
	return fd < 0 ? error_io(e, code, "open", "%s", path) : netns_check(fd, path, e);
}

int netns_open_name(const char *name, struct error *e)
{
	char path[sizeof NETNS_RUN_DIR + 256];

	snprintf(path, sizeof path, NETNS_RUN_DIR "/%s", name);
	return netns_open_path(path, e);
}

int netns_open_self(struct error *e)
{
	static const char path[] = "/proc/thread-self/ns/net";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? error_io(e, errno, "open", path) : fd;
}

int netns_open_fd(int fd, struct error *e)
{
	char what[32];
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	snprintf(what, sizeof what, "descriptor %d", fd);
	if (own < 0)
		return error_io(e, errno, "open", "%s", what);
	return netns_check(own, what, e);
}

/* That of a process whose first thread has ended: its other threads are in it. -ESRCH when there is none either. */
static int open_of_threads(pid_t pid, struct error *e)
{
	char path[48];
	const struct dirent *d;
	struct stat one, other;
	int fd = -1, rc = 0;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	while (dir && rc == 0 && (d = readdir(dir))) {
		char ns[sizeof d->d_name + 8];
		snprintf(ns, sizeof ns, "%s/ns/net", d->d_name);
		int next = d->d_name[0] == '.' ? -1 : openat(dirfd(dir), ns, O_RDONLY | O_CLOEXEC);
		if (next >= 0 && fd >= 0 &&
		    (fstat(fd, &one) < 0 || fstat(next, &other) < 0 || one.st_ino != other.st_ino))
			rc = error_io(e, EINVAL, "open", "the threads of pid %d are in several network namespaces",
			              (int)pid);
		if (next >= 0 && fd >= 0)
			close(next);
		else if (next >= 0)
			fd = next;
	}
	if (dir)
		closedir(dir);
	if (rc < 0 && fd >= 0)
		close(fd);
	return rc < 0 ? rc : fd < 0 ? error_io(e, ESRCH, "open", "pid %d", (int)pid) : fd;
}

/* The pidfd holds the process still: when it is alive after the namespace was opened, the path named it. Since
 * Linux 6.11 the pidfd itself gives the namespace, several times quicker; what it refuses the path refuses too, and
 * says why. */
int netns_open_process(pid_t pid, int pidfd, struct error *e)
{
	char path[48];
	int given = ioctl(pidfd, PIDFD_GET_NET_NAMESPACE, 0);

	if (given >= 0)
		return given;
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	int fd = netns_open_path(path, e);
	if (fd == -ENOENT)
		fd = open_of_threads(pid, e);
	int alive = process_check_alive(pidfd);
	if (fd >= 0 && alive < 0) {
		close(fd);
		fd = error_io(e, -alive, "open", "%s", path);
	}
	return fd;
}

int netns_open_pid(pid_t pid, struct error *e)
{
	int pidfd = process_pidfd(pid, e);

	if (pidfd < 0)
		return pidfd;
	int fd = netns_open_process(pid, pidfd, e);
	close(pidfd);
	return fd;
}

int netns_identify(int nsfd, struct netns_id *id, struct error *e)
{
	struct stat st;

	if (fstat(nsfd, &st) < 0)
		return error_io(e, errno, "fstat", "network namespace");
	*id = (struct netns_id){.dev = st.st_dev, .ino = st.st_ino};
	if (ioctl(nsfd, NS_GET_ID, &id->number) < 0)
		id->number = 0;
	return 0;
}

/* --- sockets --- */

struct socket_job {
	int protocol, fd;
};

static void socket_body(void *arg)
{
	struct socket_job *job = arg;

	job->fd = netlink_socket(job->protocol);
}

int netns_socket(int nsfd, int home, int protocol, struct error *e)
{
	struct socket_job job = {.protocol = protocol, .fd = -1};
	int rc = 0;

	if (nsfd < 0)
		socket_body(&job);
	else
		rc = visitor_run(nsfd, home, socket_body, &job, e);
	if (rc < 0)
		return rc;
	return job.fd < 0 ? error_io(e, -job.fd, "socket", "netlink socket") : job.fd;
}

/* --- sysctls --- */

struct sysctl_visit {
	const char *path, *value;
	size_t len;
	struct error *e;
	int rc;
};

static void sysctl_body(void *arg)
{
	struct sysctl_visit *v = arg;

	v->rc = sysctl_write(v->path, v->value, v->len, v->e);
}

int netns_sysctl_write(int nsfd, int home, const char *path, const char *value, size_t len, struct error *e)
{
	struct sysctl_visit v = {.path = path, .value = value, .len = len, .e = e};
	int rc = 0;

	if (nsfd < 0)
		sysctl_body(&v);
	else
		rc = visitor_run(nsfd, home, sysctl_body, &v, e);
	return rc < 0 ? rc : v.rc;
}

static bool same_netns(int a, int b)
{
	uint64_t x = 0, y = 0;
	socklen_t n = sizeof x, m = sizeof y;

	return getsockopt(a, SOL_SOCKET, SO_NETNS_COOKIE, &x, &n) == 0 &&
	       getsockopt(b, SOL_SOCKET, SO_NETNS_COOKIE, &y, &m) == 0 && x == y;
}

/* The namespace of the socket like; where it is the calling thread's, which needs no privilege, NETNS_OWN with a new
 * socket in *own. */
static int of_socket(int like, int *own, struct error *e)
{
	int fd = netlink_socket(NETLINK_ROUTE);

	if (fd < 0)
		return error_io(e, -fd, "socket", "netlink socket");
	if (same_netns(fd, like)) {
		*own = fd;
		return NETNS_OWN;
	}
	close(fd);
	int nsfd = ioctl(like, SIOCGSKNS); /* close-on-exec always */
	return nsfd < 0 ? error_io(e, errno, "open", "the handle's network namespace") : nsfd;
}

int netns_of_socket(int like, struct error *e)
{
	int own = -1, nsfd = of_socket(like, &own, e);

	if (own >= 0)
		close(own);
	return nsfd;
}

int netns_socket_like(int like, struct error *e)
{
	int own = -1, nsfd = of_socket(like, &own, e);

	if (nsfd < 0 || own >= 0)
		return nsfd < 0 ? nsfd : own;
	int fd = netns_socket(nsfd, -1, NETLINK_ROUTE, e);
	close(nsfd);
	return fd;
}

/* --- making and removing --- */

static void self_body(void *arg)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	*(int *)arg = fd < 0 ? -errno : fd;
}

int netns_new(struct error *e)
{
	int fd = -1;
	int rc = thread_run(THREAD_NEW_NETNS, self_body, &fd, e);

	if (rc < 0)
		return rc;
	return fd < 0 ? error_io(e, -fd, "open", "/proc/thread-self/ns/net") : fd;
}

bool netns_name_ok(const char *name, size_t len)
{
	return len > 0 && len < 256 && !memchr(name, '/', len) && !memchr(name, 0, len) && strcmp(name, ".") &&
	       strcmp(name, "..");
}

/* /run/netns as a shared mount point of its own, so that every mount namespace sees a name come and go.
 * The way of ip-netns(8): try to share it; where it is no mount point yet, make it one. */
static int run_dir_prepare(struct error *e)
{
	bool made = false;

	if (mkdir(NETNS_RUN_DIR, 0755) < 0 && errno != EEXIST)
		return error_io(e, errno, "mkdir", NETNS_RUN_DIR);
	while (mount("", NETNS_RUN_DIR, "none", MS_SHARED | MS_REC, NULL) < 0) {
		if (errno != EINVAL || made)
			return error_io(e, errno, "mount", NETNS_RUN_DIR);
		if (mount(NETNS_RUN_DIR, NETNS_RUN_DIR, "none", MS_BIND | MS_REC, NULL) < 0)
			return error_io(e, errno, "mount", NETNS_RUN_DIR);
		made = true;
	}
	return 0;
}

int netns_create(const char *name, struct error *e)
{
	char path[sizeof NETNS_RUN_DIR + 256], from[48];
	int rc = run_dir_prepare(e);

	if (rc < 0)
		return rc;
	snprintf(path, sizeof path, NETNS_RUN_DIR "/%s", name);
	int file = open(path, O_RDONLY | O_CLOEXEC | O_CREAT | O_EXCL, 0);
	if (file < 0)
		return error_io(e, errno, "open", "%s", path);
	close(file);
	int nsfd = netns_new(e);
	if (nsfd >= 0) {
		snprintf(from, sizeof from, "/proc/thread-self/fd/%d", nsfd);
		rc = mount(from, path, "none", MS_BIND, NULL) < 0 ? error_io(e, errno, "mount", "%s", path) : 0;
		close(nsfd);
	} else {
		rc = nsfd;
	}
	if (rc < 0)
		unlink(path);
	return rc;
}

int netns_delete(const char *name, struct error *e)
{
	char path[sizeof NETNS_RUN_DIR + 256];

	snprintf(path, sizeof path, NETNS_RUN_DIR "/%s", name);
	umount2(path, MNT_DETACH); /* what is not mounted is removed all the same, as ip-netns(8) does */
	return unlink(path) < 0 ? error_io(e, errno, "unlink", "%s", path) : 0;
}

static int names_add(struct netns_names *names, const char *name)
{
	char **grown = realloc(names->name, (names->n + 1) * sizeof *grown);

	if (!grown)
		return -ENOMEM;
	names->name = grown;
	grown[names->n] = strdup(name);
	if (!grown[names->n])
		return -ENOMEM;
	names->n++;
	return 0;
}

int netns_list(struct netns_names *names, struct error *e)
{
	DIR *dir = opendir(NETNS_RUN_DIR);
	const struct dirent *d;
	int rc = 0;

	if (!dir) /* no namespace was named since the machine started */
		return errno == ENOENT ? 0 : error_io(e, errno, "open", NETNS_RUN_DIR);
	while (rc == 0 && (errno = 0, d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			rc = names_add(names, d->d_name);
	if (rc == 0 && errno)
		rc = -errno;
	closedir(dir);
	return rc < 0 ? error_io(e, -rc, "read", NETNS_RUN_DIR) : 0;
}

void netns_names_free(struct netns_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->name[i]);
	free(names->name);
	memset(names, 0, sizeof *names);
}
