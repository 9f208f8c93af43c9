/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_CRIU_MOUNTS_H
#define ENVIRO_CONTAINER_CRIU_MOUNTS_H

/* What of a container's mounts comes from the host: CRIU does not save it, but notes a name, under which it is given a
 * path of the host at restore. The name is the path in the container as the configuration has it; that of everything
 * masked is /dev/null. */

#include <sys/types.h>

#include "base/error.h"
#include "container/criu_message.h"
#include "plan/plan.h"

/* The names, for the mounts as process `pid` has them. */
int criu_put_mount_names(struct criu_message *m, const struct plan *p, pid_t pid, struct error *err);
/* The paths of the host for these names. */
int criu_put_mount_sources(struct criu_message *m, const struct plan *p, struct error *err);

/* In a process of its own, which is to become CRIU: a mount namespace of its own, in which `rootfs` is a mount, with
 * every mount point that the plan's mounts need; they are made as a start would make them. */
int criu_prepare_root(const struct plan *p, const char *rootfs, struct error *err);

#endif
