/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/process.h"

#include <endian.h>
#include <errno.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <string.h>

#include "base/log.h"

#include "base/str.h"

#define MPOL_WEIGHTED_INTERLEAVE 6 /* Linux 6.9 */
#define SCHED_ISO 4                /* reserved: the kernel says what it thinks of it */

enum { MAX_BITS = 8192 };

struct name {
	const char *name;
	uint32_t value;
};

static const struct name policies[] = {
	{"SCHED_OTHER", SCHED_NORMAL},
	{"SCHED_FIFO", SCHED_FIFO},
	{"SCHED_RR", SCHED_RR},
	{"SCHED_BATCH", SCHED_BATCH},
	{"SCHED_ISO", SCHED_ISO},
	{"SCHED_IDLE", SCHED_IDLE},
	{"SCHED_DEADLINE", SCHED_DEADLINE},
	{NULL, 0},
};
static const struct name sched_flags[] = {
	{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
	{"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
	{"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
	{"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
	{"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
	{"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
	{"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
	{NULL, 0},
};
static const struct name io_classes[] = {
	{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
	{"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
	{"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE},
	{NULL, 0},
};
static const struct name memory_modes[] = {
	{"MPOL_DEFAULT", MPOL_DEFAULT},
	{"MPOL_PREFERRED", MPOL_PREFERRED},
	{"MPOL_BIND", MPOL_BIND},
	{"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
	{"MPOL_LOCAL", MPOL_LOCAL},
	{"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY},
	{"MPOL_WEIGHTED_INTERLEAVE", MPOL_WEIGHTED_INTERLEAVE},
	{NULL, 0},
};
static const struct name memory_flags[] = {
	{"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING},
	{"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
	{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
	{NULL, 0},
};

static const struct name *find(const struct name *table, const char *name)
{
	for (; table->name; table++)
		if (name && strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static int find_flags(
	const struct name *table, char *const *v, size_t n, const char *path, uint64_t *ret, struct error *err)
{
	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		const struct name *f = find(table, v[i]);

		if (!f)
			return error_set(err, EINVAL, "%s[%zu]: %s \"%s\"", path, i,
				table == memory_flags ? "invalid memory policy flag" : "unknown flag", v[i]);
		*ret |= f->value;
	}
	return 0;
}

/* "0-3,7" into bits; the number of the highest one + 1, or -EINVAL: not such a list, or beyond `max`. */
static int parse_list(const char *s, uint8_t *bits, size_t max)
{
	size_t top = 0;

	while (*s) {
		uint64_t range[2] = {0, 0};

		for (int part = 0; part < 2; part++) {
			if (*s < '0' || *s > '9')
				return -EINVAL;
			for (; *s >= '0' && *s <= '9'; s++)
				if ((range[part] = range[part] * 10 + (uint64_t)(*s - '0')) >= max)
					return -EINVAL;
			if (part == 0 && *s == '-')
				s++;
			else if (part == 0) {
				range[1] = range[0];
				break;
			}
		}
		if (range[1] < range[0])
			return -EINVAL;
		for (uint64_t i = range[0]; i <= range[1]; i++)
			bits[i / 8] = (uint8_t)(bits[i / 8] | 1u << i % 8);
		top = range[1] + 1 > top ? range[1] + 1 : top;
		if (*s == ',' && s[1])
			s++;
		else if (*s)
			return -EINVAL;
	}
	return (int)top;
}

/* ---- scheduler, I/O priority ---- */

static int check_scheduler(const struct oci_scheduler *s, uint32_t policy, struct error *err)
{
	bool deadline = policy == SCHED_DEADLINE, real_time = policy == SCHED_FIFO || policy == SCHED_RR;

	if (s->nice && policy != SCHED_NORMAL && policy != SCHED_BATCH) /* as the kernel has it, and runc */
		log_warn("process.scheduler.nice: without effect but for SCHED_OTHER and SCHED_BATCH");
	if (s->nice < -20 || s->nice > 19)
		return error_set(err, EINVAL, "process.scheduler.nice: %d is not in -20 … 19", (int)s->nice);
	if (s->priority && !real_time)
		return error_set(err, EINVAL, "process.scheduler.priority: only for SCHED_FIFO and SCHED_RR");
	if (s->priority < 0 || s->priority > 99)
		return error_set(err, EINVAL, "process.scheduler.priority: %d is not in 0 … 99", (int)s->priority);
	if (!deadline && s->runtime)
		return error_set(err, EINVAL, "process.scheduler.runtime: only for SCHED_DEADLINE");
	if (!deadline && s->deadline)
		return error_set(err, EINVAL, "process.scheduler.deadline: only for SCHED_DEADLINE");
	if (!deadline && s->period)
		return error_set(err, EINVAL, "process.scheduler.period: only for SCHED_DEADLINE");
	return 0;
}

static int add_scheduler(struct plan_builder *b, const struct oci_scheduler *s, struct error *err)
{
	const struct name *policy = find(policies, s->policy);
	struct plan_scheduler *p;
	uint64_t flags;
	int r;

	if (!policy)
		return error_set(
			err, EINVAL, "process.scheduler.policy: unknown policy \"%s\"", s->policy ? s->policy : "");
	r = find_flags(sched_flags, s->flags, s->flags_len, "process.scheduler.flags", &flags, err);
	if (r == 0)
		r = check_scheduler(s, policy->value, err);
	if (r < 0)
		return r;
	p = plan_add(b, PLAN_OP_SCHEDULER, struct plan_scheduler);
	p->policy = policy->value;
	p->nice = s->nice;
	p->flags = flags;
	p->priority = (uint32_t)s->priority;
	p->runtime = s->runtime;
	p->deadline = s->deadline;
	p->period = s->period;
	return 0;
}

static int add_io_priority(struct plan_builder *b, const struct oci_io_priority *io, struct error *err)
{
	const struct name *class = find(io_classes, io->class);

	if (!class)
		return error_set(
			err, EINVAL, "process.ioPriority.class: unknown class \"%s\"", io->class ? io->class : "");
	if (io->priority < 0 || io->priority > 7)
		return error_set(err, EINVAL, "process.ioPriority.priority: %d is not in 0 … 7", (int)io->priority);
	plan_add(b, PLAN_OP_IO_PRIORITY, struct plan_io_priority)->value =
		class->value << IOPRIO_CLASS_SHIFT | (uint32_t)io->priority;
	return 0;
}

/* ---- CPU affinity ---- */

int process_check_affinity(const struct oci_process *p, struct error *err)
{
	const struct oci_exec_cpu_affinity *a = p->exec_cpu_affinity;
	uint8_t bits[MAX_BITS / 8];

	if (a && a->initial && parse_list(a->initial, bits, MAX_BITS) < 0)
		return error_set(
			err, EINVAL, "process.execCPUAffinity.initial: not a list of CPUs: \"%s\"", a->initial);
	if (a && a->final && parse_list(a->final, bits, MAX_BITS) < 0)
		return error_set(err, EINVAL, "process.execCPUAffinity.final: not a list of CPUs: \"%s\"", a->final);
	return 0;
}

static void add_affinity(struct plan_builder *b, const char *list, bool final)
{
	uint8_t bits[MAX_BITS / 8] = {0};
	int n = parse_list(list, bits, MAX_BITS);
	struct plan_cpu_affinity *p = plan_add(b, PLAN_OP_CPU_AFFINITY, struct plan_cpu_affinity);

	p->final = final;
	p->bytes = (uint32_t)(n + 63) / 64 * 8;
	p->mask = plan_put_bytes(b, bits, p->bytes);
	if (!final && n <= 64) { /* runc's words: its test-suite looks for them */
		uint64_t mask;

		memcpy(&mask, bits, sizeof(mask));
		log_debug("nsexec: affinity: 0x%llx", (unsigned long long)le64toh(mask));
	}
}

void plan_add_initial_affinity(struct plan_builder *b, const struct oci_process *p)
{
	const struct oci_exec_cpu_affinity *a = p->exec_cpu_affinity;

	if (a && a->initial && *a->initial)
		add_affinity(b, a->initial, false);
}

static void copy_scheduler(struct plan_builder *b, const struct plan_step *own)
{
	struct plan_scheduler *p, copy;

	if (!own)
		return;
	copy = *(const struct plan_scheduler *)own;
	p = plan_add(b, PLAN_OP_SCHEDULER, struct plan_scheduler);
	copy.s = p->s;
	*p = copy;
}

int process_add_scheduling(
	struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, struct error *err)
{
	const struct plan_step *own_io = process_own_step(in, PLAN_OP_IO_PRIORITY, NULL);
	const struct oci_exec_cpu_affinity *a = p->exec_cpu_affinity;
	bool exec = !in->config;
	int r = 0;

	if (p->scheduler)
		r = add_scheduler(b, p->scheduler, err);
	else
		copy_scheduler(b, process_own_step(in, PLAN_OP_SCHEDULER, NULL));
	if (r == 0 && p->io_priority)
		r = add_io_priority(b, p->io_priority, err);
	else if (own_io)
		plan_add(b, PLAN_OP_IO_PRIORITY, struct plan_io_priority)->value =
			((const struct plan_io_priority *)own_io)->value;
	if (r < 0)
		return r;
	/* the container's first process is not exec'ed into it */
	if (exec && a && a->final && *a->final) {
		add_affinity(b, a->final, true);
		return 0;
	}
	if (exec && a && a->initial && *a->initial) /* config.md: without a final one it is not changed any more */
		return 0;
	/* What the runtime was started with (a service's CPUAffinity=) is not the container's; since Linux 6.2 (commit
	 * da019032819a) joining a cpuset no longer undoes it. */
	plan_add(b, PLAN_OP_CPU_AFFINITY, struct plan_cpu_affinity)->final = 1;
	return 0;
}

/* ---- memory policy (runc's words: its test-suite looks for them) ---- */

static unsigned count_bits(const uint8_t *bits, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++)
		n += (unsigned)__builtin_popcount(bits[i]);
	return n;
}

static int check_memory_policy(
	const struct oci_memory_policy *m, uint32_t mode, uint64_t flags, unsigned nodes, struct error *err)
{
	const uint64_t node_flags = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;

	if ((mode == MPOL_DEFAULT || mode == MPOL_LOCAL) && nodes)
		return error_set(err, EINVAL, "linux.memoryPolicy.nodes: %s mode requires 0 nodes but got %u", m->mode, nodes);
	if (mode != MPOL_DEFAULT && mode != MPOL_LOCAL && mode != MPOL_PREFERRED && !nodes)
		return error_set(err, EINVAL, "linux.memoryPolicy.nodes: %s mode requires nodes, but got 0", m->mode);
	if (mode == MPOL_DEFAULT && flags)
		return error_set(err, EINVAL, "linux.memoryPolicy.flags: must be empty with %s", m->mode);
	if (!nodes && (flags & node_flags))
		return error_set(err, EINVAL, "linux.memoryPolicy.flags: %s without nodes takes no node flag", m->mode);
	if ((flags & node_flags) == node_flags)
		return error_set(err, EINVAL,
			"linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	return 0;
}

static void put_memory_policy(struct plan_builder *b, uint32_t mode, const void *mask)
{
	struct plan_memory_policy *p = plan_add(b, PLAN_OP_MEMORY_POLICY, struct plan_memory_policy);

	p->mode = mode;
	p->max_node = mask ? PLAN_MAX_NODES : 0;
	p->mask = mask ? plan_put_bytes(b, mask, PLAN_MAX_NODES / 8) : 0;
}

static int add_memory_policy(struct plan_builder *b, const struct oci_memory_policy *m, struct error *err)
{
	const struct name *mode = find(memory_modes, m->mode);
	uint8_t bits[PLAN_MAX_NODES / 8] = {0};
	uint64_t flags;
	int n, r;

	if (!mode)
		return error_set(err, EINVAL, "linux.memoryPolicy.mode: invalid memory policy mode \"%s\"", m->mode ? m->mode : "");
	r = find_flags(memory_flags, m->flags, m->flags_len, "linux.memoryPolicy.flags", &flags, err);
	if (r < 0)
		return r;
	n = parse_list(m->nodes ? m->nodes : "", bits, PLAN_MAX_NODES);
	if (n < 0)
		return error_set(err, EINVAL, "linux.memoryPolicy.nodes: invalid memory policy nodes \"%s\"", m->nodes);
	r = check_memory_policy(m, mode->value, flags, count_bits(bits, sizeof(bits)), err);
	if (r == 0)
		put_memory_policy(b, mode->value | (uint32_t)flags, n ? bits : NULL);
	return r;
}

int process_add_memory_policy(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct plan_memory_policy *own =
		(const struct plan_memory_policy *)process_own_step(in, PLAN_OP_MEMORY_POLICY, NULL);

	if (in->config && in->config->linux && in->config->linux->memory_policy)
		return add_memory_policy(b, in->config->linux->memory_policy, err);
	if (own)
		put_memory_policy(b, own->mode, own->max_node ? (const char *)in->container + own->mask : NULL);
	return 0;
}
