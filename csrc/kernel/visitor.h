/* SPDX-License-Identifier: MIT */
/* Short visits to network namespaces, one after the other: a few system calls in each, by a thread that is kept for a
 * moment. No Lua. */
#ifndef ZLNET_KERNEL_VISITOR_H
#define ZLNET_KERNEL_VISITOR_H

struct error;

/* Run f(arg), which makes a few system calls and nothing else, in the namespace of nsfd, and wait for it. It has every
 * signal blocked that can be blocked. 0 when f ran, else -errno with e filled, and f did not run.
 *
 * A thread made for one visit costs twice as much as the visit. So before this returns the thread goes into the
 * namespace of home, which is the caller's own; it waits there some milliseconds for the next visit and ends when none
 * comes. It ends at once when home is -1, or refuses it: nothing depends on its way back. Both descriptors are
 * borrowed, and it keeps none. A visit is a thread of its own where another one is under way, and where the kept thread
 * might differ from one that is made now: in its descriptors or capabilities, or because the process is another (fork).
 */
int visitor_run(int nsfd, int home, void (*f)(void *), void *arg, struct error *e);

#endif
