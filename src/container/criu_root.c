/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/criu_mounts.h"
#include "kernel/sys.h"
#include "plan/path.h"

static int open_in_root(int root, const char *path)
{
	return sys_openat2(root, path, O_PATH | O_CLOEXEC, 0, SYS_RESOLVE_IN_ROOT | SYS_RESOLVE_NO_MAGICLINKS);
}

static int make_one(int parent, const char *name, bool directory)
{
	int r = directory ? mkdirat(parent, name, 0755) : mknodat(parent, name, S_IFREG | 0644, 0);

	return r < 0 && errno != EEXIST ? -errno : 0;
}

/* Every missing part of the path, and opens the last one. */
static int make_place(int root, const char *path, bool directory)
{
	_cleanup_close_ int at = open_in_root(root, "/");
	char part[PATH_MAX], *name, *end;

	if (str_copy(part, sizeof(part), path) != strlen(path))
		return -ENAMETOOLONG;
	for (name = part + 1; at >= 0 && *name; name = end + 1) {
		bool last;
		int next;

		end = strchrnul(name, '/');
		last = !*end;
		*end = '\0';
		next = open_in_root(root, part);
		if (next == -ENOENT) {
			int r = make_one(at, name, directory || !last);

			next = r < 0 ? r : open_in_root(root, part);
		}
		fd_close(&at);
		at = next;
		if (last)
			break;
		*end = '/';
	}
	return TAKE_FD(at);
}

/* Below a file system that CRIU makes again with all that was in it nothing is to be made. */
static bool in_new_file_system(const struct plan *p, const char *dest)
{
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_mount *m = (const struct plan_mount *)s;

		if (s->op == PLAN_OP_MOUNT && (m->kind == PLAN_MOUNT_FS || m->kind == PLAN_MOUNT_CGROUP) &&
			path_is_below(dest, plan_str(p, m->dest)))
			return true;
	}
	return false;
}

static int make_mount_point(const struct plan *p, int root, const struct plan_mount *m, struct error *err)
{
	const char *dest = plan_text(p, m->dest), *source = plan_text(p, m->source);
	bool bind = m->kind == PLAN_MOUNT_BIND;
	_cleanup_close_ int place = -1;
	struct stat st;
	char path[64];

	if (in_new_file_system(p, dest))
		return 0;
	if (bind && stat(source, &st) < 0)
		return error_errno(err, errno, "mounts[%u].source: %s", m->s.index, source);
	place = make_place(root, dest, !bind || S_ISDIR(st.st_mode));
	if (place < 0)
		return error_errno(err, place, "mounts[%u].destination: %s", m->s.index, dest);
	fmt(path, sizeof(path), "/proc/self/fd/%d", place);
	if (bind && mount(source, path, NULL, MS_BIND | MS_REC, NULL) < 0)
		return error_errno(err, errno, "mounts[%u]: %s", m->s.index, dest);
	return 0;
}

/* In a copy of the root that goes with all that is mounted in it for a mount point to be seen. */
static int make_mount_points(const struct plan *p, const char *rootfs, struct error *err)
{
	_cleanup_close_ int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? error_errno(err, errno, "root.path: %s", rootfs) : 0;

	for (const struct plan_step *s = plan_first(p); r == 0 && !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_mount *m = (const struct plan_mount *)s;

		if (s->op == PLAN_OP_MOUNT && (m->kind == PLAN_MOUNT_FS || m->kind == PLAN_MOUNT_BIND))
			r = make_mount_point(p, root, m, err);
	}
	return r;
}

/* The mount that a path is on sends nothing to its peers on the host any more: nobody else sees what is mounted there.
 * What is bound from it is a slave as well, which CRIU can make slaves like. */
static int make_slave(const char *path)
{
	char at[PATH_MAX];

	if (str_copy(at, sizeof(at), path) != strlen(path))
		return -ENAMETOOLONG;
	for (;;) {
		if (mount(NULL, *at ? at : "/", NULL, MS_SLAVE, NULL) == 0)
			return 0;
		if (errno != EINVAL || !*at)
			return -errno;
		*strrchr(at, '/') = '\0';
	}
}

static int bind_root(const char *rootfs, unsigned long propagation)
{
	if (mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -errno;
	return propagation && mount(NULL, rootfs, NULL, MS_REC | propagation, NULL) < 0 ? -errno : 0;
}

static bool has_step(const struct plan *p, uint32_t op)
{
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		if (s->op == op)
			return true;
	return false;
}

/* CRIU before 4.2 makes every root writable, unless it is bound from one that is not. */
static int make_read_only(const char *rootfs)
{
	struct statvfs st;

	if (statvfs(rootfs, &st) < 0)
		return -errno;
	st.f_flag &= MS_NOSUID | MS_NODEV | MS_NOEXEC; /* the same bits as ST_* */
	return mount(NULL, rootfs, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | st.f_flag, NULL) < 0 ? -errno : 0;
}

int criu_prepare_root(const struct plan *p, const char *rootfs, struct error *err)
{
	int r = unshare(CLONE_NEWNS) < 0 ? -errno : make_slave(rootfs);

	if (r == 0)
		r = bind_root(rootfs, MS_PRIVATE);
	if (r < 0)
		return error_errno(err, r, "root.path: %s", rootfs);
	r = make_mount_points(p, rootfs, err);
	if (r < 0)
		return r;
	if (umount2(rootfs, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return error_errno(err, errno, "root.path: %s", rootfs);
	r = bind_root(rootfs, 0);
	if (r == 0 && has_step(p, PLAN_OP_ROOT_READONLY))
		r = make_read_only(rootfs);
	return r < 0 ? error_errno(err, r, "root.path: %s", rootfs) : 0;
}
