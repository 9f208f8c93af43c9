/* SPDX-License-Identifier: Apache-2.0 */
#include "container/explain.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "plan/compile.h"

/* Room for one more element; false without memory. */
static bool grow(struct explanation *e, void **v, size_t len, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 32;
	void *new;

	if (len < *room)
		return true;
	new = arena_array(e->a, more, size);
	if (!new) {
		e->failed = true;
		return false;
	}
	if (len)
		memcpy(new, *v, len * size);
	*v = new;
	*room = more;
	return true;
}

void explain_add(struct explanation *e, const char *part, const char *step, const char *object, const char *details)
{
	if (grow(e, (void **)&e->rows, e->rows_len, &e->rows_room, sizeof(*e->rows)))
		e->rows[e->rows_len++] = (struct explain_row){part, step, object ? object : "", details ? details : ""};
}

void explain_add_risk(struct explanation *e, const char *name, const char *path, const char *text)
{
	if (grow(e, (void **)&e->risks, e->risks_len, &e->risks_room, sizeof(*e->risks)))
		e->risks[e->risks_len++] = (struct explain_risk){name, path, text};
}

const char *explain_fmt(struct explanation *e, const char *f, ...)
{
	char text[4096];
	const char *s;
	va_list ap;

	va_start(ap, f);
	fmt_v(text, sizeof(text), f, ap);
	va_end(ap);
	s = arena_strdup(e->a, text);
	e->failed |= !s;
	return s ? s : "";
}

const char *explain_join(struct explanation *e, char *const *words, size_t n, const char *between)
{
	const char *all = "";

	for (size_t i = 0; i < n; i++)
		all = explain_fmt(e, "%s%s%s", all, *all ? between : "", words[i]);
	return all;
}

static void add_namespaces(struct explanation *e, const struct oci_linux *l)
{
	for (size_t i = 0; i < l->namespaces_len; i++) {
		const struct oci_namespace *n = &l->namespaces[i];
		bool joined = n->path && *n->path;

		explain_add(e, "namespaces", joined ? "join" : "make", n->type, joined ? n->path : "");
	}
}

static const char *manager_words(const struct cgroup *cg)
{
	return cg->manager == CGROUP_MANAGER_DISABLED ? "no cgroup is made"
	       : cg->manager == CGROUP_MANAGER_SYSTEMD ? "by systemd"
						       : "by writing to cgroupfs";
}

/* One line without its newline. */
static const char *line_of(struct explanation *e, const char *value)
{
	size_t n = strlen(value);

	return explain_fmt(e, "%.*s", (int)(n && value[n - 1] == '\n' ? n - 1 : n), value);
}

static void add_cgroup(struct explanation *e, const struct creation *c)
{
	const struct cgroup *cg = &c->cgroup;
	const struct cgroup_settings *s = &c->settings;

	explain_add(e, "cgroup", "manage", manager_name(cg->manager), manager_words(cg));
	if (cg->unit)
		explain_add(e, "cgroup", "unit", cg->unit, cg->slice ? explain_fmt(e, "in %s", cg->slice) : "");
	for (size_t i = 0; i < cg->n; i++)
		explain_add(e, "cgroup", "make", cg->d[i].path, "");
	for (size_t i = 0; i < s->n; i++)
		explain_add(e, "cgroup", "write",
			explain_fmt(e, "%s/%s", s->w[i].dir < cg->n ? cg->d[s->w[i].dir].path : "", s->w[i].file),
			line_of(e, s->w[i].value));
	if (s->device_bpf)
		explain_add(e, "cgroup", "attach", "eBPF program for devices",
			explain_fmt(e, "%zu instructions", s->device_bpf_insns));
}

int explain(const struct creation *c, struct explanation *e, struct error *err)
{
	add_namespaces(e, c->config->linux);
	add_cgroup(e, c);
	for (const struct plan_step *s = plan_first(c->plan); !plan_at_end(c->plan, s); s = plan_next(s))
		explain_step(e, c, s);
	explain_risks(e, c);
	return e->failed ? error_errno(err, ENOMEM, "explain") : 0;
}
