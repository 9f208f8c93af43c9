/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/mount.h>

#include "init/mount.h"
#include "kernel/mountapi.h"

/* One hierarchy, on its way to its place. */
struct hierarchy {
	const struct plan_mount *m;
	const char *name, *source;
	const char *dest; /* in the container */
	int place;
};

static bool is_cgroup(int fd)
{
	long magic = fd_fs_magic(fd);

	return magic == CGROUP_SUPER_MAGIC || magic == CGROUP2_SUPER_MAGIC;
}

static int attach_tree(struct init *in, const struct hierarchy *h, int tree, struct error *err)
{
	int r = is_cgroup(tree) ? 0 : error_set(err, ENODEV, "%s: no cgroup file system", h->source);

	if (r == 0)
		r = mount_finish(in, h->m, tree, h->place, err);
	(void)sys_close(tree);
	return r;
}

static int bind_old(struct init *in, const struct hierarchy *h, struct error *err)
{
	int r = mount_old(in, -1, h->source, h->place, NULL, MS_BIND, NULL), mnt;

	if (r < 0)
		return error_errno(err, r, "bind of %s", h->source);
	mnt = mount_reopen(in, h->dest, 0, err);
	if (mnt < 0)
		return mnt;
	r = is_cgroup(mnt) ? mount_settings(in, h->m, mnt, true, err)
			   : error_set(err, ENODEV, "%s: no cgroup file system", h->source);
	(void)sys_close(mnt);
	return r;
}

/* In a cgroup namespace a new mount shows the container's own directory, too. */
static int mount_anew(struct init *in, const struct hierarchy *h, struct error *err)
{
	const bool v1 = h->m->flags & PLAN_MOUNT_CGROUP_V1;
	char data[128];
	int r;

	fmt(data, sizeof(data), "%s%s", str_eq(h->name, "systemd") ? "name=" : "", h->name);
	r = mount_old(in, -1, "cgroup", h->place, v1 ? "cgroup" : "cgroup2", mount_attr_to_ms(h->m->attr_set),
		v1 ? data : plan_str(in->plan, h->m->data));
	return r < 0 ? error_errno(err, r, "%s %s", v1 ? "cgroup" : "cgroup2", h->name) : 0;
}

/* A runtime without rights to the hierarchy could not make the directory: the container is in the one above it. */
static int clone_nearest(const char *source)
{
	char path[PATH_MAX];
	size_t n = str_copy(path, sizeof(path), source);
	int tree;

	while ((tree = mount_clone(-1, path, false)) == -ENOENT && n) {
		while (n && path[--n] != '/')
			;
		path[n] = '\0';
	}
	return tree;
}

/* The container's own directory is bound: for a new mount the kernel makes a superblock for each cgroup namespace, and
 * waits for the end of the one before it. */
static int mount_one(
	struct init *in, const struct plan_mount *m, uint32_t i, const char *dest, int place, struct error *err)
{
	const struct hierarchy h = {m, plan_list_str(in->plan, m->cgroup_names, i),
		plan_list_str(in->plan, m->cgroup_paths, i), dest, place};
	uint32_t slot = plan_list_u32(in->plan, m->cgroup_slots, i);
	int tree = init_slot(in, slot);

	if (tree >= 0)
		in->slots[slot] = -1;
	else
		tree = mount_clone(-1, h.source, false);
	if (tree >= 0)
		return attach_tree(in, &h, tree, err);
	if (mount_api_missing(tree))
		return bind_old(in, &h, err);
	if (m->flags & PLAN_MOUNT_CGROUP_NS && mount_anew(in, &h, err) == 0)
		return 0;
	tree = clone_nearest(h.source);
	return tree < 0 ? error_errno(err, tree, "bind of %s", h.source) : attach_tree(in, &h, tree, err);
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
	char dest[PATH_MAX];
	int r = (int)sys_call3(SYS_mkdirat, tmpfs, name, 0755);
	int place = r < 0 ? r : sys_openat(tmpfs, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (place < 0)
		return error_errno(err, place, "%s", name);
	fmt(dest, sizeof(dest), "%s/%s", plan_str(in->plan, m->dest), name);
	r = mount_one(in, m, i, dest, place, err);
	(void)sys_close(place);
	return r < 0 ? r : link_parts(tmpfs, name, err);
}

/* The directory that holds the hierarchies, writable until they are in it. Returns its mount. */
static int mount_holder(struct init *in, const struct plan_mount *m, int place, struct error *err)
{
	static struct plan_mount holder;
	const struct mount_fs fs = {
		"tmpfs", "tmpfs", "mode=755", 0, SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NODEV | SYS_MOUNT_ATTR_NOEXEC};
	int tmpfs = mount_fs_new(&fs, NULL, 0), r;

	holder = *m;
	holder.kind = PLAN_MOUNT_FS;
	holder.rec_set = holder.rec_clr = 0;
	if (mount_api_missing(tmpfs)) {
		r = mount_old(in, -1, fs.source, place, fs.type, mount_attr_to_ms(fs.attr), fs.data);
		if (r < 0)
			return error_errno(err, r, "tmpfs");
		return mount_reopen(in, plan_str(in->plan, m->dest), 0, err);
	}
	if (tmpfs < 0)
		return error_errno(err, tmpfs, "tmpfs");
	r = mount_finish(in, &holder, tmpfs, place, err);
	if (r < 0)
		(void)sys_close(tmpfs);
	return r < 0 ? r : tmpfs;
}

static int mount_v1(struct init *in, const struct plan_mount *m, int place, struct error *err)
{
	const struct mount_change ro = {.set = m->attr_set & SYS_MOUNT_ATTR_RDONLY};
	int tmpfs = mount_holder(in, m, place, err), r = 0;

	if (tmpfs < 0)
		return tmpfs;
	for (uint32_t i = 0; i < m->cgroup_names.n && r >= 0; i++)
		r = mount_v1_hierarchy(in, m, i, tmpfs, err);
	if (r >= 0)
		r = mount_change(in, tmpfs, true, &ro, err);
	(void)sys_close(tmpfs);
	return r;
}

int mount_cgroup(struct init *in, const struct plan_mount *m, struct error *err)
{
	int place = mount_place(in, m, true, err), r;

	if (place < 0)
		return place;
	r = m->flags & PLAN_MOUNT_CGROUP_V1 ? mount_v1(in, m, place, err)
					    : mount_one(in, m, 0, plan_str(in->plan, m->dest), place, err);
	(void)sys_close(place);
	return r < 0 ? r : 0;
}
