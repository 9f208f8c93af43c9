/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/systemd.h"

int cgroup_need(struct cgroup_compiler *c, const char *controller, const char *what, uint32_t *ret)
{
	int i = cgroup_find(c->cg, controller);

	if (c->for_update && !c->cg->n)
		return error_set(c->err, EOPNOTSUPP,
			"%s: cannot set %s limit: container could not join or create cgroup", what, controller);
	if (i == CGROUP_NO_DIR)
		return error_set(c->err, EOPNOTSUPP, "%s: the %s controller is not available", what,
			str_eq(controller, "blkio") && c->cg->mode == CGROUP_MODE_V2 ? "io" : controller);
	*ret = (uint32_t)i;
	return 0;
}

struct cgroup_write *cgroup_emit(
	struct cgroup_compiler *c, uint32_t dir, const char *what, const char *file, const char *f, ...)
{
	char value[4096];
	va_list ap;
	size_t n;

	va_start(ap, f);
	n = fmt_v(value, sizeof(value), f, ap);
	va_end(ap);
	if (n + 1 >= sizeof(value)) {
		error_set(c->err, E2BIG, "%s: longer than a page", what); /* cgroup files take no more in one write */
		return NULL;
	}
	if (c->s->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 32;
		struct cgroup_write *w = arena_array(c->a, cap, sizeof(*w));

		if (!w) {
			error_errno(c->err, ENOMEM, "%s", what);
			return NULL;
		}
		if (c->s->n)
			memcpy(w, c->s->w, c->s->n * sizeof(*w));
		c->s->w = w;
		c->cap = cap;
	}
	struct cgroup_write *w = &c->s->w[c->s->n];
	*w = (struct cgroup_write){.dir = dir, .what = what};
	w->file = arena_strdup(c->a, file);
	w->value = arena_strndup(c->a, value, n);
	if (!w->file || !w->value) {
		error_errno(c->err, ENOMEM, "%s", what);
		return NULL;
	}
	c->s->n++;
	return w;
}

/* Without cgroups there is nothing to be limited with. The manager "disabled" is an explicit wish to run without, so
 * only a later change of what is not there is refused. */
static int compile_disabled(struct cgroup_compiler *c)
{
	if (!c->for_update)
		return 0;
	return error_set(c->err, EOPNOTSUPP, "linux.resources: cgroups are disabled for this container");
}

static int compile_writes(struct cgroup_compiler *c)
{
	const struct oci_linux_resources *r = c->r;
	/* Devices first: nothing may run before they are in force. A host without any cgroup has no way to enforce
	 * them. */
	int rc = cgroup_compile_devices(c);

	if (!r)
		return rc;
	if (rc == 0 && r->pids)
		rc = cgroup_compile_pids(c, r->pids);
	if (rc == 0 && r->memory)
		rc = cgroup_compile_memory(c, r->memory);
	if (rc == 0 && r->cpu)
		rc = cgroup_compile_cpu(c, r->cpu);
	if (rc == 0 && r->cpu)
		rc = cgroup_compile_cpuset(c, r->cpu);
	if (rc == 0 && r->block_io)
		rc = cgroup_compile_block_io(c, r->block_io);
	if (rc == 0)
		rc = cgroup_compile_hugepages(c);
	if (rc == 0 && r->network)
		rc = cgroup_compile_network(c, r->network);
	if (rc == 0)
		rc = cgroup_compile_rdma(c);
	if (rc == 0 && r->unified)
		rc = cgroup_compile_unified(c, r->unified);
	return rc;
}

int cgroup_compile(const struct cgroup *cg, const struct oci_linux_resources *r, bool for_update, struct arena *a,
	struct cgroup_settings *ret, struct error *err)
{
	struct cgroup_compiler c = {.cg = cg, .r = r, .for_update = for_update, .a = a, .s = ret, .err = err};
	int rc;

	*ret = (struct cgroup_settings){0};
	if (cg->manager == CGROUP_MANAGER_DISABLED)
		return compile_disabled(&c);
	rc = compile_writes(&c);
	if (rc < 0 || cg->manager != CGROUP_MANAGER_SYSTEMD)
		return rc;
	ret->unit = arena_new(a, struct cgroup_unit_properties);
	if (!ret->unit)
		return error_errno(err, ENOMEM, "linux.resources");
	return cgroup_unit_from_writes(cg, ret->w, ret->n, a, ret->unit, err);
}
