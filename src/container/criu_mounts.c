/* SPDX-License-Identifier: Apache-2.0 */
#include "container/criu_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "container/criu.h"
#include "kernel/sys.h"

#define NULL_DEVICE "/dev/null"

/* What is to be done with each mount that comes from the host. */
struct visitor {
	struct criu_message *m;
	int root; /* of the container, for names; -1 for sources */
	int (*each)(const struct visitor *v, const char *name, const char *source);
};

/* A mount point is known by the path that symbolic links lead to. */
static int put_name(const struct visitor *v, const char *name, const char *source)
{
	_cleanup_close_ int fd =
		sys_openat2(v->root, name, O_PATH | O_CLOEXEC, 0, SYS_RESOLVE_IN_ROOT | SYS_RESOLVE_NO_MAGICLINKS);
	char link[64], real[PATH_MAX];
	ssize_t n;

	(void)source;
	if (fd < 0)
		return fd;
	fmt(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	if (n < 0)
		return -errno;
	real[n] = '\0';
	criu_put_pair(v->m, CRIU_EXT_MNT, real, name);
	return 0;
}

/* CRIU looks for the mount that a source is on by the text of its path. */
static int put_source(const struct visitor *v, const char *name, const char *source)
{
	char real[PATH_MAX];

	if (!realpath(source, real))
		return -errno;
	criu_put_pair(v->m, CRIU_EXT_MNT, name, real);
	return 0;
}

static int visit_cgroups(const struct visitor *v, const struct plan *p, const struct plan_mount *m, struct arena *a)
{
	const char *dest = plan_str(p, m->dest);
	int r = 0;

	if (m->flags & PLAN_MOUNT_CGROUP_NS)
		return 0; /* real mounts, which CRIU makes again; without the namespace they would show all cgroups */
	for (uint32_t i = 0; r == 0 && i < m->cgroup_names.n; i++) {
		const char *hierarchy = plan_list_str(p, m->cgroup_names, i);
		const char *name = arena_fmt(a, "%s%s%s", dest, *hierarchy ? "/" : "", hierarchy);

		r = name ? v->each(v, name, plan_list_str(p, m->cgroup_paths, i)) : -ENOMEM;
	}
	return r;
}

static int visit_step(const struct visitor *v, const struct plan *p, const struct plan_step *s, struct arena *a)
{
	const struct plan_mount *m = (const struct plan_mount *)s;
	const struct plan_device *d = (const struct plan_device *)s;

	if (s->op == PLAN_OP_MOUNT && m->kind == PLAN_MOUNT_BIND)
		return v->each(v, plan_str(p, m->dest), plan_str(p, m->source));
	if (s->op == PLAN_OP_MOUNT && m->kind == PLAN_MOUNT_CGROUP)
		return visit_cgroups(v, p, m, a);
	if (s->op == PLAN_OP_DEVICE && d->bind)
		return v->each(v, plan_str(p, d->path), plan_str(p, d->path));
	return 0;
}

static int visit(const struct visitor *v, const struct plan *p, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;

	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		int r = visit_step(v, p, s, &a);

		if (r < 0)
			return error_errno(
				err, r, "%s[%u]", s->op == PLAN_OP_MOUNT ? "mounts" : "linux.devices", s->index);
	}
	return 0;
}

/* Files are masked by the null device, directories by a file system that CRIU saves. */
static void put_masked(struct criu_message *m, const struct plan *p, const struct plan_strings *masked, int root)
{
	for (uint32_t i = 0; i < masked->values.n; i++) {
		const char *path = plan_list_str(p, masked->values, i);
		_cleanup_close_ int fd =
			sys_openat2(root, path, O_PATH | O_CLOEXEC, 0, SYS_RESOLVE_IN_ROOT | SYS_RESOLVE_NO_MAGICLINKS);
		struct stat st;

		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode))
			criu_put_pair(m, CRIU_EXT_MNT, path, NULL_DEVICE);
	}
}

int criu_put_mount_names(struct criu_message *m, const struct plan *p, pid_t pid, struct error *err)
{
	_cleanup_close_ int root = -1;
	struct visitor v = {.m = m, .each = put_name};
	char path[64];

	fmt(path, sizeof(path), "/proc/%d/root", (int)pid);
	v.root = root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_errno(err, errno, "checkpoint: %s", path);
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		if (s->op == PLAN_OP_MASKED_PATHS)
			put_masked(m, p, (const struct plan_strings *)s, root);
	return visit(&v, p, err);
}

int criu_put_mount_sources(struct criu_message *m, const struct plan *p, struct error *err)
{
	const struct visitor v = {.m = m, .root = -1, .each = put_source};

	criu_put_pair(m, CRIU_EXT_MNT, NULL_DEVICE, NULL_DEVICE);
	return visit(&v, p, err);
}
