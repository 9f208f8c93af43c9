/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_PLAN_PLAN_H
#define ENVIRO_PLAN_PLAN_H

/* The format of a launch plan: what the spec was compiled to, and what init executes. One flat block that means the
 * same wherever it is mapped: a header, a data region (strings and arrays) and the steps, one record behind the other.
 * A reference (plan_ref) is an offset from the start of the plan; 0 is "absent". Strings are NUL-terminated.
 *
 * Steps stand in the order of execution. Each belongs to one side: those below PLAN_OP_HOST_END are the host's, the
 * others init's. File descriptors are not part of a plan: a step names a slot, and the host hands over the fds for the
 * slots (SYNC_* in plan/sync.h). PLAN_NO_SLOT means that init opens the path itself. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_MAGIC 0x6e616c70u /* "plan" */
#define PLAN_VERSION 1u /* of all that a container's stored plan is asked for: operations, their numbers and members */
#define PLAN_NO_SLOT UINT32_MAX
enum { PLAN_MAX_SLOTS = 1024, PLAN_MAX_NODES = 1024 };

typedef uint32_t plan_ref;

struct plan_list { /* `ref` is an array of plan_ref (strings), uint32_t or uint64_t, as the field says */
	plan_ref ref;
	uint32_t n;
};

struct plan {
	uint32_t magic, version;
	uint32_t size;	    /* of the whole plan in bytes */
	uint32_t steps;	    /* offset of the first record */
	uint32_t n_steps;
	uint32_t n_slots;
	uint32_t clone_flags; /* CLONE_NEW* for the clone3 that makes init */
	uint32_t flags;	      /* PLAN_* below */
	uint32_t reserved[8];
};
#define PLAN_SIMPLE 0x01u    /* the clone3 that makes init makes the new namespaces (clone_flags) too */
#define PLAN_TERMINAL 0x02u  /* process.terminal */
#define PLAN_EXEC 0x04u	     /* enters an existing container */
#define PLAN_NOTIFY 0x08u    /* seccomp has a listener */

