/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_COMPILE_H
#define ENVIRO_PLAN_COMPILE_H

/* spec → plan. Changes nothing; reads the spec and the facts about the host that it is given. What else it asks the host
 * stands in host.c, for a plan may be kept. Refusals name the
 * JSON path ("mounts[3].options: unknown …"). One file an aspect adds its steps; compile.c calls them in the order
 * of execution (DESIGN: the order of a start). */

#include "base/arena.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "libocispec-lite/ocispec.h"
#include "plan/annotations.h"
#include "plan/build.h"
#include "plan/plan.h"
#include "seccomp/seccomp.h"

struct plan_input {
	const struct oci_config *config; /* NULL for exec */
	const struct plan *container;	 /* exec: the container's own plan, for what the process leaves out; else NULL */
	uint32_t join;			 /* exec: as plan_compile_exec's */
	const struct plan_annotations *annotations; /* NULL for exec, and without any */
	const char *id;
	const char *bundle;		    /* absolute */
	const struct cgroup *cgroup;	    /* NULL: no cgroups */
	const struct cgroup_settings *settings; /* NULL: none */
	const struct seccomp_filter *seccomp; /* NULL: no filter */
	const char *later_source;	    /* a bind source that the host side makes after this, or NULL */
	uint32_t preserve_fds, listen_fds;  /* fds from 3 on: first those of socket activation, then the others */
	const struct plan_refusals *refusals; /* plan_compile only; or NULL */
	bool no_pivot, no_new_keyring;
	bool rootless;			    /* not root in the first user namespace: setgroups may be denied, mknod fails */
	bool running;			    /* the mounts are for a container that runs already */
};

/* With in->refusals: 0 and *ret NULL when something was refused. */
int plan_compile(const struct plan_input *in, struct arena *a, struct plan **ret, struct error *err);

/* exec: p is the process to run; slot SLOT_FIRST_FREE is the container's pidfd, `join` the CLONE_NEW* it has of its
 * own. Settings that p does not have (capabilities, limits, labels, personality …) are those of in->container. */
int plan_compile_exec(const struct plan_input *in, const struct oci_process *p, uint32_t join, struct arena *a,
	struct plan **ret, struct error *err);

/* mounts_change.c: in->config->mounts for a container that runs, or with `remove` away from it (only their destinations
 * count then; the last goes first). Slot SLOT_FIRST_FREE is the container's pidfd, `join` the CLONE_NEW* to join, a mount
 * namespace among them; the slots of binds take detached trees. Ends with READY. */
int plan_compile_mounts(const struct plan_input *in, uint32_t join, bool remove, struct arena *a, struct plan **ret,
	struct error *err);

/* ---- the aspects (each in its own file) ---- */
/* version.c: -EINVAL unless it is a version of SemVer 2.0.0 whose major number is ours. A newer minor one is taken, for
 * config.md has members that are not known ignored. */
