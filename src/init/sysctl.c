/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>

int step_sysctl(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_sysctl *p = (const struct plan_sysctl *)s;
	const char *name = plan_str(in->plan, p->path), *value = plan_str(in->plan, p->value);
	char path[512];
	int r = -ENAMETOOLONG;

	if (fmt(path, sizeof(path), "sys/%s", name) < sizeof(path) - 1)
		r = proc_write(in, path, value, str_len(value), err);
	return r < 0 ? error_errno(err, r, "%s = %s", name, value) : 0;
}
