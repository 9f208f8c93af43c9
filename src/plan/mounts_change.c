/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/compile.h"

int plan_compile_mounts(
	const struct plan_input *in, uint32_t join, bool remove, struct arena *a, struct plan **ret, struct error *err)
{
	_cleanup_plan_builder_ struct plan_builder b = {0};
	int r;

	plan_begin(&b, a);
	b.flags = PLAN_EXEC;
	plan_add_join(&b, plan_new_slot(&b), join);
	r = remove ? plan_add_umounts(&b, in, err) : plan_add_mounts(&b, in, err);
	if (r == 0 && !remove)
		r = plan_add_readonly_mounts(&b, in, err);
	if (r < 0)
		return r;
	plan_add(&b, PLAN_OP_READY, struct plan_step);
	return plan_finish(&b, ret, err);
}
