/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_SPEC_DEFAULT_H
#define ENVIRO_CONTAINER_SPEC_DEFAULT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "libocispec-lite/ocispec.h"

/* The config that `spec` writes: what runc 1.5 writes but for the host name, with a cgroup namespace on a pure v2 host.
 * `rootless`: for this process's effective user without privileges: a user namespace with one mapped id, the host's
 * network and /sys, no limits. Everything lives in the arena. */
int spec_default(struct arena *a, bool rootless, struct oci_config **ret, struct error *err);

#endif
