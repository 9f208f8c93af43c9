/* SPDX-License-Identifier: Apache-2.0 */
#include "container/life.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "container/create.h"
#include "container/hooks_run.h"
#include "container/intel_rdt.h"
#include "container/process.h"
#include "container/record.h"
#include "container/store.h"
#include "kernel/sys.h"
#include "perf/metrics.h"

enum { KILL_MS = 10000, ALONE_MS = 2000 };

/* What was not written before a power cut reads as zeros; no plan has that many. */
static bool has_lost_block(const char *p, size_t size)
{
	static const char zeros[1024];

	for (size_t at = 0; at + sizeof(zeros) <= size; at += sizeof(zeros))
		if (memcmp(p + at, zeros, sizeof(zeros)) == 0)
			return true;
	return false;
}

int life_plan(const struct container *c, const struct plan **ret, size_t *map_size, struct error *err)
{
	_cleanup_close_ int fd = openat(c->dir, "plan", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	void *p;
	int r;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : error_errno(err, errno, "state directory: plan");
	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct plan) || st.st_size > UINT32_MAX)
		return error_errno(err, EBADMSG, "state directory: plan");
	/* private: what is mapped here cannot change after it was checked */
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		return error_errno(err, errno, "state directory: plan");
	r = plan_check(p, (size_t)st.st_size);
	if (r == 0 && c->record->another_boot && has_lost_block(p, (size_t)st.st_size))
		r = -EBADMSG;
	if (r == -EPROTO)
		error_set(err, EPROTO, "state directory: plan: version %u, this build reads version %u",
			((const struct plan *)p)->version, PLAN_VERSION);
	else if (r < 0)
		error_errno(err, r, "state directory: plan");
	if (r < 0) {
		munmap(p, (size_t)st.st_size);
		return r;
	}
	*ret = p;
	*map_size = (size_t)st.st_size;
	return 0;
}

static int find_hooks(const struct container *c, enum plan_hook_kind kind, struct arena *a, struct error *err)
{
	const struct plan *p;
	size_t size, len;
	char *json;
	int r = life_plan(c, &p, &size, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = container_state_json(c, a, &json, &len, err);
	if (r == 0 && kind == PLAN_HOOK_POSTSTOP)
		hooks_run_all(p, kind, json, len, c->bundle);
	else if (r == 0)
		r = hooks_run(p, kind, json, len, c->bundle, err);
	munmap((void *)p, size);
	return r;
}

int life_hooks(const struct container *c, enum plan_hook_kind kind, struct arena *a, struct error *err)
{
	struct span span = span_begin(SPAN_ID_HOOKS);

	return span_end(&span, find_hooks(c, kind, a, err));
}

int life_pidfd(const struct container *c, struct error *err)
{
	struct process_stat st;
	int fd = c->pid > 0 ? sys_pidfd_open(c->pid, 0) : -ESRCH;

	/* the pid may have been given to another process before the fd was open */
	if (fd >= 0 && (process_stat(c->pid, &st) < 0 || st.start_time != c->record->start_time)) {
		close(fd);
		fd = -ESRCH;
	}
	if (fd == -ESRCH)
		return error_set(err, ESRCH, "container not running");
	return fd < 0 ? error_errno(err, fd, "pidfd of %d", (int)c->pid) : fd;
}

/* A user namespace can only be joined by who is not in it. */
static bool same_user_namespace(pid_t pid)
{
	struct stat ours, its;
	char path[64];

	fmt(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return stat("/proc/self/ns/user", &ours) == 0 && stat(path, &its) == 0 && ours.st_ino == its.st_ino &&
	       ours.st_dev == its.st_dev;
}

uint32_t life_namespaces(const struct container *c)
{
	return c->record->namespaces & ~(same_user_namespace(c->pid) ? (uint32_t)CLONE_NEWUSER : 0);
}

/* *pidfd: it has not ended yet, else -1. */
static int kill_init(const struct container *c, int *pidfd, struct error *err)
{
	struct span span;
	int r;

	*pidfd = life_pidfd(c, err);
	if (*pidfd < 0)
		return *pidfd == -ESRCH ? 0 : *pidfd;
	r = sys_pidfd_send_signal(*pidfd, SIGKILL);
	if (r < 0 && r != -ESRCH)
		return error_errno(err, r, "kill: process %d", (int)c->pid);
	/* a process that is frozen on v1 dies when it is thawed; cgroup_destroy does the same for all others */
	if (cgroup_is_frozen(&c->cgroup) > 0)
		(void)cgroup_freeze(&c->cgroup, false, KILL_MS, err);
	span = span_begin(SPAN_ID_KILL_WAIT);
	r = process_wait_end(*pidfd, ALONE_MS);
	(void)span_end(&span, 0);
	if (r == 0)
		fd_close(pidfd);
	return 0;
}

static int remove_cgroup(struct container *c, struct error *err)
{
	struct span span = span_begin(SPAN_ID_CGROUP_REMOVE);

	metrics_container_memory(cgroup_memory_peak(&c->cgroup));
	return span_end(&span, cgroup_destroy(&c->cgroup, KILL_MS, err));
}

/* The first process of a pid namespace ends when all others have been reaped. One that is traced is for its tracer to
 * reap: for a CRIU in the container's cgroup, which has to be killed for it. */
static int kill_all(struct container *c, struct error *err)
{
	_cleanup_close_ int pidfd = -1;
	int r = kill_init(c, &pidfd, err);

	if (r == 0)
		r = remove_cgroup(c, err);
	if (r < 0 || pidfd < 0)
		return r;
	r = process_wait_end(pidfd, KILL_MS);
	return r < 0 ? error_errno(err, r, "kill: process %d has not ended in %d s", (int)c->pid, KILL_MS / 1000) : 0;
}

int life_remove(const struct context *x, struct container *c, struct arena *a, struct error *err)
{
	struct error e;
	bool started = c->record->pid && c->status != STATUS_CREATED;
	struct span span;
	int r = kill_all(c, err);

	if (r == 0 && c->record->intel_rdt)
		r = intel_rdt_remove(c->record->intel_rdt, err);
	if (r < 0)
		return r;
	setup_remove_rootfs(c->rootfs, c->record->rootfs_mount);
	c->status = STATUS_STOPPED;
	c->pid = 0;
	/* before the directory goes: the hooks are read from it; after everything else: they see it gone */
	if (life_hooks(c, PLAN_HOOK_POSTSTOP, a, &e) < 0)
		log_warn("%s", e.msg);
	span = span_begin(SPAN_ID_STATE_REMOVE);
	r = span_end(&span, store_remove(x, c->id, c->dir, err));
	metrics_count(METRIC_DELETED, r == 0);
	metrics_count(METRIC_STOPPED, r == 0 && started);
	return r;
}

void life_destroy(const struct context *x, struct container *c, struct arena *a)
{
	struct error e;

	if (life_remove(x, c, a, &e) < 0)
		log_warn("%s", e.msg);
}
