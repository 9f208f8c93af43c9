/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_MOUNTS_CHANGE_H
#define ENVIRO_CONTAINER_MOUNTS_CHANGE_H

#include "container/container.h"
#include "plan/plan.h"

/* Adds the mounts of a JSON array (in the form of config.json's mounts) to a container that runs, or with `remove` takes
 * what is mounted at their destinations away, the last first. When one cannot be added, those before it are taken away
 * again. -ESRCH: "container not running". */
int container_change_mounts(const struct context *x, const char *id, const char *file, bool remove, struct error *err);

/* mount_trees.c. A detached clone of what each bind of the plan has as its source, in trees[], which has room for one a
 * step of the plan; -1 elsewhere. locked: for a mount namespace that belongs to another user namespace: what is mounted
 * below the source, and what the host forbids there, stays so. rootless: who runs this has rights of his own only in
 * user namespaces that he makes. On failure none is open. */
int mount_trees_open(const struct plan *p, bool locked, bool rootless, int *trees, struct error *err);

#endif
