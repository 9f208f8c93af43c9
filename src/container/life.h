/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_LIFE_H
#define ENVIRO_CONTAINER_LIFE_H

/* What several verbs do to a container that exists. */

#include "container/container.h"
#include "plan/plan.h"

/* The container's stored plan, mapped read-only and checked; *map_size is for munmap. -ENOENT without a message when it
 * has none. */
int life_plan(const struct container *c, const struct plan **ret, size_t *map_size, struct error *err);
/* Runs the hooks of a kind (poststart, poststop) from the stored plan, with the state as it is now. */
int life_hooks(const struct container *c, enum plan_hook_kind kind, struct arena *a, struct error *err);

/* A pidfd of the container's init, and certainly of it. -ESRCH: "container not running". */
int life_pidfd(const struct container *c, struct error *err);

/* CLONE_NEW* of the namespaces to be joined to be in a container that runs: those it does not share with us, as far as
 * it has any of its own. */
uint32_t life_namespaces(const struct container *c);

/* Kills what is alive in it, waits, removes cgroup, intelRdt group and state directory, runs the poststop hooks
 * (failures of these are warnings). */
int life_remove(const struct context *x, struct container *c, struct arena *a, struct error *err);
/* The same where nobody can be told of a failure but the log. */
void life_destroy(const struct context *x, struct container *c, struct arena *a);
/* `delete` of the container whose state directory `dir` (taken over) is, or was; not of a later one of that id. */
int life_delete(const struct context *x, const char *id, int dir, bool force, struct error *err);

#endif
