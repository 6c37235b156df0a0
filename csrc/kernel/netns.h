/* SPDX-License-Identifier: MIT */
/* Network namespaces: descriptors of them, their names, sockets in them. No Lua. */
#ifndef ZLNET_KERNEL_NETNS_H
#define ZLNET_KERNEL_NETNS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

#define NETNS_RUN_DIR  "/run/netns"
#define NETNS_NAME_MAX 255

/* Identity of a namespace: equal in all processes that can see it, for as long as it lives. */
struct netns_id {
	uint64_t dev, ino;
	uint64_t number; /* its number for good, never another's (Linux 6.18); 0: the kernel gives none */
};

/* Each returns a new close-on-exec descriptor, checked to be a network namespace, that the caller owns;
 * or -errno with e filled. */
int netns_open_path(const char *path, struct error *e);
int netns_open_name(const char *name, struct error *e);        /* /run/netns/NAME */
int netns_open_pid(pid_t pid, struct error *e);                /* of exactly the process that has the pid now */
int netns_open_process(pid_t pid, int pidfd, struct error *e); /* the same, pidfd borrowed */
int netns_open_self(struct error *e);                          /* of the calling thread */
int netns_open_fd(int fd, struct error *e);                    /* a duplicate of a descriptor of the caller's */
int netns_new(struct error *e);                                /* a new unnamed namespace, its loopback down */

int netns_identify(int nsfd, struct netns_id *id, struct error *e);

/* A name as `ip netns` takes it: no '/', not "." or "..", 1 to 255 bytes. */
bool netns_name_ok(const char *name, size_t len);

/* As `ip netns add NAME`, `ip netns delete NAME`: share its /run/netns. 0 or -errno; on failure nothing stays. */
int netns_create(const char *name, struct error *e);
int netns_delete(const char *name, struct error *e);

/* The names under /run/netns, as `ip netns list` reads them. malloc'd; zero-initialise; freed by netns_names_free. */
struct netns_names {
	char **name;
	size_t n;
};
int netns_list(struct netns_names *names, struct error *e);
void netns_names_free(struct netns_names *names);

/* A netlink socket bound for life to the namespace; nsfd is borrowed, -1 means the calling thread's. home (borrowed) is
 * -1, or the calling thread's namespace: then the thread that visits the other one may be kept there for the next
 * (visitor.h). Returns the descriptor, owned by the caller, or -errno with e filled. */
int netns_socket(int nsfd, int home, int protocol, struct error *e);

/* Write a sysctl of the namespace, as sysctl_write; nsfd and home as netns_socket takes them. 0 or -errno with e
 * filled. */
int netns_sysctl_write(int nsfd, int home, const char *path, const char *value, size_t len, struct error *e);

/* The namespace of the netlink socket like: a descriptor that the caller owns, or NETNS_OWN where it is the calling
 * thread's namespace. -errno with e filled. */
#define NETNS_OWN INT_MAX
int netns_of_socket(int like, struct error *e);

/* Another netlink socket in the namespace of the socket like, owned by the caller. -errno with e filled. */
int netns_socket_like(int like, struct error *e);

#endif