enum plan_op {
	PLAN_OP_NONE,
	/* the host's: see the structs of the same name */
	PLAN_OP_IDMAP,
	PLAN_OP_HOOK,
	PLAN_OP_OOM_SCORE,
	PLAN_OP_NET_DEVICE,
	PLAN_OP_INTEL_RDT,
	PLAN_OP_FOR_EXEC,
	PLAN_OP_HOST_END = 32,
	/* init's */
	PLAN_OP_CGROUP_JOIN, /* plan_slots: "0" is written to each fd; a second one is for v1's memory controller */
	PLAN_OP_JOIN,	     /* plan_join */
	PLAN_OP_UNSHARE,     /* plan_unshare */
	PLAN_OP_TIME_OFFSETS,/* plan_time_offset, one a clock, after UNSHARE */
	PLAN_OP_TIME_ENTER,  /* no payload: into the time namespace that UNSHARE made */
	PLAN_OP_FORK,	     /* no payload: goes on in a child (sibling by CLONE_PARENT), in the pid namespace made or joined */
	PLAN_OP_SYNC,	     /* waits for the host: maps, hooks, network devices; receives the slots */
	PLAN_OP_KEYRING,     /* plan_keyring */
	PLAN_OP_LOOPBACK,    /* no payload */
	PLAN_OP_HOSTNAME,    /* plan_string */
	PLAN_OP_DOMAINNAME,  /* plan_string */
	PLAN_OP_CHROOT,	     /* plan_number: the slot of a directory that becomes the root (exec without a mount namespace) */
	PLAN_OP_ROOTFS,	     /* plan_rootfs: propagation of "/", rootfs opened */
	PLAN_OP_MOUNT,	     /* plan_mount */
	PLAN_OP_UMOUNT,	     /* plan_string: a mount point; of a container that runs */
	PLAN_OP_DEVICE,	     /* plan_device */
	PLAN_OP_DEV_LINKS,   /* /dev/fd, stdin, stdout, stderr, core, ptmx */
	PLAN_OP_CONTAINER_HOOKS, /* plan_hooks_at: createContainer, before pivot */
	PLAN_OP_CONSOLE,     /* plan_console */
	PLAN_OP_PIVOT,	     /* plan_pivot */
	PLAN_OP_SYSCTL,	     /* plan_sysctl */
	PLAN_OP_READONLY_PATHS, /* plan_strings */
	PLAN_OP_MASKED_PATHS, /* plan_strings */
	PLAN_OP_ROOT_READONLY, /* no payload */
	PLAN_OP_ROOT_UNBINDABLE, /* no payload: with all mounts below it; behind those that bind one of these */
	PLAN_OP_SESSION,     /* plan_session: setsid and the controlling terminal */
	PLAN_OP_RLIMIT,	     /* plan_rlimit */
	PLAN_OP_SCHEDULER,   /* plan_scheduler */
	PLAN_OP_IO_PRIORITY, /* plan_io_priority */
	PLAN_OP_CPU_AFFINITY,/* plan_cpu_affinity */
	PLAN_OP_MEMORY_POLICY, /* plan_memory_policy */
	PLAN_OP_PERSONALITY, /* plan_number */
	PLAN_OP_EXEC_LABEL,  /* plan_exec_label: SELinux or AppArmor, effective at exec */
	PLAN_OP_CREDENTIALS, /* plan_credentials: groups, ids, capabilities, no_new_privs */
	PLAN_OP_CWD,	     /* plan_cwd: MAKE after PIVOT, EARLY before CREDENTIALS, FINAL after it */
	PLAN_OP_FIND_PROGRAM,/* looks args[0] of the exec step up, with the container's user and PATH */
	PLAN_OP_SECCOMP,     /* plan_seccomp; with a listener before READY, else just before EXEC */
	PLAN_OP_READY,	     /* create returns here; waits for start */
	PLAN_OP_START_HOOKS, /* plan_hooks_at: startContainer */
	PLAN_OP_EXEC,	     /* plan_exec */
	PLAN_OP_END
};

struct plan_step {
	uint16_t op;
	uint16_t size; /* bytes of the whole record, a multiple of 8 */
	uint32_t index; /* where it came from in the spec's array (mounts[index] …), for messages; UINT32_MAX: no array */
};

struct plan_string {
	struct plan_step s;
	plan_ref value;
	uint32_t pad;
};
struct plan_strings {
	struct plan_step s;
	struct plan_list values; /* strings */
};
struct plan_number {
	struct plan_step s;
	uint64_t value;
};
struct plan_slots {
	struct plan_step s;
	struct plan_list slots; /* uint32_t slot numbers; those that the host leaves empty are passed over */
};

