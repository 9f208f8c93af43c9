/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/process.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

static const struct rlimit_name {
	const char *name;
	uint32_t resource;
} names[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
};

static const struct rlimit_name *find(const char *name)
{
	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return &names[i];
	return NULL;
}

const char *plan_rlimit_name(size_t i)
{
	return i < sizeof(names) / sizeof(names[0]) ? names[i].name : NULL;
}

static void add(struct plan_builder *b, const struct plan_rlimit *l, bool hard_only)
{
	struct plan_rlimit *p = plan_add_at(b, PLAN_OP_RLIMIT, struct plan_rlimit, l->s.index);

	p->resource = l->resource;
	p->hard_only = hard_only;
	p->soft = l->soft;
	p->hard = l->hard;
}

static void add_own(struct plan_builder *b, const struct plan_input *in, bool hard_only)
{
	for (const struct plan_step *s = NULL; (s = process_own_step(in, PLAN_OP_RLIMIT, s));)
		if (!((const struct plan_rlimit *)s)->hard_only)
			add(b, (const struct plan_rlimit *)s, hard_only);
}

static int check(const struct oci_rlimit *l, size_t i, uint64_t *seen, struct error *err)
{
	const struct rlimit_name *n = find(l->type);

	if (!n)
		return error_set(
			err, EINVAL, "process.rlimits[%zu].type: unknown resource \"%s\"", i, l->type ? l->type : "");
	if (*seen >> n->resource & 1)
		return error_set(err, EINVAL, "process.rlimits[%zu].type: %s is given twice", i, n->name);
	if (l->soft > l->hard)
		return error_set(err, EINVAL, "process.rlimits[%zu].soft: %s: larger than the hard limit", i, l->type);
	*seen |= (uint64_t)1 << n->resource;
	return 0;
}

int process_check_rlimits(struct plan_builder *b, const struct oci_process *p, struct error *err)
{
	uint64_t seen = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->rlimits_len; i++)
		r = plan_pass(b, check(&p->rlimits[i], i, &seen, err), err);
	return r;
}

void process_add_rlimits(
	struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, bool hard_only)
{
	for (size_t i = 0; i < p->rlimits_len; i++) {
		const struct oci_rlimit *l = &p->rlimits[i];
		const struct rlimit_name *n = find(l->type);
		const struct plan_rlimit record = {
			.s.index = (uint32_t)i, .resource = n ? n->resource : 0, .soft = l->soft, .hard = l->hard};

		add(b, &record, hard_only);
	}
	if (!p->rlimits_len)
		add_own(b, in, hard_only);
}
