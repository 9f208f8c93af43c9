/* SPDX-License-Identifier: Apache-2.0 */
#include "container/image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "container/process.h"
#include "kernel/sys.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define NAME "init"

extern const char init_image[], init_image_end[];

static int write_image(int fd)
{
	return fd_write_all(fd, init_image, (size_t)(init_image_end - init_image));
}

static int sealed(int fd)
{
	int r = write_image(fd);

	if (r == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		r = -errno;
	return r;
}

/* A clone of its mount can be made read-only without touching anybody else's; /run is often noexec, the clone is not. */
static int mounted(int dir)
{
	struct sys_mount_attr attr = {
		.attr_set = SYS_MOUNT_ATTR_RDONLY | SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NODEV,
		.attr_clr = SYS_MOUNT_ATTR_NOEXEC,
	};
	int fd, r, tree = -1;

	(void)unlinkat(dir, NAME, 0);
	fd = openat(dir, NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500);
	r = fd < 0 ? -errno : write_image(fd);
	fd_close(&fd); /* a file that is open for writing cannot be executed */
	if (r == 0)
		r = tree = sys_open_tree(dir, NAME, SYS_OPEN_TREE_CLONE | SYS_OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (r >= 0)
		r = sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr);
	(void)unlinkat(dir, NAME, 0);
	if (r < 0)
		fd_close(&tree);
	return r < 0 ? r : tree;
}

int image_open(int dir, struct error *err)
{
	_cleanup_close_ int fd = memfd_create(INIT_COMM, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	int r;

	if (fd < 0 && errno == EINVAL) /* before 6.3 */
		fd = memfd_create(INIT_COMM, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 && errno == EACCES && dir >= 0) {
		r = mounted(dir);
		return r < 0 ? error_errno(err, r, "start: read-only mount of init") : r;
	}
	r = fd < 0 ? -errno : sealed(fd);
	return r < 0 ? error_errno(err, r, "start: memory file of init") : TAKE_FD(fd);
}
