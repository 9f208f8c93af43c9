/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/inroot.h"
#include "init/mount.h"
#include "kernel/mountapi.h"

/* Mounts of a container that runs. Its processes may change every path meanwhile, and one of them may have laid a link
 * to where it wants something mounted, or taken away: paths are taken without any link. */

#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif
#ifndef UMOUNT_NOFOLLOW
#define UMOUNT_NOFOLLOW 8
#endif

int running_check_place(struct init *in, const char *dest, int place, struct error *err)
{
	int plain = inroot_open_plain(in->root, dest, O_PATH);
	bool same = plain >= 0 && fd_same(plain, place);

	if (plain >= 0)
		(void)sys_close(plain);
	return same ? 0 : error_set(err, ELOOP, "the path leads through a symbolic link");
}

static int stat_at(int dir, const char *name, struct statx *st)
{
	return (int)sys_call5(SYS_statx, dir, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		STATX_BASIC_STATS | STATX_MNT_ID, st);
}

/* The path without its last component: false when that is all. */
static bool cut(char *path)
{
	size_t n = str_len(path);

	while (n > 1 && path[n - 1] != '/')
		n--;
	path[n > 1 ? n - 1 : 1] = '\0';
	return n > 1;
}

/* Whether the deepest directory of the path that is there belongs to the root's own mount. */
static bool is_of_root(struct init *in, const char *dest)
{
	struct statx root, st;
	char path[PATH_MAX];
	int fd = -ENOENT;
	bool same;

	str_copy(path, sizeof(path), dest);
	while (fd == -ENOENT && cut(path))
		fd = inroot_open_plain(in->root, path, O_PATH | O_DIRECTORY);
	if (fd == -ENOENT)
		return true;
	same = fd >= 0 && stat_at(fd, "", &st) == 0 && stat_at(in->root, "", &root) == 0 &&
	       st.stx_mnt_id == root.stx_mnt_id;
	if (fd >= 0)
		(void)sys_close(fd);
	return same;
}

int running_make_place(struct init *in, const char *dest, bool dir)
{
	int tree = is_of_root(in, dest) ? mount_clone(in->root, "", false) : -EROFS, r;

	if (tree < 0)
		return -EROFS;
	r = mount_setattr_fd(tree, false, 0, SYS_MOUNT_ATTR_RDONLY);
	if (r == 0)
		r = dir ? inroot_mkdir_p(tree, dest, 0755) : inroot_file(tree, dest, 0644);
	(void)sys_close(tree);
	if (r < 0)
		return -EROFS;
	(void)sys_close(r);
	return 0;
}

/* Opens the directory of a mount point: renaming what is mounted on is refused by the kernel, so that the name in it
 * stays the one that was looked at. */
static int open_parent(struct init *in, const char *dest, const char **last)
{
	char head[PATH_MAX];

	str_copy(head, sizeof(head), dest);
	if (!cut(head))
		str_copy(head, sizeof(head), "/");
	for (const char *s = dest; *s; s++)
		if (*s == '/')
			*last = s + 1;
	return inroot_open_plain(in->root, head, O_PATH | O_DIRECTORY);
}

static int umount_in(int dir, const char *name, struct error *err)
{
	struct statx st;
	int r = stat_at(dir, name, &st);

	if (r < 0)
		return error_errno(err, r, "mount point");
	if (!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return error_set(err, EINVAL, "not a mount point");
	r = (int)sys_call1(SYS_fchdir, dir);
	if (r == 0)
		r = sys_umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW);
	fd_path_done();
	return r < 0 ? error_errno(err, r, "umount") : 0;
}

int step_umount(struct init *in, const struct plan_step *s, struct error *err)
{
	const char *dest = plan_text(in->plan, ((const struct plan_string *)s)->value), *last = dest;
	int dir = open_parent(in, dest, &last), r;

	if (dir == -ELOOP)
		r = error_set(err, ELOOP, "the path leads through a symbolic link");
	else if (dir < 0)
		r = error_errno(err, dir, "mount point");
	else
		r = umount_in(dir, last, err);
	if (dir >= 0)
		(void)sys_close(dir);
	if (r < 0)
		error_prefix(err, "mounts[%u]: %.*s", s->index, 400, dest);
	return r;
}
