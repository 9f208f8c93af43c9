/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/systemd.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

#define SLICE ".slice"

enum { UNIT_MAX = 255 };

/* The parts of "slice:prefix:name". */
struct name {
	const char *slice, *prefix, *name;
};

static int split(const char *path, const char *id, struct arena *a, struct name *ret, struct error *err)
{
	const char *first, *second;

	*ret = (struct name){"", "enviro-oci", id};
	if (!path || !*path)
		return 0;
	first = strchr(path, ':');
	second = first ? strchr(first + 1, ':') : NULL;
	if (!second || strchr(second + 1, ':'))
		return error_set(err, EINVAL,
			"linux.cgroupsPath: expected to be of format \"slice:prefix:name\" for systemd cgroups, got "
			"\"%s\"",
			path);
	ret->slice = arena_strndup(a, path, (size_t)(first - path));
	ret->prefix = arena_strndup(a, first + 1, (size_t)(second - first - 1));
	ret->name = second + 1;
	return ret->slice && ret->prefix ? 0 : error_errno(err, ENOMEM, "linux.cgroupsPath: %s", path);
}

static int check_unit(const char *unit, struct error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";

	if (str_len(unit) > UNIT_MAX || unit[strspn(unit, allowed)])
		return error_set(err, EINVAL, "linux.cgroupsPath: %s: not a name for a systemd unit", unit);
	return 0;
}

/* A unit's directory is called as the unit is, with "_" in front of what could be meant for a file of the kernel. */
static const char *directory(struct arena *a, const char *unit)
{
	static const char *const controllers[] = {
		"blkio", "cpu", "cpuacct", "cpuset", "devices", "hugetlb", "io", "memory", "misc", "pids", "rdma"};
	bool taken = *unit == '_' || *unit == '.' || str_starts(unit, "cgroup.");

	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
		taken |= str_starts(unit, controllers[i]) && unit[strlen(controllers[i])] == '.';
	return arena_fmt(a, "%s%s", taken ? "_" : "", unit);
}

/* "a-b.slice" lies in "a.slice": the path from the root slice, "/a.slice/a-b.slice". */
static int expand_slice(const char *slice, struct arena *a, const char **ret, struct error *err)
{
	size_t n = str_len(slice);

	*ret = "";
	if (str_eq(slice, "-") || str_eq(slice, "-" SLICE))
		return 0;
	if (n <= strlen(SLICE) || !str_ends(slice, SLICE) || strchr(slice, '/'))
		return error_set(err, EINVAL, "linux.cgroupsPath: invalid slice name: %s", slice);
	n -= strlen(SLICE);
	for (size_t i = 0; i <= n && *ret; i++) {
		const char *dir;

		if (i < n && slice[i] != '-')
			continue;
		if (i == 0 || slice[i - 1] == '-')
			return error_set(err, EINVAL, "linux.cgroupsPath: invalid slice name: %s", slice);
		dir = arena_fmt(a, "%.*s" SLICE, (int)i, slice);
		dir = dir ? directory(a, dir) : NULL;
		*ret = dir ? arena_fmt(a, "%s/%s", *ret, dir) : NULL;
	}
	return *ret ? check_unit(slice, err) : error_errno(err, ENOMEM, "linux.cgroupsPath: %s", slice);
}

/* Where systemd's root slice is: where its own process is, which keeps to a scope below. */
static const char *root_of_system(const struct cgroup_hierarchy *hier, const char *text, struct arena *a)
{
	size_t n = strlen(hier->controllers);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *controllers = strchr(line, ':'), *path;
		size_t len;

		if (!controllers || strncmp(++controllers, hier->controllers, n) != 0 || controllers[n] != ':')
			continue;
		path = controllers + n + 1;
		len = strcspn(path, "\n");
		if (len >= strlen("/init.scope") && strncmp(path + len - 11, "/init.scope", 11) == 0)
			len -= strlen("/init.scope");
		else if (len == 1)
			len = 0;
		return arena_strndup(a, path, len);
	}
	return "";
}

/* The end of "…/user@1000.service" in a path; 0 when it has none. */
static size_t user_service(const char *path, uint32_t *uid)
{
	for (const char *p = strstr(path, "/user@"); p; p = strstr(p + 1, "/user@")) {
		const char *number = p + strlen("/user@");
		size_t n = strspn(number, "0123456789");
		char text[16];

		fmt(text, sizeof(text), "%.*s", (int)n, number);
		if (str_starts(number + n, ".service/") && str_to_u32(text, uid))
			return (size_t)(number - path) + n + strlen(".service");
	}
	return 0;
}

