/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>

#include "init/mount.h"
#include "kernel/mountapi.h"

/* pivot_root refuses a new root on a shared mount, and what is bound on one would appear on the host. The mount that
 * path is on: the nearest directory above that takes a change of propagation. (In a template it is not there, and in a
 * user namespace not for us; neither has shared mounts.) */
static int parent_private(const char *path, struct error *err)
{
	char p[PATH_MAX];
	size_t n = str_copy(p, sizeof(p), path);
	int r;

	while ((r = sys_mount(NULL, n ? p : "/", NULL, MS_PRIVATE, NULL)) < 0 && n) {
		while (n && p[--n] != '/')
			;
		p[n] = '\0';
	}
	return r < 0 ? error_errno(err, r, "%s: making the mount private", n ? p : "/") : 0;
}

static int set_propagation(const struct plan_rootfs *p, const char *path, struct error *err)
{
	uint32_t ms = p->propagation;
	int r;

	/* nothing could be bound from an unbindable mount; the rootfs itself becomes one after the pivot */
	if (ms & MS_UNBINDABLE)
		ms = MS_PRIVATE | (ms & MS_REC);
	r = sys_mount(NULL, "/", NULL, ms, NULL);
	if (r < 0)
		return error_errno(err, r, "/: setting the propagation");
	return ms & MS_SHARED || !(ms & MS_REC) ? parent_private(path, err) : 0;
}

/* By mount(2); nobody else can be in the rootfs yet. */
static int bind_old(const char *path)
{
	int r = sys_mount(path, path, NULL, MS_BIND | MS_REC, NULL);

	return r < 0 ? r : sys_openat(-1, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

/* What is mounted in the rootfs stays there, also in a mount namespace that is not the container's own, and what the
 * host mounts in it does outside: the copy of a slave is one, too. */
static int make_private(int mnt, bool recursive)
{
	int r = (int)sys_call1(SYS_fchdir, mnt);

	return r < 0 ? r : sys_mount(NULL, ".", NULL, MS_PRIVATE | (recursive ? MS_REC : 0), NULL);
}

/* A mount of its own, which pivot_root asks for. Returns its fd. */
static int bind_rootfs(struct init *in, const struct plan_rootfs *p, const char *path, struct error *err)
{
	int place = init_slot(in, p->source_slot), mnt, r;

	if (place >= 0)
		in->slots[p->source_slot] = -1;
	else
		place = sys_openat(-1, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (place < 0)
		return error_errno(
			err, place, "%s%s", p->new_mount_ns ? "" : "in the mount namespace that was joined: ", path);
	mnt = mount_clone(place, "", true);
	if (mount_api_missing(mnt))
		r = mnt = bind_old(path);
	else
		r = mnt < 0 ? mnt : mount_attach(mnt, place);
	if (r >= 0)
		r = make_private(mnt, !p->new_mount_ns);
	(void)sys_close(place);
	if (r >= 0)
		return mnt;
	if (mnt >= 0)
		(void)sys_close(mnt);
	return error_errno(err, r, "%s: binding the rootfs", path);
}

/* The tree that the host side has opened goes over the template's root: to look up "/" in this mount namespace leads to
 * it from then on. */
static int attach_rootfs(struct init *in, const struct plan_rootfs *p, struct error *err)
{
	int mnt = init_slot(in, p->slot), place = sys_openat(-1, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	int r = place < 0 ? place : mount_attach(mnt, place);

	if (place >= 0)
		(void)sys_close(place);
	if (r < 0)
		return error_errno(err, r, "%s: attaching the rootfs", plan_str(in->plan, p->path));
	in->slots[p->slot] = -1;
	in->nothing_beneath = true;
	return mnt;
}

int step_rootfs(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_rootfs *p = (const struct plan_rootfs *)s;
	const char *path = plan_str(in->plan, p->path);
	bool tree = init_slot(in, p->slot) >= 0;
	int r = p->new_mount_ns && !tree ? set_propagation(p, path, err) : 0, fd;

	if (r < 0)
		return r;
	fd = tree ? attach_rootfs(in, p, err) : bind_rootfs(in, p, path, err);
	if (fd < 0)
		return fd;
	in->root = fd;
	return 0;
}

/* Keeps what else is set on it: a rootfs may come with nosuid or nodev of its own. */
int step_root_readonly(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct mount_change c = {.set = SYS_MOUNT_ATTR_RDONLY};

	(void)s;
	return mount_change(in, in->root, true, &c, err);
}

int step_root_unbindable(struct init *in, const struct plan_step *s, struct error *err)
{
	int r = sys_mount(NULL, "/", NULL, MS_UNBINDABLE | MS_REC, NULL);

	(void)in;
	(void)s;
	return r < 0 ? error_errno(err, r, "/: setting the propagation") : 0;
}
