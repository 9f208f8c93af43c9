/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/systemd.h"
#include "kernel/sys.h"

static int make_dir(const char *path)
{
	return mkdir(path, 0755) < 0 ? -errno : 0;
}

/* Makes what is missing of d->path above its last name. */
static int make_parents(struct cgroup_dir *d)
{
	char path[PATH_MAX];

	str_copy(path, sizeof(path), d->path);
	for (size_t i = d->mount_len + 1; path[i]; i++) {
		int r;

		if (path[i] != '/')
			continue;
		path[i] = '\0';
		r = make_dir(path);
		if (r == 0 && !d->made_len)
			d->made_len = i;
		if (r < 0 && r != -EEXIST)
			return r;
		path[i] = '/';
	}
	return 0;
}

static int make(struct cgroup_dir *d)
{
	int r = make_dir(d->path);

	/* A parent may vanish again when its last container is removed meanwhile. */
	for (int tries = 0; r == -ENOENT && tries < 8; tries++) {
		r = make_parents(d);
		if (r == 0)
			r = make_dir(d->path);
	}
	d->existed = r == -EEXIST;
	if (r == 0 && !d->made_len)
		d->made_len = str_len(d->path);
	return d->existed ? 0 : r;
}

static int inherit_file(int parent, int child, const char *file)
{
	static char text[8192]; /* stacks may be small */
	int r = file_read_small(child, file, text, sizeof(text));

	if (r != 0) /* set already, or not readable */
		return r < 0 ? r : 0;
	r = file_read_small(parent, file, text, sizeof(text));
	return r < 0 ? r : file_write_at(child, file, text);
}

/* A v1 cpuset is born without processors and memory nodes, and nothing can join it like that. */
static int inherit_cpuset(int parent, int child, void *arg)
{
	int r = inherit_file(parent, child, "cpuset.cpus");

	(void)arg;
	return r < 0 ? r : inherit_file(parent, child, "cpuset.mems");
}

/* All controllers of the hierarchy, as runc does: also without a limit they count for `events` and the engines. */
static void enable_all(const struct cgroup_dir *d)
{
	char have[1024];

	if (file_read_small(d->fd, "cgroup.controllers", have, sizeof(have)) < 0 || str_eq(have, d->available))
		return;
	(void)cgroup_enable_controllers(d, d->available); /* said by the limit that needs one */
	/* Below a threaded cgroup a new one takes no process until it is threaded too. */
	if (file_read_small(d->fd, "cgroup.type", have, sizeof(have)) > 0 && str_eq(have, "domain invalid"))
		(void)file_write_at(d->fd, "cgroup.type", "threaded");
}

static int refuse_processes(const struct cgroup_dir *d, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct pid_list l = {0};
	int r = cgroup_dir_pids(d->fd, &a, &l);

	if (r < 0 && r != -ENOENT && r != -ENODEV)
		return error_errno(err, r, "unable to get cgroup PIDs: %s", d->path);
	if (l.n)
		return error_set(err, EBUSY, "container's cgroup is not empty: %zu process(es) found in %s", l.n,
			d->path);
	return 0;
}

static int make_and_open(struct cgroup_dir *d, struct error *err)
{
	int r = make(d);

	if (r < 0)
		return error_errno(err, r, "unable to apply cgroup configuration: mkdir %s", d->path);
	d->fd = sys_openat2(AT_FDCWD, d->path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, SYS_RESOLVE_NO_SYMLINKS);
	return d->fd < 0 ? error_errno(err, d->fd, "unable to apply cgroup configuration: open %s", d->path) : 0;
}

/* What a directory needs before processes and limits. */
static int fit_out(const struct cgroup *cg, const struct cgroup_dir *d, struct error *err)
{
	int r = 0;

	if (d->v2 && cg->mode == CGROUP_MODE_V2)
		enable_all(d);
	if (!d->v2 && cgroup_list_has(d->controllers, "cpuset"))
		r = cgroup_each_level(d, inherit_cpuset, NULL);
	return r < 0 ? error_errno(err, r, "unable to apply cgroup configuration: cpuset of %s", d->path) : 0;
}

static int create_one(const struct cgroup *cg, struct cgroup_dir *d, struct error *err)
{
	int r = make_and_open(d, err);

	if (r == 0 && d->existed)
		r = refuse_processes(d, err);
	return r < 0 ? r : fit_out(cg, d, err);
}

/* Takes away what this call made, and leaves the rest. False: the directory itself could not be. */
static bool undo(struct cgroup_dir *d)
{
	bool gone = true;
	char path[PATH_MAX];
	size_t len = str_copy(path, sizeof(path), d->path);

	fd_close(&d->fd);
	for (; d->made_len && len >= d->made_len; len--) {
		if (path[len] != '\0' && path[len] != '/')
			continue;
		gone = path[len] != '\0';
		path[len] = '\0';
		if (rmdir(path) < 0)
			break;
		gone = true;
	}
	d->made_len = 0;
	d->existed = false;
	return gone;
}

static bool is_permission(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

/* A process that is put into a frozen cgroup would never come to its first instruction. */
static int refuse_frozen(const struct cgroup *cg, struct error *err)
{
	if (!cgroup_starts_frozen(cg))
		return 0;
	return error_set(err, EBUSY, "container's cgroup unexpectedly frozen: %s",
		cg->d[cgroup_find(cg, "freezer")].path);
}

/* Before there is a unit; systemd itself refuses one of the same name, but not what others have put into its place. */
static int check_free(struct cgroup *cg, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < cg->n && r == 0; i++) {
		r = cgroup_dir_open(&cg->d[i], err);
		if (r == 0)
			r = refuse_processes(&cg->d[i], err);
		else if (r == -ENOENT)
			r = 0;
	}
	if (r == 0)
		r = refuse_frozen(cg, err);
	for (size_t i = 0; i < cg->n; i++)
		fd_close(&cg->d[i].fd);
	return r;
}

int cgroup_open_new(struct cgroup *cg, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < cg->n && r == 0; i++) {
		struct cgroup_dir *d = &cg->d[i];

		r = d->v2 || str_eq(d->controllers, "name=systemd") ? cgroup_dir_open(d, err) : make_and_open(d, err);
		if (r == -ENOENT)
			return error_set(err, ESRCH, "systemd: %s: the unit has ended already", cg->unit);
		if (r == 0)
			r = fit_out(cg, d, err);
		d->existed = false; /* whoever made it, it goes with the unit */
	}
	return r;
}

int cgroup_create(struct cgroup *cg, struct error *err)
{
	size_t left_out = 0;
	int r = 0;

	if (cg->manager == CGROUP_MANAGER_SYSTEMD)
		return check_free(cg, err);
	for (size_t i = 0; i < cg->n && r == 0; i++) {
		fd_close(&cg->d[i].fd);
		r = create_one(cg, &cg->d[i], err);
		if (cg->partial && is_permission(r)) {
			(void)undo(&cg->d[i]); /* still on record */
			left_out++;
			r = 0;
		}
	}
	if (r == 0)
		r = refuse_frozen(cg, err);
	for (size_t i = 0; i < cg->n && r < 0; i++)
		cg->left |= !undo(&cg->d[i]);
	return r < 0 ? r : left_out && left_out == cg->n;
}
