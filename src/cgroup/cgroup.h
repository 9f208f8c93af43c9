/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CGROUP_CGROUP_H
#define ENVIRO_CGROUP_CGROUP_H

/* One interface over cgroup v1, v2 and hybrid hosts, and over the managers that may own a cgroup (cgroupfs: we make
 * the directories ourselves; systemd: a transient scope; disabled: none at all).
 *
 * The way of a start: cgroup_host_detect → cgroup_locate (pure: where it would be) → [the state record is
 * written] → cgroup_compile (pure: which files get which values) → cgroup_create → cgroup_apply → the init process is
 * put in by cgroup_v2_fd (CLONE_INTO_CGROUP) and, on v1, by writing "0" itself to the fds of cgroup_task_fds. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

struct oci_linux_resources;
struct oci_map;
struct cgroup_unit_properties;

enum cgroup_mode { CGROUP_MODE_NONE, CGROUP_MODE_V1, CGROUP_MODE_HYBRID, CGROUP_MODE_V2 };
enum cgroup_manager { CGROUP_MANAGER_CGROUPFS, CGROUP_MANAGER_SYSTEMD, CGROUP_MANAGER_DISABLED };

enum { CGROUP_MAX_HIERARCHIES = 24 };

/* A mounted hierarchy. `controllers` is as in /proc/self/cgroup: "memory", "cpu,cpuacct", "name=systemd", and ""
 * for v2. `own` is the cgroup of this process in it, as /proc/self/cgroup says ("/process/x"). */
struct cgroup_hierarchy {
	const char *controllers;
	const char *mountpoint; /* "/sys/fs/cgroup/memory" */
	const char *own;
	const char *available;	/* v2: the root's cgroup.controllers ("cpu io memory pids"); v1: NULL */
	bool v2;
};

struct cgroup_host {
	enum cgroup_mode mode;
	struct cgroup_hierarchy h[CGROUP_MAX_HIERARCHIES];
	size_t n;
	bool rootless; /* set by the caller: systemd's place for cgroups is that of the user's own instance */
};

/* Looks at what is mounted below /sys/fs/cgroup without reading mountinfo where the usual places answer. Strings
 * live in the arena. A host without any cgroup file system gives CGROUP_MODE_NONE and 0. */
int cgroup_host_detect(struct cgroup_host *ret, struct arena *a, struct error *err);

/* Where a container's cgroup is: one directory a hierarchy. */
struct cgroup_dir {
	const char *controllers; /* as in struct cgroup_hierarchy */
	const char *available;	 /* the same; NULL when read from a record */
	const char *path;	 /* absolute directory on the host */
	size_t mount_len;	 /* so many bytes of path are the mount point; 0 when read from a record */
	bool v2;
	bool existed;		 /* cgroup_create found it there: not ours to remove when the start is undone */
	size_t made_len;	 /* cgroup_create made it and what is above it from this length of path on; else 0 */
	int fd;			 /* O_PATH|O_DIRECTORY once made or opened, else -1 */
};

struct cgroup {
	enum cgroup_manager manager;
	enum cgroup_mode mode;
	struct cgroup_dir d[CGROUP_MAX_HIERARCHIES];
	size_t n;
	bool partial;	  /* rootless, and nobody named a cgroup: hierarchies that may not be written are left out */
	bool left;	  /* cgroup_create has failed, and could not take away what it had made */
	bool below;  /* given: on v2 its processes live in cgroups below it, and new ones go where init is */
	const char *unit; /* systemd: the scope's name, also from a record; else NULL */
	const char *slice; /* systemd: what the scope is to be in; NULL from a record */
};

/* cgroups_path: linux.cgroupsPath (NULL: runc's default, the id). Absolute: from the root of each hierarchy; relative:
 * below our own cgroup, and on a pure v2 host beside it, as runc has it (our own has processes, so no controller can be
 * enabled below it); systemd: "slice:prefix:name". Empty and "." parts are dropped; ".." and the root are refused. */
int cgroup_locate(const struct cgroup_host *h, enum cgroup_manager m, const char *cgroups_path, const char *id,
	struct arena *a, struct cgroup *ret, struct error *err);

/* What the resources become on this host: ordered writes, file by file, v1 values converted for v2; device rules as
 * v1 writes or as one eBPF program. Values are checked here, before anything is written. r may be NULL (then only the
 * device default). `for_update` is for a cgroup with values in force: what is not given stays, and device rules always
 * do, as in runc; it must be open, as v2 needs the memory limit in force for a swap limit that comes alone. A limit whose
 * controller is missing is refused by its JSON path: -EOPNOTSUPP. */
