/* SPDX-License-Identifier: Apache-2.0 */
#include "container/features.h"

#include "cli/cli.h"
#include "cli/text.h"

static int run(struct cli *c, struct error *err)
{
	struct oci_features features = {0};
	struct text t = TEXT_INIT(c->arena);
	char *json;
	size_t len;
	int r = features_fill(c->arena, &features, err);

	if (r >= 0)
		r = oci_features_write_indented(&features, "    ", c->arena, &json, &len, err);
	if (r < 0)
		return r;
	text_add_n(&t, json, len);
	text_add(&t, "\n");
	return text_print(&t, err);
}

const struct verb verb_features = {
	.name = "features",
	.summary = "show the enabled features",
	.usage = "",
	.description = "Prints what this runtime knows and can do as JSON, in the form of the\n"
		       "specification.",
	.examples = "%s features",
	.stateless = true,
	.run = run,
};
