/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"
#include "kernel/fds.h"

#include <errno.h>
#include <fcntl.h>

/* Never the container's /proc, which may be anything (CVE-2019-16884, CVE-2025-52881), and never through a link in it.
 * NO_XDEV: the file is procfs's own, nothing is mounted over it. */
#define IN_PROC (SYS_RESOLVE_BENEATH | SYS_RESOLVE_NO_SYMLINKS | SYS_RESOLVE_NO_MAGICLINKS | SYS_RESOLVE_NO_XDEV)

int proc_write(struct init *in, const char *path, const char *text, size_t len, struct error *err)
{
	int proc = init_proc(in, err), fd;
	long r;

	if (proc < 0)
		return proc;
	fd = sys_openat2(proc, path, O_WRONLY | O_CLOEXEC | O_NOCTTY, 0, IN_PROC);
	if (fd < 0)
		return fd;
	r = sys_write(fd, text, len);
	(void)sys_close(fd);
	if (r < 0)
		return (int)r;
	return (size_t)r == len ? 0 : -EIO;
}

static int own_pid(void)
{
	return (int)sys_call0(SYS_getpid);
}

int proc_write_self(struct init *in, const char *name, const char *text, size_t len, struct error *err)
{
	char path[64];

	fmt(path, sizeof(path), "%d/%s", own_pid(), name);
	return proc_write(in, path, text, len, err);
}

static int open_fd_dir(struct init *in, int flags, struct error *err)
{
	int proc = init_proc(in, err);
	char name[32];

	fmt(name, sizeof(name), "%d/fd", own_pid());
	return proc < 0 ? proc : sys_openat2(proc, name, (uint64_t)flags | O_DIRECTORY | O_CLOEXEC, 0, IN_PROC);
}

int proc_reopen(struct init *in, int fd, int flags, struct error *err)
{
	int dir = open_fd_dir(in, O_PATH, err), r;
	char name[32];

	if (dir < 0)
		return dir;
	fmt(name, sizeof(name), "%d", fd);
	r = sys_openat(dir, name, flags | O_CLOEXEC, 0);
	(void)sys_close(dir);
	return r;
}

int proc_mark_fds(struct init *in, unsigned first, struct error *err)
{
	return fds_mark_in(open_fd_dir(in, O_RDONLY, err), first);
}
