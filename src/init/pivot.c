/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "init/mount.h"
#include "init/pivot.h"

enum { DETACH = 2 /* MNT_DETACH */ };

/* Both arguments are ".": the old root is then mounted over the new one, and the working directory of who asked for it
 * stays in it. No directory in the rootfs is needed for it. */
static int pivot_root(struct init *in, struct error *err)
{
	int old = sys_openat(-1, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0), r = old;

	if (r >= 0)
		r = (int)sys_call1(SYS_fchdir, in->root);
	if (r >= 0)
		r = (int)sys_call2(SYS_pivot_root, ".", ".");
	if (r < 0) {
		if (old >= 0)
			(void)sys_close(old);
		return error_errno(err, r, "pivot_root");
	}
	r = (int)sys_call1(SYS_fchdir, old);
	(void)sys_close(old);
	/* the unmounting must not reach the host; private would cut off unmounts that the host does at this moment */
	if (r >= 0)
		r = sys_mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL);
	if (r >= 0)
		r = sys_umount2(".", DETACH);
	return r < 0 ? error_errno(err, r, "unmounting the host's root") : 0;
}

static int enter_root(struct init *in, struct error *err)
{
	int r = (int)sys_call1(SYS_fchdir, in->root);

	if (r >= 0)
		r = (int)sys_call1(SYS_chroot, ".");
	return r < 0 ? error_errno(err, r, "chroot") : 0;
}

/* --no-pivot: the host's tree stays reachable below the new root mount, so that its whole procfs and sysfs must go. */
static int move_root(struct init *in, struct error *err)
{
	int r = hide_host_mounts(in, err);

	if (r < 0)
		return r;
	r = (int)sys_call1(SYS_fchdir, in->root);
	if (r >= 0)
		r = sys_mount(".", "/", NULL, MS_MOVE, NULL);
	return r < 0 ? error_errno(err, r, "moving the rootfs to /") : enter_root(in, err);
}

int step_pivot(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_pivot *p = (const struct plan_pivot *)s;
	int r;

	switch (p->mode) {
	case PLAN_PIVOT_ROOT:
		/* where no path leads to what is beneath, it may stay: to unmount it takes a grace period */
		r = in->nothing_beneath ? enter_root(in, err) : pivot_root(in, err);
		break;
	case PLAN_PIVOT_MOVE:
		r = move_root(in, err);
		break;
	default:
		r = enter_root(in, err);
	}
	if (r == 0) {
		r = (int)sys_call1(SYS_chdir, "/");
		if (r < 0)
			return error_errno(err, r, "/");
		in->pivoted = true;
	}
	/* private and slave it is already; the host's own mount namespace is left as it is */
	if (r == 0 && p->mode != PLAN_PIVOT_CHROOT && p->propagation & (MS_SHARED | MS_UNBINDABLE)) {
		r = sys_mount(NULL, "/", NULL, p->propagation, NULL);
		if (r < 0)
			error_errno(err, r, "/: setting the propagation");
	}
	return r;
}
