/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/stats_read.h"

enum { NS_A_US = 1000, NS_A_TICK = 10000000 /* USER_HZ is 100 everywhere */ };

/* ---- cpu ---- */

static void read_stat(struct stats_reader *r, struct cgroup_cpu_stats *ret)
{
	const struct {
		const char *key;
		uint64_t *to;
		uint64_t ns;
	} keys[] = {
		{"usage_usec", &ret->total, NS_A_US}, {"user_usec", &ret->user, NS_A_US},
		{"system_usec", &ret->kernel, NS_A_US}, {"nr_periods", &ret->periods, 1},
		{"nr_throttled", &ret->throttled_periods, 1}, {"throttled_usec", &ret->throttled_time, NS_A_US},
		{"throttled_time", &ret->throttled_time, 1}, /* v1 */
	};
	struct cgroup_stat_value v;
	bool v2;
	char *text = stats_text(r, stats_dir(r, "cpu", &v2), "cpu.stat");

	for (char *line; (line = stats_line(&text));) {
		bool good = stats_key_value(line, &v);

		for (size_t i = 0; good && i < sizeof(keys) / sizeof(keys[0]); i++)
			if (str_eq(v.name, keys[i].key))
				*keys[i].to = v.value * keys[i].ns;
	}
}

static void read_numbers(struct stats_reader *r, char *text, struct cgroup_numbers *ret)
{
	if (text)
		ret->v = stats_array(r, stats_count(text, ' ') + 1, sizeof(*ret->v));
	for (char *word; ret->v && (word = stats_word(&text));)
		ret->n += str_to_u64(word, &ret->v[ret->n]);
}

/* A line "cpu user system", then one for each. */
static void read_modes(struct stats_reader *r, char *text, struct cgroup_cpu_stats *ret)
{
	size_t lines = text ? stats_count(text, '\n') : 0;

	if (!stats_line(&text))
		return;
	ret->percpu_user.v = stats_array(r, lines, sizeof(uint64_t));
	ret->percpu_kernel.v = stats_array(r, lines, sizeof(uint64_t));
	for (char *line; !r->failed && (line = stats_line(&text));) {
		const char *cpu = stats_word(&line), *user = cpu ? stats_word(&line) : NULL;
		const char *kernel = user ? stats_word(&line) : NULL;

		if (!kernel || ret->percpu_user.n == lines)
			continue;
		(void)str_to_u64(user, &ret->percpu_user.v[ret->percpu_user.n++]);
		(void)str_to_u64(kernel, &ret->percpu_kernel.v[ret->percpu_kernel.n++]);
	}
}

static void read_cpuacct(struct stats_reader *r, int dir, struct cgroup_cpu_stats *ret)
{
	struct cgroup_stat_value v;
	char *text = stats_text(r, dir, "cpuacct.stat");

	for (char *line; (line = stats_line(&text));) {
		if (!stats_key_value(line, &v))
			continue;
		if (str_eq(v.name, "user"))
			ret->user = v.value * NS_A_TICK;
		else if (str_eq(v.name, "system"))
			ret->kernel = v.value * NS_A_TICK;
	}
	(void)stats_number(r, dir, "cpuacct.usage", &ret->total);
	text = stats_text(r, dir, "cpuacct.usage_percpu");
	read_numbers(r, stats_line(&text), &ret->percpu);
	read_modes(r, stats_text(r, dir, "cpuacct.usage_all"), ret);
}

void stats_cpu(struct stats_reader *r, struct cgroup_cpu_stats *ret)
{
	bool v2 = false;
	int dir = stats_dir(r, "cpuacct", &v2);

	read_stat(r, ret);
	if (dir >= 0 && !v2)
		read_cpuacct(r, dir, ret);
}

/* ---- cpuset ---- */

enum { SET_MAX = 8192 };

/* "0-2,7": every number of it. */
static void read_set(struct stats_reader *r, int dir, const char *file, struct cgroup_numbers *ret)
{
	char *text = stats_text(r, dir, file), *end;
	static uint64_t set[SET_MAX]; /* larger than a stack may be */
	size_t n = 0;

	while (text && *text >= '0' && *text <= '9') {
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && n < SET_MAX; first++)
			set[n++] = first;
		text = end + (*end == ',');
	}
	ret->v = stats_array(r, n, sizeof(*ret->v));
	if (ret->v) {
		memcpy(ret->v, set, n * sizeof(*set));
		ret->n = n;
	}
}

void stats_cpuset(struct stats_reader *r, struct cgroup_cpuset_stats *ret)
{
	const struct {
		const char *file;
		uint64_t *to;
	} files[] = {
		{"cpuset.cpu_exclusive", &ret->cpu_exclusive},
		{"cpuset.mem_hardwall", &ret->mem_hardwall},
		{"cpuset.mem_exclusive", &ret->mem_exclusive},
		{"cpuset.memory_migrate", &ret->memory_migrate},
		{"cpuset.memory_spread_page", &ret->memory_spread_page},
		{"cpuset.memory_spread_slab", &ret->memory_spread_slab},
		{"cpuset.memory_pressure", &ret->memory_pressure},
		{"cpuset.sched_load_balance", &ret->sched_load_balance},
	};
	bool v2 = false;
	int dir = stats_dir(r, "cpuset", &v2);
	char *level;

	if (dir < 0 || v2)
		return;
	read_set(r, dir, "cpuset.cpus", &ret->cpus);
	read_set(r, dir, "cpuset.mems", &ret->mems);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)stats_number(r, dir, files[i].file, files[i].to);
	level = stats_text(r, dir, "cpuset.sched_relax_domain_level");
	level = stats_line(&level);
	if (level)
		(void)str_to_i64(level, &ret->sched_relax_domain_level);
}
