/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>

#include "init/inroot.h"
#include "init/mount.h"
#include "kernel/mountapi.h"

/* The container's own directory, bound: a new superblock (mount of type cgroup) is one for each cgroup namespace, and
 * waits for the end of the one before it. */
static int clone_directory(struct init *in, const struct plan_mount *m, uint32_t i)
{
	uint32_t slot = plan_list_u32(in->plan, m->cgroup_slots, i);
	int tree = init_slot(in, slot);
	long magic;

	if (tree >= 0)
		in->slots[slot] = -1;
	else
		tree = mount_clone(-1, plan_list_str(in->plan, m->cgroup_paths, i), false);
	magic = tree < 0 ? tree : fd_fs_magic(tree);
	if (magic == CGROUP_SUPER_MAGIC || magic == CGROUP2_SUPER_MAGIC || magic < 0)
		return magic < 0 ? (int)magic : tree;
	(void)sys_close(tree);
	return -ENODEV;
}

/* One hierarchy on `place`; as the attributes would be on a new mount. */
static int attach_directory(struct init *in, const struct plan_mount *m, uint32_t i, int place, struct error *err)
{
	const struct mount_change c = {m->attr_set, MOUNT_ATTRS_PLAIN | MOUNT_ATTRS_ATIME, 0};
	int tree = clone_directory(in, m, i), r;

	if (tree < 0)
		return tree;
	r = mount_change(in, tree, false, &c, err);
	if (r == 0)
		r = mount_finish(in, m, tree, place, err);
	(void)sys_close(tree);
	return r;
}

/* Where it cannot be bound (a host directory that is hidden from init, a kernel without the new mount API). */
static int mount_hierarchy(struct init *in, const struct plan_mount *m, const char *name, int place, struct error *err)
{
	const bool v1 = m->flags & PLAN_MOUNT_CGROUP_V1;
	char data[128];
	int r;

	fmt(data, sizeof(data), "%s%s", str_eq(name, "systemd") ? "name=" : "", name);
	r = mount_old(in, -1, "cgroup", place, v1 ? "cgroup" : "cgroup2", mount_attr_to_ms(m->attr_set),
		v1 ? data : plan_str(in->plan, m->data));
	return r < 0 ? error_errno(err, r, "%s %s", v1 ? "cgroup" : "cgroup2", name) : 0;
}

static int mount_one(struct init *in, const struct plan_mount *m, uint32_t i, int place, struct error *err)
{
	int r = attach_directory(in, m, i, place, err);

	return r < 0 ? mount_hierarchy(in, m, plan_list_str(in->plan, m->cgroup_names, i), place, err) : 0;
}

/* "cpu,cpuacct" is also found as "cpu" and as "cpuacct". */
static int link_parts(int dir, const char *name, struct error *err)
{
	const char *at = name, *comma;
	char part[64];
	int r = 0;

	if (!str_chr(name, ','))
		return 0;
	do {
		comma = str_chr(at, ',');
		fmt(part, sizeof(part), "%.*s", (int)(comma ? comma - at : (long)str_len(at)), at);
		r = (int)sys_call3(SYS_symlinkat, name, dir, part);
		at = comma ? comma + 1 : at;
	} while (comma && (r == 0 || r == -EEXIST));
	return r < 0 && r != -EEXIST ? error_errno(err, r, "symbolic link %s", part) : 0;
}

static int mount_v1_hierarchy(struct init *in, const struct plan_mount *m, uint32_t i, int tmpfs, struct error *err)
{
	const char *name = plan_list_str(in->plan, m->cgroup_names, i);
	int r = (int)sys_call3(SYS_mkdirat, tmpfs, name, 0755);
	int place = r < 0 ? r : sys_openat(tmpfs, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (place < 0)
		return error_errno(err, place, "%s", name);
	r = mount_one(in, m, i, place, err);
	(void)sys_close(place);
	return r < 0 ? r : link_parts(tmpfs, name, err);
}

/* The directory that holds the hierarchies; it stays writable, as other runtimes leave it. */
static int mount_v1(struct init *in, const struct plan_mount *m, int place, struct error *err)
{
	static struct plan_mount holder;
	const struct mount_fs fs = {"tmpfs", "tmpfs", "mode=755", 0,
		SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NODEV | SYS_MOUNT_ATTR_NOEXEC};
	int tmpfs = mount_fs_new(&fs, NULL, 0), r = tmpfs;

	if (mount_api_missing(tmpfs)) {
		r = mount_old(in, -1, fs.source, place, fs.type, mount_attr_to_ms(fs.attr), fs.data);
		tmpfs = r < 0 ? r : mount_reopen(in, m, err);
	} else if (tmpfs >= 0) {
		holder = *m;
		holder.rec_set = holder.rec_clr = 0;
		r = mount_finish(in, &holder, tmpfs, place, err);
	}
	if (r < 0 || tmpfs < 0)
		return tmpfs < 0 ? error_errno(err, r, "tmpfs") : r;
	for (uint32_t i = 0; i < m->cgroup_names.n && r >= 0; i++)
		r = mount_v1_hierarchy(in, m, i, tmpfs, err);
	(void)sys_close(tmpfs);
	return r;
}

int mount_cgroup(struct init *in, const struct plan_mount *m, struct error *err)
{
	int place = mount_place(in, m, true, err), r;

	if (place < 0)
		return place;
	r = m->flags & PLAN_MOUNT_CGROUP_V1 ? mount_v1(in, m, place, err) : mount_one(in, m, 0, place, err);
	(void)sys_close(place);
	return r < 0 ? r : 0;
}
