/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/create.h"

static const struct option options[] = {
	CREATE_OPTIONS,
	OPTION(struct create_options, detach, "detach", 'd', "do not wait for the container's process"),
	OPTION(struct create_options, keep, "keep", 0, "do not delete the container after its process has ended"),
	OPTION(struct create_options, no_subreaper, "no-subreaper", 0,
		"do not become the parent of processes that the container leaves behind"),
};

static int run(struct cli *c, struct error *err)
{
	int status = 0, r = container_run(&c->context, c->args[0], c->options, &status, err);

	return r < 0 ? r : status;
}

const struct verb verb_run = {
	.name = "run",
	.summary = "create and run a container",
	.usage = "<container-id>",
	.description = "Creates a container from a bundle and starts it. The exit status is that of\n"
		       "the container's process (128 + signal when one ended it), and the container\n"
		       "is deleted, unless it is detached.",
	.examples = "%s run --bundle /srv/web web\n"
		    "%s run --detach --pid-file /run/web.pid web",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