bool cgroup_user_of_path(const char *path, uint32_t *ret)
{
	return user_service(path, ret) != 0;
}

/* Our uid outside of our user namespace, as far as one level goes. */
static uint32_t outer_uid(void)
{
	uint32_t uid = geteuid();
	char map[4096], *save = NULL;

	if (file_read_small(-1, "/proc/self/uid_map", map, sizeof(map)) <= 0)
		return uid;
	for (char *line = strtok_r(map, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint32_t v[3] = {0};
		char *words = NULL;

		for (int i = 0; i < 3; i++, line = NULL) {
			const char *word = strtok_r(line, " ", &words);

			if (!word || !str_to_u32(word, &v[i]))
				return uid;
		}
		if (uid >= v[0] && uid - v[0] < v[2])
			return v[1] + (uid - v[0]);
	}
	return uid;
}

/* Where the user's systemd has its root slice: in its service, which we may or may not be in ourselves. */
static const char *root_of_user(const struct cgroup_hierarchy *hier, struct arena *a)
{
	uint32_t uid = outer_uid(), there;
	size_t n = user_service(hier->own, &there);

	if (n && there == uid)
		return arena_strndup(a, hier->own, n);
	return arena_fmt(a, "/user.slice/user-%u.slice/user@%u.service", (unsigned)uid, (unsigned)uid);
}

int cgroup_locate_systemd(const struct cgroup_host *h, const char *cgroups_path, const char *id, struct arena *a,
	struct cgroup *ret, struct error *err)
{
	struct name name;
	const char *slice, *unit, *rel, *parents;
	enum { LONGEST = 8192 };
	char *text = arena_alloc(a, LONGEST); /* stacks may be small */
	int r;

	*ret = (struct cgroup){.manager = CGROUP_MANAGER_SYSTEMD, .mode = h->mode};
	if (!text)
		return error_errno(err, ENOMEM, "linux.cgroupsPath");
	if (h->mode == CGROUP_MODE_NONE)
		return error_set(err, EOPNOTSUPP, "systemd cgroup manager: no cgroup file system is mounted");
	if (h->rootless && h->mode != CGROUP_MODE_V2)
		return error_set(err, EOPNOTSUPP, "cannot use rootless systemd cgroups manager on cgroup v1");
	r = split(cgroups_path, id, a, &name, err);
	if (r < 0)
		return r;
	slice = *name.slice ? name.slice : h->rootless ? "user.slice" : "system.slice";
	r = expand_slice(slice, a, &parents, err);
	unit = str_ends(name.name, SLICE) ? name.name : arena_fmt(a, "%s-%s.scope", name.prefix, name.name);
	if (r == 0)
		r = unit ? check_unit(unit, err) : error_errno(err, ENOMEM, "linux.cgroupsPath");
	if (r < 0)
		return r;
	if (file_read_small(-1, "/proc/1/cgroup", text, LONGEST) <= 0)
		*text = '\0';
	if (str_ends(unit, SLICE)) {
		r = expand_slice(unit, a, &rel, err);
		if (r < 0)
			return r;
		if (!*rel)
			return error_set(err, EINVAL, "linux.cgroupsPath: the root slice cannot be a container's");
	} else {
		rel = directory(a, unit);
		rel = rel ? arena_fmt(a, "%s/%s", parents, rel) : NULL;
	}
	ret->unit = arena_strdup(a, unit);
	ret->slice = arena_strdup(a, str_eq(slice, "-") ? "-" SLICE : slice);
	if (!rel || !ret->unit || !ret->slice)
		return error_errno(err, ENOMEM, "linux.cgroupsPath");
	for (size_t i = 0; i < h->n && r == 0; i++) {
		const char *base = h->rootless ? root_of_user(&h->h[i], a) : root_of_system(&h->h[i], text, a);

		r = cgroup_locate_dir(&h->h[i], base, rel, a, &ret->d[i], err);
		ret->n = i + 1;
	}
	return r;
}

int cgroup_unit_from_path(struct cgroup *cg, struct arena *a, struct error *err)
{
	const char *name;

	if (!cg->n)
		return 0;
	name = strrchr(cg->d[0].path, '/') + 1;
	name += *name == '_';
	cg->unit = arena_strdup(a, name);
	return cg->unit ? 0 : error_errno(err, ENOMEM, "cgroup record");
}
