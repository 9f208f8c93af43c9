/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"

int cgroup_v2_fd(const struct cgroup *cg)
{
	int i = cgroup_find_v2(cg);

	return i == CGROUP_NO_DIR ? -1 : cg->d[i].fd;
}

int cgroup_task_fds(const struct cgroup *cg, bool with_v2, int *fds, int *memory, struct error *err)
{
	int n = 0;

	*memory = -1;
	for (size_t i = 0; i < cg->n; i++) {
		const struct cgroup_dir *d = &cg->d[i];
		const char *file = d->v2 ? "cgroup.procs" : "tasks";

		if (d->fd < 0 || (d->v2 && !with_v2))
			continue;
		fds[n] = openat(d->fd, file, O_WRONLY | O_CLOEXEC);
		if (fds[n] < 0) {
			int code = errno;

			while (n)
				close(fds[--n]);
			return error_errno(
				err, code, "unable to apply cgroup configuration: open %s/%s", d->path, file);
		}
		if (!d->v2 && str_eq(d->controllers, "memory"))
			*memory = n;
		n++;
	}
	return n;
}

int cgroup_attach(const struct cgroup *cg, pid_t pid, struct error *err)
{
	char text[16];

	fmt(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < cg->n; i++) {
		const struct cgroup_dir *d = &cg->d[i];
		int r = d->fd < 0 ? 0 : file_write_at(d->fd, "cgroup.procs", text);

		if (r < 0)
			return error_errno(err, r, "unable to apply cgroup configuration: write %s to %s/cgroup.procs",
				text, d->path);
	}
	return 0;
}

static int add_pid(struct pid_list *l, pid_t pid, struct arena *a)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		pid_t *p = arena_array(a, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		if (l->n)
			memcpy(p, l->p, l->n * sizeof(*p));
		l->p = p;
		l->cap = cap;
	}
	l->p[l->n++] = pid;
	return 0;
}

static int read_pids(int dirfd, const char *file, struct arena *a, struct pid_list *l)
{
	_cleanup_close_ int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	ssize_t n;
	pid_t pid = 0;
	bool digits = false;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			int r;

			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = pid * 10 + (buf[i] - '0');
				digits = true;
				continue;
			}
			r = digits ? add_pid(l, pid, a) : 0;
			if (r < 0)
				return r;
			pid = 0;
			digits = false;
		}
	}
	return n < 0 ? -errno : 0;
}

static int read_step(int dirfd, struct arena *a, void *arg)
{
	int r = read_pids(dirfd, "cgroup.procs", a, arg);

	if (r == -EOPNOTSUPP) /* a threaded cgroup tells only its threads */
		r = read_pids(dirfd, "cgroup.threads", a, arg);
	return r;
}

int cgroup_dir_pids(int dirfd, struct arena *a, struct pid_list *l)
{
	return cgroup_walk(dirfd, a, read_step, l);
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Ascending, without doubles, and without the 0 that stands for a process outside our pid namespace. */
static void tidy(struct pid_list *l)
{
	size_t n = 0;

	if (l->n)
		qsort(l->p, l->n, sizeof(*l->p), by_number);
	for (size_t i = 0; i < l->n; i++)
		if (l->p[i] && (!n || l->p[n - 1] != l->p[i]))
			l->p[n++] = l->p[i];
	l->n = n;
}

static int dir_pids(const struct cgroup_dir *d, struct arena *a, struct pid_list *l, struct error *err)
{
	int r = d->fd < 0 ? 0 : cgroup_dir_pids(d->fd, a, l);

	if (r == 0 || r == -ENOENT || r == -ENODEV)
		return 0;
	return error_errno(err, r, "unable to get cgroup PIDs: %s", d->path);
}

int cgroup_pids_union(const struct cgroup *cg, struct arena *a, struct pid_list *l, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < cg->n && r == 0; i++)
		r = dir_pids(&cg->d[i], a, l, err);
	tidy(l);
	return r;
}

int cgroup_pids(const struct cgroup *cg, struct arena *a, pid_t **ret, size_t *ret_n, struct error *err)
{
	struct pid_list l = {0};
	int i = cgroup_find(cg, "devices"), r = 0; /* runc's choice; a process is in all of them */

	for (size_t j = 0; j < cg->n && (i == CGROUP_NO_DIR || cg->d[i].fd < 0); j++)
		i = (int)j;
	if (i != CGROUP_NO_DIR)
		r = dir_pids(&cg->d[i], a, &l, err);
	if (r < 0)
		return r;
	tidy(&l);
	*ret = l.p;
	*ret_n = l.n;
	return 0;
}

static int signal_each(const struct cgroup *cg, int sig, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct pid_list l = {0};
	int r = cgroup_pids_union(cg, &a, &l, err);

	for (size_t i = 0; i < l.n && r == 0; i++)
		if (kill(l.p[i], sig) < 0 && errno != ESRCH)
			r = error_errno(err, errno, "unable to signal process %d", (int)l.p[i]);
	return r;
}

enum { FREEZE_MS = 1000 };

int cgroup_signal_all(const struct cgroup *cg, int sig, struct error *err)
{
	int v2 = cgroup_find_v2(cg), r;
	bool killed;

	if (sig != SIGKILL)
		return signal_each(cg, sig, err);
	killed = v2 != CGROUP_NO_DIR && cg->d[v2].fd >= 0 && file_write_at(cg->d[v2].fd, "cgroup.kill", "1") == 0;
	if (killed && cg->mode == CGROUP_MODE_V2)
		return 0;
	/* Also after cgroup.kill: on a hybrid host a process may have been put into the v1 hierarchies only. A cgroup
	 * that does not freeze (processes keep coming, an uninterruptible one) is killed all the same. */
	if (!killed)
		(void)cgroup_freeze(cg, true, FREEZE_MS, NULL);
	r = signal_each(cg, sig, err);
	cgroup_thaw_all(cg); /* what is frozen on v1 ends when it is thawed, also what was paused before */
	return r;
}

uint64_t cgroup_memory_peak(struct cgroup *cg)
{
	int i = cgroup_find(cg, "memory");
	struct cgroup_dir *d = i == CGROUP_NO_DIR ? NULL : &cg->d[i];
	char text[32];
	uint64_t v;

	if (!d || (d->fd < 0 && cgroup_dir_open(d, NULL) < 0))
		return 0;
	if (file_read_small(d->fd, d->v2 ? "memory.peak" : "memory.max_usage_in_bytes", text, sizeof(text)) < 0)
		return 0;
	return str_to_u64(text, &v) ? v : 0;
}

int64_t cgroup_oom_kills(const struct cgroup *cg)
{
	int i = cgroup_find(cg, "memory");
	uint64_t v = 0;

	if (i == CGROUP_NO_DIR || cg->d[i].fd < 0)
		return 0;
	if (faccessat(cg->d[i].fd, "cgroup.procs", F_OK, 0) < 0 && errno == ENOENT)
		return -ENODEV;
	(void)cgroup_read_key(cg->d[i].fd, cg->d[i].v2 ? "memory.events" : "memory.oom_control", "oom_kill", &v);
	return (int64_t)v;
}
