/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>

#include "init/init.h"
#include "init/inroot.h"
#include "init/mount.h"
#include "kernel/mountapi.h"

/* The container's own procfs is cloned: another superblock would have to be made, and torn down at exec. */
static int clone_mounted(const struct init *in)
{
	return in->proc_whole ? mount_clone(in->proc_mount, "", false) : -ENOENT;
}

static int make(void)
{
	const struct mount_fs fs = {.type = "proc",
		.source = "proc",
		.attr = SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NODEV | SYS_MOUNT_ATTR_NOEXEC};

	return mount_fs_new(&fs, NULL, 0);
}

/* Without the new mount API: what stands at /proc in the container, if nothing but a whole procfs does. */
static int open_mounted(const struct init *in)
{
	int fd = in->pivoted ? sys_openat(-1, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
			     : inroot_open_plain(in->root, "/proc", O_PATH | O_DIRECTORY);

	if (fd >= 0 && fd_fs_magic(fd) != PROC_SUPER_MAGIC) {
		(void)sys_close(fd);
		return -EPERM;
	}
	return fd;
}

int init_proc(struct init *in, struct error *err)
{
	int fd;

	if (in->proc >= 0)
		return in->proc;
	fd = clone_mounted(in);
	if (fd < 0)
		fd = make();
	if (mount_api_missing(fd) && in->root >= 0)
		fd = open_mounted(in);
	if (fd < 0)
		return error_errno(err, fd, "a procfs of the container's pid namespace");
	in->proc = fd;
	return fd;
}

int init_proc_take(struct init *in)
{
	int fd = in->proc;

	in->proc = -1;
	return fd;
}
