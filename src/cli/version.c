/* SPDX-License-Identifier: Apache-2.0 */
#include <seccomp.h>

#include "cli/cli.h"
#include "cli/text.h"

#ifndef ENVIRO_COMMIT
#define ENVIRO_COMMIT "unknown"
#endif

/* Engines take this apart by lines: "NAME version X", "commit: Y"; no other line may hold the word "version". */
int version_print(const struct cli *c, struct error *err)
{
	const struct scmp_version *v = seccomp_version();
	struct text t = TEXT_INIT(c->arena);

	text_fmt(&t, "%s version " PACKAGE_VERSION "\ncommit: " ENVIRO_COMMIT "\nspec: " OCI_VERSION "\n", c->program);
	if (v)
		text_fmt(&t, "libseccomp: %u.%u.%u\n", v->major, v->minor, v->micro);
	return text_print(&t, err);
}
