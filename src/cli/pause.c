/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int run(struct cli *c, struct error *err)
{
	return container_pause(&c->context, c->args[0], err);
}

const struct verb verb_pause = {
	.name = "pause",
	.summary = "suspend all processes of a container",
	.usage = "<container-id>",
	.description = "The container must be running or created; \"resume\" goes on with it.",
	.examples = "%s pause web",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
