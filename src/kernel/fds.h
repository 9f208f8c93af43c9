/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_FDS_H
#define ENVIRO_KERNEL_FDS_H

/* All descriptors of a process, without a libc and without memory. */

/* Those from `first` on are closed by execve: by close_range, or where that does not know it (Linux 5.10) or is refused, one
 * by one. 0 or a negative errno. */
int fds_mark(unsigned first);
/* The same, one by one; `dir` is the process's own /proc/PID/fd, open for reading, and is closed. */
int fds_mark_in(int dir, unsigned first);
/* The same without a procfs, where close_range has no flags yet: the next 4096 by number, what is above is closed. */
int fds_mark_numbers(unsigned first);

#endif
