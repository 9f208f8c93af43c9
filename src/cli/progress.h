/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_PROGRESS_H
#define ENVIRO_CLI_PROGRESS_H

/* "checkpoint web: 3 s", renewed each second, on a terminal at stderr: for what may take longer than a second. A child
 * writes it, so that nothing else is any different for it; it goes when progress_end is called, or the caller ends. */

#include <sys/types.h>

struct progress {
	int fd; /* closed when it is done; -1: none */
	pid_t pid;
};
#define PROGRESS_NONE ((struct progress){.fd = -1})

/* what, whom: the words; whom may be NULL. Where there is no terminal, or no child can be had, nothing is shown. */
void progress_begin(struct progress *p, const char *what, const char *whom);
void progress_end(struct progress *p);
#define _cleanup_progress_ __attribute__((cleanup(progress_end)))

#endif
