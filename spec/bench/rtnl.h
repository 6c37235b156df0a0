// SPDX-License-Identifier: MIT
// The requests of an attach, a delete and a dump, as few and as small as they can be: the floor's side of the bench.
// Everything here ends the program when the kernel refuses: a contestant that failed has no time to report.
#ifndef RTNL_H
#define RTNL_H
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct pair {
	char host[IFNAMSIZ], peer[IFNAMSIZ];
	int ns;                          // where the peer is born; -1: beside the host end
	uint32_t queues;                 // of each end; 0: the kernel's default
	uint32_t tag;                    // makes the MACs; 0: the kernel invents them
	uint32_t host_index, peer_index; // filled in by the echo
};

struct addresses {
	struct in_addr v4;
	struct in6_addr v6;
	bool dual;            // v6 as well
	bool gateway_on_link; // 169.254.1.1 (fe80::1) on this host end
	bool bare;            // nothing but what makes the state: lo goes up with the rest, no carrier is waited for
	bool no_addrgen;      // the container end makes no link-local address
};

// Each request asks for an ACK; otherwise only the last of a datagram does: the kernel reports a failed one unasked.
extern bool rtnl_each_ack;

int rtnl_open(void);
void rtnl_newlink(int fd, struct pair *p);
// One datagram each.
void rtnl_setup_container(int fd, const struct pair *p, const struct addresses *a);
void rtnl_setup_host(int fd, const struct pair *p, const struct addresses *a, const char *alias);
void rtnl_gateway_on_lo(int fd);
void rtnl_up_lo(int fd);

void rtnl_delete_name(int fd, const char *name);
// Marks n links with the group, deletes the group with one request.
void rtnl_delete_indexes(int fd, const uint32_t *index, size_t n, uint32_t group);
// Asks for each again: none is in the group.
void rtnl_confirm_gone(int fd, const uint32_t *index, size_t n, uint32_t group);

struct link_row {
	uint32_t index, group;
	uint32_t peer; // the other end, where that is in the same namespace
	char name[IFNAMSIZ];
};
// Receives a whole dump and looks at nothing but the lengths; returns the number of links.
size_t rtnl_dump_receive(int fd, bool stats);
// Fills *rows (grown with realloc, kept by the caller) with index and name.
size_t rtnl_dump_decode(int fd, bool stats, struct link_row **rows, size_t *cap);
#endif
