/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/entry.h"
#include "cli/text.h"

static int run(struct cli *c, struct error *err)
{
	_cleanup_container_ struct container container = {.dir = -1};
	struct text t = TEXT_INIT(c->arena);
	char *json;
	size_t len;
	int r;

	r = container_load(&c->context, c->args[0], c->arena, &container, err);
	if (r >= 0)
		r = entry_json(&container, "", "  ", c->arena, &json, &len, err); /* runc names no owner here */
	if (r < 0)
		return r;
	text_add_n(&t, json, len);
	return text_print(&t, err);
}

const struct verb verb_state = {
	.name = "state",
	.summary = "output the state of a container",
	.usage = "<container-id>",
	.description = "Prints the state of the specification as JSON, with rootfs, created and owner\n"
		       "added.",
	.examples = "%s state web",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
