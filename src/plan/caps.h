/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_CAPS_H
#define ENVIRO_PLAN_CAPS_H

/* process.capabilities → the masks of a credentials step. */

#include <stdbool.h>

#include "base/arena.h"
#include "libocispec-lite/ocispec.h"
#include "plan/plan.h"

/* Fills the five masks and has_caps. Names that nobody knows, and capabilities that cannot be granted, are warned of
 * and left out: those beyond this process's bounding set (new_userns: a user namespace's root has every one), effective
 * and ambient ones that are not permitted, inheritable ones that are not in the bounding set, ambient ones that are not
 * inheritable. caps NULL: no capabilities at all. */
void caps_fill(struct plan_credentials *p, const struct oci_capabilities *caps, bool new_userns);

/* Capabilities that the kernel has (`all`), or those of them that are in our bounding set; bit n is capability n. */
uint64_t caps_of_kernel(bool all);

/* The names of those in a mask, in the arena. -ENOMEM. */
int caps_to_names(uint64_t mask, struct arena *a, char ***ret, size_t *n);

/* "CAP_CHOWN" … for `features`: those that both the kernel and libcap know; NULL-terminated, in the arena. NULL without
 * memory. */
const char *const *caps_names(struct arena *a);

#endif
