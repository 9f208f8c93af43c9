/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <asm/statfs.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "init/inroot.h"
#include "kernel/pty.h"

enum { TTYAUX_MAJOR = 5, PTMX_MINOR = 2, CONSOLE_MODE = 0600 };

static bool is_ptmx(int fd, bool in_devpts)
{
	struct statx st;
	struct statfs fs;

	if (sys_call5(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) < 0 || (st.stx_mode & S_IFMT) != S_IFCHR ||
		st.stx_rdev_major != TTYAUX_MAJOR || st.stx_rdev_minor != PTMX_MINOR)
		return false;
	return !in_devpts || (sys_call2(SYS_fstatfs, fd, &fs) == 0 && (unsigned long)fs.f_type == DEVPTS_SUPER_MAGIC);
}

/* The multiplexer of the container's own devpts. The container may have put anything there (exec): it is opened only
 * once it is known to be that device, for opening others does things, and not by its path (CVE-2025-52565). */
static int open_ptmx(struct init *in, struct error *err)
{
	const char *path = "/dev/pts/ptmx";
	int at = inroot_open(in->root, path, O_PATH | O_CLOEXEC), fd;
	bool in_devpts = true;

	if (at == -ENOENT) { /* a /dev that is not ours to lay out: the node beside pts will do */
		path = "/dev/ptmx";
		in_devpts = false;
		at = inroot_open(in->root, path, O_PATH | O_CLOEXEC);
	}
	if (at < 0)
		return error_errno(err, at, "%s", path);
	fd = is_ptmx(at, in_devpts) ? proc_reopen(in, at, O_RDWR | O_NOCTTY, err) : -ENXIO;
	(void)sys_close(at);
	if (fd == -EPERM) { /* a user namespace without a procfs of its own cannot have ours */
		fd = inroot_open(in->root, path, O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (fd >= 0 && !is_ptmx(fd, in_devpts)) {
			(void)sys_close(fd);
			fd = -ENXIO;
		}
	}
	if (fd == -ENXIO)
		return error_set(err, ENXIO, "%s: not a pseudo terminal multiplexer", path);
	return fd < 0 ? error_errno(err, fd, "%s", path) : fd;
}

static int prepare_slave(int slave, const struct plan_console *p, struct error *err)
{
	int r = pty_clear_onlcr(slave);

	if (r < 0)
		return error_errno(err, r, "terminal settings");
	if (p->rows || p->cols)
		r = pty_set_size(slave, p->rows, p->cols);
	if (r < 0)
		return error_errno(err, r, "terminal size");
	r = (int)sys_call3(SYS_fchown, slave, p->uid, p->gid);
	/* as with stdio: an owner that cannot be set is no reason to fail */
	if (r < 0 && r != -EPERM && r != -EROFS && r != -EINVAL)
		return error_errno(err, r, "owner of the terminal");
	return 0;
}

/* A mount point at /dev/console, never through a link (CVE-2025-52565), O_PATH. */
static int open_console_path(const struct init *in)
{
	const char *name;
	int dir = inroot_parent(in->root, "/dev/console", true, &name), fd;

	if (dir < 0)
		return dir;
	fd = sys_openat(dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDONLY | O_CLOEXEC, CONSOLE_MODE);
	if (fd >= 0)
		(void)sys_close(fd);
	if (fd >= 0 || fd == -EEXIST || fd == -EROFS)
		fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	(void)sys_close(dir);
	return fd;
}

static int bind_console(const struct init *in, int slave, struct error *err)
{
	struct statx st;
	int target = open_console_path(in), tree, r;

	if (target < 0)
		return error_errno(err, target, "/dev/console");
	r = (int)sys_call5(SYS_statx, target, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	if (r == 0 && ((st.stx_mode & S_IFMT) == S_IFLNK || (st.stx_mode & S_IFMT) == S_IFDIR)) {
		(void)sys_close(target);
		return error_set(err, ELOOP, "/dev/console: is a link or a directory");
	}
	tree = r < 0 ? r : sys_open_tree(slave, "", AT_EMPTY_PATH | SYS_OPEN_TREE_CLONE | SYS_OPEN_TREE_CLOEXEC);
	r = tree;
	if (tree >= 0) {
		r = sys_move_mount(tree, "", target, "", SYS_MOVE_MOUNT_F_EMPTY_PATH | SYS_MOVE_MOUNT_T_EMPTY_PATH);
		(void)sys_close(tree);
	}
	(void)sys_close(target);
	return r < 0 ? error_errno(err, r, "binding the terminal to /dev/console") : 0;
}

int step_console(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_console *p = (const struct plan_console *)s;
	static struct sync_msg m;
	int master = open_ptmx(in, err), slave, r;

	if (master < 0)
		return master;
	slave = pty_open_slave(master);
	if (slave < 0)
		r = error_errno(err, slave, "opening the terminal");
	else
		r = prepare_slave(slave, p, err);
	if (r == 0 && p->bind)
		r = bind_console(in, slave, err);
	if (r == 0) {
		m.type = SYNC_CONSOLE;
		r = sync_send(in->sync, &m, &master, 1);
		if (r < 0)
			(void)error_errno(err, r, "handing over the terminal");
	}
	(void)sys_close(master);
	in->console = slave;
	return r;
}
