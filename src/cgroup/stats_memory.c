/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cgroup/stats_read.h"

static void read_raw(struct stats_reader *r, int dir, struct cgroup_memory_stats *ret)
{
	char *text = stats_text(r, dir, "memory.stat");

	if (text)
		ret->raw = stats_array(r, stats_count(text, '\n') + 1, sizeof(*ret->raw));
	for (char *line; ret->raw && (line = stats_line(&text));)
		ret->raw_n += stats_key_value(line, &ret->raw[ret->raw_n]);
}

static uint64_t raw_value(const struct cgroup_memory_stats *m, const char *name)
{
	for (size_t i = 0; i < m->raw_n; i++)
		if (str_eq(m->raw[i].name, name))
			return m->raw[i].value;
	return 0;
}

/* name: "memory", "memory.memsw", … */
static void read_v1(struct stats_reader *r, int dir, const char *name, struct cgroup_memory_entry *ret)
{
	const struct {
		const char *file;
		uint64_t *to;
	} files[] = {
		{"usage_in_bytes", &ret->usage},
		{"max_usage_in_bytes", &ret->max},
		{"failcnt", &ret->failcnt},
		{"limit_in_bytes", &ret->limit},
	};
	char file[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fmt(file, sizeof(file), "%s.%s", name, files[i].file);
		(void)stats_number(r, dir, file, files[i].to);
	}
}

static bool read_v2(struct stats_reader *r, int dir, const char *name, struct cgroup_memory_entry *ret)
{
	char file[64];

	fmt(file, sizeof(file), "%s.current", name);
	if (!stats_number(r, dir, file, &ret->usage))
		return false;
	fmt(file, sizeof(file), "%s.max", name);
	(void)stats_number(r, dir, file, &ret->limit);
	fmt(file, sizeof(file), "%s.peak", name); /* Linux 5.19; of swap 6.5 */
	(void)stats_number(r, dir, file, &ret->max);
	return true;
}

static uint64_t add_limits(uint64_t a, uint64_t b)
{
	return a == UINT64_MAX || b == UINT64_MAX ? UINT64_MAX : a + b;
}

/* v1 counts memory and swap together, and so does whoever reads this. A peak of the two cannot be told from theirs. */
static void read_swap_v2(struct stats_reader *r, int dir, struct cgroup_memory_stats *ret)
{
	struct cgroup_memory_entry swap = {0};

	if (!read_v2(r, dir, "memory.swap", &swap))
		swap = (struct cgroup_memory_entry){0};
	ret->swap.usage = swap.usage + ret->usage.usage;
	ret->swap.limit = add_limits(swap.limit, ret->usage.limit);
}

void stats_memory(struct stats_reader *r, struct cgroup_memory_stats *ret)
{
	bool v2 = false;
	int dir = stats_dir(r, "memory", &v2);

	read_raw(r, dir, ret);
	ret->cache = raw_value(ret, v2 ? "file" : "cache");
	if (v2) {
		if (read_v2(r, dir, "memory", &ret->usage))
			read_swap_v2(r, dir, ret);
		return;
	}
	read_v1(r, dir, "memory", &ret->usage);
	read_v1(r, dir, "memory.memsw", &ret->swap);
	read_v1(r, dir, "memory.kmem", &ret->kernel);
	read_v1(r, dir, "memory.kmem.tcp", &ret->kernel_tcp);
}
