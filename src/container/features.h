/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_FEATURES_H
#define ENVIRO_CONTAINER_FEATURES_H

#include "base/arena.h"
#include "base/error.h"
#include "libocispec-lite/ocispec.h"

/* What this runtime can do, as the specification's features.md has it. What depends on the kernel (capabilities,
 * seccomp's supported flags) is asked of the running one. Everything lives in the arena. */
int features_fill(struct arena *a, struct oci_features *ret, struct error *err);

#endif
