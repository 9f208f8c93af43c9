/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/str.h"
#include "cli/cli.h"
#include "libocispec-lite/findings.h"

#define VERB_ADDRESS(name) &verb_##name,
const struct verb *const verbs[] = {VERBS(VERB_ADDRESS) &verb_help, NULL};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; verbs[i]; i++)
		if (str_eq(verbs[i]->name, name) || str_eq(verbs[i]->alias, name))
			return verbs[i];
	return NULL;
}

int verb_unknown(struct cli *c, const char *name, struct error *err)
{
	struct oci_nearest near = OCI_NEAREST(name);

	for (size_t i = 0; verbs[i]; i++)
		oci_nearest_try(&near, verbs[i]->name);
	c->failure = 3; /* as runc has it */
	return error_set(err, EINVAL, "No help topic for '%s'%s%s%s", name, near.best ? "; did you mean '" : "",
		near.best ? near.best : "", near.best ? "'?" : "");
}
