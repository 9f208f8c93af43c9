/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/match.h"

struct delete_options {
	bool force, regex;
};

static const struct option options[] = {
	OPTION(struct delete_options, force, "force", 'f',
		"kill the container if it still runs (SIGKILL); an unknown id is no error"),
	OPTION(struct delete_options, regex, "regex", 'r', "all containers whose ids match the regular expression"),
};

static int one(const struct context *x, const char *id, const void *data, struct error *err)
{
	const struct delete_options *o = data;

	return container_delete(x, id, o->force, err);
}

static int run(struct cli *c, struct error *err)
{
	const struct delete_options *o = c->options;

	return o->regex ? match_each(c, c->args[0], one, o, err) : one(&c->context, c->args[0], o, err);
}

const struct verb verb_delete = {
	.name = "delete",
	.summary = "remove a container and all that was made for it",
	.usage = "<container-id>",
	.description = "The container must be stopped, or --force be given.",
	.examples = "%s delete web\n"
		    "%s delete --force web",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct delete_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
