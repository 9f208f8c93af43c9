/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define PATH "linux.resources.cpu."

enum { DEFAULT_PERIOD = 100000, SECOND = 1000000, PERCENT = SECOND / 100, MIN_SHARES = 2, MAX_SHARES = 262144 };

/* One of a group that the kernel checks against each other: see struct cgroup_write. */
static int emit_pair(struct cgroup_compiler *c, uint32_t dir, const char *what, const char *file, const char *value)
{
	struct cgroup_write *w = value ? cgroup_emit(c, dir, what, file, "%s", value) : NULL;

	if (!w)
		return -ENOMEM;
	w->retry = true;
	return 0;
}

/* v1 cuts shares to its range without a word; runc compares, and refuses. */
static int shares_v1(struct cgroup_compiler *c, const struct oci_cpu *cpu, uint32_t dir)
{
	if (cpu->shares < MIN_SHARES)
		return error_set(c->err, EINVAL, PATH "shares: the minimum allowed cpu-shares is %d", (int)MIN_SHARES);
	if (cpu->shares > MAX_SHARES)
		return error_set(c->err, EINVAL, PATH "shares: the maximum allowed cpu-shares is %d", (int)MAX_SHARES);
	return cgroup_emit(c, dir, PATH "shares", "cpu.shares", "%lu", cpu->shares) ? 0 : -ENOMEM;
}

static int shares(struct cgroup_compiler *c, const struct oci_cpu *cpu, uint32_t dir)
{
	if (!cpu->shares)
		return 0;
	if (!cgroup_is_v2(c, dir))
		return shares_v1(c, cpu, dir);
	return cgroup_emit(c, dir, PATH "shares", "cpu.weight", "%lu", cgroup_weight_from_shares(cpu->shares))
		       ? 0
		       : -ENOMEM;
}

static int idle(struct cgroup_compiler *c, const struct oci_cpu *cpu, uint32_t dir)
{
	if (!cpu->has_idle)
		return 0;
	return cgroup_emit(c, dir, PATH "idle", "cpu.idle", "%ld", (long)cpu->idle) ? 0 : -ENOMEM;
}

/* An idle cgroup takes no weight, so that comes before it becomes one and after it has been one. */
static int weight_and_idle(struct cgroup_compiler *c, const struct oci_cpu *cpu, uint32_t dir)
{
	bool idle_first = cpu->has_idle && cpu->idle == 0;
	int r;

	if (cpu->has_idle && cpu->idle == 1 && cgroup_idle_is_weight(c, dir)) {
		if (cpu->shares)
			log_warn(PATH "shares: unable to apply both shares and idle with systemd: ignored");
		return idle(c, cpu, dir); /* systemd has made it one by then */
	}
	r = idle_first ? idle(c, cpu, dir) : shares(c, cpu, dir);
	if (r < 0)
		return r;
	return idle_first ? shares(c, cpu, dir) : idle(c, cpu, dir);
}

static int bandwidth_v1(struct cgroup_compiler *c, const struct oci_cpu *cpu, uint32_t dir)
{
	int r = 0;

	if (cpu->period)
		r = emit_pair(c, dir, PATH "period", "cpu.cfs_period_us", arena_fmt(c->a, "%lu", cpu->period));
	if (r == 0 && cpu->has_burst) {
		r = emit_pair(c, dir, PATH "burst", "cpu.cfs_burst_us", arena_fmt(c->a, "%lu", cpu->burst));
		if (r == 0) /* kernels before 5.14; as runc */
			c->s->w[c->s->n - 1].optional = true;
	}
	if (r == 0 && cpu->quota)
		r = emit_pair(c, dir, PATH "quota", "cpu.cfs_quota_us", arena_fmt(c->a, "%ld", (long)cpu->quota));
	return r;
}

static int bandwidth_v2(struct cgroup_compiler *c, const struct oci_cpu *cpu, uint32_t dir)
{
	const char *quota = cpu->quota > 0 ? arena_fmt(c->a, "%ld", (long)cpu->quota) : "max", *value = NULL;
	bool keep = c->for_update && !cpu->quota;
	int r = 0;

	if (cpu->has_burst)
		r = emit_pair(c, dir, PATH "burst", "cpu.max.burst", arena_fmt(c->a, "%lu", cpu->burst));
	if (r < 0 || (!cpu->quota && !cpu->period) || !quota)
		return quota ? r : -ENOMEM;
	if (keep)
		value = arena_fmt(c->a, "%lu", cpu->period);
	else if (cpu->period || !c->for_update)
		value = arena_fmt(c->a, "%s %lu", quota, cpu->period ? cpu->period : DEFAULT_PERIOD);
	else
		value = quota; /* alone it leaves the period in force */
	r = emit_pair(c, dir, cpu->quota ? PATH "quota" : PATH "period", "cpu.max", value);
	if (r == 0)
		c->s->w[c->s->n - 1].keep_quota = keep;
	return r;
}

