/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/str.h"
#include "cli/cli.h"
#include "container/mounts_change.h"

static int run(struct cli *c, struct error *err)
{
	bool remove = str_eq(c->args[0], "remove");

	if (!remove && !str_eq(c->args[0], "add"))
		return error_set(err, EINVAL, "mounts: unknown command \"%s\": add or remove", c->args[0]);
	return container_change_mounts(&c->context, c->args[1], c->args[2], remove, err);
}

const struct verb verb_mounts = {
	.name = "mounts",
	.summary = "add mounts to a running container, or take them away",
	.usage = "add|remove <container-id> <file>",
	.description = "The file is a JSON array in the form of the config's \"mounts\". To take them away only\n"
		       "their destinations count. The paths in the container must be without symbolic links.",
	.options_size = 1,
	.examples = "%s mounts add web mounts.json\n"
		    "%s mounts remove web mounts.json",
	.min_args = 3,
	.max_args = 3,
	.run = run,
};
