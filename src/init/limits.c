/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <asm/resource.h>
#include <errno.h>

struct limit {
	uint64_t soft, hard;
};

static const char *const names[] = {
	[RLIMIT_CPU] = "RLIMIT_CPU",
	[RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_DATA] = "RLIMIT_DATA",
	[RLIMIT_STACK] = "RLIMIT_STACK",
	[RLIMIT_CORE] = "RLIMIT_CORE",
	[RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",
	[RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	[RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	[RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	[RLIMIT_RTTIME] = "RLIMIT_RTTIME",
};

static int limit(uint32_t resource, const struct limit *new, struct limit *old)
{
	return (int)sys_call4(SYS_prlimit64, 0, resource, new, old);
}

/* A refusal is not said here: the same limit comes again later, and then it is. */
static void raise_hard(const struct plan_rlimit *p)
{
	struct limit l;

	if (limit(p->resource, NULL, &l) < 0 || l.hard >= p->hard)
		return;
	l.hard = p->hard;
	(void)limit(p->resource, &l, NULL);
}

int step_rlimit(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_rlimit *p = (const struct plan_rlimit *)s;
	struct limit l = {p->soft, p->hard};
	int r;

	(void)in;
	if (p->hard_only) {
		raise_hard(p);
		return 0;
	}
	r = limit(p->resource, &l, NULL);
	if (r == 0)
		return 0;
	if (p->resource < sizeof(names) / sizeof(names[0]))
		return error_errno(err, r, "process.rlimits[%u]: %s", p->s.index, names[p->resource]);
	return error_errno(err, r, "process.rlimits[%u]: resource %u", p->s.index, p->resource);
}
