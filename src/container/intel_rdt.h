/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_INTEL_RDT_H
#define ENVIRO_CONTAINER_INTEL_RDT_H

/* linux.intelRdt: the container's group in the resctrl file system. */

#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "plan/plan.h"

/* Where it is; paths live in the arena. */
struct intel_rdt {
	const struct plan_intel_rdt *step; /* NULL: the plan has none, and nothing is to be done */
	const char *group;		   /* a directory of resctrl */
	const char *monitor;		   /* its monitoring group for this container, or NULL */
	const char *remove;		   /* what goes with the container (for its record), or NULL */
};

/* Where the resctrl file system is mounted, or NULL. */
const char *intel_rdt_root(void);

/* Pure but for looking for the mount: root is the resctrl file system, NULL finds it. -ENOENT where the plan wants it and
 * none is mounted. A group that closID names belongs to others too and is never removed, but its monitoring group is. */
int intel_rdt_locate(const struct plan *p, const char *root, const char *id, struct arena *a, struct intel_rdt *ret,
	struct error *err);

/* Makes what is missing, writes the schemata and puts the process in. A named group without schemata must exist; one that
 * exists must have the schemata that are asked for: -EEXIST. */
int intel_rdt_apply(const struct plan *p, const struct intel_rdt *rdt, pid_t pid, struct error *err);

/* For an update: whether resctrl has what these lines are for (NULL: not asked); root as for intel_rdt_locate.
 * -EOPNOTSUPP, in runc's words; -EINVAL for a memBwSchema that is none. */
int intel_rdt_available(const char *root, const char *l3_cache_schema, const char *mem_bw_schema, struct error *err);
/* Writes the lines to the group's schemata, in one go. *before: what was in force, for intel_rdt_put_back, which warns
 * when it cannot. */
int intel_rdt_update(const struct intel_rdt *rdt, const char *l3_cache_schema, const char *mem_bw_schema, struct arena *a,
	const char **before, struct error *err);
void intel_rdt_put_back(const struct intel_rdt *rdt, const char *before);

/* Removes the directory that `remove` named; its processes fall back to the group above. What is gone is success. */
int intel_rdt_remove(const char *path, struct error *err);

#endif
