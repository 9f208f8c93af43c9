/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAULTS_GROUND_H
#define FAULTS_GROUND_H

/* Where containers are made and looked at: calls of the runtime without faults, what a container's program sees, and
 * what is left on the host. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ID "c1"
#define NEIGHBOUR "neighbour"

struct ground {
	const char *runtime, *root, *bundle; /* absolute */
	const char *setup;                   /* its name, for what is printed */
	const char *parent;                  /* cgroup below which the containers' are, as in config.json */
	bool cold;                           /* nothing is kept from one start to the next */
	int err_fd;                          /* what the last call said */
	pid_t neighbour;                     /* a container that has nothing to do with it all */
};

extern struct ground ground;

/* Makes the neighbour, and takes note of what is there. Ends the program when it cannot. */
void ground_begin(void);
void ground_end(void);

/* The whole command line for words ended by NULL, of which "@id" and "@bundle" are replaced. Overwritten by the next.
 */
char *const *ground_argv(const char *const *words);
/* Calls the runtime; its exit status, 128 + signal, or -1 when it had to be ended. */
int ground_call(const char *const *words);
/* Before a call by other means: forgets what the last one said. */
void ground_forget(void);
/* What the last call said. */
const char *ground_said(void);

/* What the program of a container saw, without what differs from one start to the next; NULL when none reported in
 * time. Belongs to the caller. */
char *ground_report(void);
/* Empties what a program may have reported before. */
void ground_drain(void);
/* "running" and so on; "" when there is no answer. */
const char *ground_status(void);
pid_t ground_pid(void);
/* The first line of a file FILE in one of the container's cgroups; "" when there is none. */
const char *ground_cgroup_value(const char *file);

/* The process of a container, or of a verb that has not ended; 0: none; -1: the neighbour is gone. Reaps what has
 * ended. */
pid_t ground_stranger(void);
/* Waits until there is none, so many milliseconds at most; what ground_stranger() says then. */
pid_t ground_alone(long ms);
/* What is there that was not in the beginning, "" when nothing. Waits a moment for processes that are dying. */
const char *ground_left(void);
/* Takes it away by force. */
void ground_scrub(void);

#endif
