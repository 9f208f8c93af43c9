/* SPDX-License-Identifier: Apache-2.0 */
#include "container/doctor.h"

#include <errno.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/color.h"
#include "cli/json.h"
#include "cli/text.h"

struct doctor_options {
	const char *format;
};

static const struct option options[] = {
	OPTION(struct doctor_options, format, "format", 'f', "text or json (default: \"text\")"),
};

static const struct {
	const char *name;
	enum color color;
} levels[] = {
	[DOCTOR_OK] = {"ok", COLOR_GREEN},
	[DOCTOR_WARNING] = {"warning", COLOR_YELLOW},
	[DOCTOR_PROBLEM] = {"problem", COLOR_RED},
};

static void add_line(struct text *t, const struct doctor_row *r)
{
	enum { LEVEL_WIDTH = 9, PART_WIDTH = 17 };

	text_add(t, color_on(STDOUT_FILENO, levels[r->level].color));
	text_left(t, levels[r->level].name, LEVEL_WIDTH);
	text_add(t, color_off(STDOUT_FILENO));
	text_left(t, r->part, PART_WIDTH);
	text_add(t, r->found);
	text_add(t, "\n");
	if (*r->advice) {
		text_blanks(t, LEVEL_WIDTH + PART_WIDTH);
		text_fmt(t, "-> %s\n", r->advice);
	}
}

static void add_json(struct text *t, const struct doctor_report *d)
{
	json_open(t, NULL, '[');
	for (size_t i = 0; i < d->len; i++) {
		json_open(t, NULL, '{');
		json_string(t, "level", levels[d->rows[i].level].name);
		json_string(t, "part", d->rows[i].part);
		json_string(t, "found", d->rows[i].found);
		json_string(t, "advice", d->rows[i].advice);
		json_close(t, '}');
	}
	json_close(t, ']');
	text_add(t, "\n");
}

static int run(struct cli *c, struct error *err)
{
	const struct doctor_options *o = c->options;
	struct doctor_report d = {.a = c->arena, .x = &c->context};
	struct text t = TEXT_INIT(c->arena);
	bool problem = false;
	int r;

	if (o->format && !str_eq(o->format, "text") && !str_eq(o->format, "json"))
		return error_set(err, EINVAL, "doctor: unknown format \"%s\": text or json", o->format);
	r = doctor_examine(&d, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < d.len; i++) {
		problem |= d.rows[i].level == DOCTOR_PROBLEM;
		if (!str_eq(o->format, "json"))
			add_line(&t, &d.rows[i]);
	}
	if (str_eq(o->format, "json"))
		add_json(&t, &d);
	r = text_print(&t, err);
	return r < 0 ? r : problem;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.summary = "examine this host",
	.usage = "",
	.description = "Looks at kernel, namespaces, id maps, cgroups, seccomp, LSMs, state root, cache,\n"
		       "pool, CRIU and engines. Each line is ok, warning or problem, with what to do\n"
		       "about it. Nothing is changed. Exits with 1 when there is a problem.",
	.examples = "%s doctor\n"
		    "%s --root /run/user/1000/enviro-oci --rootless true doctor --format json",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct doctor_options),
	.run = run,
};
