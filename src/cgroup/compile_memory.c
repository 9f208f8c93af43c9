/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define PATH "linux.resources.memory."

/* A limit as the kernel wants it: v2 has "max" for -1. */
static const char *limit_text(struct cgroup_compiler *c, bool v2, int64_t v)
{
	return v == -1 && v2 ? "max" : arena_fmt(c->a, "%ld", (long)v);
}

static int emit_limit(struct cgroup_compiler *c, uint32_t dir, const char *what, const char *file, int64_t v,
	struct cgroup_write **ret)
{
	const char *text = limit_text(c, cgroup_is_v2(c, dir), v);

	if (v < -1)
		return error_set(c->err, EINVAL, "%s: %ld: neither a number of bytes nor -1", what, (long)v);
	*ret = text ? cgroup_emit(c, dir, what, file, "%s", text) : NULL;
	return *ret ? 0 : -ENOMEM;
}

/* limit_in_bytes must not be above memsw.limit_in_bytes at any moment: whichever cannot be written yet is written again
 * after the other. */
static int limits_v1(struct cgroup_compiler *c, const struct oci_memory *m, uint32_t dir)
{
	int64_t swap = m->swap;
	struct cgroup_write *w;
	int r;

	if (swap > 0 && m->limit > swap)
		return error_set(c->err, EINVAL, PATH "swap: memory+swap limit should be >= memory limit");
	if (m->limit) {
		r = emit_limit(c, dir, PATH "limit", "memory.limit_in_bytes", m->limit, &w);
		if (r < 0)
			return r;
		w->retry = true;
	}
	if (!swap && m->limit == -1)
		swap = -1; /* who lifts the limit and says nothing of swap lifts both */
	if (swap) {
		r = emit_limit(c, dir, PATH "swap", "memory.memsw.limit_in_bytes", swap, &w);
		if (r < 0)
			return r;
		w->retry = true;
		w->optional = !m->swap;
	}
	return 0;
}

/* The limit in force; 0 when there is none or it cannot be told. */
static int64_t limit_in_force(const struct cgroup_compiler *c, uint32_t dir)
{
	char text[32];
	int64_t v;

	if (file_read_small(c->cg->d[dir].fd, "memory.max", text, sizeof(text)) < 0 || !str_to_i64(text, &v))
		return 0;
	return v;
}

static int limits_v2(struct cgroup_compiler *c, const struct oci_memory *m, uint32_t dir)
{
	int64_t limit = m->limit, swap;
	struct cgroup_write *w;
	int r;

	if (c->for_update && !limit && m->swap > 0)
		limit = limit_in_force(c, dir);
	r = cgroup_swap_from_memsw(limit, m->swap, &swap, c->err);
	if (r < 0)
		return r;
	if (swap != CGROUP_SWAP_UNSET) {
		r = emit_limit(c, dir, PATH "swap", "memory.swap.max", swap, &w);
		if (r < 0)
			return r;
		w->optional = swap == -1 || swap == 0; /* with swap accounting off there is nothing to limit */
	}
	return m->limit ? emit_limit(c, dir, PATH "limit", "memory.max", m->limit, &w) : 0;
}

/* runc ignores both with a warning, as the kernel does since 5.16 and 6.16. What an older kernel still has is set. */
static int kernel_limits(struct cgroup_compiler *c, const struct oci_memory *m, uint32_t dir)
{
	struct cgroup_write *w;
	int r;

	if (!m->kernel && !m->kernel_tcp)
		return 0;
	if (cgroup_is_v2(c, dir)) {
		log_warn("linux.resources.memory: kernel and kernelTCP are ignored, cgroup v2 does not have them");
		return 0;
	}
	if (m->kernel) {
		r = emit_limit(c, dir, PATH "kernel", "memory.kmem.limit_in_bytes", m->kernel, &w);
		if (r < 0)
			return r;
		w->optional = true;
	}
	if (m->kernel_tcp) {
		r = emit_limit(c, dir, PATH "kernelTCP", "memory.kmem.tcp.limit_in_bytes", m->kernel_tcp, &w);
		if (r < 0)
			return r;
		w->optional = true;
	}
	return 0;
}

static int only_v1(struct cgroup_compiler *c, const char *what)
{
	return error_set(c->err, EOPNOTSUPP, "%s: cgroup v2 does not have this setting", what);
}

static int behaviour(struct cgroup_compiler *c, const struct oci_memory *m, uint32_t dir)
{
	bool v2 = cgroup_is_v2(c, dir);

	/* -1, here the greatest number, is "not set" for old engines */
	if (m->has_swappiness && m->swappiness != UINT64_MAX) {
		if (m->swappiness > 100)
			return error_set(c->err, EINVAL,
				PATH "swappiness: invalid memory swappiness value: %lu (valid "
				     "range is 0-100)",
				m->swappiness);
		if (v2)
			return only_v1(c, PATH "swappiness");
		if (!cgroup_emit(c, dir, PATH "swappiness", "memory.swappiness", "%lu", m->swappiness))
			return -ENOMEM;
	}
	if (m->disable_oom_killer) {
		if (v2)
			return only_v1(c, PATH "disableOOMKiller");
		if (!cgroup_emit(c, dir, PATH "disableOOMKiller", "memory.oom_control", "1"))
			return -ENOMEM;
	}
	if (m->use_hierarchy && !v2) { /* v2, and v1 since 5.11, are never without */
		struct cgroup_write *w = cgroup_emit(c, dir, PATH "useHierarchy", "memory.use_hierarchy", "1");

		if (!w)
			return -ENOMEM;
		w->optional = true;
	}
	return 0;
}

/* What the first setting that was asked for is called, or NULL: a host without the controller is no matter then. */
static const char *asked(const struct oci_memory *m)
{
	if (m->limit)
		return PATH "limit";
	if (m->swap)
		return PATH "swap";
	if (m->reservation)
		return PATH "reservation";
	if (m->has_swappiness && m->swappiness != UINT64_MAX)
		return PATH "swappiness";
	if (m->disable_oom_killer)
		return PATH "disableOOMKiller";
	if (m->kernel || m->kernel_tcp)
		return m->kernel ? PATH "kernel" : PATH "kernelTCP";
	return m->use_hierarchy ? PATH "useHierarchy" : NULL;
}

int cgroup_compile_memory(struct cgroup_compiler *c, const struct oci_memory *m)
{
	const char *what = asked(m);
	struct cgroup_write *w;
	uint32_t dir;
	int r;

	if (!what)
		return 0;
	r = cgroup_need(c, "memory", what, &dir);
	if (r == 0)
		r = cgroup_is_v2(c, dir) ? limits_v2(c, m, dir) : limits_v1(c, m, dir);
	if (r == 0 && m->reservation)
		r = emit_limit(c, dir, PATH "reservation",
			cgroup_is_v2(c, dir) ? "memory.low" : "memory.soft_limit_in_bytes", m->reservation, &w);
	if (r == 0)
		r = kernel_limits(c, m, dir);
	if (r == 0)
		r = behaviour(c, m, dir);
	if (r < 0 || !m->check_before_update)
		return r;
	c->s->check_dir = dir;
	c->s->check_memory = m->limit > 0 ? (uint64_t)m->limit : 0;
	c->s->check_memory_swap = m->swap > 0 ? (uint64_t)m->swap : 0;
	return 0;
}
