/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <linux/sched.h>

/* What the kernel gives a session keyring (possessor: all; owner: view, read, link), and search: for its owner, or for
 * everybody where the container's root is mapped to somebody else. */
#define PERM_DEFAULT 0x3f130000u
#define PERM_OWNER_SEARCH 0x00080000u
#define PERM_OTHER_SEARCH 0x00000008u

static bool has_user_namespace(const struct init *in)
{
	if (in->plan->clone_flags & CLONE_NEWUSER)
		return true;
	for (const struct plan_step *s = plan_first(in->plan); !plan_at_end(in->plan, s); s = plan_next(s))
		if (s->op == PLAN_OP_JOIN && (((const struct plan_join *)s)->flags & CLONE_NEWUSER))
			return true;
	return false;
}

/* New keys get the label; "" takes it back. */
static int create_label(struct init *in, const char *label, struct error *err)
{
	return proc_write_self(in, "attr/keycreate", label, str_len(label), err);
}

int step_keyring(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_keyring *p = (const struct plan_keyring *)s;
	const char *name = plan_str(in->plan, p->name), *label = plan_str(in->plan, p->label);
	uint32_t perm = PERM_DEFAULT | (has_user_namespace(in) ? PERM_OTHER_SEARCH : PERM_OWNER_SEARCH);
	long key;
	int r;

	r = label ? create_label(in, label, err) : 0;
	if (r < 0)
		return error_errno(err, r, "label %s", label);
	key = sys_call2(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (label) {
		r = create_label(in, "", err);
		if (r < 0)
			return error_errno(err, r, "taking back label %s", label);
	}
	/* A kernel without keyrings, or a filter around the runtime: what it protects from is little, and runc goes on.
	 */
	if (key == -ENOSYS)
		return 0;
	if (key < 0)
		return error_errno(err, (int)key, "unable to join session keyring: %s", name);
	if (p->join_only)
		return 0;
	r = (int)sys_call3(SYS_keyctl, KEYCTL_SETPERM, key, perm);
	return r < 0 ? error_errno(err, r, "permissions of %s", name) : 0;
}
