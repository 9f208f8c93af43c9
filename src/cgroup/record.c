/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/systemd.h"

int cgroup_to_text(const struct cgroup *cg, struct arena *a, char ***ret, size_t *ret_n, struct error *err)
{
	char **text = arena_array(a, cg->n + 1, sizeof(*text));

	for (size_t i = 0; text && i < cg->n; i++) {
		text[i] = arena_fmt(a, "%s:%s", cg->d[i].controllers, cg->d[i].path);
		if (!text[i])
			text = NULL;
	}
	if (!text)
		return error_errno(err, ENOMEM, "cgroup record");
	*ret = text;
	*ret_n = cg->n;
	return 0;
}

/* Absolute, two names at least (a mount point and something in it), none of them empty, "." or "..". */
static bool path_is_clean(const char *path)
{
	size_t names = 0;

	if (path[0] != '/' || str_len(path) >= PATH_MAX || strpbrk(path, "\n\r"))
		return false;
	while (*path) {
		size_t n = strcspn(++path, "/");

		if (n == 0 || n > NAME_MAX || (n == 1 && path[0] == '.') ||
			(n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += n;
		names++;
	}
	return names >= 2;
}

static int dir_from_text(const char *text, struct arena *a, struct cgroup_dir *ret, struct error *err)
{
	const char *colon = strstr(text, ":/"); /* "name=a:b" is a controller name, too */
	char *controllers = colon ? arena_strndup(a, text, (size_t)(colon - text)) : NULL;

	if (!colon)
		return error_set(err, EINVAL, "cgroup record: %s: CONTROLLERS:PATH expected", text);
	if (!path_is_clean(colon + 1))
		return error_set(err, EINVAL, "cgroup record: %s: not a clean absolute path", text);
	*ret = (struct cgroup_dir){.controllers = controllers, .path = arena_strdup(a, colon + 1), .fd = -1};
	if (!controllers || !ret->path)
		return error_errno(err, ENOMEM, "cgroup record: %s", text);
	ret->v2 = !*controllers;
	return 0;
}

int cgroup_from_text(
	char *const *text, size_t n, enum cgroup_manager m, struct arena *a, struct cgroup *ret, struct error *err)
{
	bool v1 = false, v2 = false;

	*ret = (struct cgroup){.manager = m};
	if (n > CGROUP_MAX_HIERARCHIES)
		return error_set(err, E2BIG, "cgroup record: %zu directories", n);
	for (size_t i = 0; i < n; i++) {
		int r = dir_from_text(text[i], a, &ret->d[i], err);

		if (r < 0)
			return r;
		for (size_t j = 0; j < i; j++)
			if (str_eq(ret->d[j].controllers, ret->d[i].controllers))
				return error_set(
					err, EINVAL, "cgroup record: %s: its hierarchy is there twice", text[i]);
		v1 |= !ret->d[i].v2;
		v2 |= ret->d[i].v2;
		ret->n = i + 1;
	}
	ret->mode = v1 ? v2 ? CGROUP_MODE_HYBRID : CGROUP_MODE_V1 : v2 ? CGROUP_MODE_V2 : CGROUP_MODE_NONE;
	return m == CGROUP_MANAGER_SYSTEMD ? cgroup_unit_from_path(ret, a, err) : 0;
}
