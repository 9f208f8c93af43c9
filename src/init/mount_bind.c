/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/inroot.h"
#include "init/mount.h"
#include "kernel/mountapi.h"

static bool is_recursive(const struct plan_mount *m)
{
	return m->flags & PLAN_MOUNT_RECURSIVE;
}

/* A detached tree from the host side, or the source as init sees it, O_PATH. */
static int open_source(struct init *in, const struct plan_mount *m)
{
	int fd = init_slot(in, m->slot);

	if (fd >= 0) {
		in->slots[m->slot] = -1;
		return fd;
	}
	return sys_openat(-1, plan_str(in->plan, m->source),
		O_PATH | O_CLOEXEC | (m->flags & PLAN_MOUNT_SRC_NOFOLLOW ? O_NOFOLLOW : 0), 0);
}

/* The plan let a bind to /proc itself through: the source must be a procfs. */
static int check_source(struct init *in, const struct plan_mount *m, int source, struct error *err)
{
	if (str_eq(plan_str(in->plan, m->dest), "/proc") && fd_fs_magic(source) != PROC_SUPER_MAGIC)
		return error_set(err, EPERM, "\"/proc\" cannot be mounted because it is not of type proc");
	return 0;
}

/* mount(2): attached first, set up after that. */
static int bind_old(struct init *in, const struct plan_mount *m, int source, int place, struct error *err)
{
	const char *from = plan_str(in->plan, m->source);
	int r = mount_old(in, source, from, place, NULL, MS_BIND | (is_recursive(m) ? MS_REC : 0), NULL), mnt;

	if (r < 0)
		return error_errno(err, r, "bind of %s", from);
	mnt = mount_reopen(in, plan_str(in->plan, m->dest), m->flags, err);
	if (mnt < 0)
		return mnt;
	r = m->flags & PLAN_MOUNT_IDMAP ? error_errno(err, EOPNOTSUPP, "idmap") : mount_settings(in, m, mnt, true, err);
	(void)sys_close(mnt);
	return r;
}

static int bind_source(struct init *in, const struct plan_mount *m, int source, int place, struct error *err)
{
	int tree = mount_clone(source, "", is_recursive(m)), r;

	if (mount_api_missing(tree))
		return bind_old(in, m, source, place, err);
	if (tree == -EINVAL && !is_recursive(m)) /* the kernel uncovers nothing in a user namespace */
		return error_set(err, EINVAL, "bind of %s: it has mounts beneath it that cannot be left out: use rbind",
			plan_str(in->plan, m->source));
	if (tree < 0)
		return error_errno(err, tree, "bind of %s", plan_str(in->plan, m->source));
	r = mount_finish(in, m, tree, place, err);
	(void)sys_close(tree);
	if (r < 0)
		error_prefix(err, "bind of %s", plan_str(in->plan, m->source));
	return r;
}

/* Where the source is a symbolic link, the destination becomes the same link. Returns 1 when it was none. */
static int copy_symlink(struct init *in, const struct plan_mount *m, struct error *err)
{
	const char *source = plan_str(in->plan, m->source), *last;
	char link[PATH_MAX], old[PATH_MAX];
	long n = sys_call4(SYS_readlinkat, -1, source, link, sizeof(link) - 1), had;
	int dir, r;

	if (n == -EINVAL)
		return 1;
	if (n < 0)
		return error_errno(err, (int)n, "%s", source);
	link[n] = '\0';
	dir = inroot_parent(in->root, plan_str(in->plan, m->dest), true, &last);
	if (dir < 0)
		return error_errno(err, dir, "mount point");
	r = (int)sys_call3(SYS_symlinkat, link, dir, last);
	if (r == -EEXIST) {
		had = sys_call4(SYS_readlinkat, dir, last, old, sizeof(old) - 1);
		old[had > 0 ? had : 0] = '\0';
		r = str_eq(old, link) ? 0 : -EEXIST;
	}
	(void)sys_close(dir);
	return r < 0 ? error_errno(err, r, "symbolic link to %s", link) : 0;
}

static int ask_for_tree(struct init *in, const struct plan_mount *m, struct error *err)
{
	static struct sync_msg msg;
	int r;

	msg.type = SYNC_TREE;
	msg.step = in->step;
	r = sync_send(in->sync, &msg, NULL, 0);
	if (r < 0)
		return error_errno(err, r, "talking to the runtime");
	r = init_wait_go(in, err);
	return r < 0 ? r : open_source(in, m);
}

/* From the host side; -ELOOP: it has a pin of a mount namespace in it. */
static int bind_tree(struct init *in, const struct plan_mount *m, int tree, int place, struct error *err)
{
	int r = mount_finish(in, m, tree, place, err), other;

	if (r != -ELOOP)
		return r;
	other = ask_for_tree(in, m, err);
	r = other < 0 ? other : mount_finish(in, m, other, place, err);
	if (other >= 0)
		(void)sys_close(other);
	return r;
}

int mount_bind(struct init *in, const struct plan_mount *m, struct error *err)
{
	bool tree = init_slot(in, m->slot) >= 0 && !(m->flags & PLAN_MOUNT_SOURCE_FD);
	int source, place, r = m->flags & PLAN_MOUNT_COPY_SYMLINK ? copy_symlink(in, m, err) : 1;

	if (r <= 0)
		return r;
	source = open_source(in, m);
	if (source < 0)
		return error_errno(err, source, "bind of %s", plan_str(in->plan, m->source));
	r = check_source(in, m, source, err);
	place = r < 0 ? r : mount_place(in, m, mode_is(fd_mode(source), S_IFDIR), err);
	if (place >= 0) {
		r = tree ? bind_tree(in, m, source, place, err) : bind_source(in, m, source, place, err);
		(void)sys_close(place);
	} else {
		r = place;
	}
	(void)sys_close(source);
	return r;
}
