/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_ANNOTATIONS_H
#define ENVIRO_PLAN_ANNOTATIONS_H

/* run.oci.*: annotations by which engines and users ask for what the specification has no member for, or had none when
 * they were made up. docs/engines.md lists them. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "libocispec-lite/ocispec.h"

#define ANNOTATIONS_PREFIX "run.oci."

struct plan_annotations {
	bool keep_groups;		   /* no setgroups(2): the caller's groups stay, and no others come */
	bool refuse_unknown_syscalls;	   /* of linux.seccomp, in place of a warning */
	const char *hooks_out, *hooks_err; /* files that take what hooks write; NULL: kept for error messages only */
	const char *pidfd_socket;	   /* as --pidfd-socket */
	const char *mount_context;	   /* the option that carries linux.mountLabel */
	const char *unit_cgroup;	   /* below the unit's cgroup, where the container's cgroup namespace begins; NULL: none */
	const char *delegated_cgroup;	   /* below that, for the container to manage; NULL: none */
	const void *bpf;		   /* a filter in place of linux.seccomp; NULL: none */
	uint32_t bpf_n;			   /* instructions, 8 bytes each */
};

/* Reads those of the config. What has a member of its own by now is put there, unless the member is set: it wins.
 * Strings live in the arena or the config. Unknown ones are warned of. -EINVAL: a value that is none, -EOPNOTSUPP: one that
 * asks for what is not done here; both name the annotation. */
int annotations_read(struct oci_config *c, struct arena *a, struct plan_annotations *ret, struct error *err);

/* Whether a container with these annotations has its processes in a cgroup below its own. */
bool annotations_ask_for_cgroup(const struct oci_map *annotations, bool systemd);

#endif
