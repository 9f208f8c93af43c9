/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "plan/plan.h"

/* A stored plan comes from a directory that only we may write to; what is checked is that it is whole and of this
 * version, and that no string of hooks and of the process (which exec goes by) leads out of it. */

struct view {
	const char *p;
	uint32_t size, data_end;
};

static bool str_ok(const struct view *v, plan_ref r)
{
	return r == 0 || (r >= sizeof(struct plan) && r < v->data_end && memchr(v->p + r, 0, v->data_end - r));
}

static bool strs_ok(const struct view *v, struct plan_list l)
{
	if (!l.n)
		return true;
	if (l.ref < sizeof(struct plan) || l.ref % sizeof(plan_ref) || l.ref > v->data_end ||
		l.n > (v->data_end - l.ref) / sizeof(plan_ref))
		return false;
	for (uint32_t i = 0; i < l.n; i++)
		if (!str_ok(v, plan_list_u32((const struct plan *)(const void *)v->p, l, i)))
			return false;
	return true;
}

static bool u32s_ok(const struct view *v, struct plan_list l)
{
	return !l.n || (l.ref >= sizeof(struct plan) && l.ref % sizeof(uint32_t) == 0 && l.ref <= v->data_end &&
			       l.n <= (v->data_end - l.ref) / sizeof(uint32_t));
}

static bool hook_ok(const struct view *v, const struct plan_hook *h)
{
	return h->kind < PLAN_HOOK_KINDS && h->path && str_ok(v, h->path) && strs_ok(v, h->args) && strs_ok(v, h->env) &&
	       str_ok(v, h->out) && str_ok(v, h->err);
}

static bool step_ok(const struct view *v, const struct plan_step *s)
{
	const struct plan_for_exec *f = (const struct plan_for_exec *)s;

	switch (s->op) {
	case PLAN_OP_HOOK:
		return s->size >= sizeof(struct plan_hook) && hook_ok(v, (const struct plan_hook *)s);
	case PLAN_OP_FOR_EXEC:
		return s->size >= sizeof(*f) && str_ok(v, f->initial_cpus) && str_ok(v, f->final_cpus) &&
		       str_ok(v, f->listener_path) && str_ok(v, f->listener_metadata) && str_ok(v, f->mount_label);
	case PLAN_OP_CWD:
		return s->size >= sizeof(struct plan_cwd) && str_ok(v, ((const struct plan_cwd *)s)->path);
	case PLAN_OP_CREDENTIALS:
		return s->size >= sizeof(struct plan_credentials) && u32s_ok(v, ((const struct plan_credentials *)s)->groups);
	case PLAN_OP_EXEC:
		return s->size >= sizeof(struct plan_exec) && strs_ok(v, ((const struct plan_exec *)s)->env);
	default:
		return s->op != PLAN_OP_NONE && s->op < PLAN_OP_END;
	}
}

int plan_check(const void *block, size_t size)
{
	const struct plan *p = block;
	struct view v = {.p = block, .size = (uint32_t)size};
	uint32_t at, n = 0;

	if (size < sizeof(*p) || size > UINT32_MAX || p->magic != PLAN_MAGIC || p->version != PLAN_VERSION ||
		p->size != size || p->steps < sizeof(*p) || p->steps > size || p->steps % 8)
		return -EBADMSG;
	v.data_end = p->steps;
	for (at = p->steps; at < v.size; n++) {
		const struct plan_step *s = (const struct plan_step *)(const void *)(v.p + at);

		if (v.size - at < sizeof(*s) || s->size < sizeof(*s) || s->size % 8 || s->size > v.size - at || !step_ok(&v, s))
			return -EBADMSG;
		at += s->size;
	}
	return n == p->n_steps ? 0 : -EBADMSG;
}
