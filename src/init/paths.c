/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/inroot.h"
#include "init/mount.h"
#include "kernel/mountapi.h"

/* What is in /proc or /sys is looked for in the file system that was mounted there. Whoever can change the image meanwhile
 * could put a directory of the same names in its place, and leave the real one unmasked elsewhere. */
static int open_listed(const struct init *in, const char *path)
{
	if (in->proc_mount > 0 && str_starts(path, "/proc/"))
		return inroot_open(in->proc_mount, path + 5, O_PATH);
	if (in->sys_mount > 0 && str_starts(path, "/sys/"))
		return inroot_open(in->sys_mount, path + 4, O_PATH);
	return inroot_open(in->root, path, O_PATH);
}

/* ---- read-only ---- */

/* The path is bound to itself; what is mounted below comes along and stays as it is. */
static int make_readonly(struct init *in, const char *path, int fd, struct error *err)
{
	const struct mount_change ro = {.set = SYS_MOUNT_ATTR_RDONLY};
	int tree = mount_clone(fd, "", true), late, r;

	if (mount_api_missing(tree)) {
		r = mount_old(in, fd, NULL, fd, NULL, MS_BIND | MS_REC, NULL);
		if (r == 0)
			tree = r = open_listed(in, path);
		late = 1;
	} else {
		late = r = tree < 0 ? tree : mount_change(in, tree, false, &ro, err);
		if (tree >= 0 && (r >= 0 || mount_api_missing(r)))
			r = mount_attach(tree, fd);
	}
	if (r >= 0 && late)
		r = mount_change(in, tree, true, &ro, err);
	if (tree >= 0)
		(void)sys_close(tree);
	return r < 0 ? error_errno(err, r, "binding it read-only") : 0;
}

int step_readonly_paths(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_strings *p = (const struct plan_strings *)s;

	for (uint32_t i = 0; i < p->values.n; i++) {
		const char *path = plan_list_str(in->plan, p->values, i);
		int fd = open_listed(in, path), r;

		if (fd == -ENOENT || fd == -ENOTDIR)
			continue;
		if (fd < 0)
			return error_errno(err, fd, "%s", path);
		r = make_readonly(in, path, fd, err);
		(void)sys_close(fd);
		if (r < 0) {
			error_prefix(err, "%s", path);
			return r;
		}
	}
	return 0;
}

/* ---- masked ---- */

/* A file is masked by the null device: the container's, for the host's may be out of reach. It is no use to look for it
 * by name and believe it (CVE-2025-31133). */
static int open_null(struct init *in)
{
	int fd = inroot_open(in->root, "/dev/null", O_PATH | O_NOFOLLOW);

	if (fd >= 0 && fd_is_device(fd, S_IFCHR, 1, 3))
		return fd;
	if (fd >= 0)
		(void)sys_close(fd);
	fd = in->pivoted ? -ENXIO : sys_openat(-1, "/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd >= 0 && !fd_is_device(fd, S_IFCHR, 1, 3)) {
		(void)sys_close(fd);
		fd = -ENXIO;
	}
	return fd;
}

static int mask_file(struct init *in, int null, int place)
{
	int tree = mount_clone(null, "", false), r;

	if (mount_api_missing(tree))
		return mount_old(in, null, NULL, place, NULL, MS_BIND, NULL);
	r = tree < 0 ? tree : mount_attach(tree, place);
	if (tree >= 0)
		(void)sys_close(tree);
	return r;
}

/* One empty file system for all directories: the first place gets its first mount, the others clones of that one. (A
 * detached mount cannot be cloned before Linux 6.15.) */
static int mask_directory(struct init *in, int place)
{
	const struct mount_fs fs = {"tmpfs", "tmpfs", "nr_blocks=1", MS_RDONLY, SYS_MOUNT_ATTR_RDONLY};
	bool first = in->dev_mask < 0;
	int mnt = first ? mount_fs_new(&fs, NULL, 0) : mount_clone(in->dev_mask, "", false), r;

	if (mount_api_missing(mnt))
		return mount_old(in, -1, fs.source, place, fs.type, MS_RDONLY, fs.data);
	r = mnt < 0 ? mnt : mount_attach(mnt, place);
	if (first && r == 0)
		in->dev_mask = mnt;
	else if (mnt >= 0)
		(void)sys_close(mnt);
	return r;
}

static int mask(struct init *in, const char *path, int *null, struct error *err)
{
	int fd = open_listed(in, path), r;

	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : error_errno(err, fd, "%s", path);
	if (mode_is(fd_mode(fd), S_IFDIR)) {
		r = mask_directory(in, fd);
	} else {
		if (*null < 0)
			*null = open_null(in);
		r = *null < 0 ? *null : mask_file(in, *null, fd);
	}
	(void)sys_close(fd);
	return r < 0 ? error_errno(err, r, "%s: masking", path) : 0;
}

int step_masked_paths(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_strings *p = (const struct plan_strings *)s;
	int null = -1, r = 0;

	for (uint32_t i = 0; i < p->values.n && r == 0; i++)
		r = mask(in, plan_list_str(in->plan, p->values, i), &null, err);
	if (null >= 0)
		(void)sys_close(null);
	if (in->dev_mask >= 0)
		(void)sys_close(in->dev_mask);
	in->dev_mask = -1;
	return r;
}
