/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "init/inroot.h"
#include "init/mount.h"
#include "kernel/mountapi.h"

static bool is_node(int fd, const struct plan_device *d)
{
	return d->type == S_IFIFO ? mode_is(fd_mode(fd), S_IFIFO) : fd_is_device(fd, d->type, d->major, d->minor);
}

/* How the kernel takes a device number from user space. */
static unsigned device_number(const struct plan_device *d)
{
	return (d->minor & 0xffu) | d->major << 8 | (d->minor & ~0xffu) << 12;
}

static int open_name(int dir, const char *name)
{
	return sys_openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
}

/* A node that was there before must be the same device; one that gets an owner must still be ours. */
static int check_node(const struct plan_device *d, int dir, const char *name, bool made, struct error *err)
{
	int fd = open_name(dir, name), r = fd;

	if (fd >= 0 && !is_node(fd, d)) {
		(void)sys_close(fd);
		return d->type == S_IFIFO
			       ? error_set(err, EEXIST, "exists and is no fifo")
			       : error_set(err, EEXIST, "exists and is not the device %u:%u", d->major, d->minor);
	}
	if (fd >= 0 && made)
		r = (int)sys_call5(SYS_fchownat, fd, "", d->uid, d->gid, AT_EMPTY_PATH);
	if (fd < 0)
		return error_errno(err, fd, "node");
	(void)sys_close(fd);
	return r < 0 ? error_errno(err, r, "owner %u:%u", d->uid, d->gid) : 0;
}

/* 1: the node cannot be made here, a bind must do. */
static int make_node(const struct plan_device *d, int dir, const char *name, struct error *err)
{
	long umask = sys_call1(SYS_umask, 0);
	int r = (int)sys_call4(SYS_mknodat, dir, name, d->type | d->mode, device_number(d));

	(void)sys_call1(SYS_umask, umask);
	if (r == 0 && !d->uid && !d->gid)
		return 0;
	if (r == 0 || r == -EEXIST)
		return check_node(d, dir, name, r == 0, err);
	if ((r == -EPERM || r == -EACCES) && d->type != S_IFIFO)
		return 1;
	return error_errno(err, r, "mknod");
}

/* What a bind may cover: an empty file, as a former bind has left it, or the device itself. */
static bool may_cover(int fd, const struct plan_device *d)
{
	struct statx st;

	if (sys_call5(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &st) < 0)
		return false;
	return is_node(fd, d) || ((st.stx_mode & S_IFMT) == S_IFREG && st.stx_size == 0);
}

static int bind_onto(
	struct init *in, const struct plan_device *d, int node, int dir, const char *name, struct error *err)
{
	int place = sys_openat(dir, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0), tree, r;

	if (place >= 0)
		(void)sys_close(place);
	place = place < 0 && place != -EEXIST ? place : open_name(dir, name);
	if (place >= 0 && mode_is(fd_mode(place), S_IFLNK)) {
		(void)sys_close(place);
		return error_set(err, ELOOP, "is a symbolic link");
	}
	if (place < 0)
		return error_errno(err, place, "mount point");
	if (!d->is_default && !may_cover(place, d)) {
		(void)sys_close(place);
		return error_set(err, EEXIST, "exists and is not the device %u:%u", d->major, d->minor);
	}
	tree = mount_clone(node, "", false);
	if (mount_api_missing(tree))
		r = mount_old(in, node, NULL, place, NULL, 0x1000 /* MS_BIND */, NULL);
	else
		r = tree < 0 ? tree : mount_attach(tree, place);
	if (tree >= 0)
		(void)sys_close(tree);
	(void)sys_close(place);
	return r < 0 ? error_errno(err, r, "bind of the host's node") : 0;
}

/* The host's node of the same name; that it is the device that was asked for is looked at once it is open. */
static int bind_node(struct init *in, const struct plan_device *d, int dir, const char *name, struct error *err)
{
	const char *path = plan_str(in->plan, d->path);
	int node = sys_openat(-1, path, O_PATH | O_CLOEXEC, 0), r;

	if (node < 0)
		return error_errno(err, node, "the host's node");
	if (is_node(node, d))
		r = bind_onto(in, d, node, dir, name, err);
	else
		r = error_set(err, ENXIO, "on the host it is not the device %u:%u", d->major, d->minor);
	(void)sys_close(node);
	return r;
}

int step_device(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_device *d = (const struct plan_device *)s;
	const char *path = plan_str(in->plan, d->path), *name;
	int dir = inroot_parent(in->root, path, !d->must_exist, &name), r;

	if (dir < 0)
		return error_errno(err, dir, "%s: directory", path);
	if (d->must_exist)
		r = check_node(d, dir, name, false, err);
	else
		r = d->bind ? 1 : make_node(d, dir, name, err);
	if (r == 1)
		r = bind_node(in, d, dir, name, err);
	(void)sys_close(dir);
	if (r < 0 && s->index != UINT32_MAX)
		error_prefix(err, "linux.devices[%u]: %s", s->index, path);
	else if (r < 0)
		error_prefix(err, "%s", path);
	return r;
}

/* What is there already stays, as images bring their own. */
static int make_link(struct init *in, const char *path, const char *target, struct error *err)
{
	const char *name;
	int dir = inroot_parent(in->root, path, true, &name), r;

	if (dir < 0)
		return error_errno(err, dir, "%s: directory", path);
	r = (int)sys_call3(SYS_symlinkat, target, dir, name);
	(void)sys_close(dir);
	return r < 0 && r != -EEXIST ? error_errno(err, r, "%s: symbolic link", path) : 0;
}

/* The container's own terminals, not those of a node that an image brought along. */
static int make_ptmx(struct init *in, struct error *err)
{
	const char *name;
	int dir = inroot_parent(in->root, "/dev/ptmx", true, &name);
	int r = dir < 0 ? dir : (int)sys_call3(SYS_unlinkat, dir, name, 0);

	if (dir >= 0)
		(void)sys_close(dir);
	if (r < 0 && r != -ENOENT)
		return error_errno(err, r, "/dev/ptmx");
	return make_link(in, "/dev/ptmx", "pts/ptmx", err);
}

/* Kernels may be built without it; without a /proc of its own the container has no use for the link. */
static bool has_kcore(const struct init *in)
{
	int fd = inroot_open(in->root, "/proc/kcore", O_PATH);

	if (fd >= 0)
		(void)sys_close(fd);
	return fd >= 0;
}

int step_dev_links(struct init *in, const struct plan_step *s, struct error *err)
{
	static const char *const links[][2] = {
		{"/dev/fd", "/proc/self/fd"},
		{"/dev/stdin", "/proc/self/fd/0"},
		{"/dev/stdout", "/proc/self/fd/1"},
		{"/dev/stderr", "/proc/self/fd/2"},
		{"/dev/core", "/proc/kcore"},
	};
	const unsigned n = sizeof(links) / sizeof(links[0]);
	int r = 0;

	(void)s;
	for (unsigned i = 0; i < (has_kcore(in) ? n : n - 1) && r == 0; i++)
		r = make_link(in, links[i][0], links[i][1], err);
	return r < 0 ? r : make_ptmx(in, err);
}
