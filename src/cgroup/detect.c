/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define V1_MARK " - cgroup " /* in mountinfo */

enum { MAX_PROC = 1 << 20, MAX_MOUNTINFO = 256 << 20 };

/* What mountinfo says of one cgroup mount; the strings are its own, unescaped in place. */
struct mount_line {
	char *root, *mountpoint, *options; /* options of the superblock: these name the controllers */
};

struct detector {
	struct cgroup_host *host;
	struct arena *a;
	struct mount_line *mounts; /* see load_mounts */
	size_t n_mounts;
	struct error *err;
};

/* Whether that is an answer; any other failure is none. What may not be looked at is not there for us. */
static bool is_not_there(int code)
{
	return code == ENOENT || code == ENOTDIR || code == ELOOP || code == EACCES;
}

static int is_fs(const char *path, unsigned long magic, struct error *err)
{
	struct statfs st;

	if (statfs(path, &st) == 0)
		return (unsigned long)st.f_type == magic;
	return is_not_there(errno) ? 0 : error_errno(err, errno, "cgroup: %s", path);
}

static void unescape(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
			s[3] <= '7') {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

/* "36 35 98:0 /root /mount/point rw,noatime shared:1 - cgroup cgroup rw,memory" */
static bool mount_line_parse(char *line, struct mount_line *ret)
{
	char *tail = strstr(line, V1_MARK), *field[6], *save = NULL;

	if (!tail)
		return false;
	*tail = '\0';
	for (size_t i = 0; i < 5; i++, line = NULL) {
		field[i] = strtok_r(line, " ", &save);
		if (!field[i])
			return false;
	}
	tail = strchr(tail + strlen(V1_MARK), ' ');
	if (!tail)
		return false;
	*ret = (struct mount_line){.root = field[3], .mountpoint = field[4], .options = tail + 1};
	unescape(ret->root);
	unescape(ret->mountpoint);
	return true;
}

static bool has_all(const char *options, const char *controllers)
{
	char name[256];

	while (*controllers) {
		size_t n = strcspn(controllers, ",");

		if (n >= sizeof(name))
			return false;
		memcpy(name, controllers, n);
		name[n] = '\0';
		if (!cgroup_list_has(options, name))
			return false;
		controllers += n + (controllers[n] == ',');
	}
	return true;
}

/* Reads mountinfo, once, and only where the usual places do not answer. */
static int load_mounts(struct detector *d)
{
	char *text, *save = NULL;
	size_t lines = 1;
	int r;

	if (d->mounts)
		return 0;
	r = file_read_at(d->a, -1, "/proc/self/mountinfo", MAX_MOUNTINFO, &text, NULL, d->err);
	if (r < 0)
		return r;
	for (const char *p = strstr(text, V1_MARK); p; p = strstr(p + 1, V1_MARK))
		lines++;
	d->mounts = arena_array(d->a, lines, sizeof(*d->mounts));
	if (!d->mounts)
		return error_errno(d->err, ENOMEM, "cgroup: mountinfo");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		d->n_mounts += mount_line_parse(line, &d->mounts[d->n_mounts]);
	return 0;
}

/* 1 when a mount of the v1 hierarchy was found in mountinfo, 0 when there is none; with `mountpoint` only that one. The
 * last of several, as it lies on top. */
static int find_in_mountinfo(
	struct detector *d, const char *controllers, const char *mountpoint, struct mount_line *ret)
{
	int r = load_mounts(d);

	if (r < 0)
		return r;
	for (size_t i = d->n_mounts; i-- > 0;) {
		const struct mount_line *m = &d->mounts[i];

		if (!has_all(m->options, controllers) || (mountpoint && !str_eq(m->mountpoint, mountpoint)))
			continue;
		*ret = *m;
		return 1;
	}
	return 0;
}

/* /sys/fs/cgroup/NAME where that is a v1 mount. Distributions name it by all controllers ("cpu,cpuacct") and link the
 * single names to it; the links are resolved, as later no link is followed. */
static char *usual_place(struct detector *d, const char *name, size_t len)
{
	char *path = arena_fmt(d->a, CGROUP_ROOT "/%.*s", (int)len, name), *real;
	struct stat st;

	if (!path || is_fs(path, CGROUP_V1_MAGIC, NULL) <= 0) /* then mountinfo has it */
		return NULL;
	if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode))
		return path;
	real = realpath(path, NULL);
	path = real ? arena_strdup(d->a, real) : NULL;
	free(real);
	return path;
}

static int find_v1(struct detector *d, const char *controllers, const char **ret)
{
	const char *name = str_starts(controllers, "name=") ? controllers + 5 : controllers;
	struct mount_line m;
	int r;

	*ret = usual_place(d, name, str_len(name));
	while (!*ret && *name) {
		size_t n = strcspn(name, ",");

		*ret = usual_place(d, name, n);
		name += n + (name[n] == ',');
	}
	if (*ret)
		return 0;
	r = find_in_mountinfo(d, controllers, NULL, &m);
	if (r > 0)
		*ret = m.mountpoint;
	return r < 0 ? r : 0;
}

