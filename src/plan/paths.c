/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/sched.h>
#include <string.h>

#include "plan/compile.h"
#include "plan/path.h"

/* Clean, each once: a path that is bound to itself or masked twice would be a mount too many. */
static int add_list(
	struct plan_builder *b, enum plan_op op, char *const *v, size_t n, const char *what, struct error *err)
{
	char **paths = arena_array(b->arena, n ? n : 1, sizeof(*paths));
	size_t kept = 0;

	if (!paths)
		return error_errno(err, ENOMEM, "%s", what);
	for (size_t i = 0; i < n; i++) {
		char *p = path_clean(b->arena, "", v[i]);
		bool known = false;

		if (!p)
			return error_errno(err, ENOMEM, "%s", what);
		if (*v[i] != '/')
			return error_set(err, EINVAL, "%s[%zu]: \"%s\" is not an absolute path", what, i, v[i]);
		for (size_t j = 0; j < kept && !known; j++)
			known = strcmp(paths[j], p) == 0;
		if (!known)
			paths[kept++] = p;
	}
	if (kept)
		plan_add(b, op, struct plan_strings)->values = plan_put_strs(b, paths, kept);
	return 0;
}

int plan_add_paths(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct oci_linux *l = in->config->linux;
	int r;

	r = add_list(b, PLAN_OP_READONLY_PATHS, l->readonly_paths, l->readonly_paths_len, "linux.readonlyPaths", err);

	return r < 0 ? r
		     : add_list(
			       b, PLAN_OP_MASKED_PATHS, l->masked_paths, l->masked_paths_len, "linux.maskedPaths", err);
}
