/* SPDX-License-Identifier: Apache-2.0 */
#include "container/examine.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/finding.h"
#include "cli/json.h"
#include "cli/text.h"

enum { EXIT_FINDINGS = 1, EXIT_UNREAD = 2 };

struct validate_options {
	const char *format;
	bool strict;
};

static const struct option options[] = {
	OPTION(struct validate_options, format, "format", 'f', "text or json (default: \"text\")"),
	OPTION(struct validate_options, strict, "strict", 0, "warnings are errors"),
};

static void add_json(struct text *t, const char *file, const struct oci_findings *fs, bool valid)
{
	json_open(t, NULL, '{');
	json_string(t, "file", file);
	json_bool(t, "valid", valid);
	json_open(t, "findings", '[');
	for (size_t i = 0; i < fs->len; i++)
		finding_add_json(t, &fs->v[i]);
	json_close(t, ']');
	json_close(t, '}');
	text_add(t, "\n");
}

/* The directory of a file is the bundle, as far as relative paths go. */
static int split(struct arena *a, const char *file, struct create_options *ret, struct error *err)
{
	const char *slash = strrchr(file, '/');

	ret->config = slash ? slash + 1 : file;
	ret->bundle = slash ? arena_strndup(a, file, slash == file ? 1 : (size_t)(slash - file)) : ".";
	return ret->bundle ? 0 : error_errno(err, ENOMEM, "validate");
}

static int run(struct cli *c, struct error *err)
{
	const struct validate_options *o = c->options;
	const char *file = c->args_len ? c->args[0] : "config.json";
	bool json = str_eq(o->format, "json"), valid = true;
	struct oci_findings fs = {.arena = c->arena};
	struct create_options wanted = {0};
	_cleanup_creation_ struct creation examined = CREATION_INIT(&c->context, "validate", &wanted);
	struct text t = TEXT_INIT(c->arena);
	int r;

	c->failure = EXIT_UNREAD;
	if (o->format && !json && !str_eq(o->format, "text"))
		return error_set(err, EINVAL, "validate: unknown format \"%s\": text or json", o->format);
	r = split(c->arena, file, &wanted, err);
	if (r == 0)
		r = creation_examine(&examined, &fs, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < fs.len; i++) {
		valid = valid && !(o->strict || fs.v[i].severity == OCI_ERROR);
		if (!json)
			finding_add_line(&t, file, &fs.v[i]);
	}
	if (json)
		add_json(&t, file, &fs, valid);
	else if (!fs.len)
		text_fmt(&t, "%s: ok\n", file);
	r = text_print(&t, err);
	return r < 0 ? r : valid ? 0 : EXIT_FINDINGS;
}

const struct verb verb_validate = {
	.name = "validate",
	.summary = "check a configuration file against the specification",
	.usage = "[file]",
	.description = "Names everything that is wrong with a config.json (default: the one in the\n"
		       "current directory): line and column, JSON path, what was expected, and what\n"
		       "may have been meant. Nothing is made or changed. Warnings are about what has\n"
		       "no effect, or is missing on this host only.\n"
		       "Exits with 0 when it can be run, 1 when not, 2 when it cannot be read.",
	.examples = "%s validate\n"
		    "%s validate --strict --format json /srv/web/config.json",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct validate_options),
	.max_args = 1,
	.run = run,
};
