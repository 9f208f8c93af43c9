/* SPDX-License-Identifier: Apache-2.0 */
#include "container/update.h"

#include <errno.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/size.h"

struct update_line {
	const char *resources, *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period,
		*cpu_rt_runtime, *cpu_idle, *cpuset_cpus, *cpuset_mems, *kernel_memory, *kernel_memory_tcp, *memory,
		*memory_reservation, *memory_swap, *pids_limit, *l3_cache_schema, *mem_bw_schema;
};

enum { FIRST_VALUE = 1, VALUES = 16 }; /* of the options: those that stand in a file of resources, too */
static const struct option options[] = {
	OPTION(struct update_line, resources, "resources", 'r',
		"file with the new values, linux.resources of a config.json; \"-\" is standard input"),
	OPTION(struct update_line, blkio_weight, "blkio-weight", 0, "weight for block I/O, from 10 to 1000"),
	OPTION(struct update_line, cpu_period, "cpu-period", 0, "period of the CPU quota in microseconds"),
	OPTION(struct update_line, cpu_quota, "cpu-quota", 0, "CPU time in a period in microseconds, -1: any"),
	OPTION(struct update_line, cpu_burst, "cpu-burst", 0,
		"CPU time in microseconds that may be saved up and used beyond the quota"),
	OPTION(struct update_line, cpu_share, "cpu-share", 0, "CPU shares: the weight against other containers"),
	OPTION(struct update_line, cpu_rt_period, "cpu-rt-period", 0,
		"period of the realtime CPU time in microseconds"),
	OPTION(struct update_line, cpu_rt_runtime, "cpu-rt-runtime", 0,
		"realtime CPU time in a period in microseconds"),
	OPTION(struct update_line, cpu_idle, "cpu-idle", 0, "1: scheduled as idle, 0: as others"),
	OPTION(struct update_line, cpuset_cpus, "cpuset-cpus", 0, "CPUs to use: 0-2,7"),
	OPTION(struct update_line, cpuset_mems, "cpuset-mems", 0, "memory nodes to use"),
	OPTION(struct update_line, kernel_memory, "kernel-memory", 0,
		"limit of kernel memory; obsolete, kernels since 5.16 do not have it"),
	OPTION(struct update_line, kernel_memory_tcp, "kernel-memory-tcp", 0,
		"limit of TCP buffers; obsolete, kernels since 6.16 do not have it"),
	OPTION(struct update_line, memory, "memory", 0, "memory in bytes or with a unit (k, m, g), -1: any"),
	OPTION(struct update_line, memory_reservation, "memory-reservation", 0,
		"memory that is reserved, the soft limit"),
	OPTION(struct update_line, memory_swap, "memory-swap", 0, "memory and swap together, -1: any swap"),
	OPTION(struct update_line, pids_limit, "pids-limit", 0, "number of processes and threads, -1: any"),
	OPTION(struct update_line, l3_cache_schema, "l3-cache-schema", 0, "Intel RDT: lines for the L3 cache"),
	OPTION(struct update_line, mem_bw_schema, "mem-bw-schema", 0, "Intel RDT: line for the memory bandwidth"),
};

/* The structs of a file of resources, filled from the line. */
struct values {
	struct oci_linux_resources all;
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct oci_pids pids;
	struct oci_block_io block_io;
};

static int invalid(const char *name, const char *text, const char *reason, struct error *err)
{
	return error_set(err, EINVAL, "invalid value for %s: \"%s\": %s", name, text, reason);
}

