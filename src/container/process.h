/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_PROCESS_H
#define ENVIRO_CONTAINER_PROCESS_H

/* Processes as the kernel shows them. */

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* The comm of init until it executes the container's program. */
#define INIT_COMM "enviro-oci:init"
#define START_SOCKET "start.sock"

struct process_stat {
	char state;	     /* 'R', 'S', 'Z' … */
	char comm[64];
	uint64_t start_time; /* clock ticks since boot */
};
/* /proc/PID/stat. 0 or -errno (-ENOENT, -ESRCH: no such process), nothing said. */
int process_stat(pid_t pid, struct process_stat *ret);

/* The pid of the process that a pidfd stands for, in our pid namespace; 0 when it is gone. */
pid_t process_of_pidfd(int pidfd);

/* Waits until the process has ended: 0, -ETIMEDOUT, or another -errno. timeout_ms < 0: for ever. */
int process_wait_end(int pidfd, int timeout_ms);

/* Reaps a child: its status as a shell has it (128 + signal), or -errno. */
int process_reap(pid_t pid);
/* The same for one that is about to end: -ETIMEDOUT when it has not after PROCESS_END_MS (it hangs in the kernel, or is
 * frozen on v1). */
enum { PROCESS_END_MS = 10000 };
int process_reap_limited(pid_t pid, int pidfd);

#endif
