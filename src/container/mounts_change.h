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
 * step of the plan; -1 elsewhere. On failure none is open. */
struct mount_trees_how {
	uint32_t propagation; /* MS_* that each of them gets */
	bool locked;   /* for a mount namespace of another user namespace: what is mounted below a source, and what the host
			  forbids there, stays so */
	bool rootless; /* who runs this has rights only in user namespaces that he makes */
};
int mount_trees_open(const struct plan *p, const struct mount_trees_how *how, int *trees, struct error *err);

#endif
