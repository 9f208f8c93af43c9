/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_INIT_MOUNT_H
#define ENVIRO_INIT_MOUNT_H

/* What the files of the MOUNT step share. A mount is made detached, gets all its settings, and is attached last; where
 * the kernel (or a seccomp filter around us) knows only mount(2), it is attached first and set up in its place. */

#include <errno.h>

#include "init/init.h"

/* The kernel's headers keep these from user space, and the C library's are not for a program without one. */
#ifndef S_IFMT
#define S_IFMT 0170000u
#define S_IFLNK 0120000u
#define S_IFREG 0100000u
#define S_IFBLK 0060000u
#define S_IFDIR 0040000u
#define S_IFCHR 0020000u
#define S_IFIFO 0010000u
#endif

/* A path for mount(2) that means the open fd: "self/fd/N", with the working directory moved to a procfs. */
struct fd_path {
	char path[32];
};
int fd_path(struct init *in, int fd, struct fd_path *ret);
/* Back to "/" after the last use. */
void fd_path_done(void);
/* mount(2) on what `place` is. source_fd: the source by fd (source is then only for messages), or -1. */
int mount_old(struct init *in, int source_fd, const char *source, int place, const char *type, unsigned long ms,
	const char *data);

/* These may mean that the new mount API is not to be had, and not that the mount itself is refused. */
static inline bool mount_api_missing(int r)
{
	return r == -ENOSYS || r == -EPERM || r == -EOPNOTSUPP;
}

/* The mode_t of what fd is, or a negative errno. */
int fd_mode(int fd);
static inline bool mode_is(int mode, unsigned type)
{
	return mode >= 0 && ((unsigned)mode & S_IFMT) == type;
}
/* fd is the character or block device (type S_IFCHR, S_IFBLK) major:minor. */
bool fd_is_device(int fd, unsigned type, uint32_t major, uint32_t minor);
/* The file system's magic number, or a negative errno. */
long fd_fs_magic(int fd);
/* Both are the same object on the same mount. */
bool fd_same(int a, int b);

/* Opens the mount point of m, made where it is missing; checked against /proc. */
int mount_place(struct init *in, const struct plan_mount *m, bool dir, struct error *err);
/* A place again, now with what mount(2) has put there: fails when it is no mount's root. flags: PLAN_MOUNT_*. */
int mount_reopen(struct init *in, const char *dest, uint32_t flags, struct error *err);

/* running.c, for a container whose processes may be changing the path right now. 0 when it leads to `place` without a
 * symbolic link. */
int running_check_place(struct init *in, const char *dest, int place, struct error *err);
/* A mount point made where the root is read-only by its mount alone: by way of a detached clone that may be written to.
 * 0, or -EROFS where that is not so, or another errno. */
int running_make_place(struct init *in, const char *dest, bool dir);

/* Sets attributes on one mount: mount_setattr, or mount(2) once it is attached. What a user namespace may not clear
 * stays, unless it is in `off`. -ENOSYS and -EPERM on a detached mount: try again when it is attached. */
struct mount_change {
	uint64_t set, clr, off;
};
int mount_change(struct init *in, int mnt, bool attached, const struct mount_change *c, struct error *err);
/* m's attributes, recursive attributes, mapping and propagation, in this order. */
int mount_settings(struct init *in, const struct plan_mount *m, int mnt, bool attached, struct error *err);
/* Attaches mnt with m's settings. */
int mount_finish(struct init *in, const struct plan_mount *m, int mnt, int place, struct error *err);

int mount_fs(struct init *in, const struct plan_mount *m, struct error *err);
int mount_bind(struct init *in, const struct plan_mount *m, struct error *err);
int mount_cgroup(struct init *in, const struct plan_mount *m, struct error *err);
/* A new file system of `type` on `place`: the fd of its mount. */
int mount_new_fs(struct init *in, const struct plan_mount *m, const char *data, int place, struct error *err);

/* Copies what the directory `from` holds into `to`: owners, modes, times, links, extended attributes. */
int copy_up(int from, int to, struct error *err);

/* init's own detached procfs, handed over to be attached; -1 when there is none. */
int init_proc_take(struct init *in);

#endif
