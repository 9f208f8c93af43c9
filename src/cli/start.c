/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int run(struct cli *c, struct error *err)
{
	return container_start(&c->context, c->args[0], err);
}

const struct verb verb_start = {
	.name = "start",
	.summary = "execute the process of a created container",
	.usage = "<container-id>",
	.description = "Lets a container that \"create\" has made execute its process, and returns.",
	.examples = "%s start web",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
