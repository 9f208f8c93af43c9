/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"

/* The arguments of --cgroup, a path for each directory; NULL where none was given. */
struct subs {
	const char *path[CGROUP_MAX_HIERARCHIES];
	const char *controllers[CGROUP_MAX_HIERARCHIES]; /* whose argument it was, to find doubles */
};

static int add_sub(const struct cgroup *cg, const char *arg, const char *controller, const char *path, struct subs *s,
	struct error *err)
{
	int i = CGROUP_NO_DIR;

	for (size_t j = 0; j < cg->n; j++)
		if (!cg->d[j].v2 && cgroup_list_has(cg->d[j].controllers, controller))
			i = (int)j;
	if (i == CGROUP_NO_DIR)
		return error_set(err, EINVAL, "unknown controller %s in --cgroup %s", controller, arg);
	if (s->path[i] && (!str_eq(s->path[i], path) || str_eq(s->controllers[i], controller)))
		return error_set(err, EINVAL, "invalid --cgroup argument(s): controller %s specified multiple times",
			controller);
	s->path[i] = path;
	s->controllers[i] = controller;
	return 0;
}

static int parse(
	const struct cgroup *cg, char *const *sub, size_t n, struct arena *a, struct subs *s, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *colon = strchr(sub[i], ':');
		char *names = colon ? arena_strndup(a, sub[i], (size_t)(colon - sub[i])) : NULL;

		if (!colon && n > 1)
			return error_set(
				err, EINVAL, "invalid --cgroup argument: %s (missing <controller>: prefix)", sub[i]);
		for (size_t j = 0; !colon && j < cg->n; j++)
			s->path[j] = sub[i];
		while (colon) {
			size_t len = names ? strcspn(names, ",") : 0;
			bool last = !names || !names[len];
			int r;

			if (!names)
				return error_errno(err, ENOMEM, "--cgroup %s", sub[i]);
			if (!len)
				return error_set(err, EINVAL,
					"invalid --cgroup argument: %s (empty <controller> prefix)", sub[i]);
			names[len] = '\0';
			r = add_sub(cg, sub[i], names, colon + 1, s, err);
			if (r < 0)
				return r;
			if (last)
				break;
			names += len + 1;
		}
	}
	return 0;
}

/* d's path with a sub-path behind it, without empty and "." parts. */
static int join(struct cgroup_dir *d, const char *sub, struct arena *a, struct error *err)
{
	char path[PATH_MAX];
	size_t at = str_copy(path, sizeof(path), d->path);

	for (const char *p = sub; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return error_set(err, EINVAL, "bad sub cgroup path: %s", sub);
		if (at + n + 2 > sizeof(path))
			return error_errno(err, ENAMETOOLONG, "bad sub cgroup path: %s", sub);
		if (n && !(n == 1 && p[0] == '.'))
			at += fmt(path + at, sizeof(path) - at, "/%.*s", (int)n, p);
		p += n + (p[n] == '/');
	}
	d->path = arena_strdup(a, path);
	return d->path ? 0 : error_errno(err, ENOMEM, "bad sub cgroup path: %s", sub);
}

/* The v2 cgroup that a process is in, below the mount that d is in; false when it cannot be known. */
static bool of_process(struct cgroup_dir *d, pid_t pid, struct arena *a)
{
	size_t len = cgroup_mount_len(d);
	char *text, *save = NULL, name[32];

	fmt(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	if (!len || pid <= 0 || file_read_at(a, -1, name, 1 << 20, &text, NULL, NULL) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!str_starts(line, "0::/") || str_starts(line, "0::/.."))
			continue;
		d->path = arena_fmt(a, "%.*s%s", (int)len, d->path, line + 3);
		return d->path;
	}
	return false;
}

/* Whether a v2 cgroup takes no processes because controllers are enabled for those below it. `only_surely`: the
 * threaded ones (cpu, cpuset, pids, perf_event) may leave it open, which the kernel alone can tell. */
static bool is_inner(const struct cgroup_dir *d, bool only_surely)
{
	static const char *const threaded[] = {"cpu", "cpuset", "pids", "perf_event"};
	char have[1024], *save = NULL;

	if (file_read_small(d->fd, "cgroup.subtree_control", have, sizeof(have)) <= 0)
		return false;
	for (char *name = strtok_r(have, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		bool maybe = false;

		for (size_t i = 0; i < sizeof(threaded) / sizeof(threaded[0]); i++)
			maybe |= str_eq(name, threaded[i]);
		if (!maybe || !only_surely)
			return true;
	}
	return false;
}

static int enter_one(
	struct cgroup_dir *d, const char *sub, bool below, pid_t init, struct arena *a, struct error *err)
{
	const char *own = d->path;
	int r = sub ? join(d, sub, a, err) : 0;

	if (r == 0)
		r = cgroup_dir_open(d, err);
	if (d->v2 && !sub && (r == -ENOENT || (r == 0 && (below || is_inner(d, false)))) && of_process(d, init, a)) {
		struct error e;

		/* It may have gone again meanwhile, or be a root, which cgroup_dir_open refuses: then its own has to
		 * do. */
		if (cgroup_dir_open(d, &e) == 0)
			return 0;
		d->path = own;
	}
	if (r == -ENOENT)
		return error_errno(err, ENOENT, "error adding pid of exec to cgroups: open %s", d->path);
	if (r == 0 && d->v2 && is_inner(d, true))
		return error_errno(err, EBUSY, "error adding pid of exec to cgroups: %s", d->path);
	return r;
}

int cgroup_enter(const struct cgroup *cg, char *const *sub, size_t n, pid_t init, struct arena *a, struct cgroup *ret,
	struct error *err)
{
	struct subs s = {0};
	int r;

	*ret = *cg;
	for (size_t i = 0; i < ret->n; i++)
		ret->d[i].fd = -1;
	r = parse(cg, sub, n, a, &s, err);
	for (size_t i = 0; i < ret->n && r == 0; i++)
		r = enter_one(&ret->d[i], s.path[i], cg->below, init, a, err);
	if (r < 0)
		cgroup_close(ret);
	return r;
}
