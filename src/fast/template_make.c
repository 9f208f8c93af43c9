/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "fast/template.h"
#include "kernel/mountapi.h"
#include "kernel/sys.h"

enum { STACK = 16 * 1024 };

/* What TEMPLATE_USER has of the host's. */
static const char *const host_trees[] = {"proc", "sys", "dev"};
enum { HOST_TREES = sizeof(host_trees) / sizeof(host_trees[0]) };

/* Not on our own stack, which may be small; one child at a time. */
static char child_stack[STACK] __attribute__((aligned(16)));

struct making {
	enum template_kind kind;
	int cpu;
	int ns, r;
	int trees[HOST_TREES];
	const char *step; /* the one that failed */
};

const char *template_place(uint32_t n, bool file, char *buf, size_t size)
{
	fmt(buf, size, "/%s/%u", file ? "files" : "dirs", n);
	return buf;
}

static int make_file(int dir, const char *name)
{
	int fd = sys_openat(dir, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

	if (fd >= 0)
		(void)sys_close(fd);
	return fd < 0 ? fd : 0;
}

static int make_places(int mnt)
{
	char path[32];
	int r = (int)sys_call3(SYS_mkdirat, mnt, "dirs", 0555);

	if (r == 0)
		r = (int)sys_call3(SYS_mkdirat, mnt, "files", 0555);
	for (uint32_t i = 0; r == 0 && i < TEMPLATE_PLACES; i++) {
		r = (int)sys_call3(SYS_mkdirat, mnt, template_place(i, false, path, sizeof(path)) + 1, 0555);
		if (r == 0)
			r = make_file(mnt, template_place(i, true, path, sizeof(path)) + 1);
	}
	return r;
}

/* With all that is mounted below: where the host masks something, so does the template. Slaves, as the containers'
 * mounts are to be, and so that what the host mounts there later is there. */
static int clone_host_trees(struct making *m)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && m->kind == TEMPLATE_USER && i < HOST_TREES; i++) {
		char path[8];

		m->step = host_trees[i];
		fmt(path, sizeof(path), "/%s", host_trees[i]);
		r = m->trees[i] = mount_clone(AT_FDCWD, path, true);
		if (r >= 0)
			r = mount_propagation_fd(m->trees[i], MS_SLAVE | MS_REC);
	}
	return r;
}

static int attach_host_trees(struct making *m, int mnt)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < HOST_TREES; i++) {
		int place;

		m->step = host_trees[i];
		r = (int)sys_call3(SYS_mkdirat, mnt, host_trees[i], 0555);
		place = r < 0 ? r : sys_openat(mnt, host_trees[i], O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		r = place < 0 ? place : mount_attach(m->trees[i], place);
		if (place >= 0)
			(void)sys_close(place);
	}
	return r;
}

static int fill(struct making *m, int mnt)
{
	int r;

	if (m->kind != TEMPLATE_USER)
		return 0;
	m->step = "places";
	r = make_places(mnt);
	if (r == 0)
		r = attach_host_trees(m, mnt);
	return r < 0 ? r : mount_setattr_fd(mnt, false, SYS_MOUNT_ATTR_RDONLY, 0);
}

/* Makes mnt, which is over the old root, the root, and takes all else away. */
static int become_root(struct making *m, int mnt, int old)
{
	int r;

	m->step = "pivot_root";
	r = (int)sys_call1(SYS_fchdir, mnt);
	if (r >= 0)
		r = (int)sys_call2(SYS_pivot_root, ".", ".");
	if (r >= 0)
		r = (int)sys_call1(SYS_fchdir, old);
	m->step = "unmounting the host's tree";
	return r < 0 ? r : sys_umount2(".", MNT_DETACH);
}

static int make_root(struct making *m)
{
	const bool empty = m->kind == TEMPLATE_EMPTY;
	const uint64_t ro = empty ? SYS_MOUNT_ATTR_RDONLY : 0;
	const struct mount_fs fs = {.type = "tmpfs",
		.source = "template",
		.data = empty ? "mode=555,nr_blocks=1,nr_inodes=1" : "mode=555,nr_blocks=1",
		.sb_ms = empty ? MS_RDONLY : 0,
		.attr = ro | SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NODEV | SYS_MOUNT_ATTR_NOEXEC};
	int old, mnt, r;

	m->step = "tmpfs";
	mnt = mount_fs_new(&fs, NULL, 0);
	if (mnt < 0)
		return mnt;
	r = old = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (r >= 0)
		r = mount_attach(mnt, old);
	if (r >= 0)
		r = fill(m, mnt);
	if (r >= 0)
		r = become_root(m, mnt, old);
	if (old >= 0)
		(void)sys_close(old);
	(void)sys_close(mnt);
	return r;
}

/* Private first: what is unmounted here stays where it is on the host. */
static int make_namespace(struct making *m)
{
	int r;

	m->step = "new mount namespace";
	r = sys_unshare(CLONE_NEWNS);
	if (r < 0)
		return r;
	m->step = "/proc/self/ns/mnt";
	r = m->ns = sys_openat(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC, 0);
	if (r < 0)
		return r;
	r = clone_host_trees(m);
	if (r < 0)
		return r;
	m->step = "making the host's tree private";
	r = sys_mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL);
	return r < 0 ? r : make_root(m);
}

/* Beyond the CPUs of the caller, but within its cpuset. */
static int go_to(int cpu)
{
	const unsigned bits = 8 * sizeof(unsigned long);
	unsigned long mask[TEMPLATE_CPUS / (8 * sizeof(unsigned long))] = {0};

	if (cpu < 0)
		return 0;
	mask[(unsigned)cpu / bits] = 1UL << ((unsigned)cpu % bits);
	return sys_call3(SYS_sched_setaffinity, 0, sizeof(mask), mask) < 0 ? -ENODEV : 0;
}

/* Shares our memory and descriptors, but not our root and mount namespace; we wait till it is done (CLONE_VFORK). */
static int child(void *arg)
{
	struct making *m = arg;
	int r;

	m->step = "another CPU";
	r = go_to(m->cpu);
	if (r == 0)
		r = make_namespace(m);
	m->r = r; /* at the end alone: who is killed before has made nothing that may be used */
	return 0; /* the end of this thread alone, its stack as clean as it was: sanitizers look at ours */
}

int template_make(enum template_kind kind, int cpu, struct error *err)
{
	struct making m = {.kind = kind, .cpu = cpu, .ns = -1, .r = -ECHILD, .trees = {-1, -1, -1}, .step = "child"};
	pid_t pid = clone(child, child_stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &m);

	if (pid < 0)
		return error_errno(err, errno, "template: child");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	for (unsigned i = 0; i < HOST_TREES; i++)
		fd_close(&m.trees[i]);
	if (m.r < 0) {
		fd_close(&m.ns);
		return error_errno(err, m.r, "template: %s", m.step);
	}
	return m.ns;
}
