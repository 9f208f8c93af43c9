/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/systemd.h"
#include "kernel/sys.h"

enum { WAIT_FDS = 64 };

static int remove_dir(const char *path)
{
	return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* Removes the innermost first sub-cgroup and its siblings as far as they have none of their own. 1 when something was
 * removed, 0 when there is nothing below. Two fds at a time, however deep a container has nested them. */
static int remove_innermost(int top)
{
	_cleanup_close_ int cur = fcntl(top, F_DUPFD_CLOEXEC, 3);
	char name[NAME_MAX + 1];
	int r, removed = 0;

	if (cur < 0)
		return -errno;
	while ((r = cgroup_first_child(cur, name, sizeof(name))) > 0) {
		int child;

		if (unlinkat(cur, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
			removed = 1;
			continue;
		}
		if (errno != EBUSY && errno != ENOTEMPTY)
			return -errno;
		if (removed)
			return 1; /* a sibling that has children itself: from the top again */
		child = openat(cur, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child < 0)
			return errno == ENOENT ? 1 : -errno;
		r = cgroup_first_child(child, name, sizeof(name));
		if (r <= 0) {
			close(child);
			return r < 0 ? r : -EBUSY; /* nothing below: there are processes in it */
		}
		fd_close(&cur);
		cur = child;
	}
	return r < 0 ? r : removed;
}

static int remove_tree(const struct cgroup_dir *d)
{
	int r;

	do
		r = remove_innermost(d->fd);
	while (r > 0);
	if (r < 0 && r != -ENOENT && r != -ENODEV)
		return r;
	return d->existed ? 0 : remove_dir(d->path);
}

/* What cgroup_create made above the container's own, as far as nobody else has moved in. */
static void remove_parents(const struct cgroup_dir *d)
{
	char path[PATH_MAX];
	size_t len = str_copy(path, sizeof(path), d->path);

	while (d->made_len && --len >= d->made_len) {
		if (path[len] != '/')
			continue;
		path[len] = '\0';
		if (rmdir(path) < 0)
			break;
	}
}

/* Kills what is in d, and waits until it has ended, through pidfds. 0: nothing was there. */
static int kill_and_wait(const struct cgroup_dir *d, int64_t deadline)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct pollfd p[WAIT_FDS];
	struct pid_list l = {0};
	nfds_t n = 0;
	int r = cgroup_dir_pids(d->fd, &a, &l);

	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? 0 : r;
	for (size_t i = 0; i < l.n && n < WAIT_FDS; i++) {
		int fd = l.p[i] ? sys_pidfd_open(l.p[i], 0) : -ESRCH;

		if (fd < 0)
			continue;
		(void)sys_pidfd_send_signal(fd, SIGKILL);
		p[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	r = (int)n;
	while (n) {
		int64_t left = deadline - cgroup_now_ms();

		if (left > 0 && poll(&p[n - 1], 1, left > INT_MAX ? INT_MAX : (int)left) < 0 && errno == EINTR)
			continue;
		close(p[--n].fd);
	}
	return r;
}

/* Removes d, whose processes have been killed. rmdir says EBUSY for a moment after the last process became a zombie: it
 * leaves its cgroup only later in its exit, and v1 has no event for that. So between two tries the process table is
 * asked for what can be waited for, and with nothing there the next try comes after 1, 2, 4 … 16 ms. */
static int remove_when_empty(const struct cgroup_dir *d, int64_t deadline, struct error *err)
{
	int step = 1, r;

	for (;;) {
		r = remove_tree(d);
		if (r != -EBUSY || cgroup_now_ms() >= deadline)
			break;
		r = kill_and_wait(d, deadline);
		if (r < 0)
			break;
		if (r == 0) {
			(void)poll(NULL, 0, step);
			step = step < 16 ? step * 2 : 16;
		}
	}
	return r < 0 ? error_errno(err, r, "cgroup: remove: %s", d->path) : 0;
}

/* How many are left after one try: none is the common end of a container, whose processes are gone. Those that are left
 * are open then. */
static int remove_all_at_once(struct cgroup *cg, struct error *err)
{
	int left = 0;

	for (size_t i = 0; i < cg->n; i++) {
		struct cgroup_dir *d = &cg->d[i];
		int r = d->existed ? -EBUSY : cgroup_dir_remove(d, err);

		if (r < 0 && r != -EBUSY && r != -ENOENT)
			return r;
		if (r != -EBUSY) {
			fd_close(&d->fd);
			continue;
		}
		r = d->fd >= 0 ? 0 : cgroup_dir_open(d, err);
		if (r < 0 && r != -ENOENT)
			return r;
		left += r == 0;
	}
	return left;
}

int cgroup_destroy(struct cgroup *cg, int timeout_ms, struct error *err)
{
	int64_t deadline = cgroup_now_ms() + timeout_ms;
	int v2 = cgroup_find_v2(cg), left, r = 0;

	if (cg->unit) {
		r = cgroup_unit_stop(cg, deadline, err);
		if (r < 0)
			return r;
	}
	left = remove_all_at_once(cg, err);
	if (left < 0)
		return left;
	if (left > 0)
		r = cgroup_signal_all(cg, SIGKILL, err);
	if (left > 0 && r == 0 && v2 != CGROUP_NO_DIR && cg->d[v2].fd >= 0)
		(void)cgroup_wait_event(cg->d[v2].fd, "populated", false, deadline); /* rmdir tells what is wrong */
	for (size_t i = 0; i < cg->n && r == 0; i++) {
		if (cg->d[i].fd < 0)
			continue;
		r = remove_when_empty(&cg->d[i], deadline, err);
		fd_close(&cg->d[i].fd);
	}
	for (size_t i = 0; i < cg->n && r == 0; i++)
		remove_parents(&cg->d[i]);
	return r;
}
