/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_RECORD_H
#define ENVIRO_CONTAINER_RECORD_H

/* What is kept of a container below the state root:
 *
 *	ROOT/ID/state.json	struct container_record; replaced as a whole
 *	ROOT/ID/plan		the launch plan
 *	ROOT/ID/start.sock	while init waits for start
 *	ROOT/ID/notify/		the sd_notify socket that the container is given, where there is one
 *
 * The record is written before anything else of the container is made, so that whatever was made can be found. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "libocispec-lite/table.h"

enum { RECORD_VERSION = 1 };

struct container_record {
	uint32_t version;
	char *id, *bundle, *rootfs, *oci_version, *created;
	int32_t pid;		 /* 0: not made yet */
	uint64_t start_time;	 /* of the process, clock ticks since boot: tells it from a later one with its pid */
	bool another_boot;	 /* read in another one than it was written in; no member of the file */
	char *boot_id;		 /* of the boot that it was made in; NULL: the state root does not outlive one */
	uint32_t namespaces;	 /* CLONE_NEW* that the container has of its own, or joined */
	uint64_t rootfs_mount;	 /* id of the mount that the rootfs was on, where the container has the caller's mount
				    namespace: what lies over it later is the container's and goes with it; else 0 */
	char *cgroup_manager;	 /* "cgroupfs", "systemd", "disabled" */
	char **cgroup;		 /* cgroup_to_text */
	size_t cgroup_len;
	char *intel_rdt;	 /* resctrl group to remove with the container, or NULL */
	int64_t memory_swap;	 /* memory and swap together, as last asked for; 0: not */
	struct oci_map *annotations;
};

/* The id of this boot, for a record in `dir`, the container's state directory; NULL where that is on a tmpfs, which ends
 * with the boot. It is read once, and not to be freed. */
char *record_boot_id(int dir);
/* Of another boot: what it names of the kernel's, but for the pid, is left out, as it is not the container's any more. */
int record_read(int dir, struct arena *a, struct container_record **ret, struct error *err);
int record_write(int dir, const struct container_record *r, struct error *err);

#endif
