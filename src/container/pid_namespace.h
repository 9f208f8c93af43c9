/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_PID_NAMESPACE_H
#define ENVIRO_CONTAINER_PID_NAMESPACE_H

/* The processes of a container that has no cgroup. */

#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

/* pids, in our namespace, of all processes in the pid namespace whose first process is `init`, and in those below it;
 * ascending. -EOPNOTSUPP without a message where init is not the first of a namespace. */
int pid_namespace_members(pid_t init, struct arena *a, pid_t **ret, size_t *n, struct error *err);

#endif
