/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>

struct sched_attributes { /* sched_setattr(2), SCHED_ATTR_SIZE_VER1 */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

enum { IOPRIO_WHO_PROCESS = 1, MAX_CPU_BYTES = 1024 };

int step_scheduler(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_scheduler *p = (const struct plan_scheduler *)s;
	struct sched_attributes a = {
		.size = sizeof(a),
		.policy = p->policy,
		.flags = p->flags,
		.nice = p->nice,
		.priority = p->priority,
		.runtime = p->runtime,
		.deadline = p->deadline,
		.period = p->period,
	};
	int r = (int)sys_call3(SYS_sched_setattr, 0, &a, 0);

	(void)in;
	if (r == -EPERM && a.policy == 6 /* SCHED_DEADLINE */) /* the last words are runc's: its test-suite looks for them */
		return error_errno(err, r,
			"process.scheduler: SCHED_DEADLINE wants CAP_SYS_NICE and all CPUs: process scheduler can't be "
			"used together with AllowedCPUs");
	return r < 0 ? error_errno(err, r, "process.scheduler") : 0;
}

int step_io_priority(struct init *in, const struct plan_step *s, struct error *err)
{
	int r = (int)sys_call3(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, ((const struct plan_io_priority *)s)->value);

	(void)in;
	return r < 0 ? error_errno(err, r, "process.ioPriority") : 0;
}

int step_cpu_affinity(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_cpu_affinity *p = (const struct plan_cpu_affinity *)s;
	unsigned char every[MAX_CPU_BYTES];
	int r;

	if (p->bytes) {
		r = (int)sys_call3(SYS_sched_setaffinity, 0, p->bytes, (const char *)in->plan + p->mask);
		if (r < 0)
			return error_errno(err, r, "process.execCPUAffinity.%s", p->final ? "final" : "initial");
		return 0;
	}
	/* Undoing what was inherited is a courtesy: a filter around the runtime may forbid it. */
	__builtin_memset(every, 0xff, sizeof(every));
	(void)sys_call3(SYS_sched_setaffinity, 0, sizeof(every), every);
	return 0;
}

int step_personality(struct init *in, const struct plan_step *s, struct error *err)
{
	int r = (int)sys_call1(SYS_personality, ((const struct plan_number *)s)->value);

	(void)in;
	return r < 0 ? error_errno(err, r, "linux.personality") : 0;
}
