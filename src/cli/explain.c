/* SPDX-License-Identifier: Apache-2.0 */
#include "container/explain.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/finding.h"
#include "cli/json.h"
#include "cli/text.h"
#include "container/examine.h"

enum { STEP_COLUMN = 2, OBJECT_COLUMN = 24, DETAILS_COLUMN = 58 };

struct explain_options {
	const char *bundle, *config, *format, *diff;
};

static const struct option options[] = {
	OPTION(struct explain_options, bundle, "bundle", 'b', "the bundle (default: the current directory)"),
	OPTION(struct explain_options, config, "config", 0, "read this file instead of the bundle's config.json"),
	OPTION(struct explain_options, diff, "diff", 0, "a second bundle: only what is done otherwise there"),
	OPTION(struct explain_options, format, "format", 'f', "text or json (default: \"text\")"),
};

/* A bundle, and what would be done with it. */
struct explained {
	struct create_options options;
	struct creation c;
	struct oci_findings findings;
	struct explanation e;
};

static void explained_done(struct explained *x)
{
	creation_done(&x->c);
}
#define _cleanup_explained_ __attribute__((cleanup(explained_done)))

/* 1: the findings say why there is nothing to explain. */
static int examine(const struct cli *c, const char *bundle, struct explained *x, struct error *err)
{
	const struct explain_options *o = c->options;
	int r;

	x->options = (struct create_options){.bundle = bundle, .config = o->config};
	x->findings.arena = x->e.a = c->arena;
	r = creation_examine(&x->c, &x->findings, err);
	if (r < 0)
		return r;
	return x->c.plan ? explain(&x->c, &x->e, err) : 1;
}

static void add_cell(struct text *t, size_t *column, size_t to, const char *s)
{
	if (*column) /* at least one blank between two */
		text_blanks(t, to > *column ? to - *column : 1);
	else
		text_blanks(t, to);
	*column = (to > *column || !*column ? to : *column + 1) + text_columns(s);
	text_add(t, s);
}

static void add_row(struct text *t, const char *mark, const struct explain_row *r)
{
	size_t column = 0;

	text_add(t, mark);
	add_cell(t, &column, STEP_COLUMN, r->step);
	if (*r->object || *r->details)
		add_cell(t, &column, OBJECT_COLUMN, r->object);
	if (*r->details)
		add_cell(t, &column, DETAILS_COLUMN, r->details);
	text_add(t, "\n");
}

static void add_text(struct text *t, const struct explained *x)
{
	const char *part = "";

	for (size_t i = 0; i < x->e.rows_len; i++) {
		const struct explain_row *r = &x->e.rows[i];

		if (!str_eq(part, r->part))
			text_fmt(t, "%s%s\n", i ? "\n" : "", r->part);
		part = r->part;
		add_row(t, "", r);
	}
	if (x->e.risks_len || x->findings.len)
		text_add(t, "\nwarnings\n");
	for (size_t i = 0; i < x->e.risks_len; i++) {
		text_fmt(t, "  %s: ", x->e.risks[i].name);
		text_add(t, x->e.risks[i].path);
		text_fmt(t, ": %s\n", x->e.risks[i].text);
	}
	for (size_t i = 0; i < x->findings.len; i++) {
		text_add(t, "  no-effect: ");
		text_add(t, x->findings.v[i].path);
		text_fmt(t, "%s", *x->findings.v[i].path ? ": " : "");
		text_add(t, x->findings.v[i].reason);
		text_add(t, "\n");
	}
}

static void add_json_row(struct text *t, const struct explain_row *r)
{
	json_open(t, NULL, '{');
	json_string(t, "part", r->part);
	json_string(t, "step", r->step);
	json_string(t, "object", r->object);
	json_string(t, "details", r->details);
	json_close(t, '}');
}

static void add_json(struct text *t, const struct explained *x)
{
	json_open(t, NULL, '{');
	json_string(t, "bundle", x->c.bundle);
	json_open(t, "steps", '[');
	for (size_t i = 0; i < x->e.rows_len; i++)
		add_json_row(t, &x->e.rows[i]);
	json_close(t, ']');
	json_open(t, "warnings", '[');
	for (size_t i = 0; i < x->e.risks_len; i++) {
		json_open(t, NULL, '{');
		json_string(t, "name", x->e.risks[i].name);
		json_string(t, "path", x->e.risks[i].path);
		json_string(t, "text", x->e.risks[i].text);
		json_close(t, '}');
	}
	json_close(t, ']');
	json_open(t, "findings", '[');
	for (size_t i = 0; i < x->findings.len; i++)
		finding_add_json(t, &x->findings.v[i]);
	json_close(t, ']');
	json_close(t, '}');
	text_add(t, "\n");
}