struct cgroup_write {
	uint32_t dir;	   /* index in struct cgroup's d[] */
	const char *file;  /* "memory.max" */
	const char *value; /* one write(2) */
	const char *what;  /* "linux.resources.memory.limit", for messages */
	bool optional;	   /* ENOENT is no failure (swap accounting off …) */
	bool retry;	   /* EINVAL: once more behind the last write in a row with this flag (the kernel checks pairs of
			      values against each other: limit and limit with swap, quota and period) */
	bool alternative;  /* only if the file of the write before this one is not there */
	bool keep_quota;   /* cpu.max: the quota in force stands before the value, which is a period */
};
struct cgroup_settings {
	struct cgroup_write *w;
	size_t n;
	const void *device_bpf; /* struct bpf_insn array, v2 only; NULL for none */
	size_t device_bpf_insns;
	uint32_t device_bpf_dir;
	/* memory.checkBeforeUpdate: refused when the usage (of the memory hierarchy, d[check_dir]) is not below these; 0:
	 * not checked */
	uint64_t check_memory, check_memory_swap;
	uint32_t check_dir;
	struct cgroup_unit_properties *unit; /* systemd: the same values as properties of the unit; else NULL */
};
int cgroup_compile(const struct cgroup *cg, const struct oci_linux_resources *r, bool for_update, struct arena *a,
	struct cgroup_settings *ret, struct error *err);

/* systemd: adds what only a new unit is given: its description, and the annotations org.systemd.property.NAME with a
 * value in GVariant's text format. With other managers nothing is done. */
int cgroup_compile_unit(const struct cgroup *cg, const char *id, const struct oci_map *annotations, struct arena *a,
	struct cgroup_settings *s, struct error *err);

/* Makes the directories (parents too, with controllers enabled for v2 subtrees) and opens them. A cgroup that exists
 * is taken only when it is empty and not frozen. Remembers what it made itself, so that an undo removes just that, and
 * does so itself when it fails: see `left`. What `partial` leaves out keeps fd -1; 1 when that was all, with the reason of the last in err. */
int cgroup_create(struct cgroup *cg, struct error *err);
/* Writes the values. A limit for a directory that is not there is refused, in runc's words; device rules are not, where
 * `partial` has left it out. */
int cgroup_apply(struct cgroup *cg, const struct cgroup_settings *s, struct error *err);
/* systemd: in place of the two above, which have nothing to make without a process: has the unit started with pid in it
 * and the settings in force, and opens its directories. With other managers nothing is done. Afterwards the process is
 * in the directories of v2 and of systemd itself; the fds of cgroup_task_fds lead to all others. When the unit is
 * another's, or systemd cannot be reached, cg is emptied, so that its destruction destroys nothing. */
int cgroup_attach_new(struct cgroup *cg, pid_t pid, const struct cgroup_settings *s, struct error *err);
/* The same for a cgroup that is in use: when something is refused, what was written before it is put back to what it was,
 * and a warning names what cannot be. */
int cgroup_update(struct cgroup *cg, const struct cgroup_settings *s, struct error *err);

/* Gives the container's v2 cgroup (the directory and the files that /sys/kernel/cgroup/delegate names) to a user of the
 * host, who can then make cgroups below it. On v1 and hybrid hosts nothing: v1 cannot be shared safely. */
int cgroup_delegate(const struct cgroup *cg, uid_t owner, struct error *err);
/* Makes a cgroup `name` in the container's, or in the one named `parent` there (NULL: none), puts the process there, and
 * gives it to `owner` (-1: to nobody); the controllers of the cgroup above are enabled for it as far as that can be. Both are
 * single names. cgroup v2 alone: otherwise -EOPNOTSUPP. */
int cgroup_put_below(const struct cgroup *cg, const char *parent, const char *name, pid_t pid, uid_t owner,
	struct error *err);

/* Opens the directories of a cgroup that was recorded (see cgroup_to_text). Missing ones keep fd -1. */
int cgroup_open(struct cgroup *cg, struct error *err);
/* Opens the freezer's directory alone: all that cgroup_is_frozen and cgroup_freeze need. cgroup_destroy and cgroup_enter
 * open what they need themselves, the others want cgroup_open. */
