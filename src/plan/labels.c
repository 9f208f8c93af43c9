/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/str.h"

bool plan_selinux_enabled(void)
{
	struct statfs st;

	return statfs("/sys/fs/selinux", &st) == 0 && (uint32_t)st.f_type == SELINUX_MAGIC;
}

bool plan_apparmor_enabled(void)
{
	char buf[8];

	return file_read_small(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", buf, sizeof(buf)) > 0 &&
	       buf[0] == 'Y';
}

static void add(struct plan_builder *b, uint32_t lsm, const char *label)
{
	struct plan_exec_label *p = plan_add(b, PLAN_OP_EXEC_LABEL, struct plan_exec_label);

	p->lsm = lsm;
	p->label = plan_put_str(b, label);
}

static const char *own_label(const struct plan_input *in, uint32_t lsm)
{
	for (const struct plan_step *s = NULL; (s = process_own_step(in, PLAN_OP_EXEC_LABEL, s));)
		if (((const struct plan_exec_label *)s)->lsm == lsm)
			return plan_str(in->container, ((const struct plan_exec_label *)s)->label);
	return NULL;
}

int process_add_labels(
	struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, struct error *err)
{
	const char *selinux =
		p->selinux_label && *p->selinux_label ? p->selinux_label : own_label(in, PLAN_LSM_SELINUX);
	const char *apparmor =
		p->apparmor_profile && *p->apparmor_profile ? p->apparmor_profile : own_label(in, PLAN_LSM_APPARMOR);

	if (selinux && !plan_selinux_enabled())
		return error_set(err, EINVAL,
			"process.selinuxLabel: selinux label is specified in config, but selinux is disabled or not "
			"supported");
	if (apparmor && !plan_apparmor_enabled())
		return error_set(
			err, EINVAL, "process.apparmorProfile: apparmor: config provided but apparmor not supported");
	if (selinux)
		add(b, PLAN_LSM_SELINUX, selinux);
	if (apparmor)
		add(b, PLAN_LSM_APPARMOR, apparmor);
	return 0;
}