/* The path in /proc/self/cgroup is one from the root of our cgroup namespace. Where the mount shows only a part of the
 * hierarchy (a container without a cgroup namespace), its root is cut off; what lies outside the mount counts as "/".
 */
static int own_below_mount(struct detector *d, const char *controllers, const char *mountpoint, const char **own)
{
	const char *full = *own;
	struct mount_line m;
	size_t n;
	int r;

	if (str_eq(full, "/"))
		return 0;
	*own = "/";
	if (str_eq(full, "/..") || str_starts(full, "/../"))
		return 0;
	char *there = arena_fmt(d->a, "%s%s", mountpoint, full);
	if (!there)
		return error_errno(d->err, ENOMEM, "cgroup: %s", full);
	if (access(there, F_OK) == 0) {
		*own = full;
		return 0;
	}
	if (!is_not_there(errno))
		return error_errno(d->err, errno, "cgroup: %s", there);
	if (!*controllers) /* v2: its mounts inside containers come with a cgroup namespace */
		return 0;
	r = find_in_mountinfo(d, controllers, mountpoint, &m);
	if (r <= 0)
		return r;
	n = str_len(m.root);
	if (str_starts(full, m.root) && full[n] == '/')
		*own = full + n;
	return 0;
}

static int add(struct detector *d, const char *controllers, const char *mountpoint, const char *own, bool v2)
{
	char names[1024];
	int r;

	if (d->host->n == CGROUP_MAX_HIERARCHIES)
		return error_set(d->err, E2BIG, "cgroup: more than %d hierarchies", (int)CGROUP_MAX_HIERARCHIES);
	struct cgroup_hierarchy *h = &d->host->h[d->host->n];
	*h = (struct cgroup_hierarchy){.controllers = controllers, .mountpoint = mountpoint, .own = own, .v2 = v2};
	r = own_below_mount(d, controllers, mountpoint, &h->own);
	if (r < 0)
		return r;
	if (v2) {
		char *path = arena_fmt(d->a, "%s/cgroup.controllers", mountpoint);

		r = path ? file_read_small(-1, path, names, sizeof(names)) : -ENOMEM;
		if (is_not_there(-r))
			names[0] = '\0';
		else if (r < 0)
			return error_errno(d->err, r, "cgroup: %s/cgroup.controllers", mountpoint);
		h->available = arena_strdup(d->a, names);
		if (!h->available)
			return error_errno(d->err, ENOMEM, "cgroup: %s", mountpoint);
	}
	d->host->n++;
	return 0;
}

/* One line of /proc/self/cgroup: "4:memory:/user", "0::/user". */
static int add_line(struct detector *d, char *line, const char *v2_mount)
{
	char *controllers = strchr(line, ':'), *own = controllers ? strchr(controllers + 1, ':') : NULL;
	const char *mountpoint;
	int r;

	if (!own)
		return error_set(d->err, EINVAL, "/proc/self/cgroup: %s: two colons expected", line);
	*controllers++ = '\0';
	*own++ = '\0';
	if (!*controllers)
		return v2_mount ? add(d, "", v2_mount, own, true) : 0;
	if (d->host->mode == CGROUP_MODE_V2)
		return 0;
	r = find_v1(d, controllers, &mountpoint);
	if (r < 0 || !mountpoint)
		return r;
	return add(d, controllers, mountpoint, own, false);
}

static int find_v2(struct cgroup_host *host, const char **mount, struct error *err)
{
	int r = is_fs(CGROUP_ROOT, CGROUP_V2_MAGIC, err);

	if (r > 0) {
		host->mode = CGROUP_MODE_V2;
		*mount = CGROUP_ROOT;
	} else if (r == 0) {
		r = is_fs(CGROUP_ROOT "/unified", CGROUP_V2_MAGIC, err);
		*mount = r > 0 ? CGROUP_ROOT "/unified" : NULL;
	}
	return r;
}

int cgroup_host_detect(struct cgroup_host *ret, struct arena *a, struct error *err)
{
	struct detector d = {.host = ret, .a = a, .err = err};
	const char *v2_mount = NULL;
	char *text, *save = NULL;
	bool v1 = false;
	int r;

	*ret = (struct cgroup_host){.mode = CGROUP_MODE_NONE};
	r = find_v2(ret, &v2_mount, err);
	if (r < 0)
		return r;
	r = file_read_at(a, -1, "/proc/self/cgroup", MAX_PROC, &text, NULL, err);
	if (r == -ENOENT && access("/proc/self", F_OK) == 0) /* a kernel without cgroups */
		return 0;
	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		r = add_line(&d, line, v2_mount);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ret->n; i++)
		v1 |= !ret->h[i].v2;
	if (ret->mode == CGROUP_MODE_NONE && v1)
		ret->mode = v2_mount ? CGROUP_MODE_HYBRID : CGROUP_MODE_V1;
	else if (ret->mode == CGROUP_MODE_NONE)
		ret->n = 0;
	return 0;
}