static int take_cpu(const struct update_line *l, struct oci_cpu *c, struct error *err)
{
	const struct {
		const char *name, *text;
		bool *has;
		uint64_t *v;
	} u[] = {
		{"cpu-period", l->cpu_period, &c->has_period, &c->period},
		{"cpu-burst", l->cpu_burst, &c->has_burst, &c->burst},
		{"cpu-share", l->cpu_share, &c->has_shares, &c->shares},
		{"cpu-rt-period", l->cpu_rt_period, &c->has_realtime_period, &c->realtime_period},
	};
	const struct {
		const char *name, *text;
		bool *has;
		int64_t *v;
	} i[] = {
		{"cpu-quota", l->cpu_quota, &c->has_quota, &c->quota},
		{"cpu-rt-runtime", l->cpu_rt_runtime, &c->has_realtime_runtime, &c->realtime_runtime},
		{"cpu-idle", l->cpu_idle, &c->has_idle, &c->idle},
	};

	for (size_t k = 0; k < sizeof(u) / sizeof(u[0]); k++) {
		*u[k].has = u[k].text != NULL;
		if (u[k].text && !str_to_u64(u[k].text, u[k].v))
			return invalid(u[k].name, u[k].text, "not a whole number of 0 or more", err);
	}
	for (size_t k = 0; k < sizeof(i) / sizeof(i[0]); k++) {
		*i[k].has = i[k].text != NULL;
		if (i[k].text && !str_to_i64(i[k].text, i[k].v))
			return invalid(i[k].name, i[k].text, "not a whole number", err);
	}
	c->cpus = (char *)l->cpuset_cpus;
	c->mems = (char *)l->cpuset_mems;
	return 0;
}

static int take_memory(const struct update_line *l, struct oci_memory *m, struct error *err)
{
	const struct {
		const char *name, *text;
		bool *has;
		int64_t *v;
	} s[] = {
		{"memory", l->memory, &m->has_limit, &m->limit},
		{"memory-swap", l->memory_swap, &m->has_swap, &m->swap},
		{"memory-reservation", l->memory_reservation, &m->has_reservation, &m->reservation},
		{"kernel-memory", l->kernel_memory, &m->has_kernel, &m->kernel},
		{"kernel-memory-tcp", l->kernel_memory_tcp, &m->has_kernel_tcp, &m->kernel_tcp},
	};

	for (size_t k = 0; k < sizeof(s) / sizeof(s[0]); k++) {
		*s[k].has = s[k].text != NULL;
		if (s[k].text && !size_parse(s[k].text, s[k].v))
			return invalid(s[k].name, s[k].text, "invalid size", err);
	}
	return 0;
}

static int take_rest(const struct update_line *l, struct values *v, struct error *err)
{
	uint64_t weight = 0;

	if (l->blkio_weight && (!str_to_u64(l->blkio_weight, &weight) || weight > UINT16_MAX))
		return invalid("blkio-weight", l->blkio_weight, "not in the range of 10 to 1000", err);
	v->block_io.weight = (uint16_t)weight;
	v->block_io.has_weight = l->blkio_weight != NULL;
	v->pids.has_limit = l->pids_limit != NULL;
	if (l->pids_limit && !str_to_i64(l->pids_limit, &v->pids.limit))
		return invalid("pids-limit", l->pids_limit, "not a whole number", err);
	return 0;
}

/* A file says all of these itself; runc lets them pass without effect. */
static const char *beside_resources(const struct update_line *l)
{
	for (size_t i = FIRST_VALUE; i < FIRST_VALUE + VALUES; i++)
		if (*(const char *const *)((const char *)l + options[i].offset))
			return options[i].name;
	return NULL;
}

static int run(struct cli *c, struct error *err)
{
	const struct update_line *l = c->options;
	struct update_options o = {
		.resources = l->resources,
		.l3_cache_schema = l->l3_cache_schema,
		.mem_bw_schema = l->mem_bw_schema,
	};
	struct values v = {.all = {.memory = &v.memory, .cpu = &v.cpu, .pids = &v.pids, .block_io = &v.block_io}};
	const char *beside = l->resources ? beside_resources(l) : NULL;
	int r;

	if (beside)
		return error_set(err, EINVAL, "--resources and --%s exclude each other", beside);
	r = take_cpu(l, &v.cpu, err);
	if (r == 0)
		r = take_memory(l, &v.memory, err);
	if (r == 0)
		r = take_rest(l, &v, err);
	if (r < 0)
		return r;
	o.values = &v.all;
	return container_update(&c->context, c->args[0], &o, err);
}

const struct verb verb_update = {
	.name = "update",
	.summary = "change the resource limits of a container",
	.usage = "<container-id>",
	.description = "What is not given stays as it is, and so does what is given as 0 where 0 is no\n"
		       "value of its own. When one of the values is refused none is changed.",
	.examples = "%s update --memory 512m --pids-limit 200 web\n"
		    "echo '{\"cpu\": {\"quota\": 50000}}' | %s update --resources - web",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct update_line),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
