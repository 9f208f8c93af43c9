/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/systemd.h"

bool cgroup_list_has(const char *list, const char *name)
{
	size_t n = str_len(name);

	while (*list) {
		size_t len = strcspn(list, ", ");

		if (len == n && strncmp(list, name, n) == 0)
			return true;
		list += len + (list[len] != '\0');
	}
	return false;
}

int cgroup_find_v2(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->d[i].v2)
			return (int)i;
	return CGROUP_NO_DIR;
}

int cgroup_find(const struct cgroup *cg, const char *controller)
{
	static const char known[] = "cpu cpuset hugetlb io memory pids rdma misc";
	int v2 = cgroup_find_v2(cg);
	const char *available;

	for (size_t i = 0; i < cg->n; i++)
		if (!cg->d[i].v2 && cgroup_list_has(cg->d[i].controllers, controller))
			return (int)i;
	if (v2 == CGROUP_NO_DIR)
		return CGROUP_NO_DIR;
	if (str_eq(controller, "freezer") || str_eq(controller, "devices"))
		return v2;
	if (str_eq(controller, "blkio"))
		controller = "io";
	/* A cgroup from a record: the kernel's answer to the write has to do. */
	available = cg->d[v2].available ? cg->d[v2].available : known;
	return cgroup_list_has(available, controller) ? v2 : CGROUP_NO_DIR;
}

/* Copies a path without its empty and "." parts; "" for the root. */
static int clean(const char *path, struct arena *a, char **ret, struct error *err)
{
	char *out = arena_alloc(a, str_len(path) + 2), *at = out;

	if (!out)
		return error_errno(err, ENOMEM, "linux.cgroupsPath: %s", path);
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n > NAME_MAX)
			return error_errno(err, ENAMETOOLONG, "linux.cgroupsPath: %s", path);
		if (n == 2 && p[0] == '.' && p[1] == '.')
			return error_set(err, EINVAL, "linux.cgroupsPath: %s: \"..\" is not allowed", path);
		if (n && !(n == 1 && p[0] == '.')) {
			*at++ = '/';
			memcpy(at, p, n);
			at += n;
		}
		p += n + (p[n] == '/');
	}
	*at = '\0';
	if (strpbrk(out, "\n\r"))
		return error_set(err, EINVAL, "linux.cgroupsPath: %s: a line break is not allowed", path);
	*ret = out;
	return 0;
}

/* Where a relative path starts in this hierarchy. */
static const char *base_of(const struct cgroup_host *h, const struct cgroup_hierarchy *hier, struct arena *a)
{
	const char *slash = strrchr(hier->own, '/');

	if (h->mode == CGROUP_MODE_V2)
		return arena_strndup(a, hier->own, slash ? (size_t)(slash - hier->own) : 0);
	return str_eq(hier->own, "/") ? "" : hier->own;
}

int cgroup_locate_dir(const struct cgroup_hierarchy *hier, const char *base, const char *rel, struct arena *a,
	struct cgroup_dir *ret, struct error *err)
{
	*ret = (struct cgroup_dir){.v2 = hier->v2, .mount_len = str_len(hier->mountpoint), .fd = -1};
	ret->controllers = arena_strdup(a, hier->controllers);
	ret->available = hier->available ? arena_strdup(a, hier->available) : NULL;
	ret->path = base ? arena_fmt(a, "%s%s%s", hier->mountpoint, base, rel) : NULL;
	if (!ret->controllers || !ret->path || (hier->available && !ret->available))
		return error_errno(err, ENOMEM, "linux.cgroupsPath: %s", rel);
	if (str_len(ret->path) >= PATH_MAX)
		return error_errno(err, ENAMETOOLONG, "linux.cgroupsPath: %s", rel);
	return 0;
}

int cgroup_locate(const struct cgroup_host *h, enum cgroup_manager m, const char *cgroups_path, const char *id,
	struct arena *a, struct cgroup *ret, struct error *err)
{
	const char *path = cgroups_path && *cgroups_path ? cgroups_path : id;
	char *rel = NULL;
	int r;

	*ret = (struct cgroup){.manager = m, .mode = h->mode};
	if (m == CGROUP_MANAGER_DISABLED)
		return 0;
	if (m == CGROUP_MANAGER_SYSTEMD && access("/run/systemd/system", F_OK) < 0)
		return error_set(
			err, EOPNOTSUPP, "systemd not running on this host, cannot use systemd cgroups manager");
	if (m == CGROUP_MANAGER_SYSTEMD)
		return cgroup_locate_systemd(h, cgroups_path, id, a, ret, err);
	r = clean(path, a, &rel, err);
	if (r < 0)
		return r;
	if (!*rel)
		return error_set(err, EINVAL, "linux.cgroupsPath: %s: the root cgroup cannot be a container's", path);
	for (size_t i = 0; i < h->n; i++) {
		const char *base = path[0] == '/' ? "" : base_of(h, &h->h[i], a);

		r = cgroup_locate_dir(&h->h[i], base, rel, a, &ret->d[i], err);
		if (r < 0)
			return r;
		ret->n = i + 1;
	}
	return 0;
}
