/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "container/container.h"
#include "container/life.h"
#include "container/pid_namespace.h"
#include "container/record.h"
#include "kernel/sys.h"

enum { FREEZE_MS = 10000 };

/* Without a pid namespace of its own the end of init does not end the others. */
static bool kills_all(const struct container *c, int sig, bool all)
{
	return all || (sig == SIGKILL && !(c->record->namespaces & CLONE_NEWPID));
}

/* All of a container without a cgroup. */
static int signal_members(const struct container *c, int sig, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	size_t n;
	pid_t *pids;
	int r = -EOPNOTSUPP;

	if (c->pid)
		r = pid_namespace_members(c->pid, &a, &pids, &n, err);
	else if (c->record->namespaces & CLONE_NEWPID)
		r = -ESRCH;
	if (r == -ESRCH) /* the end of a namespace's first process is that of all: as with an empty cgroup */
		return 0;
	if (r == -EOPNOTSUPP)
		return error_set(err, EOPNOTSUPP,
			"kill: all: the container has neither a cgroup nor a pid namespace of its own to find them by");
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = kill(pids[i], sig) < 0 ? -errno : 0;
		if (r == -ESRCH)
			r = 0;
		else if (r < 0)
			error_errno(err, r, "kill: signal %d to process %d", sig, (int)pids[i]);
	}
	return r;
}

/* Are there processes left, init or not? */
static bool has_members(const struct container *c, struct arena *a)
{
	struct error ignored;
	pid_t *pids;
	size_t n = 0;

	return cgroup_pids(&c->cgroup, a, &pids, &n, &ignored) == 0 && n;
}

int container_kill(const struct context *x, const char *id, int sig, bool all, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_container_ struct container c = {.dir = -1};
	_cleanup_close_ int pidfd = -1;
	int r = container_load(x, id, &a, &c, err);

	if (r < 0)
		return r;
	if (c.status == STATUS_CREATING) /* runtime.md: neither created nor running */
		return error_set(err, ESRCH, "container not running: %s", status_name(c.status));
	if (kills_all(&c, sig, all) && c.cgroup.n) {
		if (!all && !c.pid && !has_members(&c, &a))
			return error_set(err, ESRCH, "container not running");
		r = cgroup_open(&c.cgroup, err);
		return r < 0 ? r : cgroup_signal_all(&c.cgroup, sig, err);
	}
	if (all)
		return signal_members(&c, sig, err);
	pidfd = life_pidfd(&c, err);
	if (pidfd < 0)
		return pidfd;
	r = sys_pidfd_send_signal(pidfd, sig);
	if (r == -ESRCH)
		return error_set(err, ESRCH, "container not running");
	if (r < 0)
		return error_errno(err, r, "kill: signal %d to process %d", sig, (int)c.pid);
	/* on v1 a frozen process does not even die before it is thawed; `pause` may have come between */
	if (sig == SIGKILL && cgroup_is_frozen(&c.cgroup) > 0)
		return cgroup_freeze(&c.cgroup, false, FREEZE_MS, err);
	return 0;
}

/* Whether it is to die as soon as it runs. `kill` holds no lock: it looks for the freezer after it has sent the signal, and
 * `pause` for the signal after it has frozen, so that one of the two sees the other. */
static bool was_killed(pid_t pid)
{
	char path[32], text[4096];
	const char *p;

	fmt(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read_small(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	p = strstr(text, "\nSigPnd:");
	return p && (strtoull(p + strlen("\nSigPnd:"), NULL, 16) & 1ULL << (SIGKILL - 1));
}

static int set_frozen(const struct context *x, const char *id, bool frozen, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_container_ struct container c = {.dir = -1};
	int r = container_load_locked(x, id, &a, &c, err);

	if (r < 0)
		return r;
	if (frozen && c.status != STATUS_RUNNING && c.status != STATUS_CREATED)
		return error_set(err, EINVAL, "container not running: %s", status_name(c.status));
	if (!frozen && c.status != STATUS_PAUSED)
		return error_set(err, EINVAL, "container not paused: %s", status_name(c.status));
	r = cgroup_freeze(&c.cgroup, frozen, FREEZE_MS, err);
	if (r < 0 || !frozen || !was_killed(c.pid))
		return r;
	r = cgroup_freeze(&c.cgroup, false, FREEZE_MS, err);
	return r < 0 ? r : error_set(err, EINVAL, "container not running: %s", status_name(STATUS_STOPPED));
}

int container_pause(const struct context *x, const char *id, struct error *err)
{
	return set_frozen(x, id, true, err);
}

int container_resume(const struct context *x, const char *id, struct error *err)
{
	return set_frozen(x, id, false, err);
}

int container_pids(const struct context *x, const char *id, struct arena *a, pid_t **ret, size_t *n, struct error *err)
{
	_cleanup_container_ struct container c = {.dir = -1};
	int r = container_load(x, id, a, &c, err);

	if (r < 0)
		return r;
	if (c.cgroup.n) {
		r = cgroup_open(&c.cgroup, err);
		return r < 0 ? r : cgroup_pids(&c.cgroup, a, ret, n, err);
	}
	r = c.pid ? pid_namespace_members(c.pid, a, ret, n, err) : -EOPNOTSUPP;
	if (r != -EOPNOTSUPP)
		return r;
	*n = c.pid > 0;
	*ret = arena_new(a, pid_t);
	if (!*ret)
		return error_errno(err, ENOMEM, "ps");
	**ret = c.pid;
	return 0;
}
