/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_INIT_PROCESS_H
#define ENVIRO_INIT_PROCESS_H

/* What the files of the process's half of init share. */

#include "init/init.h"

/* One write(2) to a file of the private procfs ("sys/kernel/sem"); no part of the path may be a link or leave it.
 * A negative errno when it cannot be opened or written; nothing is said but when the procfs itself cannot be had. */
int proc_write(struct init *in, const char *path, const char *text, size_t len, struct error *err);
/* The same below our own process's directory ("attr/exec"). */
int proc_write_self(struct init *in, const char *name, const char *text, size_t len, struct error *err);
/* Opens what one of our own fds (O_PATH too) stands for once more: the very same object, whatever its path means by now.
 * An fd, or a negative errno. */
int proc_reopen(struct init *in, int fd, int flags, struct error *err);
/* Marks every fd from `first` on close-on-exec, one by one as /proc/self/fd lists them. */
int proc_mark_fds(struct init *in, unsigned first, struct error *err);

/* The plan's EXEC step; NULL when there is none. */
const struct plan_exec *exec_step(const struct init *in);
/* Everything that exec needs, so that nothing but execve(2) is left to do at start and under a seccomp filter: argv and
 * envp, fds marked close-on-exec (later ones are born so), signals as a new program expects them. */
int exec_prepare(struct init *in, struct error *err);
/* An argument vector of a plan's strings, with room for `more` and the final NULL, in memory of its own; NULL when there
 * is none. It is given back with the same list and number. */
char **strings_map(const struct init *in, struct plan_list l, uint32_t more);
void strings_unmap(char **v, struct plan_list l, uint32_t more);

#endif
