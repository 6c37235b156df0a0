// SPDX-License-Identifier: MIT
// A netlink socket inside another namespace, by four techniques (threads.c compares many more).
#ifndef VISIT_H
#define VISIT_H

enum visit_how {
	VISIT_BACK,    // the calling thread goes and comes back: the cheapest, forbidden in zlnet
	VISIT_PTHREAD, // a plain short-lived thread
	VISIT_PINNED,  // a short-lived thread on a kept stack, born on the caller's CPU
	VISIT_WORKER,  // a thread that stays, called to the caller's CPU, back home after each visit
};

// -1 when the name is none of back, pthread, pinned, worker.
int visit_named(const char *name);
// A NETLINK_ROUTE socket that belongs to the namespace ns, for the caller to close; -1 with errno.
int visit_socket(enum visit_how how, int ns);
#endif
