/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/template.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "kernel/nsfs.h"
#include "kernel/sys.h"

enum { PIN_PATH = 64 };

/* The number is that of the form: another one is another pin. */
static const char *const pins[TEMPLATE_KINDS] = {[TEMPLATE_EMPTY] = "mnt-1", [TEMPLATE_USER] = "user-1"};

/* What is in a directory that others may write to could be anybody's. */
static int open_dir(void)
{
	_cleanup_close_ int fd = open(TEMPLATE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() && !(st.st_mode & 022) ? TAKE_FD(fd) : -EPERM;
}

/* -ENOENT: nothing is pinned here. Seen from another mount namespace than its own, a pin is an empty file. */
static int open_pin(int dir, enum template_kind kind)
{
	_cleanup_close_ int fd = openat(dir, pins[kind], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct statfs st;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &st) < 0)
		return -errno;
	if (st.f_type != NSFS_MAGIC)
		return -ENOENT;
	return ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNS ? TAKE_FD(fd) : -EINVAL;
}

/* The directory, with its parents. */
static int make_dir(void)
{
	char path[sizeof(TEMPLATE_DIR)] = TEMPLATE_DIR;
	int fd;

	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open_dir();
	return fd;
}

/* A mount of its own, and a private one: on a shared mount, as systemd makes them, a pin would come into other mount
 * namespaces, too. That it is one already is found out by doing as if. */
static int make_private(struct error *err)
{
	if (mount(NULL, TEMPLATE_DIR, NULL, MS_PRIVATE, NULL) == 0)
		return 0;
	if (errno != EINVAL)
		return error_errno(err, errno, "template: " TEMPLATE_DIR);
	if (mount(TEMPLATE_DIR, TEMPLATE_DIR, NULL, MS_BIND, NULL) < 0 ||
		mount(NULL, TEMPLATE_DIR, NULL, MS_PRIVATE, NULL) < 0)
		return error_errno(err, errno, "template: " TEMPLATE_DIR);
	return 0;
}

static int pin(int ns, const char *path)
{
	char from[32];

	fmt(from, sizeof(from), "/proc/self/fd/%d", ns);
	return mount(from, path, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static void pin_path(enum template_kind kind, char path[PIN_PATH])
{
	fmt(path, PIN_PATH, TEMPLATE_DIR "/%s", pins[kind]);
}

/* No less than the kernel counts with: our own mask is as long. */
static int cpus(void)
{
	unsigned long mask[TEMPLATE_CPUS / (8 * sizeof(unsigned long))];
	long bytes = sys_call3(SYS_sched_getaffinity, 0, sizeof(mask), mask);

	return bytes < 0 ? 0 : (int)bytes * 8;
}

/* The kernel lets a mount namespace be bound only where an older one is, by number. Since 6.18 each CPU hands out
 * numbers of its own (EINVAL): the one that has made ours has higher ones to give. */
static int make_and_pin(enum template_kind kind, const char *path, struct error *err)
{
	int r = -EINVAL;

	for (int cpu = -1, n = cpus(); cpu < n && r == -EINVAL; cpu++) {
		_cleanup_close_ int ns = template_make(kind, cpu, err);

		if (ns == -ENODEV)
			continue;
		if (ns < 0)
			return ns;
		r = pin(ns, path);
	}
	return r < 0 ? error_errno(err, r, "template: binding it to %s", path) : 0;
}

/* Where there can be none (a root that cannot be pivoted, no /sys, a CPU that we may not run on), something else takes
 * its place, so that not everybody tries again. */
static void give_up(const char *path, int r)
{
	if (r == -EINVAL || r == -EPERM || r == -ENOSYS || r == -ENOENT)
		(void)mount("/proc/self/ns/uts", path, NULL, MS_BIND, NULL);
}

static int make(enum template_kind kind, struct error *err)
{
	_cleanup_close_ int lock = make_dir();
	char path[PIN_PATH];
	int fd, r;

	pin_path(kind, path);
	if (lock < 0)
		return error_errno(err, lock, "template: " TEMPLATE_DIR);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return error_errno(err, errno, "template: " TEMPLATE_DIR);
	r = make_private(err);
	if (r < 0)
		return r;
	_cleanup_close_ int dir = open_dir();
	fd = dir < 0 ? dir : openat(dir, pins[kind], O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd < 0)
		return error_errno(err, dir < 0 ? dir : errno, "template: %s", path);
	close(fd);
	fd = open_pin(dir, kind); /* somebody was faster */
	if (fd != -ENOENT)
		return fd;
	r = make_and_pin(kind, path, err);
	if (r < 0) {
		give_up(path, r);
		return r;
	}
	fd = open_pin(dir, kind);
	return fd < 0 ? error_errno(err, fd, "template: %s", path) : fd;
}

int template_open(enum template_kind kind, struct error *err)
{
	_cleanup_close_ int dir = open_dir();
	int fd = dir < 0 ? dir : open_pin(dir, kind);

	if (fd == -ENOENT)
		return make(kind, err);
	return fd < 0 ? error_errno(err, fd, "template: " TEMPLATE_DIR "/%s", pins[kind]) : fd;
}

/* What is no mount is left alone (EINVAL). */
static int unmount(const char *path, struct error *err)
{
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return error_errno(err, errno, "template: %s", path);
	return 0;
}

int template_clear(struct error *err)
{
	_cleanup_close_ int dir = open_dir();
	char path[PIN_PATH];
	int r = 0;

	if (dir == -ENOENT || dir == -EACCES) /* who may not look there has made none */
		return 0;
	if (dir < 0)
		return error_errno(err, dir, "template: " TEMPLATE_DIR);
	for (int kind = 0; r == 0 && kind < TEMPLATE_KINDS; kind++) {
		pin_path((enum template_kind)kind, path);
		r = unmount(path, err);
	}
	return r < 0 ? r : unmount(TEMPLATE_DIR, err);
}