/* The quota and the period in force; 0 where they cannot be told. */
static void bandwidth_in_force(const struct cgroup_compiler *c, uint32_t dir, int64_t *quota, uint64_t *period)
{
	char quota_text[64], period_text[32], *blank;
	int fd = c->cg->d[dir].fd;

	*quota = 0;
	*period = 0;
	if (cgroup_is_v2(c, dir)) {
		if (file_read_small(fd, "cpu.max", quota_text, sizeof(quota_text)) < 0)
			return;
		blank = strchr(quota_text, ' ');
		str_copy(period_text, sizeof(period_text), blank ? blank + 1 : "");
		if (blank)
			*blank = '\0';
	} else if (file_read_small(fd, "cpu.cfs_quota_us", quota_text, sizeof(quota_text)) < 0 ||
		   file_read_small(fd, "cpu.cfs_period_us", period_text, sizeof(period_text)) < 0) {
		return;
	}
	(void)str_to_u64(period_text, period);
	if (!str_to_i64(quota_text, quota))
		*quota = -1; /* max */
}

/* systemd keeps a quota as whole percents of a CPU, rounded up, and writes it, with the period, whenever it likes: the
 * value is one that it would write, too. */
static int64_t whole_percents(int64_t quota, uint64_t period)
{
	if (quota <= 0 || quota > INT64_MAX / SECOND || !period || period > SECOND)
		return quota;
	quota = (quota * SECOND / (int64_t)period + PERCENT - 1) / PERCENT * PERCENT;
	return quota * (int64_t)period / SECOND;
}

/* systemd writes both where one has changed: so both are written again. */
static void fit_bandwidth(const struct cgroup_compiler *c, uint32_t dir, struct oci_cpu *cpu)
{
	uint64_t period = DEFAULT_PERIOD;
	int64_t quota = 0;

	if (c->cg->manager != CGROUP_MANAGER_SYSTEMD || (!cpu->quota && !cpu->period))
		return;
	if (c->for_update) {
		bandwidth_in_force(c, dir, &quota, &period);
		cpu->quota = cpu->quota ? cpu->quota : quota;
		cpu->period = cpu->period ? cpu->period : period;
	}
	cpu->quota = whole_percents(cpu->quota, cpu->period ? cpu->period : DEFAULT_PERIOD);
}

static int realtime(struct cgroup_compiler *c, const struct oci_cpu *cpu, uint32_t dir)
{
	int r = 0;

	if (!cpu->realtime_period && !cpu->realtime_runtime)
		return 0;
	if (cgroup_is_v2(c, dir))
		return error_set(c->err, EOPNOTSUPP, "%s: cgroup v2 does not have this setting",
			cpu->realtime_period ? PATH "realtimePeriod" : PATH "realtimeRuntime");
	if (cpu->realtime_period)
		r = emit_pair(c, dir, PATH "realtimePeriod", "cpu.rt_period_us",
			arena_fmt(c->a, "%lu", cpu->realtime_period));
	if (r == 0 && cpu->realtime_runtime)
		r = emit_pair(c, dir, PATH "realtimeRuntime", "cpu.rt_runtime_us",
			arena_fmt(c->a, "%ld", (long)cpu->realtime_runtime));
	return r;
}

static const char *asked(const struct oci_cpu *cpu)
{
	if (cpu->quota)
		return PATH "quota";
	if (cpu->period)
		return PATH "period";
	if (cpu->shares)
		return PATH "shares";
	if (cpu->has_burst)
		return PATH "burst";
	if (cpu->has_idle)
		return PATH "idle";
	if (cpu->realtime_period)
		return PATH "realtimePeriod";
	return cpu->realtime_runtime ? PATH "realtimeRuntime" : NULL;
}

int cgroup_compile_cpu(struct cgroup_compiler *c, const struct oci_cpu *given)
{
	struct oci_cpu all = *given, *cpu = &all;
	const char *what = asked(given);
	uint32_t dir;
	int r;

	if (!what)
		return 0;
	r = cgroup_need(c, "cpu", what, &dir);
	if (r < 0)
		return r;
	fit_bandwidth(c, dir, cpu);
	r = weight_and_idle(c, cpu, dir);
	if (r == 0)
		r = cgroup_is_v2(c, dir) ? bandwidth_v2(c, cpu, dir) : bandwidth_v1(c, cpu, dir);
	if (r == 0)
		r = realtime(c, cpu, dir);
	return r;
}

int cgroup_compile_cpuset(struct cgroup_compiler *c, const struct oci_cpu *cpu)
{
	const char *cpus = cpu->cpus && *cpu->cpus ? cpu->cpus : NULL,
		   *mems = cpu->mems && *cpu->mems ? cpu->mems : NULL;
	uint32_t dir;
	int r;

	if (!cpus && !mems)
		return 0;
	r = cgroup_need(c, "cpuset", cpus ? PATH "cpus" : PATH "mems", &dir);
	if (r < 0)
		return r;
	if (cpus && !cgroup_emit(c, dir, PATH "cpus", "cpuset.cpus", "%s", cpus))
		return -ENOMEM;
	if (mems && !cgroup_emit(c, dir, PATH "mems", "cpuset.mems", "%s", mems))
		return -ENOMEM;
	return 0;
}
