/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/stat.h>

#include "kernel/caps.h"

enum { SIG_KILL = 9 };

/* The user must be able to use its stdio. Only the owner: the group may be one that the mount wants (tty). What cannot
 * be given away (a read-only or foreign file system, an id that is not mapped) stays as it is. */
static int own_stdio(uint32_t uid, struct error *err)
{
	for (int fd = 0; fd < 3; fd++) {
		struct statx st;
		int r = (int)sys_call5(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_UID | STATX_TYPE, &st);

		if (r == -EBADF)
			continue;
		if (r == 0 && st.stx_uid == uid)
			continue;
		if (r == 0 && st.stx_rdev_major == 1 && st.stx_rdev_minor == 3 && (st.stx_mode & S_IFMT) == S_IFCHR)
			continue; /* /dev/null is everybody's */
		if (r == 0)
			r = (int)sys_call3(SYS_fchown, fd, uid, -1);
		if (r < 0 && r != -EPERM && r != -EROFS && r != -EINVAL)
			return error_errno(err, r, "owner of fd %d", fd);
	}
	return 0;
}

/* A process has the group that it runs as anyway. */
static bool are_its_own(const struct init *in, const struct plan_credentials *p)
{
	for (uint32_t i = 0; i < p->groups.n; i++)
		if (plan_list_u32(in->plan, p->groups, i) != p->gid)
			return false;
	return true;
}

static int set_groups(const struct init *in, const struct plan_credentials *p, struct error *err)
{
	const void *list = p->groups.n ? (const char *)in->plan + p->groups.ref : NULL;
	int r = (int)sys_call2(SYS_setgroups, p->groups.n, list);

	if (r == -EPERM && !p->set_groups) {
		if (are_its_own(in, p))
			return 0;
		return error_set(err, EPERM,
			"process.user.additionalGids: cannot set any additional groups in a rootless container: setgroups "
			"is denied in its user namespace");
	}
	if (r == -EINVAL && p->groups.n)
		return error_set(
			err, EINVAL, "process.user.additionalGids: a group is not mapped in the user namespace");
	return r < 0 ? error_errno(err, r, "process.user.additionalGids") : 0;
}

static int set_bounding(uint64_t keep, struct error *err)
{
	for (unsigned n = 0; n < 64; n++) {
		int r;

		if (keep >> n & 1)
			continue;
		r = sys_prctl(PR_CAPBSET_DROP, n, 0, 0, 0);
		if (r == -EINVAL) /* beyond the kernel's last one */
			return 0;
		if (r < 0 && sys_prctl(PR_CAPBSET_READ, n, 0, 0, 0) != 0)
			return error_errno(err, r, "process.capabilities.bounding: dropping capability %u", n);
	}
	return 0;
}

static int set_ids(const struct plan_credentials *p, struct error *err)
{
	int r = (int)sys_call3(SYS_setresgid, p->gid, p->gid, p->gid);

	if (r == -EINVAL)
		return error_set(err, r, "process.user.gid: %u is not mapped in the user namespace", p->gid);
	if (r < 0)
		return error_errno(err, r, "process.user.gid: %u", p->gid);
	r = (int)sys_call3(SYS_setresuid, p->uid, p->uid, p->uid);
	if (r == -EINVAL)
		return error_set(err, r, "process.user.uid: %u is not mapped in the user namespace", p->uid);
	return r < 0 ? error_errno(err, r, "process.user.uid: %u", p->uid) : 0;
}

/* All three sets at once: nothing inheritable survives but what the spec names (CVE-2022-29162). */
static int set_caps(struct init *in, const struct plan_credentials *p, struct error *err)
{
	struct caps c = {p->effective, p->permitted, p->inheritable};
	int r;

	in->caps_final_effective = c.effective;
	in->caps_final_permitted = c.permitted;
	in->caps_final_inheritable = c.inheritable;
	/* Loading a filter without no_new_privs takes CAP_SYS_ADMIN: it stays permitted, not effective, until then. */
	in->caps_pending = p->keep_for_seccomp;
	if (in->caps_pending)
		c.permitted |= (uint64_t)1 << CAP_SYS_ADMIN;
	r = caps_set(&c);
	if (r < 0)
		return error_errno(err, r, "process.capabilities: unable to apply caps");
	r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned n = 0; r == 0 && n < 64; n++)
		if (p->ambient >> n & 1) {
			r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, n, 0, 0);
			if (r < 0)
				return error_errno(err, r, "process.capabilities.ambient: raising capability %u", n);
		}
	return r < 0 ? error_errno(err, r, "process.capabilities.ambient") : 0;
}

/* The order is the kernel's: each call needs what a later one takes away. */
int step_credentials(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_credentials *p = (const struct plan_credentials *)s;
	int r = own_stdio(p->uid, err);

	if (p->umask != UINT32_MAX)
		(void)sys_call1(SYS_umask, p->umask);
	if (r == 0 && !p->keep_groups)
		r = set_groups(in, p, err);
	if (r == 0)
		r = set_bounding(p->bounding, err);
	if (r < 0)
		return r;
	if (p->uid) /* exec clears it again */
		r = sys_prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (r < 0)
		return error_errno(err, r, "keeping capabilities");
	r = set_ids(p, err);
	if (r == 0)
		r = set_caps(in, p, err);
	if (r < 0)
		return r;
	/* the change of ids has cleared both */
	(void)sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)sys_prctl(PR_SET_PDEATHSIG, SIG_KILL, 0, 0, 0);
	if (p->no_new_privs)
		r = sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return r < 0 ? error_errno(err, r, "process.noNewPrivileges") : 0;
}
