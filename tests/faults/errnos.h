/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAULTS_ERRNOS_H
#define FAULTS_ERRNOS_H

/* The errors that a system call can answer with, ended by 0. A call that cannot fail has none; and to be told that a
 * path is not there is an answer about the host, no failure. */
const int *errnos_of(long nr, const unsigned long *args);
/* "openat", or "?". */
const char *syscall_name(long nr);

#endif
