/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/inroot.h"
#include "init/mount.h"
#include "kernel/mountapi.h"

/* What a namespace that is not its own may not mount anew comes as the host has it. */
static int host_tree(const struct plan_mount *m, const char *type)
{
	const char *path = str_eq(type, "sysfs") ? "/sys" : str_eq(type, "mqueue") ? "/dev/mqueue" : NULL;
	int mnt = path ? mount_clone(-1, path, true) : -EPERM, r;

	if (mnt < 0)
		return mnt;
	r = mount_setattr_fd(mnt, m->attr_set & SYS_MOUNT_ATTR_RDONLY, m->attr_set, 0);
	if (r < 0) {
		(void)sys_close(mnt);
		return r;
	}
	return mnt;
}

/* Detached where that can be had, else *attached by mount(2). */
static int make_fs(
	struct init *in, const struct plan_mount *m, const char *data, int place, bool *attached, struct error *err)
{
	const char *type = plan_str(in->plan, m->type), *source = plan_str(in->plan, m->source);
	const struct mount_fs fs = {type, source, data, m->sb_flags, m->attr_set};
	char why[200];
	int mnt = mount_fs_new(&fs, why, sizeof(why)), r = mnt;

	*attached = false;
	if (mount_api_missing(mnt) || mnt == -EINVAL) {
		r = mount_old(in, -1, source, place, type, m->sb_flags | mount_attr_to_ms(m->attr_set), data);
		*attached = r == 0;
	}
	if (r == -EPERM && !in->pivoted) {
		mnt = host_tree(m, type);
		r = mnt < 0 ? r : 0;
	}
	if (r == -EPERM && (str_eq(type, "proc") || str_eq(type, "sysfs"))) /* the kernel: "mount too revealing" */
		return error_errno(err, r, "%s: allowed only where one is visible already that nothing is masked in", type);
	if (r < 0 && *why)
		return error_errno(err, r, "%s: %s", type, why);
	if (r == -ENODEV)
		return error_errno(err, r, "%s: no file system of this kernel", type);
	if (r < 0)
		return error_errno(err, r, "%s%s%s", type, data ? " with " : "", data ? data : "");
	return *attached ? mount_reopen(in, plan_str(in->plan, m->dest), m->flags, err) : mnt;
}

int mount_new_fs(struct init *in, const struct plan_mount *m, const char *data, int place, struct error *err)
{
	bool attached;
	int mnt = make_fs(in, m, data, place, &attached, err), r = 0;

	if (mnt < 0)
		return mnt;
	if (attached && m->flags & PLAN_MOUNT_IDMAP)
		r = error_errno(err, EOPNOTSUPP, "idmap");
	if (r == 0 && m->flags & PLAN_MOUNT_COPY_UP)
		r = copy_up(place, mnt, err);
	if (r == 0)
		r = attached ? mount_settings(in, m, mnt, true, err) : mount_finish(in, m, mnt, place, err);
	if (r < 0) {
		(void)sys_close(mnt);
		return r;
	}
	return mnt;
}

/* data has an option of this name ("mode="). */
static bool has_option(const char *data, const char *name)
{
	for (const char *o = data; o; o = str_chr(o, ',')) {
		o += *o == ',';
		if (str_starts(o, name))
			return true;
	}
	return false;
}

/* A tmpfs on a directory that was there takes over its mode, unless an option says another. */
static int mount_tmpfs(struct init *in, const struct plan_mount *m, struct error *err)
{
	static char with_mode[PATH_MAX];
	const char *data = plan_str(in->plan, m->data);
	int place = has_option(data, "mode=") ? -ENOENT : inroot_open(in->root, plan_str(in->plan, m->dest), O_PATH);
	int mode = place < 0 ? place : fd_mode(place), mnt;

	if (place >= 0)
		(void)sys_close(place);
	if (mode < 0 && mode != -ENOENT)
		return error_errno(err, mode, "mount point");
	if (mode_is(mode, S_IFDIR) && (!data || str_len(data) < PATH_MAX - 16)) {
		fmt(with_mode, sizeof(with_mode), "mode=%04o%s%s", (unsigned)mode & 07777u, data ? "," : "",
			data ? data : "");
		data = with_mode;
	}
	place = mount_place(in, m, true, err);
	if (place < 0)
		return place;
	mnt = mount_new_fs(in, m, data, place, err);
	(void)sys_close(place);
	return mnt;
}

static int set_label(int mnt, const char *label, struct error *err)
{
	int fd = sys_openat(mnt, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	int r = fd < 0 ? fd : (int)sys_call5(SYS_fsetxattr, fd, "security.selinux", label, str_len(label) + 1, 0);

	if (fd >= 0)
		(void)sys_close(fd);
	return r < 0 ? error_errno(err, r, "label %s", label) : 0;
}

static bool is_whole_proc(const struct init *in, const struct plan_mount *m)
{
	return str_eq(plan_str(in->plan, m->type), "proc") && str_eq(plan_str(in->plan, m->dest), "/proc") &&
	       !m->data && !m->sb_flags && !(m->flags & PLAN_MOUNT_IDMAP);
}

/* init's private procfs was never seen by anybody: its superblock will do for the container. */
static int attach_own_proc(struct init *in, const struct plan_mount *m, int place, struct error *err)
{
	int mnt = init_proc_take(in), r;

	r = mount_setattr_fd(mnt, false, m->attr_set, MOUNT_ATTRS_PLAIN | MOUNT_ATTRS_ATIME);
	if (r == 0)
		r = mount_finish(in, m, mnt, place, err);
	else
		error_errno(err, r, "proc");
	if (r < 0) {
		(void)sys_close(mnt);
		return r;
	}
	return mnt;
}

/* What is masked in them is looked for from these, wherever their directories have been moved meanwhile. */
static void keep_mount(struct init *in, const struct plan_mount *m, int mnt, bool whole)
{
	const char *type = plan_str(in->plan, m->type), *dest = plan_str(in->plan, m->dest);

	if (str_eq(type, "proc") && str_eq(dest, "/proc")) {
		in->proc_mount = mnt;
		in->proc_whole = whole;
	} else if (str_eq(type, "sysfs") && str_eq(dest, "/sys")) {
		in->sys_mount = mnt;
	} else {
		(void)sys_close(mnt);
	}
}

int mount_fs(struct init *in, const struct plan_mount *m, struct error *err)
{
	bool proc = is_whole_proc(in, m);
	int place, mnt, r = 0;

	if (str_eq(plan_str(in->plan, m->type), "tmpfs")) {
		mnt = mount_tmpfs(in, m, err);
	} else {
		place = mount_place(in, m, true, err);
		if (place < 0)
			return place;
		mnt = proc && in->proc >= 0 ? attach_own_proc(in, m, place, err)
					    : mount_new_fs(in, m, plan_str(in->plan, m->data), place, err);
		(void)sys_close(place);
	}
	if (mnt < 0)
		return mnt;
	if (m->label)
		r = set_label(mnt, plan_str(in->plan, m->label), err);
	if (r < 0)
		(void)sys_close(mnt);
	else
		keep_mount(in, m, mnt, proc);
	return r;
}
