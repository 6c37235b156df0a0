/* SPDX-License-Identifier: MIT */
/* Short visits to network namespaces: a few system calls there, by a thread that is kept for a moment. No Lua. */
#ifndef ZLNET_VISITOR_H
#define ZLNET_VISITOR_H

struct zerr;

/* Run f(arg), which makes a few system calls and nothing else, in the namespace of nsfd (borrowed), and wait for it. It has
 * every signal blocked that can be blocked. 0 when f ran, else -errno with e filled, and f did not run.
 *
 * A thread made for one visit costs three times as much as the visit. So it goes home after it (to the namespace of the
 * process's first thread), waits some milliseconds for the next one and ends when none comes, or when it cannot go home:
 * nothing depends on its way back. From a child made by fork, from several threads at once, or with other capabilities than
 * those it was made with, a visit is a thread of its own. */
int visitor_run(int nsfd, void (*f)(void *), void *arg, struct zerr *e);

/* Return when it is at home: for whoever looks which threads are in a namespace. */
void visitor_settle(void);

#endif
