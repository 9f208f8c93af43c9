/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/cli.h"
#include "cli/text.h"

/* The layout is runc's: engines and scripts look for options in it. */

/* "--bundle value, -b value": with t NULL only counted. */
static size_t add_names(struct text *t, const struct option *o)
{
	const char *value = o->kind == OPTION_KIND_BOOL ? "" : " value";
	char alias[16] = "";

	if (o->alias)
		fmt(alias, sizeof(alias), ", -%c%s", o->alias, value);
	if (t)
		text_fmt(t, "--%s%s%s", o->name, value, alias);
	return 2 + str_len(o->name) + str_len(value) + str_len(alias);
}

static void add_option(struct text *t, const struct option *o, size_t width)
{
	text_add(t, "   ");
	text_blanks(t, width - add_names(t, o) + 2);
	text_add(t, o->help);
	text_add(t, "\n");
}

static void add_options(struct text *t, const char *title, const struct option_table *options)
{
	const struct option_table *const tables[] = {options, &options_everywhere};
	size_t width = 0;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < tables[k]->n; i++) {
			size_t n = add_names(NULL, &tables[k]->o[i]);

			width = n > width ? n : width;
		}
	text_fmt(t, "\n%s:\n", title);
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < tables[k]->n; i++)
			add_option(t, &tables[k]->o[i], width);
}

static size_t add_verb_names(struct text *t, const struct verb *v)
{
	if (t)
		text_fmt(t, "%s%s%s", v->name, v->alias ? ", " : "", v->alias ? v->alias : "");
	return str_len(v->name) + (v->alias ? 2 + str_len(v->alias) : 0);
}

static void add_program(struct text *t, const struct cli *c)
{
	size_t width = 0;

	text_fmt(t, "NAME:\n   %s - Open Container Initiative runtime\n\n", c->program);
	text_add(t, "Creates and runs containers from bundles: directories with a \"config.json\" and a\n"
		    "root file system. \"spec\" writes a config.json to begin with; then\n\n");
	text_fmt(t, "    # %s run [ -b bundle ] <container-id>\n\n", c->program);
	text_fmt(t, "USAGE:\n   %s [global options] command [command options] [arguments...]\n\n", c->program);
	text_add(t, "COMMANDS:\n");
	for (size_t i = 0; verbs[i]; i++) {
		size_t n = add_verb_names(NULL, verbs[i]);

		width = n > width ? n : width;
	}
	for (size_t i = 0; verbs[i]; i++) {
		text_add(t, "   ");
		text_blanks(t, width - add_verb_names(t, verbs[i]) + 2);
		text_add(t, verbs[i]->summary);
		text_add(t, "\n");
	}
	add_options(t, "GLOBAL OPTIONS", &global_options);
}

/* Each line indented; "%s" is the program. */
static void add_lines(struct text *t, const char *lines, const char *program)
{
	text_add(t, "   ");
	for (const char *s = lines; *s; s++) {
		if (s[0] == '%' && s[1] == 's')
			text_add(t, program);
		else
			text_add_n(t, s, 1);
		s += s[0] == '%' && s[1] == 's';
		if (*s == '\n')
			text_add(t, "   ");
	}
	text_add(t, "\n");
}

static void add_verb(struct text *t, const struct cli *c, const struct verb *v)
{
	text_fmt(t, "NAME:\n   %s %s - %s\n\n", c->program, v->name, v->summary);
	text_fmt(t, "USAGE:\n   %s %s%s%s%s\n", c->program, v->name, v->options.n ? " [command options]" : "",
		*v->usage ? " " : "", v->usage);
	if (v->description) {
		text_add(t, "\nDESCRIPTION:\n");
		add_lines(t, v->description, c->program);
	}
	add_options(t, "OPTIONS", &v->options);
	if (v->examples) {
		text_add(t, "\nEXAMPLES:\n");
		add_lines(t, v->examples, c->program);
	}
}

int help_print(const struct cli *c, const struct verb *verb, struct error *err)
{
	struct text t = TEXT_INIT(c->arena);

	if (verb)
		add_verb(&t, c, verb);
	else
		add_program(&t, c);
	return text_print(&t, err);
}

static int run(struct cli *c, struct error *err)
{
	const struct verb *verb = c->args_len ? verb_find(c->args[0]) : NULL;

	if (c->args_len && !verb)
		return verb_unknown(c, c->args[0], err);
	return help_print(c, verb, err);
}

const struct verb verb_help = {
	.name = "help",
	.alias = "h",
	.summary = "show a list of commands or help for one command",
	.usage = "[command]",
	.examples = "%s help exec",
	.max_args = 1,
	.stateless = true,
	.run = run,
};
