/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CGROUP_INTERNAL_H
#define ENVIRO_CGROUP_INTERNAL_H

/* What the files of this room share. */

#include "cgroup/cgroup.h"
#include "libocispec-lite/ocispec.h"

/* f_type of statfs(2): linux/magic.h, which musl does not have */
#define CGROUP_V1_MAGIC 0x27e0ebUL
#define CGROUP_V2_MAGIC 0x63677270UL

enum { CGROUP_NO_DIR = -1 };

/* Whether `name` stands in a comma- or blank-separated list. */
bool cgroup_list_has(const char *list, const char *name);

/* The directory with this controller: index in d[], v1 before v2, or CGROUP_NO_DIR. "blkio" is "io" on v2; "freezer"
 * and "devices" are part of every v2 hierarchy. */
int cgroup_find(const struct cgroup *cg, const char *controller);
/* The index of the v2 directory, or CGROUP_NO_DIR. */
int cgroup_find_v2(const struct cgroup *cg);

/* The directory of a hierarchy that lies at rel below base; both begin with "/" or are empty. base NULL: no memory. */
int cgroup_locate_dir(const struct cgroup_hierarchy *hier, const char *base, const char *rel, struct arena *a,
	struct cgroup_dir *ret, struct error *err);

/* ---- compile: one value into a list of writes ---- */
struct cgroup_compiler {
	const struct cgroup *cg;
	const struct oci_linux_resources *r;
	bool for_update;
	struct arena *a;
	struct cgroup_settings *s;
	size_t cap;
	struct error *err;
};
/* The directory for `controller`, which `what` (a JSON path) asked for; -EOPNOTSUPP with a message if there is none. */
int cgroup_need(struct cgroup_compiler *c, const char *controller, const char *what, uint32_t *ret);
/* Appends a write and returns it, to have its flags set; NULL when memory is out (then err is filled). */
struct cgroup_write *cgroup_emit(struct cgroup_compiler *c, uint32_t dir, const char *what, const char *file,
	const char *f, ...) __attribute__((format(printf, 5, 6)));
/* Whether it is the v2 directory. */
static inline bool cgroup_is_v2(const struct cgroup_compiler *c, uint32_t dir)
{
	return c->cg->d[dir].v2;
}
/* systemd has one property for weight and idle of a v2 cgroup: one that is to be idle has no weight. */
static inline bool cgroup_idle_is_weight(const struct cgroup_compiler *c, uint32_t dir)
{
	return c->cg->manager == CGROUP_MANAGER_SYSTEMD && cgroup_is_v2(c, dir);
}

int cgroup_compile_memory(struct cgroup_compiler *c, const struct oci_memory *m);
int cgroup_compile_cpu(struct cgroup_compiler *c, const struct oci_cpu *given);
int cgroup_compile_cpuset(struct cgroup_compiler *c, const struct oci_cpu *cpu);
int cgroup_compile_pids(struct cgroup_compiler *c, const struct oci_pids *p);
int cgroup_compile_block_io(struct cgroup_compiler *c, const struct oci_block_io *b);
int cgroup_compile_hugepages(struct cgroup_compiler *c);
int cgroup_compile_network(struct cgroup_compiler *c, const struct oci_network *n);
int cgroup_compile_rdma(struct cgroup_compiler *c);
int cgroup_compile_unified(struct cgroup_compiler *c, const struct oci_map *m);
int cgroup_compile_devices(struct cgroup_compiler *c);

/* What cgroup_apply looks at before it writes: that the directories are there, memory.checkBeforeUpdate. */
int cgroup_check(const struct cgroup *cg, const struct cgroup_settings *s, struct error *err);

