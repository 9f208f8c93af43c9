/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_CREATE_H
#define ENVIRO_CONTAINER_CREATE_H

/* create and run have all but their ends in common: a struct creation, taken through its stages. */

#include "container/container.h"
#include "container/foreground.h"
#include "container/intel_rdt.h"
#include "container/keep.h"
#include "container/launch.h"
#include "plan/annotations.h"
#include "seccomp/seccomp.h"
#include "container/record.h"
#include "kernel/netns.h"

struct creation {
	const struct context *x;
	const char *id;
	const struct create_options *o;
	struct arena arena;
	const char *bundle, *rootfs, *notify_dir;
	struct oci_config *config;
	struct cgroup_host host;
	struct cgroup cgroup;
	struct cgroup_settings settings;
	struct seccomp_filter filter;
	struct plan_annotations annotations;
	struct plan *plan;
	struct container_record record;
	struct intel_rdt rdt;
	int dir;	    /* state directory */
	int start_socket;   /* listening, given to init; -1 for run */
	bool start_wanted;  /* create: init waits for the start verb */
	bool restored;	    /* CRIU makes the namespaces and processes, and no init */
	bool cgroup_made, hooks_begun;
	struct netns_maker netns; /* begun by prepare, taken when init is made */
	struct span_clock netns_clock;
	struct launch launch;
	struct keep keep;	/* holds config and plan where they were kept */
	bool plan_warned;
};

#define CREATION_INIT(context, name, options)                                                                          \
	((struct creation){.x = (context),                                                                             \
		.id = (name),                                                                                          \
		.o = (options),                                                                                        \
		.dir = -1,                                                                                             \
		.start_socket = -1,                                                                                    \
		.netns = {.tid = -1},                                                                                  \
		.launch = LAUNCH_INIT,                                                                                 \
		.keep = KEEP_INIT})

/* Reads the bundle and compiles it; nothing is made. */
int creation_prepare(struct creation *c, struct error *err);
/* Parts of it, for examine.c, which asks the same of a bundle without wanting to run it. creation_read_text: the text of
 * the configuration file; sets c->bundle. */
int creation_read_text(struct creation *c, char **text, size_t *len, struct error *err);
int creation_find_rootfs(struct creation *c, struct error *err);
int creation_prepare_cgroup(struct creation *c, struct error *err);
int creation_prepare_filter(struct creation *c, struct error *err);
struct plan_input creation_plan_input(const struct creation *c);
/* made_ahead.c. Namespaces that are not left to the clone3 of init: taken from the pool, and the network namespace, which
 * takes the kernel longest, made by a thread while the rest is prepared. Not where they would belong to a user namespace,
 * nor in the rare cases in which init makes its namespaces by itself. */
void creation_begin_namespaces(struct creation *c);
/* Gives them to init. */
int creation_put_namespaces(struct creation *c, struct error *err);
/* Makes everything up to READY: state directory, cgroup, init. On failure everything has been undone. */
int creation_carry_out(struct creation *c, struct error *err);
/* The state directory, with the record and the plan in it. */
int creation_make_state(struct creation *c, struct error *err);
/* Writes the process of the launch down as the container's. */
int creation_write_pid(struct creation *c, struct error *err);
/* The prestart and createRuntime hooks, for a container whose namespaces are those of the process. */
int creation_run_hooks(struct creation *c, pid_t pid, struct error *err);
/* make_cgroup.c. The cgroup, with all limits in force; rootless as far as it is allowed. */
int creation_make_cgroup(struct creation *c, struct error *err);
/* make_cgroup.c. With systemd that is done here, when there is a process; with other managers nothing. */
int creation_start_unit(struct creation *c, struct error *err);
/* make_cgroup.c. Once the namespaces stand: init goes into the cgroup that its container is to manage, if it has one. */
int creation_enter_delegated(struct creation *c, struct error *err);
/* What the engine gets: the terminal, the pidfd, the pid. */
int creation_hand_over(struct creation *c, struct error *err);
/* run.c. The poststart hooks. */
int creation_started(struct creation *c, struct error *err);
/* run.c. The container runs: what comes from here on is its own time, not the verb's. */
void creation_counted(void);
/* run.c. Waits for the end of the container's process and deletes the container, unless it is to be kept. */
int creation_stay(struct creation *c, struct foreground *f, int notify, int *exit_status, struct error *err);
/* To --pidfd-socket, and to whom an annotation names. */
int creation_hand_over_pidfd(const struct creation *c, struct error *err);
/* Afterwards: keeps for the next start what had to be made for this one. */
void creation_keep(struct creation *c);
/* Undoes what carry_out made (after a later failure). */
void creation_undo(struct creation *c);
void creation_done(struct creation *c);
#define _cleanup_creation_ __attribute__((cleanup(creation_done)))

/* The container's state as hooks get it. pid: as the receiver sees it. */
int creation_state(struct creation *c, enum container_status status, pid_t pid, char **ret, size_t *len, struct error *err);

/* ---- shared with exec (setup.c) ---- */
/* Puts the cgroup's fds into the slots of the plan's CGROUP_JOIN step; the v2 one only when clone3 did not do it. */
int setup_cgroup_slots(const struct plan *p, const struct cgroup *cg, bool into_cgroup, struct launch_slots *s,
	struct error *err);
/* oom_score_adj of the plan, written by the host: the container's root may not raise its own. */
int setup_oom_score(const struct plan *p, pid_t pid, struct error *err);
bool setup_wants_oom_score(const struct plan *p);
/* Moves linux.netDevices into the network namespace of init. */
int setup_net_devices(const struct plan *p, pid_t pid, struct error *err);
/* Opens what the plan's JOIN steps name. */
int setup_join_slots(const struct plan *p, struct launch_slots *s, struct error *err);
/* mount_slots.c. The rootfs and sources of binds that init, root of a user namespace, may not walk to. */
int setup_mount_sources(const struct launch *l, struct arena *a, struct launch_slots *more, struct error *err);
/* template_slots.c. Where the plan may start from a template of a mount namespace, sets l->template and l->trees; where
 * not, the debug log has the reason. */
void setup_template(const struct context *x, const struct plan *p, const char *rootfs, struct launch *l);
/* The cgroups' directories that such a container mounts, once they are there. */
int setup_template_cgroups(const struct plan *p, struct launch_slots *s, struct error *err);
/* SYNC_TREE: the source of the step with this number, as it is in a copy of our mount namespace. */
int setup_tree_again(const struct plan *p, uint32_t step, uint32_t propagation, struct launch_slots *more,
	struct error *err);
/* What the rootfs and the sources of binds are set to: MS_*. */
uint32_t setup_propagation(const struct plan *p);
/* SYNC_IDMAP: maps the ids of a detached tree for the step with this number. */
int setup_idmap(const struct oci_config *c, const struct plan *p, uint32_t step, pid_t pid, int tree, bool recursive,
	struct error *err);
/* Sends a seccomp listener to the agent. */
int setup_seccomp_agent(const struct oci_linux_seccomp *s, const struct oci_state *state, pid_t pid, int fd,
	struct error *err);
/* Where a container has no mount namespace of its own, its rootfs and all that was mounted there lie in the caller's.
 * mount_id: which mount a path is on, 0 when that cannot be told; remove: takes away what lies over `before`. */
uint64_t setup_mount_id(const char *path);
void setup_remove_rootfs(const char *path, uint64_t before);
/* The pid that a process has in its own pid namespace. */
pid_t setup_inner_pid(pid_t pid);
/* A sealed memory file with these bytes. */
int setup_memfd(const char *name, const void *data, size_t len, struct error *err);

#endif
