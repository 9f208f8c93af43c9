/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAULTS_TRACE_H
#define FAULTS_TRACE_H

/* Runs a command of the runtime under ptrace, counts the system calls of each of its processes, and lets one of them
 * come out differently. Traced are the runtime's own processes and threads, init too, up to the execution of anything
 * that is not the runtime's. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_ERRNO,    /* the call is not made and answers with an error */
	FAULT_SHORT,    /* a read or write is asked for half of its bytes */
	FAULT_KILL,     /* its process is killed instead */
	FAULT_KILL_ALL, /* all processes of the runtime are */
};

enum { ROLE = 16, MAX_SITES = 8192, MAX_CALL = 512 };

/* The n-th call of one kind that a process or thread makes. `role` says which: "h" is the command's first, "h.2" the
 * second that h cloned; "i" is an init that was there before. */
struct site {
	char role[ROLE];
	long nr;
	unsigned n;
	unsigned long args[6];
	bool init; /* made by the program init */
};

struct fault {
	enum fault_kind kind;
	int err;
	struct site at;
	unsigned then;  /* of FAULT_ERRNO: the call of any of the runtime's so many later is struck, too; 0: none */
	bool then_kill; /* by killing them all, else by an error it can have */
};

struct traced {
	int status; /* as of waitpid, of the command's first process */
	bool hung;  /* and was killed */
	bool hit;   /* the fault's place was reached */
	bool hit_then;
	struct site where, where_then;
	size_t n;
	struct site sites[MAX_SITES];
};

/* argv[0] is the runtime's path. `init`: a process of a container that waits to be started, or 0. What the command says
 * on stderr goes to err_fd. The answer lies in memory that the next call overwrites. */
const struct traced *trace_run(char *const argv[], pid_t init, int err_fd, const struct fault *f);

/* Called in the tracer, before each system call that is traced is made; NULL: nobody. */
extern void (*trace_before)(const struct site *s);

#endif