static bool same_place(const struct explain_row *a, const struct explain_row *b)
{
	return str_eq(a->part, b->part) && str_eq(a->step, b->step) && str_eq(a->object, b->object);
}

static bool same_row(const struct explain_row *a, const struct explain_row *b)
{
	return same_place(a, b) && str_eq(a->details, b->details);
}

static bool has_row(const struct explanation *e, const struct explain_row *r, bool (*same)(
	const struct explain_row *, const struct explain_row *))
{
	for (size_t i = 0; i < e->rows_len; i++)
		if (same(&e->rows[i], r))
			return true;
	return false;
}

/* What one of them has and the other has not; what only differs in its details stands together. */
static bool add_diff(struct text *t, const struct explanation *a, const struct explanation *b)
{
	bool differ = false;

	for (size_t i = 0; i < a->rows_len; i++) {
		if (has_row(b, &a->rows[i], same_row))
			continue;
		differ = true;
		add_row(t, "-", &a->rows[i]);
		for (size_t j = 0; j < b->rows_len; j++)
			if (same_place(&b->rows[j], &a->rows[i]) && !has_row(a, &b->rows[j], same_row))
				add_row(t, "+", &b->rows[j]);
	}
	for (size_t j = 0; j < b->rows_len; j++) {
		if (has_row(a, &b->rows[j], same_place))
			continue;
		differ = true;
		add_row(t, "+", &b->rows[j]);
	}
	return differ;
}

static void add_json_missing(struct text *t, const char *name, const struct explanation *a, const struct explanation *b)
{
	json_open(t, name, '[');
	for (size_t i = 0; i < a->rows_len; i++)
		if (!has_row(b, &a->rows[i], same_row))
			add_json_row(t, &a->rows[i]);
	json_close(t, ']');
}

static bool add_json_diff(struct text *t, const struct explanation *a, const struct explanation *b)
{
	bool differ = false;

	json_open(t, NULL, '{');
	add_json_missing(t, "removed", a, b);
	add_json_missing(t, "added", b, a);
	json_close(t, '}');
	text_add(t, "\n");
	for (size_t i = 0; i < a->rows_len; i++)
		differ |= !has_row(b, &a->rows[i], same_row);
	for (size_t i = 0; i < b->rows_len; i++)
		differ |= !has_row(a, &b->rows[i], same_row);
	return differ;
}

static int show_findings(struct arena *a, const struct explained *x, struct error *err)
{
	const char *file = x->options.config ? x->options.config : "config.json";
	struct text t = TEXT_INIT(a);

	for (size_t i = 0; i < x->findings.len; i++)
		finding_add_line(&t, file, &x->findings.v[i]);
	if (!t.failed)
		(void)fd_write_all(STDERR_FILENO, t.s, t.len);
	return error_set(err, EINVAL, "explain: %s%s%s: it cannot be run; \"validate\" shows the same",
		*file == '/' ? "" : x->c.bundle ? x->c.bundle : ".", *file == '/' ? "" : "/", file);
}

static int run(struct cli *c, struct error *err)
{
	const struct explain_options *o = c->options;
	bool json = str_eq(o->format, "json"), differ = false;
	_cleanup_explained_ struct explained one = {.c = CREATION_INIT(&c->context, "container", &one.options)};
	_cleanup_explained_ struct explained other = {.c = CREATION_INIT(&c->context, "container", &other.options)};
	struct text t = TEXT_INIT(c->arena);
	int r;

	if (o->format && !json && !str_eq(o->format, "text"))
		return error_set(err, EINVAL, "explain: unknown format \"%s\": text or json", o->format);
	r = examine(c, o->bundle, &one, err);
	if (r > 0)
		return show_findings(c->arena, &one, err);
	if (r == 0 && o->diff)
		r = examine(c, o->diff, &other, err);
	if (r > 0)
		return show_findings(c->arena, &other, err);
	if (r < 0)
		return r;
	if (o->diff)
		differ = (json ? add_json_diff : add_diff)(&t, &one.e, &other.e);
	else
		(json ? add_json : add_text)(&t, &one);
	r = text_print(&t, err);
	return r < 0 ? r : differ;
}

const struct verb verb_explain = {
	.name = "explain",
	.summary = "show what would be done with a bundle, and what is risky",
	.usage = "",
	.description = "Prints, step by step, what create and start would do on this host: the steps of\n"
		       "the plan and the cgroup files that would be written, and warns of what is risky\n"
		       "or has no effect. Nothing is made or changed.\n"
		       "With --diff exits with 1 when the two bundles differ.",
	.examples = "%s explain --bundle /srv/web\n"
		    "%s explain --bundle /srv/web --diff /srv/web.new",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct explain_options),
	.run = run,
};
