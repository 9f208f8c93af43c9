/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/create.h"

static const struct option options[] = {CREATE_OPTIONS};

static int run(struct cli *c, struct error *err)
{
	return container_create(&c->context, c->args[0], c->options, err);
}

const struct verb verb_create = {
	.name = "create",
	.summary = "create a container",
	.usage = "<container-id>",
	.description = "Makes a container from a bundle, up to the point where its process would be\n"
		       "executed; \"start\" does that. The id must not be in use below the same --root.",
	.examples = "%s create --bundle /srv/web --pid-file /run/web.pid web",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