/* ---- host ---- */
struct plan_idmap {
	struct plan_step s;
	uint32_t gid; /* 0: uid_map, 1: gid_map */
	uint32_t container, host, count;
};
enum plan_hook_kind {
	PLAN_HOOK_PRESTART,
	PLAN_HOOK_CREATE_RUNTIME,
	PLAN_HOOK_CREATE_CONTAINER,
	PLAN_HOOK_START_CONTAINER,
	PLAN_HOOK_POSTSTART,
	PLAN_HOOK_POSTSTOP,
	PLAN_HOOK_KINDS
};
/* As the spec and messages call it. */
static inline const char *plan_hook_name(uint32_t kind)
{
	static const char *const names[PLAN_HOOK_KINDS] = {
		"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};

	return kind < PLAN_HOOK_KINDS ? names[kind] : "unknown";
}
struct plan_hook { /* in the order of the spec; CREATE_CONTAINER and START_CONTAINER are run by init */
	struct plan_step s;
	uint32_t kind;
	plan_ref path;
	struct plan_list args, env; /* strings; args[0] as the spec has it, [path] where args is absent */
	uint32_t timeout;	    /* seconds */
	plan_ref out, err;	    /* files of the host for stdout and stderr, or 0 */
	uint32_t inherit;	    /* its environment is the process's (START_CONTAINER) */
};
struct plan_oom_score {
	struct plan_step s;
	int32_t value;
	uint32_t pad;
};
struct plan_net_device {
	struct plan_step s;
	plan_ref name, new_name; /* new_name 0: kept */
};
struct plan_intel_rdt {
	struct plan_step s;
	plan_ref clos_id;
	uint32_t enable_monitoring;
	struct plan_list schemata; /* strings, l3CacheSchema and memBwSchema resolved into it */
};

struct plan_for_exec { /* what the spec says of processes of exec and of mounts that are added later, and nothing else in
			  the plan does; 0: it says nothing */
	struct plan_step s;
	plan_ref initial_cpus, final_cpus; /* execCPUAffinity */
	plan_ref listener_path, listener_metadata;
	plan_ref mount_label;
	uint32_t pad;
};

/* ---- init: namespaces ---- */
struct plan_join { /* one setns */
	struct plan_step s;
	uint32_t slot;	/* a namespace fd, or a pidfd whose namespaces are all joined */
	uint32_t flags; /* CLONE_NEW*; a single one for a namespace fd */
	plan_ref path;	/* what the host opens for the slot; 0: it knows (exec) */
	uint32_t pad;
};
struct plan_unshare { /* what clone3 has not made; a user namespace first, with SYNC_MAP, and root in it after that */
	struct plan_step s;
	uint32_t flags; /* CLONE_NEW* */
	uint32_t pad;
};
struct plan_time_offset {
	struct plan_step s;
	uint32_t clock; /* CLOCK_MONOTONIC or CLOCK_BOOTTIME */
	uint32_t nsecs;
	int64_t secs;
};
struct plan_keyring {
	struct plan_step s;
	plan_ref name;	/* "_ses.ID" */
	plan_ref label; /* SELinux label for it, or 0 */
	uint32_t join_only;
	uint32_t pad;
};

/* ---- init: file system ---- */
struct plan_rootfs {
	struct plan_step s;
	plan_ref path;	       /* absolute host path */
	uint32_t slot;	       /* a detached clone of it: given when init comes from a template of a mount namespace */
	uint32_t propagation;  /* MS_* for "/" before anything is mounted: MS_SLAVE|MS_REC by default */
	uint32_t new_mount_ns; /* 0: the mount namespace was joined or is the host's */
	uint32_t source_slot;  /* as with PLAN_MOUNT_SOURCE_FD; PLAN_NO_SLOT: init can walk there itself */
	uint32_t pad;
};
enum plan_mount_kind { PLAN_MOUNT_FS, PLAN_MOUNT_BIND, PLAN_MOUNT_CGROUP, PLAN_MOUNT_REMOUNT };
struct plan_mount {
	struct plan_step s;
	uint32_t kind;
	plan_ref dest;	 /* absolute path in the container, cleaned */
	plan_ref source; /* bind: absolute host path; fs: the source name */
	plan_ref type;
	plan_ref data;	 /* what is left of the options for the file system, comma separated; 0: none */
	uint32_t slot;	 /* bind: a detached tree from the host side, or PLAN_NO_SLOT; see PLAN_MOUNT_SOURCE_FD */
	uint32_t sb_flags;   /* MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK, MS_LAZYTIME, MS_I_VERSION, MS_SILENT */
	uint32_t flags;	     /* PLAN_MOUNT_* below */
	uint64_t attr_set, attr_clr;	 /* MOUNT_ATTR_* for the mount itself */
	uint64_t attr_off;		 /* bind: what the options name to be cleared, a part of attr_clr: must not stay */
	uint64_t rec_set, rec_clr;	 /* the same for the whole tree (r* options) */
	struct plan_list propagation;	 /* uint32_t MS_SHARED … (| MS_REC), applied in order */
	struct plan_list cgroup_names;	 /* kind CGROUP, v1: strings, "memory", "cpu,cpuacct", "systemd"; v2: one, "" */
	struct plan_list cgroup_paths;	 /* strings: directories on the host to be bound; as many as names */
	struct plan_list cgroup_slots;	 /* uint32_t: detached trees of them, where init cannot see the host's; as many */
	plan_ref label;			 /* mountLabel for binds that need it by xattr; 0: none */
	uint32_t pad;
};
#define PLAN_MOUNT_RECURSIVE 0x001u   /* rbind */
#define PLAN_MOUNT_COPY_UP 0x002u     /* tmpcopyup */
#define PLAN_MOUNT_COPY_SYMLINK 0x004u
#define PLAN_MOUNT_SRC_NOFOLLOW 0x008u
#define PLAN_MOUNT_DEST_NOFOLLOW 0x010u
#define PLAN_MOUNT_IDMAP 0x020u
#define PLAN_MOUNT_IDMAP_REC 0x040u
#define PLAN_MOUNT_SOURCE_FD 0x080u   /* the slot is no detached tree but an O_PATH fd of the source as init's own mount
					 namespace has it, opened for init that has no right to walk there: locks stay */
#define PLAN_MOUNT_CGROUP_NS 0x100u   /* the container has its own cgroup namespace */
#define PLAN_MOUNT_READONLY_LATE 0x200u /* "ro" of a tmpfs or of /dev: a REMOUNT step behind the devices does it */
#define PLAN_MOUNT_SUPERBLOCK 0x400u  /* REMOUNT: the file system too ("remount" without "bind") */
#define PLAN_MOUNT_CGROUP_V1 0x800u

struct plan_device {
	struct plan_step s;
	plan_ref path;	/* absolute in the container */
	uint32_t type;	/* S_IFCHR, S_IFBLK, S_IFIFO */
	uint32_t major, minor;
	uint32_t mode;	/* permission bits */
	uint32_t uid, gid;
	uint32_t is_default; /* one of the spec's default devices */
	uint32_t bind;	/* bind the host's node of the same path instead of mknod */
	uint32_t must_exist; /* in a /dev that comes from the host: nothing is made there */
};
struct plan_hooks_at {
	struct plan_step s;
	uint32_t kind;	/* the plan_hook steps of this kind are run, in order */
	uint32_t slot;	/* a memfd that holds the state JSON for their stdin */
};
struct plan_console {
	struct plan_step s;
	uint16_t rows, cols; /* 0: left as they are */
	uint32_t bind;	     /* make /dev/console of it (create; not for exec) */
	uint32_t uid, gid;   /* owner of the terminal; UINT32_MAX: as the devpts mount has it */
};
struct plan_pivot {
	struct plan_step s;
	uint32_t mode;	/* PLAN_PIVOT_* */
	uint32_t propagation; /* MS_* of the new root after the pivot, 0: left */
};
enum { PLAN_PIVOT_ROOT, PLAN_PIVOT_MOVE /* --no-pivot */, PLAN_PIVOT_CHROOT /* no new mount namespace */ };
struct plan_sysctl {
	struct plan_step s;
	plan_ref path;	/* "net/ipv4/ip_forward", below /proc/sys */
	plan_ref value;
};

/* ---- init: process ---- */
struct plan_session {
	struct plan_step s;
	uint32_t terminal; /* the console becomes the controlling terminal and fds 0, 1, 2 */
	uint32_t pad;
};
struct plan_rlimit {
	struct plan_step s;
	uint32_t resource;
	uint32_t hard_only; /* raise the hard limit to `hard` where it is lower, and nothing else: stands before a user
			       namespace is entered, for the host's rights are gone after it */
	uint64_t soft, hard;
};
struct plan_scheduler {
	struct plan_step s;
	uint32_t policy;
	int32_t nice;
	uint64_t flags; /* SCHED_FLAG_* */
	uint32_t priority, pad;
	uint64_t runtime, deadline, period; /* ns */
};
struct plan_io_priority {
	struct plan_step s;
	uint32_t value; /* class << 13 | priority */
	uint32_t pad;
};
struct plan_cpu_affinity {
	struct plan_step s;
	uint32_t final; /* 0: before the cgroup is joined, 1: just before exec */
	uint32_t bytes; /* of the mask; 0: every CPU that the cgroup allows, whatever was inherited */
	plan_ref mask;	/* cpu_set_t bits */
	uint32_t pad;
};
struct plan_memory_policy {
	struct plan_step s;
	uint32_t mode; /* MPOL_* | MPOL_F_* */
	uint32_t max_node; /* bits in the mask: PLAN_MAX_NODES, or 0 and no mask */
	plan_ref mask;
	uint32_t pad;
};
struct plan_cwd {
	struct plan_step s;
	plan_ref path;
	uint32_t when; /* PLAN_CWD_* */
};
enum {
	PLAN_CWD_MAKE,	/* made where it is missing; before the root becomes read-only */
	PLAN_CWD_EARLY, /* chdir with the rights of the container's root; denied: FINAL tries again */
	PLAN_CWD_FINAL, /* with those of the user, unless EARLY did; checks that it is inside */
};
struct plan_exec_label {
	struct plan_step s;
	uint32_t lsm; /* PLAN_LSM_* */
	plan_ref label;
};
enum { PLAN_LSM_SELINUX, PLAN_LSM_APPARMOR };
struct plan_credentials {
	struct plan_step s;
	uint32_t uid, gid;
	uint32_t umask;		/* UINT32_MAX: left as it is */
	uint32_t no_new_privs;
	struct plan_list groups; /* uint32_t */
	uint32_t set_groups;	/* 0: setgroups may be denied in this user namespace: so it is, with no groups asked for but
				   its own, the process keeps those it has */
	uint32_t has_caps;	/* 0: no capabilities object in the spec: none at all */
	uint64_t bounding, effective, permitted, inheritable, ambient; /* bit n is capability n */
	uint32_t keep_for_seccomp; /* hold CAP_SYS_ADMIN until the filter is loaded (no no_new_privs) */
	uint32_t keep_groups;	   /* setgroups is not called at all */
};
struct plan_seccomp {
	struct plan_step s;
	plan_ref bpf;	/* array of struct sock_filter */
	uint32_t n;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	uint32_t notify;
};
struct plan_exec {
	struct plan_step s;
	struct plan_list args, env; /* strings */
	uint32_t preserve_fds;	    /* fds 3 … 2+n stay open */
	uint32_t listen_fds;	    /* of these, how many are LISTEN_FDS (LISTEN_PID is set to the process) */
	uint32_t find_home;	    /* env has no HOME: the container's /etc/passwd is asked */
	uint32_t pad;
};

/* A plan may come from a file: every record and reference is checked once before anything is executed. 0, -EBADMSG, or for
 * another PLAN_VERSION -EPROTO. */
int plan_check(const void *block, size_t size);

static inline const struct plan_step *plan_first(const struct plan *p)
{
	return (const struct plan_step *)((const char *)p + p->steps);
}
static inline const struct plan_step *plan_next(const struct plan_step *s)
{
	return (const struct plan_step *)((const char *)s + s->size);
}
/* for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) */
static inline bool plan_at_end(const struct plan *p, const struct plan_step *s)
{
	return (const char *)s >= (const char *)p + p->size;
}
/* NULL for an absent string */
static inline const char *plan_str(const struct plan *p, plan_ref r)
{
	return r ? (const char *)p + r : NULL;
}
/* A string that plan_check has found to be there. */
static inline const char *plan_text(const struct plan *p, plan_ref r)
{
	return (const char *)p + r;
}
static inline const char *plan_list_str(const struct plan *p, struct plan_list l, uint32_t i)
{
	return plan_text(p, ((const plan_ref *)(const void *)((const char *)p + l.ref))[i]);
}
static inline uint32_t plan_list_u32(const struct plan *p, struct plan_list l, uint32_t i)
{
	return ((const uint32_t *)(const void *)((const char *)p + l.ref))[i];
}

#endif
