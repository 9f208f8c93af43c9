/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_ID_MAP_H
#define ENVIRO_CONTAINER_ID_MAP_H

#include <sys/types.h>

#include "base/error.h"
#include "libocispec-lite/ocispec.h"
#include "plan/plan.h"

/* Writes the plan's IDMAP steps to the user namespace that process `pid` has just made. Without the right to do so
 * itself: newuidmap and newgidmap (found in $PATH), or, for a single id that is our own, directly with setgroups denied.
 * user_namespaces(7). */
int id_map_write(const struct plan *p, pid_t pid, struct error *err);

/* Where the configuration has mappings although its user namespace is joined (engines say both): -EINVAL unless they are
 * those of the namespace, which process `pid` is in. */
int id_map_check_joined(const struct oci_linux *l, pid_t pid, struct error *err);

/* A user namespace with these mappings and nobody in it (for idmapped mounts): its fd, or a negative errno. */
int id_map_namespace(const struct oci_id_mapping *uid, size_t n_uid, const struct oci_id_mapping *gid, size_t n_gid,
	struct error *err);

#endif
