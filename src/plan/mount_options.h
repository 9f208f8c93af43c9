/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_MOUNT_OPTIONS_H
#define ENVIRO_PLAN_MOUNT_OPTIONS_H

/* mounts[].options: the option names of config.md and mount(8), and copy-symlink, src-nofollow and dest-nofollow. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "libocispec-lite/ocispec.h"

enum { MOUNT_OPTIONS_PROPAGATIONS = 8 };

struct mount_options {
	unsigned long ms;          /* MS_* that are set at the end, MS_BIND, MS_REC and MS_REMOUNT among them */
	unsigned long ms_off;      /* MS_* that are named to be cleared ("rw", "exec") */
	uint64_t rec_set, rec_clr; /* MOUNT_ATTR_* of the r… options */
	uint32_t propagation[MOUNT_OPTIONS_PROPAGATIONS]; /* MS_*, in order */
	size_t propagation_n;
	uint32_t flags;   /* PLAN_MOUNT_* that options ask for */
	const char *data; /* what is none of these, comma separated; NULL: nothing */
};

/* The last of two options that exclude each other counts. -ENOMEM, or -E2BIG for too many propagation options. */
int mount_options_read(const struct oci_mount *m, struct arena *a, struct mount_options *ret, struct error *err);

/* "idmap=uids=…;gids=…", and the same with ridmap: the mappings become the mount's uidMappings and gidMappings, and the
 * option loses its value. -EINVAL names the mount. */
int mount_idmaps_read(struct oci_config *c, struct arena *a, struct error *err);

#endif
