/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>

static int set_apparmor(struct init *in, const char *profile, struct error *err)
{
	char text[512];
	size_t n = fmt(text, sizeof(text), "exec %s", profile);
	int r;

	if (n == sizeof(text) - 1)
		return error_errno(err, ENAMETOOLONG, "process.apparmorProfile");
	/* its own directory since Linux 5.8; attr/exec belongs to the first LSM that wants it */
	r = proc_write_self(in, "attr/apparmor/exec", text, n, err);
	if (r == -ENOENT)
		r = proc_write_self(in, "attr/exec", text, n, err);
	return r < 0 ? error_errno(err, r, "unable to apply apparmor profile: %s", profile) : 0;
}

int step_exec_label(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_exec_label *p = (const struct plan_exec_label *)s;
	const char *label = plan_str(in->plan, p->label);
	int r;

	if (p->lsm == PLAN_LSM_APPARMOR)
		return set_apparmor(in, label, err);
	r = proc_write_self(in, "attr/exec", label, str_len(label), err);
	return r < 0 ? error_errno(err, r, "process.selinuxLabel: %s", label) : 0;
}
