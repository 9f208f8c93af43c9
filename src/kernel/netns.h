/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_NETNS_H
#define ENVIRO_KERNEL_NETNS_H

/* A new network namespace, of the caller's user namespace, with its loopback device up. The kernel takes a third of a
 * millisecond for it, nearly as long as for all else that it makes for a container; so a thread makes it while the
 * process does other things. The thread only makes system calls, and has ended when netns_take returns. */

#include <stdint.h>

struct netns_maker {
	int tid;    /* of the thread; the kernel clears it at its end. -1: none was begun */
	int result; /* the thread's: fd or negative errno */
	uint64_t begun, ended; /* sys_ticks(), by the thread; for whoever has taken it */
};

/* Of a namespace that is new: lo has no flag worth keeping. Without a libc. 0 or a negative errno. */
int netns_loopback_up(void);

/* 0 or a negative errno; then there is nothing to take. */
int netns_begin(struct netns_maker *m);
/* Waits for the thread. The namespace as an fd of the caller's (close-on-exec), or a negative errno: the kernel's,
 * -ETIMEDOUT, -ENOENT where none was begun or it has been taken. */
int netns_take(struct netns_maker *m);
/* Ends what was begun and not taken. */
void netns_done(struct netns_maker *m);

#endif
