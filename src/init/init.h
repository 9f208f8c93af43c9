/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_INIT_INIT_H
#define ENVIRO_INIT_INIT_H

/* The container side: a freestanding program, run from a sealed memfd, that executes the steps of a plan one after the
 * other. It has no libc, allocates nothing and includes only kernel/, base/{error,str}.h and plan/{plan,sync}.h. It is
 * single-threaded. Everything below the rootfs is reached by fds (init/inroot.h); nothing of it is trusted. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "kernel/sys.h"
#include "plan/plan.h"
#include "plan/sync.h"

struct init {
	const struct plan *plan;
	int sync;	/* to the host side; -1 once READY was sent and a start socket waits */
	int slots[PLAN_MAX_SLOTS]; /* -1: not given */
	int proc;	/* a procfs of the container's pid namespace that nobody else can reach (init_proc), -1: not made */
	int proc_mount;	/* the procfs that was mounted at /proc; 0: none, or another mount has covered it */
	int sys_mount;	/* the same for sysfs at /sys */
	bool proc_whole; /* proc_mount shows all: init_proc may use it */
	int root;	/* O_PATH fd of the rootfs mount, from ROOTFS on; after PIVOT it is "/" */
	int console;	/* the terminal's slave, from CONSOLE on; else -1 */
	int dev_mask;	/* shared mask mount for directories, made when first needed, else -1 */
	int start;	/* the accepted start connection, else -1 */
	uint32_t start_version; /* what who starts understands (plan/sync.h) */
	int32_t without; /* SYNC_WITHOUT_* */
	bool network;	/* the network namespace came by SLOT_NETWORK */
	bool in_child;	/* UNSHARE has forked */
	bool nothing_beneath; /* the rootfs is over an empty directory and not in the host's tree; from ROOTFS on */
	bool pivoted;
	uint32_t step;	/* number of the step that is being executed */
	int program;	/* O_PATH fd of the program that FIND_PROGRAM found */
	char program_path[4096];
	uint64_t caps_final_effective, caps_final_permitted, caps_final_inheritable; /* set by CREDENTIALS when
		CAP_SYS_ADMIN is kept for seccomp; applied by SECCOMP */
	bool caps_pending;
	bool in_cwd;	    /* CWD has been entered */
	char **argv, **envp; /* of the program, made by exec_prepare; NULL before */
	uint32_t n_times;
	uint64_t times[SYNC_MAX_TIMES];
};

/* A step's executor: 0 or a negative errno with *err filled ("object: reason"; main puts the step's name in front). */
typedef int init_step(struct init *in, const struct plan_step *s, struct error *err);

/* main.c, sync.c, namespaces.c */
init_step step_cgroup_join, step_join, step_unshare, step_time_offsets, step_time_enter, step_fork, step_chroot,
	step_sync, step_ready;
/* rootfs and mounts */
init_step step_rootfs, step_mount, step_umount, step_device, step_dev_links, step_pivot, step_readonly_paths, step_masked_paths,
	step_root_readonly, step_root_unbindable;
/* console.c, sysctl.c, network.c, hooks.c */
init_step step_console, step_session, step_sysctl, step_loopback, step_hostname, step_domainname, step_keyring,
	step_hooks;
/* process */
init_step step_rlimit, step_scheduler, step_io_priority, step_cpu_affinity, step_memory_policy, step_personality,
	step_exec_label, step_credentials, step_cwd, step_find_program, step_seccomp, step_exec;

/* The private procfs (fsopen, never attached; full, of our pid namespace), made on first use and kept in in->proc. The
 * mount step of the container's own /proc may attach the same superblock's first mount: one superblock serves both.
 * Returns a borrowed fd or a negative errno. */
int init_proc(struct init *in, struct error *err);

/* sync.c: one packet out, or in (with at most n fds). 0 or negative errno. */
int sync_send(int sock, const struct sync_msg *m, const int *fds, unsigned n);
int sync_recv(int sock, struct sync_msg *m, int *fds, unsigned *n);

/* sync.c: the first of the times to come. */
void init_begin_times(struct init *in, uint64_t now);
/* From now on it is `what` (a step's number, SYNC_TIME_*). `more`: one of several of a kind, which are told
 * apart only while there is ample room. */
void init_time(struct init *in, uint32_t what, bool more);
/* Puts them into a packet, and begins anew. */
void init_put_times(struct init *in, struct sync_msg *m);

/* namespaces.c: enters what was made ahead. 0 or a negative errno with *err filled. */
int init_enter_made(struct init *in, struct error *err);

/* Says `type` to the host and waits for its SYNC_GO, taking the slots that come with it; or only waits. */
int init_ask(struct init *in, uint32_t type, int32_t value, struct error *err);
int init_wait_go(struct init *in, struct error *err);
/* The first packet: stores its slots, returns the plan's fd or a negative errno. */
int init_receive_plan(struct init *in);

/* The slot's fd or -1. */
static inline int init_slot(const struct init *in, uint32_t slot)
{
	return slot < PLAN_MAX_SLOTS ? in->slots[slot] : -1;
}

#endif
