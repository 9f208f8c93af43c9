/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_SPEC_DEFAULT_H
#define ENVIRO_CONTAINER_SPEC_DEFAULT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "libocispec-lite/ocispec.h"

struct spec_wish {
	const char *bundle; /* directory; whose its rootfs is decides on a user namespace */
	bool rootless, runc;
};

/* The config that `spec` writes: runc's, and a seccomp profile, two more masked paths and a user namespace. It has the
 * subordinate ids of root where the bundle's rootfs belongs to the first of them; else there is none. A cgroup namespace
 * on a pure v2 host. `rootless`: for this process's effective user without privileges: a user namespace with one mapped id,
 * the host's network and /sys, no limits. `runc`: what runc 1.5 writes. Everything lives in the arena. */
int spec_default(struct arena *a, const struct spec_wish *w, struct oci_config **ret, struct error *err);

#endif
