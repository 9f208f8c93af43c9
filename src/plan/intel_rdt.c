/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/compile.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

/* One directory of resctrl that is not one of its own. "/" is the group that everything is in. */
static bool is_group_name(const char *s)
{
	static const char *const taken[] = {".", "..", "info", "mon_groups", "mon_data"};

	if (strcmp(s, "/") == 0)
		return true;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(s, taken[i]) == 0)
			return false;
	return !strpbrk(s, "/\n");
}

struct lines {
	struct arena *arena;
	char **v;
	size_t n, room;
	bool no_memory;
};

/* Each non-empty line of text; those that begin with `without` are passed over. */
static void add_lines(struct lines *l, const char *text, const char *without)
{
	while (text && *text) {
		size_t n = strcspn(text, "\n");

		if (n && !(without && str_starts(text, without)) && l->n < l->room) {
			l->v[l->n] = arena_strndup(l->arena, text, n);
			l->no_memory |= !l->v[l->n];
			l->n++;
		}
		text += text[n] ? n + 1 : n;
	}
}

static size_t count_lines(const char *s)
{
	size_t n = 1;

	for (; s && *s; s++)
		n += *s == '\n';
	return n;
}

/* Each is one line of the group's schemata file. */
static int check_lines(const struct oci_intel_rdt *o, struct error *err)
{
	if (o->mem_bw_schema && *o->mem_bw_schema && !str_starts(o->mem_bw_schema, "MB:"))
		return error_set(err, EINVAL, "linux.intelRdt.memBwSchema: does not begin with \"MB:\"");
	if (o->mem_bw_schema && strchr(o->mem_bw_schema, '\n'))
		return error_set(err, EINVAL, "linux.intelRdt.memBwSchema: must not contain newlines");
	for (size_t i = 0; i < o->schemata_len; i++)
		if (strchr(o->schemata[i], '\n'))
			return error_set(err, EINVAL, "linux.intelRdt.schemata[%zu]: must not contain newlines", i);
	return 0;
}

int plan_add_intel_rdt(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct oci_intel_rdt *o = in->config->linux->intel_rdt;
	struct lines l = {.arena = b->arena};
	struct plan_intel_rdt *p;

	if (!o)
		return 0;
	if (o->clos_id && *o->clos_id && !is_group_name(o->clos_id))
		return error_set(err, EINVAL, "linux.intelRdt.closID: invalid intelRdt.ClosID \"%s\"", o->clos_id);
	if (check_lines(o, err) < 0)
		return -EINVAL;
	l.room = count_lines(o->l3_cache_schema) + count_lines(o->mem_bw_schema);
	for (size_t i = 0; i < o->schemata_len; i++)
		l.room += count_lines(o->schemata[i]);
	l.v = arena_array(b->arena, l.room, sizeof(*l.v));
	if (!l.v)
		return error_errno(err, ENOMEM, "linux.intelRdt");
	/* the specification has MB: lines left out of this one */
	add_lines(&l, o->l3_cache_schema, "MB:");
	add_lines(&l, o->mem_bw_schema, NULL);
	for (size_t i = 0; i < o->schemata_len; i++)
		add_lines(&l, o->schemata[i], NULL);
	if (l.no_memory)
		return error_errno(err, ENOMEM, "linux.intelRdt");

	p = plan_add(b, PLAN_OP_INTEL_RDT, struct plan_intel_rdt);
	p->clos_id = o->clos_id && *o->clos_id ? plan_put_str(b, o->clos_id) : 0;
	p->enable_monitoring = o->enable_monitoring;
	p->schemata = plan_put_strs(b, l.v, l.n);
	return 0;
}