int cgroup_open_freezer(struct cgroup *cg, struct error *err);
void cgroup_close(struct cgroup *cg);
#define _cleanup_cgroup_ __attribute__((cleanup(cgroup_close)))

/* For the state record: one string a directory, "CONTROLLERS:PATH" ("memory:/sys/fs/cgroup/memory/x", ":/sys/fs/cgroup/x"
 * for v2), and back. Paths from a record are checked: absolute, clean, below a cgroup mount. */
int cgroup_to_text(const struct cgroup *cg, struct arena *a, char ***ret, size_t *ret_n, struct error *err);
int cgroup_from_text(char *const *text, size_t n, enum cgroup_manager m, struct arena *a, struct cgroup *ret,
	struct error *err);

/* The v2 directory, for clone3(CLONE_INTO_CGROUP): a borrowed fd, or -1. */
int cgroup_v2_fd(const struct cgroup *cg);
/* For v1 directories: fds of their `tasks` files, opened for writing, close-on-exec, owned by the caller (fds must
 * have room for CGROUP_MAX_HIERARCHIES). A single-threaded process that writes "0" to one joins that hierarchy in
 * 0.02 ms where a pid in cgroup.procs costs a grace period. Also holds the v2 `cgroup.procs` of a hybrid host when
 * with_v2 is set (for kernels that refuse CLONE_INTO_CGROUP). Returns the number; *memory is the index of v1's memory controller, or
 * -1. */
int cgroup_task_fds(const struct cgroup *cg, bool with_v2, int *fds, int *memory, struct error *err);
/* What a process of exec is to join, as a cgroup of its own with its own fds (to be closed; on failure there are none).
 * sub: the arguments of --cgroup, "PATH" for all hierarchies or "CONTROLLER[,CONTROLLER]:PATH"; below the container's
 * ("bad sub cgroup path: …") and there already. Without any: the container's own, and on v2 the one that its init
 * process is in (pid, in /proc) where its own takes no processes any more or has gone, as runc has it. */
int cgroup_enter(const struct cgroup *cg, char *const *sub, size_t n, pid_t init, struct arena *a, struct cgroup *ret,
	struct error *err);
/* Has systemd put another process in: where we may not, as an ancestor of its cgroup and the container's is not ours.
 * -EOPNOTSUPP with other managers. */
int cgroup_attach_by_manager(const struct cgroup *cg, pid_t pid, struct error *err);
/* Puts another process in (all of them): the slow way, for processes that cannot do it themselves. */
int cgroup_attach(const struct cgroup *cg, pid_t pid, struct error *err);

/* Freezes or thaws and waits (poll/inotify on cgroup.events for v2; on v1 by reading freezer.state) until it is so,
 * at most timeout_ms. A container without a freezer: -EOPNOTSUPP. */
int cgroup_freeze(const struct cgroup *cg, bool frozen, int timeout_ms, struct error *err);
/* 1 frozen by itself (an ancestor does not count), 0 not (also where there is no freezer or the cgroup has gone), negative
 * errno. */
int cgroup_is_frozen(const struct cgroup *cg);
/* Whether a process put into it would not run: also when it is an ancestor that is frozen. */
bool cgroup_starts_frozen(const struct cgroup *cg);

/* All pids in it and in its sub-cgroups, in this process's pid namespace, without doubles, ascending. */
int cgroup_pids(const struct cgroup *cg, struct arena *a, pid_t **ret, size_t *ret_n, struct error *err);
/* Sends sig to all of them; SIGKILL by cgroup.kill where the kernel has it (5.14), else frozen while it is done, so
 * that forks cannot escape. An empty or vanished cgroup is success. */
int cgroup_signal_all(const struct cgroup *cg, int sig, struct error *err);

/* Kills what is left in it, waits until it is empty (at most timeout_ms), removes sub-cgroups and directories.
 * What is gone already is success. */
int cgroup_destroy(struct cgroup *cg, int timeout_ms, struct error *err);

/* How often the kernel's OOM killer struck in it: memory.events oom_kill or memory.oom_control; 0 when unknown, -ENODEV when
 * it has gone, as systemd removes a scope that its last process has left. */
int64_t cgroup_oom_kills(const struct cgroup *cg);
/* The most that it was charged for at once, in bytes: memory.peak (Linux 5.19) or memory.max_usage_in_bytes; 0 when unknown.
 * It may have been read from a record, and is opened then. */
uint64_t cgroup_memory_peak(struct cgroup *cg);

#endif
