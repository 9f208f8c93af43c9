/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int run(struct cli *c, struct error *err)
{
	return container_resume(&c->context, c->args[0], err);
}

const struct verb verb_resume = {
	.name = "resume",
	.summary = "let a paused container go on",
	.usage = "<container-id>",
	.description = "The container must be paused.",
	.examples = "%s resume web",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
