/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "fast/template.h"
#include "kernel/mountapi.h"
#include "kernel/sys.h"

enum { STACK = 64 * 1024 };

struct making {
	int cpu;
	int ns, r;
	const char *step; /* the one that failed */
};

/* Makes mnt the root and takes all else away. */
static int become_root(struct making *m, int mnt)
{
	int r, old;

	m->step = "pivot_root";
	r = old = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (r >= 0)
		r = mount_attach(mnt, old);
	if (r >= 0)
		r = (int)sys_call1(SYS_fchdir, mnt);
	if (r >= 0)
		r = (int)sys_call2(SYS_pivot_root, ".", ".");
	if (r >= 0)
		r = (int)sys_call1(SYS_fchdir, old);
	m->step = "unmounting the host's tree";
	if (r >= 0)
		r = sys_umount2(".", MNT_DETACH);
	if (old >= 0)
		(void)sys_close(old);
	return r;
}

/* Private first: what is unmounted here stays where it is on the host. */
static int empty_namespace(struct making *m)
{
	const struct mount_fs fs = {.type = "tmpfs",
		.source = "template",
		.data = "mode=555,nr_blocks=1,nr_inodes=1",
		.sb_ms = MS_RDONLY,
		.attr = SYS_MOUNT_ATTR_RDONLY | SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NODEV | SYS_MOUNT_ATTR_NOEXEC};
	int r, mnt;

	m->step = "new mount namespace";
	r = sys_unshare(CLONE_NEWNS);
	if (r < 0)
		return r;
	m->step = "/proc/self/ns/mnt";
	r = m->ns = sys_openat(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC, 0);
	if (r < 0)
		return r;
	m->step = "making the host's tree private";
	r = sys_mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL);
	if (r < 0)
		return r;
	m->step = "tmpfs";
	mnt = mount_fs_new(&fs, NULL, 0);
	if (mnt < 0)
		return mnt;
	r = become_root(m, mnt);
	(void)sys_close(mnt);
	return r;
}

/* Shares our memory and descriptors, but not our root and mount namespace; we wait till it is done (CLONE_VFORK). */
static int child(void *arg)
{
	struct making *m = arg;

	if (m->cpu >= 0) {
		unsigned long mask[1024 / (8 * sizeof(unsigned long))] = {0};

		mask[(unsigned)m->cpu / (8 * sizeof(*mask))] = 1UL << ((unsigned)m->cpu % (8 * sizeof(*mask)));
		(void)sys_call3(SYS_sched_setaffinity, 0, sizeof(mask), mask);
	}
	m->r = empty_namespace(m);
	sys_call1(SYS_exit, 0);
	return 0;
}

int template_make(int cpu, struct error *err)
{
	_cleanup_free_ char *stack = malloc(STACK);
	struct making m = {.cpu = cpu, .ns = -1, .r = -ECHILD, .step = "child"};
	pid_t pid;

	if (!stack)
		return error_errno(err, ENOMEM, "template");
	pid = clone(child, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &m);
	if (pid < 0)
		return error_errno(err, errno, "template: child");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (m.r < 0) {
		fd_close(&m.ns);
		return error_errno(err, m.r, "template: %s", m.step);
	}
	return m.ns;
}
