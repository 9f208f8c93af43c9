/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>

static int set_name(const struct init *in, const struct plan_step *s, long call, struct error *err)
{
	const char *name = plan_str(in->plan, ((const struct plan_string *)s)->value);
	int r = (int)sys_call2(call, name, str_len(name));

	return r < 0 ? error_errno(err, r, "%s", name) : 0;
}

int step_hostname(struct init *in, const struct plan_step *s, struct error *err)
{
	return set_name(in, s, SYS_sethostname, err);
}

int step_domainname(struct init *in, const struct plan_step *s, struct error *err)
{
	return set_name(in, s, SYS_setdomainname, err);
}
