/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_CHILD_H
#define ENVIRO_KERNEL_CHILD_H

/* A program run to its end as a child (hooks), without a libc and without memory of its own. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct child {
	const char *path; /* absolute; not looked for */
	char *const *argv, *const *envp;
	int in;		  /* becomes fd 0 */
	int out, err;	  /* become fds 1 and 2; -1: what is written there comes back in child_end */
	int dir;	  /* working directory, -1: ours */
	uint32_t timeout; /* seconds, 0: none; then it is killed */
};

enum { CHILD_KEPT = 384 };

struct child_end {
	int error;	/* negative errno: it could not be started (not_executed: by execve), else 0 */
	bool not_executed, timed_out;
	int code;	/* CLD_EXITED, CLD_KILLED, CLD_DUMPED */
	int status;	/* exit status or signal */
	char out[CHILD_KEPT], err[CHILD_KEPT]; /* the beginning of what it wrote, NUL-terminated, no newline at the end */
};

/* The child has nothing of ours but these fds: default signals, no other fds, exactly envp. Waits for the child's end, not
 * for that of others that it leaves behind; what it writes beyond what is kept is thrown away. Returns true when it
 * has exited with 0. */
bool child_run(const struct child *c, struct child_end *end);

/* The negative errno for a child_run that returned false. */
int child_errno(const struct child_end *end);
/* Why child_run returned false, in runc's words: "exit status 1, stdout: , stderr: no such device". */
void child_describe(const struct child *c, const struct child_end *end, char *buf, size_t n);

#endif