int plan_check_version(const char *version, struct error *err);
/* namespaces.c: duplicates, impossible mixes */
int plan_check_namespaces(struct plan_builder *b, const struct oci_config *c, struct error *err);
/* Each of them is a range of ids; `where` names the list ("linux.uidMappings"). */
int plan_check_id_maps(const struct oci_id_mapping *m, size_t n, const char *where, struct error *err);
void plan_add_id_maps(struct plan_builder *b, const struct plan_input *in);
int plan_add_namespaces(struct plan_builder *b, const struct plan_input *in, struct error *err);
int plan_add_hooks(struct plan_builder *b, const struct plan_input *in, struct error *err);
/* compile.c: JOIN of a pidfd's namespaces, going on in a child where a pid namespace is among them. */
void plan_add_join(struct plan_builder *b, uint32_t slot, uint32_t flags);
int plan_add_mounts(struct plan_builder *b, const struct plan_input *in, struct error *err);   /* mounts.c: MOUNT steps */
/* UMOUNT steps for the same destinations, from the last to the first. */
int plan_add_umounts(struct plan_builder *b, const struct plan_input *in, struct error *err);
/* The same mounts again: REMOUNT steps for a read-only tmpfs or /dev; behind everything that writes there (CONSOLE). */
int plan_add_readonly_mounts(struct plan_builder *b, const struct plan_input *in, struct error *err);
/* cgroup_mount.c: makes a CGROUP step of a mount of type "cgroup". */
int plan_fill_cgroup_mount(struct plan_builder *b, const struct plan_input *in, struct plan_mount *p, struct error *err);
int plan_add_devices(struct plan_builder *b, const struct plan_input *in, struct error *err);  /* devices.c: DEVICE, DEV_LINKS */
int plan_add_paths(struct plan_builder *b, const struct plan_input *in, struct error *err);    /* paths.c: READONLY_PATHS, MASKED_PATHS */
int plan_add_sysctls(struct plan_builder *b, const struct plan_input *in, struct error *err);  /* sysctl.c, checked against the namespaces */
int plan_add_net_devices(struct plan_builder *b, const struct plan_input *in, struct error *err); /* net_devices.c: NET_DEVICE */
int plan_add_intel_rdt(struct plan_builder *b, const struct plan_input *in, struct error *err); /* intel_rdt.c: INTEL_RDT */
/* process.c: cwd, user, args, rlimits and execCPUAffinity, before anything is added for the process */
int plan_check_process(struct plan_builder *b, const struct oci_process *p, struct error *err);
/* process.c: everything from RLIMIT to FIND_PROGRAM but SESSION; for create and exec alike */
int plan_add_process(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, struct error *err);
/* Parts of the process that stand earlier, placed by compile.c too: execCPUAffinity.initial before the cgroup is joined
 * (exec only), hard limits before a user namespace is entered, the working directory right after PIVOT. */
void plan_add_initial_affinity(struct plan_builder *b, const struct oci_process *p);
void plan_add_hard_limits(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p);
void plan_add_cwd_dir(struct plan_builder *b, const struct oci_process *p);
void plan_add_for_exec(struct plan_builder *b, const struct oci_config *c); /* exec.c: FOR_EXEC, where there is need of it */
/* SECCOMP and EXEC are placed by compile.c through these: */
int plan_add_seccomp(struct plan_builder *b, const struct plan_input *in, struct error *err);
int plan_add_exec(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, struct error *err);

/* Facts that several aspects ask for. */
uint32_t plan_new_namespaces(const struct oci_config *c); /* CLONE_NEW* of those without a path */
uint32_t plan_all_namespaces(const struct oci_config *c); /* the same, joined ones too */
/* Sources of binds are opened by the host side, as init, root of a user namespace, may not walk everywhere. Who is not even
 * root in a namespace of its own could not open more than init. */
bool plan_host_opens(const struct plan_input *in);
bool plan_selinux_enabled(void);			  /* labels.c */
bool plan_apparmor_enabled(void);

/* ---- keeping a plan (host.c) ---- */
/* All that plan_compile asks the host and is not given, but for what the two functions below are about: with other
 * answers it is another plan. No padding: it is compared as bytes. */
struct plan_host {
	uint64_t caps, bounding_caps;
	uint32_t euid;
	uint32_t selinux, apparmor;
	uint32_t zero;
};
void plan_host_read(struct plan_host *ret);
/* Whether a plan that was compiled before is good only as long as the host is as it was: sysctls of a network namespace
 * that is joined by path, which must not be the host's own. */
bool plan_is_of_the_moment(const struct plan *p);
/* Whether the sources of its binds are there, as plan_compile makes sure; later_source as in struct plan_input. */
bool plan_sources_exist(const struct plan *p, const char *later_source);

/* rlimits.c: the i-th name of a limit that is known, or NULL behind the last */
const char *plan_rlimit_name(size_t i);
/* mounts.c: every option name that is understood, for `features`; NULL-terminated, static */
const char *const *plan_mount_option_names(void);

#endif
