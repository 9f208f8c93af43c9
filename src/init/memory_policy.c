/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>

int step_memory_policy(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_memory_policy *p = (const struct plan_memory_policy *)s;
	const char *mask = p->max_node ? (const char *)in->plan + p->mask : NULL;
	/* the kernel takes one bit off the number it is given */
	int r = (int)sys_call3(SYS_set_mempolicy, p->mode, mask, p->max_node ? p->max_node + 1 : 0);

	return r < 0 ? error_errno(err, r, "linux.memoryPolicy") : 0;
}