/* ---- device rules ---- */
enum { DEVICE_ANY = -1 };
enum { DEVICE_MKNOD = 1, DEVICE_READ = 2, DEVICE_WRITE = 4, DEVICE_ALL = 7 }; /* BPF_DEVCG_ACC_* */
struct device_rule {
	char type; /* 'b', 'c'; 'a' both, with any number and access */
	bool allow;
	int64_t major, minor; /* DEVICE_ANY or a number of 32 bits */
	unsigned access;      /* DEVICE_* */
};
/* The rules as writes to devices.allow and devices.deny. */
int cgroup_devices_v1(struct cgroup_compiler *c, uint32_t dir, const struct device_rule *r, size_t n);
/* The rules as an eBPF program, into c->s. */
int cgroup_devices_v2(struct cgroup_compiler *c, uint32_t dir, const struct device_rule *r, size_t n);

/* ---- v1 values as v2 has them (convert.c) ---- */
uint64_t cgroup_weight_from_shares(uint64_t shares);	 /* 0 (unset) stays 0; else 1 … 10000 */
uint64_t cgroup_io_weight_from_blkio(uint16_t weight);	 /* 10 … 1000 → 1 … 10000; 0 stays 0 */
/* memory.swap.max: CGROUP_SWAP_UNSET, -1 for "max", or bytes. -EINVAL when it makes no sense. */
#define CGROUP_SWAP_UNSET INT64_MIN
int cgroup_swap_from_memsw(int64_t memory, int64_t memsw, int64_t *ret, struct error *err);

/* ---- the tree ---- */
/* Enables in every cgroup above d (from the mount point down) the v2 controllers in `names` (blank-separated). Returns
 * 0 or the errno of the last refusal, nothing said: a limit that needs the controller will say it. */
int cgroup_enable_controllers(const struct cgroup_dir *d, const char *names);
/* How much of d->path is the mount point: 0 when no part of it is a cgroup. */
size_t cgroup_mount_len(const struct cgroup_dir *d);
/* Opens every cgroup from the mount point down to d and calls fn(parent, child, arg) for each step; stops when fn does
 * not return 0, with what it returned. */
int cgroup_each_level(const struct cgroup_dir *d, int (*fn)(int parent, int child, void *arg), void *arg);
/* Opens d->path (O_PATH), if it is a cgroup and not a root: -ENOENT if it has gone. */
int cgroup_dir_open(struct cgroup_dir *d, struct error *err);
/* Removes d, which need not be open. -EBUSY: there is something in it, -ENOENT: it has gone; neither with a message. */
int cgroup_dir_remove(const struct cgroup_dir *d, struct error *err);
/* The pids of one cgroup and all below it, appended to a growing list. -ENOENT, -ENODEV: it has gone. */
struct pid_list {
	pid_t *p;
	size_t n, cap;
};
int cgroup_dir_pids(int dirfd, struct arena *a, struct pid_list *l);
/* Calls fn for a cgroup and all below it, top down, until it does not return 0. What goes away meanwhile is passed over. */
int cgroup_walk(int dirfd, struct arena *a, int (*fn)(int dirfd, struct arena *a, void *arg), void *arg);
/* Of all directories of cg, without doubles, ascending. */
int cgroup_pids_union(const struct cgroup *cg, struct arena *a, struct pid_list *l, struct error *err);
/* The name of the first sub-cgroup; 0 when there is none, 1 when name was filled, or -errno. */
int cgroup_first_child(int dirfd, char *name, size_t n);

/* ---- the freezer ---- */
/* Thaws as far as killed processes need it to end: on v1 those in frozen sub-cgroups, too (v2 kills frozen ones). */
void cgroup_thaw_all(const struct cgroup *cg);

/* ---- waiting ---- */
int64_t cgroup_now_ms(void);
/* Waits until `key` ("frozen", "populated") in cgroup.events of dirfd has the value. 0, -ETIMEDOUT, -ENODEV (gone), or
 * another errno; nothing said. */
int cgroup_wait_event(int dirfd, const char *key, bool value, int64_t deadline_ms);
/* The value of a "key value" line in a text, which it cuts up; -ENODATA when it is not there. */
int cgroup_find_key(char *text, const char *key, uint64_t *ret);
/* The value of a "key value" line in a small file; -ENODATA when it is not there, or another errno. */
int cgroup_read_key(int dirfd, const char *file, const char *key, uint64_t *ret);

#endif
