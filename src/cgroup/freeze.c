/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <poll.h>

#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"

static int error_of(int r)
{
	return r < 0 ? r : 0;
}

/* v1 tells of no event when a cgroup has come from FREEZING to FROZEN, and one to which processes are added while it
 * freezes may stay in between: FROZEN is written again, at times after a THAWED, in steps of 1 to 16 ms. */
static int freeze_v1(const struct cgroup_dir *d, bool frozen, int64_t deadline, struct error *err)
{
	char state[32];
	int r = 0;

	for (int step = 1, n = 1; r == 0; step = step < 16 ? step * 2 : 16, n++) {
		r = file_write_at(d->fd, "freezer.state", frozen ? "FROZEN" : "THAWED");
		if (r == 0)
			r = error_of(file_read_small(d->fd, "freezer.state", state, sizeof(state)));
		if (r < 0 || str_eq(state, frozen ? "FROZEN" : "THAWED"))
			break;
		if (!frozen) /* an ancestor is frozen: nothing we may change */
			return 0;
		if (cgroup_now_ms() >= deadline)
			r = -ETIMEDOUT;
		else if (n % 8 == 0)
			r = file_write_at(d->fd, "freezer.state", "THAWED");
		(void)poll(NULL, 0, step);
	}
	if (r == 0)
		return 0;
	if (frozen)
		(void)file_write_at(d->fd, "freezer.state", "THAWED"); /* never left half frozen */
	return error_errno(err, r, "unable to %s: %s", frozen ? "freeze" : "thaw", d->path);
}

static int freeze_v2(const struct cgroup_dir *d, bool frozen, int64_t deadline, struct error *err)
{
	int r = file_write_at(d->fd, "cgroup.freeze", frozen ? "1" : "0");

	/* Thawed is what it is as soon as that is written; "frozen" stays 1 as long as an ancestor is frozen. */
	if (r == 0 && frozen)
		r = cgroup_wait_event(d->fd, "frozen", true, deadline);
	if (r == 0)
		return 0;
	if (r == -ENOENT)
		return error_set(err, EOPNOTSUPP, "freezer not supported: %s", d->path);
	if (frozen)
		(void)file_write_at(d->fd, "cgroup.freeze", "0");
	return error_errno(err, r, "unable to %s: %s", frozen ? "freeze" : "thaw", d->path);
}

int cgroup_freeze(const struct cgroup *cg, bool frozen, int timeout_ms, struct error *err)
{
	int i = cgroup_find(cg, "freezer");
	int64_t deadline = cgroup_now_ms() + timeout_ms;

	if (i == CGROUP_NO_DIR || cg->d[i].fd < 0)
		return error_set(err, EOPNOTSUPP, "cannot toggle freezer: cgroups not configured for container");
	return cg->d[i].v2 ? freeze_v2(&cg->d[i], frozen, deadline, err) : freeze_v1(&cg->d[i], frozen, deadline, err);
}

/* The value of a file that says 0 or 1; 0 also when it or the cgroup is not there. */
static int read_flag(int dirfd, const char *file)
{
	char text[16];
	int r = file_read_small(dirfd, file, text, sizeof(text));

	if (r == -ENOENT || r == -ENODEV)
		return 0;
	return r < 0 ? r : str_eq(text, "1");
}

int cgroup_is_frozen(const struct cgroup *cg)
{
	int i = cgroup_find(cg, "freezer");

	if (i == CGROUP_NO_DIR || cg->d[i].fd < 0)
		return 0;
	return read_flag(cg->d[i].fd, cg->d[i].v2 ? "cgroup.freeze" : "freezer.self_freezing");
}

bool cgroup_starts_frozen(const struct cgroup *cg)
{
	int i = cgroup_find(cg, "freezer");
	char state[32];
	uint64_t v = 0;

	if (i == CGROUP_NO_DIR || cg->d[i].fd < 0)
		return false;
	if (cg->d[i].v2)
		return cgroup_read_key(cg->d[i].fd, "cgroup.events", "frozen", &v) == 0 && v;
	return file_read_small(cg->d[i].fd, "freezer.state", state, sizeof(state)) > 0 && !str_eq(state, "THAWED");
}

static int thaw_step(int dirfd, struct arena *a, void *arg)
{
	(void)a;
	(void)arg;
	(void)file_write_at(dirfd, "freezer.state", "THAWED");
	return 0;
}

void cgroup_thaw_all(const struct cgroup *cg)
{
	int i = cgroup_find(cg, "freezer");
	_cleanup_arena_ struct arena a = ARENA_INIT;

	if (i == CGROUP_NO_DIR || cg->d[i].fd < 0)
		return;
	if (cg->d[i].v2)
		(void)file_write_at(cg->d[i].fd, "cgroup.freeze", "0");
	else
		(void)cgroup_walk(cg->d[i].fd, &a, thaw_step, NULL);
}
